"""GeoJSON in the dialects that are about."""

import json

import pytest

from formats.found import Reject
from tests.formats.found_in import (
    found_in,
    found_until,
    left_out,
    pins,
    places,
    reasons,
    refs,
)


def feature(geometry, /, *, feature_id=None, **properties):
    whole = {"type": "Feature", "properties": properties, "geometry": geometry}
    return whole if feature_id is None else whole | {"id": feature_id}


def point(*coordinates):
    return {"type": "Point", "coordinates": list(coordinates)}


def collection(*features, **more):
    return json.dumps({"type": "FeatureCollection", **more, "features": features})


HOF = feature(point(9.9876, 48.4011), name="Hof")
LINE = {"type": "LineString", "coordinates": [[1, 2], [3, 4]]}
AREA = {"type": "Polygon", "coordinates": [[[1, 2], [3, 4], [5, 6], [1, 2]]]}


@pytest.mark.parametrize(
    "text",
    [
        collection(HOF),
        collection(HOF, crs=None),
        json.dumps({"features": [HOF], "type": "FeatureCollection"}, indent=2),
        json.dumps(HOF),
        json.dumps(HOF, indent=1),
        json.dumps(HOF) + "\n",
        "\ufeff" + collection(HOF),
        "\x1e" + json.dumps(HOF) + "\n",
        "\x1e" + json.dumps(HOF, indent=1) + "\n",
        collection(feature(point(9.9876, 48.4011, 512.5), name="Hof")),
        collection(
            feature({"type": "MultiPoint", "coordinates": [[9.9876, 48.4011]]}, title="Hof")
        ),
        collection(
            feature(
                {"type": "GeometryCollection", "geometries": [point(9.9876, 48.4011)]}, Name="Hof"
            )
        ),
    ],
)
def test_a_point_is_a_pin_in_any_dress(text):
    assert places(found_in(text)) == [("Hof", 48.4011, 9.9876)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_in_any_encoding(encoding):
    text = json.dumps(feature(point(1.5, 2.5), name="浅草寺"), ensure_ascii=False)
    assert places(found_in(text.encode(encoding))) == [("浅草寺", 2.5, 1.5)]


@pytest.mark.parametrize("before", ["", "\x1e"])
def test_a_sequence_reads_on_behind_what_is_broken(before):
    lines = [
        json.dumps(HOF),
        '{"type": "Feature", "geo',
        json.dumps(feature(point(1, 2), name="B")),
    ]
    found = found_in("".join(f"{before}{line}\n" for line in lines))
    assert places(found) == [("Hof", 48.4011, 9.9876), ("B", 2.0, 1.0)]
    assert len(reasons(found)) == 1
    assert "broken JSON" in reasons(found)[0]


def test_a_bare_geometry_has_a_name_of_its_place():
    assert places(found_in(json.dumps(point(9.9876, 48.4011)))) == [
        ("Point 48.4011, 9.9876", 48.4011, 9.9876)
    ]


def test_lines_and_areas_are_told_and_the_points_beside_them_read():
    together = {"type": "GeometryCollection", "geometries": [LINE, point(1, 2), AREA]}
    found = found_in(
        collection(
            feature(LINE, name="way"), feature(AREA, name="park"), feature(together, name="c")
        )
    )
    assert left_out(found) == [
        ("tracks", "way"),
        ("areas", "park"),
        ("tracks", "c"),
        ("areas", "c"),
    ]
    assert places(found) == [("c", 2.0, 1.0)]
    assert reasons(found) == []


@pytest.mark.parametrize(
    ("geometry", "reason"),
    [
        (None, "no coordinates"),
        (point(), "no coordinates"),
        ({"type": "MultiPoint", "coordinates": []}, "no coordinates"),
        ({"type": "GeometryCollection", "geometries": []}, "no coordinates"),
        (point(9.9), "a point needs a longitude and a latitude"),
        (point(9.9, None), "a point needs a longitude and a latitude"),
        (point("9.9", "here"), "a point needs a longitude and a latitude"),
        (point(9.9, True), "JSON of another form"),
        (point(48.4, 139.7), "latitude 139.7 is beyond 90: are latitude and longitude swapped?"),
        (point(1110000.5, 6170000.5), "is it in metres?"),
        ({"type": "Circle", "coordinates": [1, 2]}, "no geometry 'Circle' in GeoJSON"),
        ("POINT(1 2)", "JSON of another form"),
    ],
)
def test_what_is_no_point_is_rejected_and_the_rest_read(geometry, reason):
    found = found_in(collection(feature(geometry, name="X"), HOF))
    assert places(found) == [("Hof", 48.4011, 9.9876)]
    assert len(reasons(found)) == 1
    assert reason in reasons(found)[0]


@pytest.mark.parametrize(
    "crs",
    [
        {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}},
        {"type": "name", "properties": {"name": "EPSG:3857"}},
        {"type": "name", "properties": {"name": "EPSG:900913"}},
    ],
)
def test_metres_of_web_mercator_become_degrees(crs):
    metres = feature(point(1111814.55, 6173844.89), name="Hof")
    text = json.dumps({"type": "FeatureCollection", "features": [metres], "crs": crs})
    (pin,) = pins(found_in(text))
    assert pin["lat"] == pytest.approx(48.4011, abs=1e-4)
    assert pin["lng"] == pytest.approx(9.9876, abs=1e-4)


@pytest.mark.parametrize("name", ["urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:EPSG::4326"])
def test_degrees_may_say_so(name):
    crs = {"type": "name", "properties": {"name": name}}
    assert places(found_in(collection(HOF, crs=crs))) == [("Hof", 48.4011, 9.9876)]


def test_other_projections_are_refused():
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25832"}}
    found, reason = found_until(collection(HOF, crs=crs))
    assert found == []
    assert "25832" in reason
    assert "EPSG:4326" in reason


def test_properties_in_words_that_programs_use():
    found = found_in(
        collection(
            feature(
                point(1, 2),
                Título="Torre",
                descrição="alta",
                endereço="Rua 1",
                categoria="vista",
                url="https://x.example",
                nested={"a": 1},
                nothing=None,
            ),
            feature(point(3, 4), name=7, tags=["a", "b"]),
        )
    )
    assert pins(found) == [
        {
            "name": "Torre",
            "lat": 2.0,
            "lng": 1.0,
            "category": "vista",
            "notes": "alta\nRua 1\nhttps://x.example",
        },
        {"name": "7", "lat": 4.0, "lng": 3.0, "category": "a, b"},
    ]


def test_ids_are_known_by():
    text = collection(
        feature(point(1, 2), feature_id=7, name="A"),
        feature(point(1, 3), feature_id="node/1234567", name="B"),
        feature(point(1, 4), name="C", clientRef="mine"),
        feature({"type": "MultiPoint", "coordinates": [[1, 5], [1, 6]]}, feature_id="8", name="D"),
    )
    assert refs(found_in(text, "osm.geojson")) == [
        "geojson:osm.geojson#7",
        "geojson:node/1234567",
        "mine",
        "geojson:osm.geojson#8",
        "geojson:osm.geojson#8/2",
    ]


def test_without_ids_the_name_and_the_place_are():
    once, again = (refs(found_in(collection(HOF, feature(point(1, 2))))) for _ in range(2))
    assert once == again
    assert len(set(once)) == 2


def test_half_a_file_is_read_as_far_as_it_goes():
    text = collection(HOF, feature(point(1, 2), name="B"))
    found, reason = found_until(text[:-40])
    assert places(found) == [("Hof", 48.4011, 9.9876)]
    assert reason == "broken JSON: the file ends in the middle"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{}", "JSON of a kind that is not read"),
        ("[]", "JSON of a kind that is not read"),
        ('{"a": 1}', "with members a"),
        ('{"type": "Topology", "objects": {}}', "with members type, objects"),
        ('{"type": "FeatureCollection", "features": [', "the file ends in the middle"),
        ('{"a": x}', "broken JSON"),
        ("[1 2]", "broken JSON"),
        ("[" * 100_000, "nested more than 64 levels"),
        ('{"a":' * 100_000, "nested more than 64 levels"),
        ('{"type":"FeatureCollection","features":' + "[" * 100_000, "nested more than 64"),
    ],
)
def test_json_that_is_not_read_says_why(text, reason):
    found, told = found_until(text)
    assert found == []
    assert reason in told


def test_a_feature_that_is_broken_within_is_one_reject():
    text = collection(HOF).replace("}]}", '}, {"type": "Feature" "x"}, 7, null, []]}')
    found = found_in(text)
    assert places(found) == [("Hof", 48.4011, 9.9876)]
    assert len(reasons(found)) == 4


def test_lone_surrogates_reach_no_row():
    text = collection(HOF, feature(point(1, 2), name="A")).replace('"A"', '"\\ud83d"')
    found = found_in(text)
    assert places(found) == [("Hof", 48.4011, 9.9876)]
    assert len(reasons(found)) == 1


def takeout(point_, **properties):
    return collection(feature(point_, **properties))


def test_a_saved_place_of_which_only_the_older_words_know_the_position():
    text = takeout(
        point(0, 0),
        **{
            "Google Maps URL": "http://maps.google.com/?cid=12",
            "Location": {
                "Business Name": "Hof",
                "Geo Coordinates": {"Latitude": "48.4011", "Longitude": "9.9876"},
            },
        },
    )
    assert places(found_in(text)) == [("Hof", 48.4011, 9.9876)]


def test_a_saved_place_with_swapped_coordinates_is_rejected():
    text = takeout(point(48.4, 139.7), google_maps_url="http://maps.google.com/?cid=12")
    assert "swapped" in reasons(found_in(text))[0]


def test_numbers_in_quotes_are_numbers():
    assert places(found_in(collection(feature(point("9.9876", "48.4011"), name="Hof")))) == [
        ("Hof", 48.4011, 9.9876)
    ]


def test_a_point_that_cannot_be_read_is_told_by_its_name():
    found = found_in(collection(feature(point(9.9), name="Hof")))
    assert [each.name for each in found if isinstance(each, Reject)] == ["Hof"]


def test_a_review_of_googles_keeps_its_text():
    properties = {
        "google_maps_url": "http://maps.google.com/?cid=5",
        "location": {"name": "Hof", "address": "1 Street"},
        "review_text_published": "Nice",
    }
    (pin,) = pins(found_in(collection(feature(point(9.9876, 48.4011), **properties))))
    assert pin["notes"] == "Nice\n1 Street\nhttp://maps.google.com/?cid=5"
