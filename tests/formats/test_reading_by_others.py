"""Files that GDAL writes, and GPX as another program reads it."""

import io
import struct

import gpxpy
import gpxpy.gpx
import numpy
import pyogrio.raw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.formats.found_in import found_in, left_out, pins, places, reasons

PLACES = [
    ("Münster & Dom", 48.3984, 9.9916),
    ("浅草寺", 35.7148, 139.7967),
    ("South", -33.5, -70.25),
]

DRIVERS = {
    "KML": "kml",
    "GPX": "gpx",
    "GeoJSON": "geojson",
    "GeoJSONSeq": "geojsons",
    "CSV": "csv",
}


def well_known(lat, lng):
    """A point as WKB, little-endian (OGC 06-103r4)."""
    return struct.pack("<BLdd", 1, 1, lng, lat)


def written(folder, driver, suffix, geometry="Point", shapes=None):
    """A file of these places by GDAL."""
    path = folder / f"places.{suffix}"
    shapes = shapes or [well_known(lat, lng) for _, lat, lng in PLACES]
    options = {"GEOMETRY": "AS_WKT"} if driver == "CSV" else {}
    column = "Name" if driver == "KML" else "name"
    pyogrio.raw.write(
        path,
        geometry=numpy.array(shapes, dtype=object),
        field_data=[numpy.array([name for name, _, _ in PLACES][: len(shapes)], dtype=object)],
        fields=[column],
        driver=driver,
        geometry_type=geometry,
        crs="EPSG:4326",
        layer_options=options,
    )
    return path


@pytest.mark.parametrize("driver", DRIVERS)
def test_points_that_gdal_writes(tmp_path, driver):
    found = found_in(written(tmp_path, driver, DRIVERS[driver]))
    assert [(name, round(lat, 6), round(lng, 6)) for name, lat, lng in places(found)] == PLACES
    assert reasons(found) == []
    assert left_out(found) == []


@pytest.mark.parametrize("driver", ["KML", "GeoJSON", "GeoJSONSeq"])
def test_lines_that_gdal_writes_are_no_pins(tmp_path, driver):
    line = struct.pack("<BLL4d", 1, 2, 2, 1.0, 2.0, 3.0, 4.0)
    found = found_in(written(tmp_path, driver, DRIVERS[driver], "LineString", [line]))
    assert pins(found) == []
    assert left_out(found) == [("tracks", PLACES[0][0])]


TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Co", "Cn", "Zl", "Zp"]), min_size=1, max_size=30
).filter(lambda text: text.strip() == text and "\ufffe" not in text)


@given(
    st.lists(
        st.tuples(TEXT, st.floats(-90, 90).map(lambda x: round(x, 6)), st.floats(-180, 180), TEXT),
        max_size=8,
        unique_by=lambda place: (place[0], round(place[1], 5)),
    )
)
def test_gpx_is_read_as_gpxpy_reads_it(rows):
    document = gpxpy.gpx.GPX()
    for name, lat, lng, kind in rows:
        point = gpxpy.gpx.GPXWaypoint(lat, round(lng, 6), name=name, type=kind)
        document.waypoints.append(point)
    text = document.to_xml()
    expected = [
        (" ".join(str(each.name).split()), each.latitude, each.longitude)
        for each in gpxpy.parse(io.StringIO(text)).waypoints
    ]
    assert [(name, lat, lng) for name, lat, lng in places(found_in(text, "x.gpx"))] == expected
