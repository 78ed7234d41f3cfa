import base64
import contextlib
import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats import reading
from formats.found import Notice, NotImported, Part, Reading, Reject, Row, Unreadable
from tests.formats.applying import twice, valid
from tests.formats.found_in import zipped
from tests.formats.planner_exports import (
    ADVENTURELOG,
    POLARSTEPS,
    SURMAI,
    TREK,
    TRIP,
    TRIPIT,
)


def read(content, name="a.json"):
    raw = content if isinstance(content, bytes) else msgspec.json.encode(content)
    return valid(reading.read(io.BytesIO(raw), name, Reading()))


def rows(found, of):
    return [
        {name: value for name, value in each.document.items() if name != "clientRef"}
        for each in found
        if isinstance(each, Row) and each.list == of
    ]


def only(found, kind):
    return [each for each in found if isinstance(each, kind)]


def test_trip():
    found = read(zipped({"data.json": msgspec.json.encode(TRIP), "images/1.png": b"x"}), "a.zip")
    assert [each["name"] for each in rows(found, "mapPins")] == ["Café", "Walk"]
    assert rows(found, "mapPins")[0] == {
        "name": "Café",
        "lat": 48.5,
        "lng": 9.25,
        "category": "Food",
        "notes": "Good\n1 Street\nhttps://x.example",
    }
    breakfast, walk, train = rows(found, "commitments")
    assert (breakfast["title"], breakfast["startDate"], breakfast["startTime"]) == (
        *("Breakfast", "2027-05-10", "09:30"),
    )
    assert walk["isAllDay"] is True
    assert walk["notes"] == "Status: pending\nDay: Day 1"
    assert train["notes"] == "Type: train\nConfirmation: R2"
    assert rows(found, "stays") == [
        {"name": "Inn", "checkInDate": "2027-05-10", "confirmationNumber": "R1"}
    ]
    assert rows(found, "actionItems") == [
        {"text": "Socks (x3)", "urgency": "before_trip", "isCompleted": True},
        {"text": "Visa", "urgency": "before_trip"},
    ]
    (reject,) = only(found, Reject)
    assert (reject.name, reject.at.file) == ("Swim", "a.zip/data.json")
    assert found[reject.at.index or 0] is reject
    told = {(each.what, each.count) for each in only(found, NotImported)}
    assert told == {("other", 1), ("tracks", 1)}
    trip = twice(found)
    assert trip.documents("commitments")[0]["mapPinId"] == trip.documents("mapPins")[0]["_id"]


def test_adventurelog():
    found = read(zipped({"data.json": msgspec.json.encode(ADVENTURELOG)}), "a.zip")
    (pin,) = rows(found, "mapPins")
    assert (pin["category"], pin["lat"], pin["notes"]) == ("Food", 35.5, "Good\nTokyo\nTags: a, b")
    visit, whole_day, train, plan = rows(found, "commitments")
    assert (visit["startDate"], visit["startTime"], visit["endTime"], visit["timezone"]) == (
        *("2027-05-10", "09:30", "11:00", "Asia/Tokyo"),
    )
    assert (whole_day["startDate"], whole_day["isAllDay"]) == ("2027-05-11", True)
    assert train["title"] == "Nozomi"
    assert plan["notes"] == "Go\nhttps://x.example"
    (flight,) = only(found, Part)
    assert flight.document == {
        "flightNumber": "MA7",
        "departureAirport": "SIN",
        "arrivalAirport": "NRT",
        "departureTime": "2027-05-09T09:15",
        "arrivalTime": "2027-05-09T17:00",
        "notes": "Out",
    }
    assert rows(found, "stays") == [
        {
            "name": "Inn",
            "address": "2 Street",
            "confirmationNumber": "R1",
            "lat": 35.5,
            "url": "https://inn.example",
            "checkInDate": "2027-05-09",
            "checkInTime": "15:00",
            "checkOutDate": "2027-05-12",
            "checkOutTime": "10:00",
            "lng": 139.5,
            "notes": "Price: 90.00",
        }
    ]
    assert [(each.name, each.reason[:14]) for each in only(found, Reject)] == [
        ("Nowhere", "no coordinates"),
        ("Undated", "it has no date"),
    ]
    assert [each.name for each in only(found, NotImported)] == ["note without a date: Ideas"]
    twice(found)


def test_adventurelog_codes_of_airports_and_what_a_collection_says():
    document = {
        **ADVENTURELOG,
        "collections": [{"name": "Japan", "description": "Slowly"}],
        "transportation": [
            {
                "type": "plane",
                "date": "2027-05-09T01:15:00+00:00",
                "from_location": "Changi",
                "to_location": "Narita",
                "start_code": "SIN",
                "end_code": "NRT",
            }
        ],
    }
    found = read(zipped({"data.json": msgspec.json.encode(document)}), "a.zip")
    (flight,) = only(found, Part)
    assert (flight.document["departureAirport"], flight.document["arrivalAirport"]) == (
        *("SIN", "NRT"),
    )
    names = [each.name for each in only(found, NotImported)]
    assert "description of Japan: Slowly" in names


def test_adventurelogs_ids_change_between_exports():
    one = read(ADVENTURELOG)
    other = msgspec.json.decode(msgspec.json.encode(ADVENTURELOG))
    other["locations"][0]["export_id"] = 9
    assert read(other) == one


def test_adventurelogs_collection_has_no_dates_and_says_so():
    collection = {
        "version": "1",
        "collection": {"name": "Japan"},
        "notes": [],
        "images": [],
        "locations": [{"id": "x", "name": "Café", "latitude": 35.5, "longitude": 139.25}],
        "transportation": [],
        "checklists": [{"name": "Pack", "items": [{"name": "Socks", "completed": False}]}],
        "lodging": [{"id": "y", "type": "hotel", "name": "Inn", "notes": None}],
    }
    found = read(zipped({"metadata.json": msgspec.json.encode(collection)}), "a.zip")
    (notice,) = only(found, Notice)
    assert "leaves out all dates" in notice.text
    assert [each.name for each in only(found, Reject)] == ["Inn"]
    assert len(only(found, Row)) == 2


@pytest.mark.parametrize("packing", ["json", "zip", "base64", "quoted"])
def test_surmai(packing):
    """Its Z is no UTC."""
    raw = msgspec.json.encode(SURMAI)
    if packing != "json":
        raw = zipped({"trip.json": raw, "files/a.pdf": b"%PDF"})
    if packing in ("base64", "quoted"):
        raw = base64.b64encode(raw)
    if packing == "quoted":
        raw = b'"' + raw + b'"'
    found = read(raw, "export")
    (leg,) = rows(found, "legs")
    assert (leg["title"], leg["destination"]) == ("Coast", "San Francisco, Monterey")
    assert (leg["startDate"], leg["endDate"]) == ("2027-05-09", "2027-05-20")
    flight, car = only(found, Part)
    assert flight.document["departureTime"] == "2027-05-10T09:15"
    assert flight.document["airline"] == "Muster Air"
    assert car.document["company"] == "Sixt"
    bus, whales = rows(found, "commitments")
    assert (bus["title"], bus["startTime"]) == ("A → B", "11:00")
    assert (whales["startTime"], whales["timezone"]) == ("09:00", "America/Los_Angeles")
    (stay,) = rows(found, "stays")
    assert (stay["checkInDate"], stay["checkInTime"]) == ("2027-05-10", "15:00")
    (made,) = twice(found).documents("legs")
    assert made["rentalCar"]["confirmationNumber"] == "C1"
    assert [each["flightNumber"] for each in made["flights"]] == ["MA7"]


def test_base64_that_is_cut_off():
    raw = base64.b64encode(zipped({"trip.json": msgspec.json.encode(SURMAI)}))
    with pytest.raises(Unreadable):
        read(raw[:301], "export")


def test_polarsteps():
    raw = msgspec.json.encode(POLARSTEPS)
    files = {"user/user.json": b"{}", "trip/t_1/locations.json": b"{}", "trip/t_1/trip.json": raw}
    found = read(zipped(files), "user_data.zip")
    (pin,) = rows(found, "mapPins")
    assert (pin["name"], pin["lat"], pin["notes"]) == ("Café", 35.5, "Tokyo, Japan")
    (step,) = rows(found, "commitments")
    assert (step["startDate"], step["startTime"], step["timezone"]) == (
        *("2027-05-10", "09:30", "Asia/Tokyo"),
    )
    assert step["notes"] == "Mm"
    reasons = [each.reason for each in only(found, Reject)]
    assert reasons[0] == "no coordinates"
    assert "no date" in reasons[1]
    assert sum(each.count for each in only(found, NotImported)) == 3
    twice(found)


@pytest.mark.parametrize("wrap", [lambda each: each, lambda each: [each]])
def test_tripit(wrap):
    found = read(wrap(TRIPIT))
    (leg,) = rows(found, "legs")
    assert (leg["title"], leg["destination"], leg["timezone"]) == ("Japan", "Tokyo", "Asia/Tokyo")
    assert (leg["startDate"], leg["endDate"]) == ("2027-05-10", "2027-05-20")
    flight, car = only(found, Part)
    assert flight.document == {
        "airline": "Muster Air",
        "flightNumber": "MA7",
        "seat": "12A",
        "departureAirport": "NRT",
        "arrivalAirport": "SIN",
        "confirmationNumber": "R1",
        "departureTime": "2027-05-10T09:15:00+09:00",
        "arrivalTime": "2027-05-10T17:00:00+09:00",
    }
    assert car.document["company"] == "Sixt"
    rail, sushi, tour = rows(found, "commitments")
    assert rail["title"] == "JR 9: Tokyo → Kyoto"
    assert rail["notes"] == "Confirmation: T1"
    assert (sushi["category"], sushi["startTime"]) == ("dinner", "09:15")
    assert (tour["endTime"], tour["notes"], tour["timezone"]) == ("11:00", "Temple", "Asia/Tokyo")
    (stay,) = rows(found, "stays")
    assert (stay["checkInTime"], stay["checkOutDate"], stay["lat"]) == (
        *("09:15", "2027-05-12", 35.5),
    )
    assert "checkOutTime" not in stay
    assert len(twice(found).documents("legs")) == 1


def test_trek():
    found = read(TREK)
    cafe, sushi, rest = rows(found, "commitments")
    assert (cafe["startTime"], cafe["endTime"]) == ("09:30", "11:00")
    assert (sushi["category"], sushi["startTime"]) == ("dinner", "19:00")
    assert rest["isAllDay"] is True
    (stay,) = rows(found, "stays")
    assert (stay["checkInTime"], stay["checkOutDate"]) == ("15:00", "2027-05-12")
    assert [each["name"] for each in rows(found, "mapPins")] == ["Café"]
    twice(found)


def test_an_archive_with_our_own_export_is_read_too():
    pin = {"name": "Here", "lat": 1, "lng": 2}
    found = read(zipped({"data.json": msgspec.json.encode({"mapPins": [pin]})}), "a.zip")
    assert [each["name"] for each in rows(found, "mapPins")] == ["Here"]


def test_an_archive_of_something_else_says_so():
    with pytest.raises(Unreadable, match="no planner"):
        read(zipped({"data.json": b'{"a": 1}'}), "a.zip")


EXPORTS = [TRIP, ADVENTURELOG, SURMAI, POLARSTEPS, TRIPIT, TREK]
VALUES = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    st.sampled_from([[], {}, [[]], [None], {"name": []}, "2027-13-45", "\0", "9" * 400, "Asia/X"]),
)


def spoiled(draw, node, chance):
    """A document with other values in some places."""
    if isinstance(node, dict):
        return {name: spoiled(draw, value, chance) for name, value in node.items()}
    if isinstance(node, list):
        return [spoiled(draw, each, chance) for each in node]
    return draw(VALUES) if draw(st.integers(0, chance)) == 0 else node


@given(st.data(), st.sampled_from(EXPORTS), st.sampled_from([3, 30]))
def test_any_values_end_well(data, export, chance):
    raw = msgspec.json.encode(spoiled(data.draw, export, chance))
    with contextlib.suppress(Unreadable):
        read(raw)
