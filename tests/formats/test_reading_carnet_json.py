import contextlib
import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.resources import RESOURCES
from formats import reading
from formats.found import About, Notice, Reading, Reject, Row, Unreadable
from formats.writers import WRITERS
from tests.formats.applying import TRIP_ID, Trip
from tests.support import SAMPLES

TIMES = {"createdAt": "2026-07-01T08:00:00.000Z", "updatedAt": "2026-07-02T09:30:00.000Z"}


def an_export(trip_id="other", *, refs=True):
    """With a row of each kind, linked where they can be."""
    lists = {
        each.snapshot: [
            {"_id": f"old{each.kind}", "tripId": trip_id, **SAMPLES[each.kind], **TIMES}
        ]
        for each in RESOURCES
    }
    (leg,), (stay,), (pin,), (item,), (event,) = lists.values()
    leg |= {"flights": [{"flightNumber": "MA7", "meal": "vegan"}]}
    stay |= {"legId": leg["_id"]}
    item |= {"owner": "user1"}
    event |= {"legId": leg["_id"], "mapPinId": pin["_id"]}
    if refs:
        pin |= {"clientRef": "mine"}
    trip = {"_id": trip_id, "title": "T", "startDate": "2026-07-15", "endDate": "2026-07-20"}
    return {"trip": trip, **lists, "members": [{"userId": "user1"}], "rev": "7"}


def written(export, suffix):
    return b"".join(WRITERS[suffix](export))


def read(raw, name="a.json", trip_id=TRIP_ID):
    raw = raw if isinstance(raw, bytes) else msgspec.json.encode(raw)
    return list(reading.read(io.BytesIO(raw), name, Reading(trip_id=trip_id)))


def rows(found):
    return [(each.list, each.document) for each in found if isinstance(each, Row)]


@pytest.mark.parametrize("suffix", ["json", "ndjson", "csv"])
def test_into_the_same_trip_rows_are_as_they_were(suffix):
    export = an_export(TRIP_ID)
    found = read(written(export, suffix), f"a.{suffix}")
    assert not [each for each in found if not isinstance(each, Row | Notice | About)]
    expected = [(each.snapshot, row) for each in RESOURCES for row in export[each.snapshot]]
    assert rows(found) == expected


@pytest.mark.parametrize("suffix", ["json", "ndjson", "csv"])
def test_into_another_trip_links_are_followed_and_twice_changes_nothing(suffix):
    found = read(written(an_export(), suffix), f"a.{suffix}")
    trip = Trip()
    first = trip.take(found)
    assert first == {each.snapshot: ["created"] for each in RESOURCES}
    again = trip.take(found)
    assert again == {each.snapshot: ["unchanged"] for each in RESOURCES}
    (leg,), (stay,), (pin,), (item,), (event,) = trip.export().values()
    assert leg["flights"] == [{"flightNumber": "MA7", "meal": "vegan"}]
    assert stay["legId"] == event["legId"] == leg["_id"]
    assert event["mapPinId"] == pin["_id"]
    assert (pin["clientRef"], leg["clientRef"]) == ("mine", "carnet:oldleg")
    assert "owner" not in item
    told = [each.text for each in found if isinstance(each, Notice)]
    assert any("owners of action items" in text for text in told)


@pytest.mark.parametrize(
    "body",
    [
        {"mapPins": [SAMPLES["mapPin"]]},
        [SAMPLES["mapPin"]],
        {"items": [SAMPLES["mapPin"]], "nextCursor": None},
    ],
)
def test_bodies_and_lists(body):
    ((name, document),) = rows(read(body))
    assert name == "mapPins"
    assert document.items() >= SAMPLES["mapPin"].items()
    trip = Trip()
    assert trip.take(read(body)) == {"mapPins": ["created"]}
    assert trip.take(read(body)) == {"mapPins": ["unchanged"]}


def test_a_list_of_several_kinds():
    body = [SAMPLES["leg"], SAMPLES["actionItem"], SAMPLES["commitment"], SAMPLES["stay"]]
    assert [name for name, _ in rows(read(body))] == ["legs", "actionItems", "commitments", "stays"]


def test_what_has_no_name_is_known_by_what_it_says():
    one, other = {"text": "Pack", "urgency": "now"}, {"text": "Rest", "urgency": "now"}
    (_, a), (_, twin), (_, b) = rows(read({"actionItems": [one, one, other]}))
    assert len({a["clientRef"], twin["clientRef"], b["clientRef"]}) == 3
    (_, again) = rows(read({"actionItems": [{**one, "urgency": "before_trip"}]}))[0]
    assert again["clientRef"] == a["clientRef"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (5, "no object"),
        ({**SAMPLES["mapPin"], "_id": ["x"]}, "_id: a string, not ['x']"),
        ({**SAMPLES["mapPin"], "clientRef": 7}, "clientRef: a string, not 7"),
        ({**SAMPLES["mapPin"], "name": "a\0b"}, "a NUL character"),
    ],
)
def test_rows_that_are_none_are_rejects(row, reason):
    found = read({"mapPins": [row, SAMPLES["mapPin"]]})
    assert [type(each) for each in found] == [Reject, Row]
    assert reason in found[0].reason
    assert found[0].at.index == 0


def test_lines_that_are_none_are_rejects():
    lines = [
        b'{"list": "trip", "_id": "x"}',
        b'{"list": "mapPins", "name": "A", "lat": 1, "lng": 2}',
        b"",
        b'{"list": "mapPins", "name": ',
        b'{"list": "hotels", "name": "A"}',
        b'{"name": "A"}',
        b'{"kind": "mapPin", "name": "B", "lat": 1, "lng": 2}',
        b'{"list": "mapPins", "name": "\xff", "lat": 1, "lng": 2}',
    ]
    found = read(b"\n".join(lines), "a.ndjson")
    assert [document["name"] for _, document in rows(found)] == ["A", "B"]
    rejects = [(each.at.line, each.reason) for each in found if isinstance(each, Reject)]
    assert [line for line, _ in rejects] == [4, 5, 6, 8]
    assert "no list 'hotels': one of legs, stays" in rejects[1][1]


def test_what_is_none_of_ours_is_said():
    found = read({"mapPins": [], "channels": [{"a": 1}], "actionItems": []})
    (notice,) = found
    assert isinstance(notice, Notice)
    assert "'channels'" in notice.text


def test_two_pins_of_one_name_stay_two():
    export = an_export(refs=False)
    export["mapPins"].append({**export["mapPins"][0], "_id": "oldtwin"})
    trip = Trip()
    trip.take(read(export))
    assert len(trip.documents("mapPins")) == 2


def test_a_large_export_comes_row_by_row():
    pin = {"_id": "x", "tripId": "t", "name": "A", "lat": 1.0, "lng": 2.0}
    raw = msgspec.json.encode({"trip": {}, "mapPins": [pin] * 50_000})
    found = reading.read(io.BytesIO(raw), "a.json", Reading())
    assert isinstance(next(found), Row)
    assert sum(1 for _ in found) == 49_999


@pytest.mark.parametrize("raw", [b'{"mapPins": [', b'{"mapPins": [' + b"[" * 100_000, b"[{]"])
def test_broken_json_ends_in_one_line(raw):
    with pytest.raises(Unreadable) as caught:
        read(raw)
    assert len(str(caught.value)) < 200


@given(st.binary(max_size=20), st.integers(0, 1_500), st.booleans())
def test_any_bytes_within_end_well(raw, at, lines):
    whole = written(an_export(), "ndjson" if lines else "json")
    with contextlib.suppress(Unreadable):
        Trip().take([each for each in read(whole[:at] + raw + whole[at:]) if type(each) is Reject])
