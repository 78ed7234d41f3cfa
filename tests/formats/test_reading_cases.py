"""Files as programs write them, each with all that comes of it."""

from formats.found import Notice
from tests.formats.found_in import (
    CASES,
    found_in,
    left_out,
    notices,
    pins,
    places,
    reasons,
    refs,
)


def test_a_sheet_of_a_german_office():
    found = found_in(CASES / "windows-1252.csv")
    assert "Breitengrad → lat" in notices(found)[0]
    assert isinstance(found[0], Notice)
    assert pins(found) == [
        {
            "name": "Münster",
            "lat": 48.3984,
            "lng": 9.9916,
            "category": "Kirche",
            "notes": "schön \N{EN DASH} 3 €",
        },
        {
            "name": "Hof",
            "lat": 48.4011,
            "lng": 9.9876,
            "category": "Essen",
            "notes": "Öffnet um 9; schließt 18",
        },
    ]
    assert reasons(found) == [
        "no coordinates",
        "latitude 148.1 is beyond 90: are latitude and longitude swapped?",
        "no coordinates",
    ]
    assert [each.at.line for each in found if each.at.line] == [3, 4, 5, 6, 7]


def test_one_name_at_two_places():
    found = found_in(CASES / "one-name-two-places.csv")
    assert places(found) == [
        ("Starbucks", 35.6595, 139.7005),
        ("Starbucks", 35.6812, 139.7671),
    ]
    assert left_out(found) == [("duplicates", "Starbucks")] * 2
    assert len(set(refs(found))) == 2
    assert refs(found) == refs(found_in(CASES / "one-name-two-places.csv"))


def test_saved_places_in_both_dialects():
    found = found_in(CASES / "takeout-two-dialects.json")
    assert places(found) == [
        ("Bärenbrunnen", 46.9481, 7.4474),
        ("Point 46.5547, 7.9792", 46.5547, 7.9792),
        ("Hütte am Gletscher", 46.5005, 8.0532),
    ]
    assert refs(found)[::2] == ["google:1000000000000000001", "google:1000000000000000002"]
    assert reasons(found) == ["no coordinates; address: 12 Beispielweg, Bern"]
    assert left_out(found) == [("duplicates", "Bärenbrunnen")]
    assert pins(found)[0]["notes"].startswith("Beispielgasse 1, 3011 Bern, Switzerland")
    assert "No location information" not in str(pins(found))


def test_a_map_made_of_a_sheet():
    found = found_in(CASES / "my-maps-address-only.kml")
    assert pins(found) == [
        {
            "name": "Café Muster",
            "lat": 51.3397,
            "lng": 12.3731,
            "category": "Essen & Trinken",
            "notes": "Tipp: Torte & Tee\n10\N{EN DASH}18 Uhr\nhttps://example.org/x.jpg",
        }
    ]
    assert reasons(found) == ["address only: Musterstraße 5, 04109 Leipzig"]


def test_an_archive_of_lists_that_link_to_each_other():
    found = found_in(CASES / "links-within.kmz")
    assert pins(found) == [
        {
            "name": "浅草寺",
            "lat": 35.7148,
            "lng": 139.7967,
            "category": "Japan",
            "notes": "雷門",
        },
        {"name": "Hafen", "lat": -0.43252, "lng": 130.80279, "category": "Liste zwei"},
    ]
    assert left_out(found) == [
        ("links", "Netz https://example.org/live.kml"),
        ("tracks", "Weg"),
    ]
    assert reasons(found) == []


def test_waypoints_a_route_and_a_track():
    found = found_in(CASES / "route-and-track.gpx")
    assert pins(found) == [
        {
            "name": "001",
            "lat": -16.8,
            "lng": 179.98,
            "category": "Ferry",
            "notes": "Taveuni pier",
        },
        {"name": "East of the line", "lat": -16.7, "lng": -179.9},
        {"name": "Beyond 180", "lat": -16.75, "lng": -179.6},
        {"name": "Waypoint -16.6, -179.8", "lat": -16.6, "lng": -179.8},
    ]
    assert left_out(found) == [("routes", "Crossing"), ("tracks", "Sailed")]


def test_points_of_routes_where_they_are_wanted():
    found = found_in(CASES / "route-and-track.gpx", routes=True)
    assert [name for name, _, _ in places(found)][4:] == ["Start", "End"]
    assert {pin.get("category") for pin in pins(found)[4:]} == {"Crossing"}
    assert left_out(found) == [("tracks", "Sailed")]
