"""Files that Carnet writes, read by other programs' readers."""

import csv
import io
import struct
import xml.etree.ElementTree as ET
from typing import Any

import gpxpy
import msgspec
import pyogrio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.writers import WRITERS
from tests.formats.exports import export_of, exports

PINS = [
    {"name": "Sensō-ji", "lat": 35.7148, "lng": 139.7967, "category": "temple", "notes": "At 6"},
    {"name": 'Tom & "Jerry" <Bar>', "lat": -33.86, "lng": -70, "category": "bar & <grill>"},
    {"name": "Nowhere", "lat": 1e-7, "lng": 179.5, "notes": "Two\nlines, \U0001f5fa, 1 < 2 & more"},
]
SECRETS = {
    "confirmationNumber": "SECRET-1",
    "wifiPassword": "SECRET-2",
    "doorCode": "SECRET-3",
    "hostPhone": "SECRET-4",
}


def written(suffix, export):
    return b"".join(WRITERS[suffix](export))


def parsed(suffix, export) -> Any:
    return ET.fromstring(written(suffix, export))  # noqa: S314 - it is Carnet's own


def table(data):
    return list(csv.DictReader(io.StringIO(data.decode(), newline=""), strict=True))


def seen_by_gdal(data, name, notes):
    """The names, notes and positions of all points that GDAL reads."""
    found = []
    for layer in range(len(pyogrio.list_layers(data))):
        meta, _, points, columns = pyogrio.raw.read(data, layer=layer)
        fields = [str(field) for field in meta["fields"]]
        texts = zip(columns[fields.index(name)], columns[fields.index(notes)], strict=True)
        # Well-known binary: a byte and a number before the coordinates.
        found += [
            (title, text or "", struct.unpack_from("<dd", point, 5))
            for (title, text), point in zip(texts, points, strict=True)
            if point is not None
        ]
    return sorted(found)


# All there is.


@given(exports())
def test_json_is_the_export_to_the_letter(export):
    data = written("json", export)
    assert msgspec.json.decode(data) == export
    assert data.endswith(b"}\n")


@given(exports())
def test_ndjson_has_a_row_a_line_the_trip_first(export):
    rows = [msgspec.json.decode(line) for line in written("ndjson", export).splitlines()]
    assert rows[0] == {"list": "trip", **export["trip"]}
    for name in export.keys() - {"trip", "rev"}:
        assert [r for r in rows if r["list"] == name] == [{"list": name, **r} for r in export[name]]


@given(exports())
def test_a_table_has_every_row_with_all_its_fields(export):
    lines = table(written("csv", export))
    rows = [("trip", export["trip"])]
    rows += [(n, r) for n, value in export.items() if isinstance(value, list) for r in value]
    assert [line["list"] for line in lines] == [name for name, _ in rows]
    for line, (_, row) in zip(lines, rows, strict=True):
        for name, cell in line.items():
            if name == "list":
                continue
            value = row.get(name, "")
            if not isinstance(value, str):
                assert msgspec.json.decode(cell) == value
            elif cell != value:
                assert cell == f"'{value}"


def test_a_tables_first_columns_are_those_of_pins():
    data = written("csv", export_of(mapPins=PINS))
    assert data.startswith(b"list,name,lat,lng,category,notes,clientRef,")
    assert data.count(b"\r\n") == len(PINS) + 3


@pytest.mark.parametrize("text", ["=1+1", "+81 3", "-1", "@SUM(A1)", "\tx", "\rx", "'=1", "''@x"])
def test_no_text_in_a_table_is_a_formula(text):
    [pin] = table(written("csv", export_of(mapPins=[{**PINS[0], "name": text}])))[1:2]
    assert pin["name"] == f"'{text}"


@pytest.mark.parametrize("text", ["'s-Hertogenbosch", "1-2", "a=b", "' '", "''"])
def test_other_texts_of_a_table_are_as_they_are(text):
    [pin] = table(written("csv", export_of(mapPins=[{**PINS[1], "name": text}])))[1:2]
    assert (pin["name"], pin["lat"], pin["lng"]) == (text, "-33.86", "-70")


# Maps.


@pytest.mark.parametrize(
    ("suffix", "name", "notes"),
    [("geojson", "name", "notes"), ("gpx", "name", "desc"), ("kml", "Name", "description")],
)
def test_gdal_reads_the_pins(suffix, name, notes):
    expected = sorted((p["name"], p.get("notes", ""), (p["lng"], p["lat"])) for p in PINS)
    assert seen_by_gdal(written(suffix, export_of(mapPins=PINS)), name, notes) == expected


def test_gpxpy_reads_names_notes_and_categories():
    data = written("gpx", export_of(mapPins=PINS)).decode()
    gpx = gpxpy.parse(data, version="1.1")
    assert gpx.name == "Kyōto & <Nara>"
    assert [(w.name, w.description, w.type, w.latitude, w.longitude) for w in gpx.waypoints] == [
        (p["name"], p.get("notes"), p.get("category"), p["lat"], p["lng"]) for p in PINS
    ]


def test_what_xsd_decimals_cannot_be_is_not_in_gpx():
    pins = [{"name": "x", "lat": -5e-9, "lng": 180.0}]
    assert b'<wpt lat="-0.000000005" lon="-180">' in written("gpx", export_of(mapPins=pins))


def test_kml_has_a_folder_for_each_category():
    pins = [
        {**PINS[0], "name": name, "category": of}
        for name, of in (("a", "X"), ("b", "Y"), ("c", "X"))
    ]
    root = parsed("kml", export_of(mapPins=[PINS[2], *pins]))
    at = "{http://www.opengis.net/kml/2.2}"
    top = root.find(f"{at}Document")
    assert top.findtext(f"{at}Placemark/{at}name") == "Nowhere"
    folders = [
        (f.findtext(f"{at}name"), [n.text for n in f.findall(f"{at}Placemark/{at}name")])
        for f in top.findall(f"{at}Folder")
    ]
    assert folders == [("X", ["a", "c"]), ("Y", ["b"])]


@pytest.mark.parametrize("suffix", ["gpx", "kml"])
@given(st.text(min_size=1), st.text())
def test_any_text_is_well_formed_xml(suffix, name, notes):
    root = parsed(suffix, export_of(mapPins=[{**PINS[0], "name": name, "notes": notes}]))
    texts = {len(each.text or "") for each in root.iter()}
    assert len(name) in texts


@pytest.mark.parametrize("suffix", ["gpx", "kml"])
def test_characters_that_xml_cannot_have_show_as_replaced(suffix):
    pins = [{**PINS[0], "name": "a\0b\x1bc\ufffed\x85", "notes": "1\r\n2\t3"}]
    text = "".join(parsed(suffix, export_of(mapPins=pins)).itertext())
    assert "a\ufffdb\ufffdc\ufffdd\x85" in text
    assert "1\r\n2\t3" in text


def test_geojson_has_the_places_to_sleep_too_in_a_category_of_their_own():
    shown = {"address": "Yanaka", "checkInDate": "2026-07-15"}
    place = {**shown, "lat": 35.72, "lng": 139.76}
    export = export_of(
        mapPins=[{"name": "Sensō-ji", "lat": 35, "lng": 139, "notes": "At 6"}],
        legs=[{"accommodation": {"name": "Ryokan", **place, **SECRETS}}, {"accommodation": {}}, {}],
        stays=[{"name": "Inn", **place, **SECRETS}, {"name": "Somewhere"}],
    )
    features = msgspec.json.decode(written("geojson", export))["features"]
    sleep = {"category": "accommodation", **shown}
    assert [(f["id"], f["properties"]) for f in features] == [
        ("mappin0", {"name": "Sensō-ji", "notes": "At 6"}),
        ("leg0", {"name": "Ryokan", **sleep}),
        ("stay0", {"name": "Inn", **sleep}),
    ]


@pytest.mark.parametrize(
    ("notes", "shown"),
    [
        ("1 < 2 & more", "1 < 2 & more"),
        ("<b>bold</b> & more", "&lt;b&gt;bold&lt;/b&gt; &amp; more"),
        ("a &nbsp; b", "a &amp;nbsp; b"),
        ("]]>", "]]&gt;"),
    ],
)
def test_notes_that_look_like_html_are_html_in_which_they_look_so(notes, shown):
    export = export_of(mapPins=[PINS[0] | {"notes": notes}])
    assert parsed("gpx", export).findtext(".//{*}desc") == shown
    assert parsed("kml", export).findtext(".//{*}description") == shown


@pytest.mark.parametrize("suffix", ["geojson", "gpx", "kml"])
def test_maps_hold_no_codes_and_no_contacts(suffix):
    place = {"name": "Inn", "lat": 1, "lng": 2, **SECRETS}
    data = written(suffix, export_of(mapPins=PINS, legs=[{"accommodation": place}], stays=[place]))
    assert b"SECRET" not in data
    assert b"o@example.org" not in data


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_trip_without_anything_is_written_too(suffix):
    assert written(suffix, export_of()).endswith(b"\n")


@pytest.mark.parametrize("suffix", ["ndjson", "csv", "geojson", "gpx", "kml"])
def test_rows_come_piece_by_piece(suffix):
    pieces = list(WRITERS[suffix](export_of(mapPins=PINS * 100)))
    assert len(pieces) > 300
    assert max(map(len, pieces)) < 1_000
