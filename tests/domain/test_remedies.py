"""Wrong calls, as people, scripts and assistants make them: each can be mended from its answer."""

from typing import Any

import pytest

from domain.errors import ValidationFailed
from domain.imports import BATCH_ITEMS, ImportRequest, items_of
from domain.message import MESSAGE
from domain.plan import Plan
from domain.resource import Resource
from domain.resources import ACTION_ITEM, COMMITMENT, LEG, MAP_PIN, STAY
from domain.trip import TRIP
from tests.domain.planning import new_plan, stored
from tests.support import SAMPLES

SAMPLE_OF: dict[str, dict[str, Any]] = {
    **SAMPLES,
    "trip": {"groupId": "g", "title": "Japan", "startDate": "2026-07-15", "endDate": "2026-07-20"},
    "message": {"content": "Hello"},
}

IANA = "an IANA time zone such as Europe/London"
HH_MM = "a local time as HH:mm, 24 hours, such as 15:00"

Told = tuple[str, str, tuple[str, ...]]
"""Path, reason, and what the message must have in it."""

WRONG: list[tuple[Resource, dict[str, Any], str, str, tuple[str, ...]]] = [
    # Names: other spellings, other words, other kinds' fields.
    (LEG, {"start_date": "2026-07-15"}, "start_date", "unknown_field", ("mean startDate?",)),
    (LEG, {"StartDate": "2026-07-15"}, "StartDate", "unknown_field", ("mean startDate?",)),
    (LEG, {"timeZone": "Asia/Tokyo"}, "timeZone", "unknown_field", ("mean timezone?",)),
    (LEG, {"time_zone": "Asia/Tokyo"}, "time_zone", "unknown_field", ("mean timezone?",)),
    (LEG, {"tz": "Asia/Tokyo"}, "tz", "unknown_field", ("mean timezone?",)),
    (LEG, {"flight": {}}, "flight", "unknown_field", ("no field flight here", "mean flights?")),
    (LEG, {"city": "Tokyo"}, "city", "unknown_field", ("mean destination?",)),
    (LEG, {"desination": "Tokyo"}, "desination", "unknown_field", ("mean destination?",)),
    (LEG, {"titel": "Tokyo"}, "titel", "unknown_field", ("mean title?",)),
    (LEG, {"accomodation": {}}, "accomodation", "unknown_field", ("mean accommodation?",)),
    (LEG, {"hotel": {}}, "hotel", "unknown_field", ("mean accommodation?",)),
    (LEG, {"notes": "x"}, "notes", "unknown_field", ("accommodation, flights and rentalCar",)),
    (LEG, {"zoo": 1}, "zoo", "unknown_field", ("the fields are order, title, destination",)),
    (LEG, {"id": "tokyo"}, "id", "unknown_field", ("mean clientRef?",)),
    (LEG, {"client_ref": "tokyo"}, "client_ref", "unknown_field", ("mean clientRef?",)),
    (MAP_PIN, {"latitude": 35.7}, "latitude", "unknown_field", ("mean lat?",)),
    (MAP_PIN, {"longitude": 139.7}, "longitude", "unknown_field", ("mean lng?",)),
    (MAP_PIN, {"lon": 139.7}, "lon", "unknown_field", ("mean lng?",)),
    (MAP_PIN, {"coordinates": [35.7, 139.7]}, "coordinates", "unknown_field", ("lat", "lng")),
    (MAP_PIN, {"title": "Sensoji"}, "title", "unknown_field", ("mean name?",)),
    (MAP_PIN, {"description": "Early"}, "description", "unknown_field", ("mean notes?",)),
    (ACTION_ITEM, {"title": "Visa"}, "title", "unknown_field", ("mean text?",)),
    (ACTION_ITEM, {"completed": True}, "completed", "unknown_field", ("mean isCompleted?",)),
    (ACTION_ITEM, {"done": True}, "done", "unknown_field", ("mean isCompleted?",)),
    (ACTION_ITEM, {"is_completed": True}, "is_completed", "unknown_field", ("isCompleted?",)),
    (ACTION_ITEM, {"priority": "high"}, "priority", "unknown_field", ("mean urgency?",)),
    (ACTION_ITEM, {"assignee": "u"}, "assignee", "unknown_field", ("mean owner?",)),
    (COMMITMENT, {"date": "2026-07-15"}, "date", "unknown_field", ("mean startDate?",)),
    (COMMITMENT, {"time": "19:00"}, "time", "unknown_field", ("mean startTime?",)),
    (COMMITMENT, {"location": "Ginza"}, "location", "unknown_field", ("mapPinId", "notes")),
    (COMMITMENT, {"place": "Ginza"}, "place", "unknown_field", ("mapPinId", "notes")),
    (COMMITMENT, {"pinId": "p"}, "pinId", "unknown_field", ("mean mapPinId?",)),
    (COMMITMENT, {"allDay": True}, "allDay", "unknown_field", ("mean isAllDay?",)),
    (STAY, {"title": "Ryokan"}, "title", "unknown_field", ("mean name?",)),
    (STAY, {"checkIn": "2026-07-15"}, "checkIn", "unknown_field", ("mean checkInDate?",)),
    (TRIP, {"destination": "Japan"}, "destination", "unknown_field", ("its legs have one",)),
    (TRIP, {"legs": []}, "legs", "unknown_field", ("POST /trips/{tripId}/legs",)),
    (TRIP, {"name": "Japan"}, "name", "unknown_field", ("mean title?",)),
    (TRIP, {"group_id": "g"}, "group_id", "unknown_field", ("mean groupId?",)),
    (MESSAGE, {"text": "Hello"}, "text", "unknown_field", ("mean content?",)),
    # Links.
    (COMMITMENT, {"legRef": "tokyo"}, "legRef", "unknown_field",
     ("POST /trips/{tripId}/sync", "legId")),
    (COMMITMENT, {"mapPinRef": "x"}, "mapPinRef", "unknown_field",
     ("POST /trips/{tripId}/sync", "mapPinId")),
    (STAY, {"legRef": "tokyo"}, "legRef", "unknown_field", ("sync", "the path names the leg")),
    (COMMITMENT, {"legId": "tokyo"}, "legId", "not_found",
     ("leg", '"tokyo"', "_id", "GET /trips/{tripId}/export", "legRef")),
    (COMMITMENT, {"legId": 5}, "legId", "wrong_type", ("the _id of a leg", "not a number")),
    (ACTION_ITEM, {"owner": "Anna"}, "owner", "not_found",
     ('"Anna"', "userId", "GET /trips/{tripId}/members")),
    # Time zones.
    (LEG, {"timezone": "JST"}, "timezone", "malformed", (IANA, '"JST"', "mean Asia/Tokyo?")),
    (LEG, {"timezone": "+09:00"}, "timezone", "malformed", (IANA, '"+09:00"')),
    (LEG, {"timezone": "UTC+9"}, "timezone", "malformed", (IANA,)),
    (LEG, {"timezone": "Asia/ Tokyo"}, "timezone", "malformed", (IANA, "mean Asia/Tokyo?")),
    (LEG, {"timezone": "Asia/tokyo"}, "timezone", "malformed", (IANA, "mean Asia/Tokyo?")),
    (LEG, {"timezone": "Tokyo"}, "timezone", "malformed", (IANA, "mean Asia/Tokyo?")),
    (LEG, {"timezone": "Tokyo Standard Time"}, "timezone", "malformed", ("mean Asia/Tokyo?",)),
    (LEG, {"timezone": "Romance Standard Time"}, "timezone", "malformed", ("Europe/Paris?",)),
    (LEG, {"timezone": "America/New York"}, "timezone", "malformed", ("America/New_York?",)),
    (LEG, {"timezone": "localtime"}, "timezone", "malformed", (IANA,)),
    (LEG, {"timezone": 9}, "timezone", "wrong_type", (IANA, "not a number")),
    # Dates and times.
    (LEG, {"startDate": "2026-07-15T00:00:00Z"}, "startDate", "malformed",
     ("a date as 2026-07-15", "mean 2026-07-15?")),
    (LEG, {"startDate": "07/15/2026"}, "startDate", "malformed", ("mean 2026-07-15?",)),
    (LEG, {"startDate": "07/08/2026"}, "startDate", "malformed", ("2026-07-08 or 2026-08-07",)),
    (LEG, {"startDate": "July 15, 2026"}, "startDate", "malformed", ("mean 2026-07-15?",)),
    (LEG, {"startDate": "2026-02-30"}, "startDate", "malformed", ("a date as", '"2026-02-30"')),
    (LEG, {"startDate": 20260715}, "startDate", "wrong_type", ("a date as", "not a number")),
    (LEG, {"endDate": "2026-01-01"}, "endDate", "out_of_range",
     ("not before startDate", SAMPLES["leg"]["startDate"])),
    (COMMITMENT, {"endDate": "2026-01-01"}, "endDate", "out_of_range", ("before startDate",)),
    (COMMITMENT, {"startTime": "7pm"}, "startTime", "malformed", (HH_MM, "mean 19:00?")),
    (COMMITMENT, {"startTime": "19:00:00"}, "startTime", "malformed", (HH_MM, "mean 19:00?")),
    (COMMITMENT, {"startTime": "2026-07-15T19:00:00Z"}, "startTime", "malformed",
     (HH_MM, "mean 19:00?")),
    (COMMITMENT, {"startTime": 19}, "startTime", "wrong_type", (HH_MM, "not a number")),
    (LEG, {"accommodation": {"checkInTime": "3 PM"}}, "accommodation.checkInTime", "malformed",
     (HH_MM, "mean 15:00?")),
    (LEG, {"accommodation": {"checkInDate": "2026-07-15", "checkOutDate": "2026-07-14"}},
     "accommodation.checkOutDate", "out_of_range", ("before checkInDate, 2026-07-15",)),
    (STAY, {"checkInDate": "2026-07-15", "checkOutDate": "2026-07-14"}, "checkOutDate",
     "out_of_range", ("before checkInDate",)),
    (LEG, {"flights": [{"departureTime": "10:30 PM"}]}, "flights[0].departureTime", "malformed",
     ("an ISO 8601 date and time such as 2026-07-15T09:30",)),
    (LEG, {"flights": [{"departureTime": "2026-07-15 9:30"}]}, "flights[0].departureTime",
     "malformed", ("mean 2026-07-15T09:30?",)),
    # Numbers, booleans, objects, lists.
    (LEG, {"order": "1"}, "order", "wrong_type", ("a number of at least 0", "1 without quotes")),
    (LEG, {"order": -1}, "order", "out_of_range", ("a number of at least 0", "not -1")),
    (MAP_PIN, {"lat": "35.7"}, "lat", "wrong_type", ("from -90 to 90", "35.7 without quotes")),
    (MAP_PIN, {"lat": 139.7, "lng": 35.7}, "lat", "out_of_range",
     ("from -90 to 90", "lat and lng", "wrong way round")),
    (MAP_PIN, {"lng": 500}, "lng", "out_of_range", ("from -180 to 180", "not 500")),
    (MAP_PIN, {"name": 5}, "name", "wrong_type", ("a string of 1 to 200 characters", '"5"')),
    (MAP_PIN, {"name": "x" * 201}, "name", "too_long", ("at most 200 characters",)),
    (MAP_PIN, {"name": ""}, "name", "empty", ("must not be empty",)),
    (ACTION_ITEM, {"isCompleted": "true"}, "isCompleted", "wrong_type",
     ("true or false", "true without quotes")),
    (ACTION_ITEM, {"isCompleted": 1}, "isCompleted", "wrong_type", ("send true",)),
    (LEG, {"flights": {}}, "flights", "wrong_type", ("a list", "[{...}]")),
    (LEG, {"flights": "JL44"}, "flights", "wrong_type", ("a list", "not a string")),
    (LEG, {"accommodation": "Ryokan"}, "accommodation", "wrong_type",
     ("an object with fields such as name, address", "not a string")),
    (LEG, {"accommodation": [{"name": "Ryokan"}]}, "accommodation", "wrong_type",
     ("an object", "not a list", "without the list")),
    (LEG, {"rentalCar": '{"company": "Toyota"}'}, "rentalCar", "wrong_type",
     ("not a string that holds JSON",)),
    # Enumerations.
    (ACTION_ITEM, {"urgency": "high"}, "urgency", "not_allowed",
     ("one of now, before_trip, nice_to_have", '"high"')),
    (ACTION_ITEM, {"urgency": "before-trip"}, "urgency", "not_allowed", ("mean before_trip?",)),
    (ACTION_ITEM, {"urgency": "Now"}, "urgency", "not_allowed", ("mean now?",)),
    (ACTION_ITEM, {"urgency": 1}, "urgency", "wrong_type", ("one of now, before_trip",)),
    (COMMITMENT, {"category": "restaurant"}, "category", "not_allowed",
     ("one of dinner, activity, birthday, meeting, other",)),
    (TRIP, {"status": "done"}, "status", "not_allowed", ("one of draft, active, completed",)),
    # What is missing.
    (TRIP, {"groupId": None}, "groupId", "required", ("the _id of a group", "GET /me")),
    (COMMITMENT, {"startDate": None}, "startDate", "required", ("a date as 2026-07-15",)),
    (ACTION_ITEM, {"urgency": None}, "urgency", "required", ("one of now, before_trip",)),
    (LEG, {"timezone": None}, "timezone", "required", (IANA,)),
]  # fmt: skip


def refusal(resource: Resource, body: Any) -> ValidationFailed:
    plan = Plan("trip", now="2026-07-01T00:00:00.000Z", new_id=lambda: "new")
    with pytest.raises(ValidationFailed) as caught:
        plan.upsert(resource, body)
    return caught.value


@pytest.mark.parametrize(("resource", "wrong", "path", "reason", "words"), WRONG)
def test_a_wrong_field_says_how_to_mend_it(resource, wrong, path, reason, words):
    error = refusal(resource, {**SAMPLE_OF[resource.kind], **wrong})
    (detail,) = error.details
    assert (detail.path, detail.reason) == (path, reason)
    assert [word for word in words if word not in detail.message] == []
    assert len(detail.message) < 300
    # For clients that print nothing else.
    gist = f"Missing required fields: {path}" if reason == "required" else detail.message
    assert gist in error.message


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ([SAMPLES["leg"]], ("an object", "not a list", "without the list")),
        ('{"title": "Tokyo"}', ("not a string", "not a string that holds JSON")),
        (None, ("an object with fields such as order, title", "not null")),
        (5, ("an object", "not a number")),
    ],
)
def test_a_body_that_is_no_object(body, words):
    (detail,) = refusal(LEG, body).details
    assert (detail.path, detail.reason) == ("", "wrong_type")
    assert [word for word in words if word not in detail.message] == []


@pytest.mark.parametrize(
    ("kind", "body", "path", "words"),
    [
        ("batch", [SAMPLES["leg"]], "", ('{"items": [...]}', "not a list")),
        ("batch", '{"items": []}', "", ("not a string that holds JSON",)),
        ("batch", {"legs": []}, "legs", ("no field legs here", "mean items?")),
        ("batch", {"legs": []}, "items", ("a list of 1 to 50 items",)),
        ("batch", {"items": {}}, "items", ("a list of 1 to 50 items", "[{...}]")),
        ("batch", {"items": []}, "items", ("must not be empty", "1 to 50")),
        ("batch", {"items": [{}] * (BATCH_ITEMS + 1)}, "items", ("at most 50 items", "sync")),
        ("sync", [SAMPLES["leg"]], "", ('{"legs": [...], "mapPins": [...]}', "not a list")),
        ("sync", {"map_pins": []}, "map_pins", ("mean mapPins?",)),
        ("sync", {"pins": []}, "pins", ("mean mapPins?",)),
        ("sync", {"todos": []}, "todos", ("mean actionItems?",)),
        ("sync", {"events": []}, "events", ("mean commitments?",)),
        ("sync", {"zoo": []}, "zoo",
         ("the fields are legs, stays, mapPins, actionItems, commitments",)),
        ("sync", {"legs": {}}, "legs", ("a list of items", "[{...}]")),
        ("sync", {"trip": {"title": "x", "legs": []}}, "trip.legs", ("legs go to the top",)),
        ("sync", {"data": {"legs": [], "mapPins": []}}, "data.mapPins",
         ("legs, mapPins go to the top",)),
    ],
)  # fmt: skip
def test_bodies_of_many_items_of_another_shape(kind, body, path, words):
    request = ImportRequest(kind, "leg" if kind == "batch" else "")
    with pytest.raises(ValidationFailed) as caught:
        items_of(request, body)
    (message,) = [each.message for each in caught.value.details if each.path == path]
    assert [word for word in words if word not in message] == []


def sync_refusal(resource: Resource, item: dict[str, Any]) -> dict[str, str]:
    plan = new_plan(stored(LEG, "l1", clientRef="tokyo"))
    with pytest.raises(ValidationFailed) as caught:
        plan.upsert_from_snapshot(resource, {**SAMPLES[resource.kind], **item})
    return {detail.path: detail.message for detail in caught.value.details}


def test_links_of_a_sync_that_lead_nowhere():
    assert "clientRef of a leg" in sync_refusal(COMMITMENT, {"legRef": "kyoto"})["legRef"]
    assert "a string" in sync_refusal(COMMITMENT, {"legRef": 5})["legRef"]
    both = sync_refusal(COMMITMENT, {"legRef": "tokyo", "legId": "l2"})
    assert "GET /trips/{tripId}/export" in both["legId"]
    assert "one of the two" in both["legRef"]
    missing = sync_refusal(STAY, {})["legId"]
    assert "legId" in missing
    assert "legRef" in missing


def test_a_client_ref_that_another_row_has():
    plan = new_plan(stored(MAP_PIN, "p1", clientRef="a"), second := stored(MAP_PIN, "p2"))
    with pytest.raises(ValidationFailed) as caught:
        plan.patch(MAP_PIN, second, {"clientRef": "a"})
    assert "p1" in caught.value.details[0].message


def test_a_name_or_a_value_of_any_length_is_repeated_in_part():
    long = "n" * 10_000
    error = refusal(LEG, {**SAMPLES["leg"], long: 1, "timezone": long})
    assert all(len(detail.message) < 300 for detail in error.details)
    assert len(error.message) < 1_000


def test_thousands_of_wrong_names_end_at_a_thousand_details():
    error = refusal(LEG, {**SAMPLES["leg"], **{f"f{n}": 1 for n in range(5_000)}})
    assert len(error.details) == 1_000
    assert error.message.endswith("and at least 996 more; the first 1000 are listed")


def test_there_are_enough_wrong_calls_to_be_sure():
    assert len(WRONG) >= 60
