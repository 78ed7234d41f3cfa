"""What follows from a resource's declaration."""

import dataclasses
from typing import Any

import msgspec
import pytest

from domain.errors import ValidationFailed
from domain.fields import MAX_ITEM_BYTES
from domain.merge import Document, merge
from domain.message import CHANNEL, MESSAGE
from domain.resource import Link, Resource, not_before, number_key
from domain.resources import ACTION_ITEM, BY_KIND, COMMITMENT, LEG, MAP_PIN, RESOURCES, STAY
from domain.trip import TRIP, check_group, compose_trip
from tests.domain.planning import new_plan
from tests.support import SAMPLES

NOW, LATER = "2026-07-01T00:00:00.000Z", "2026-07-02T00:00:00.000Z"


def test_number_keys_of_zero_and_neighbours():
    assert number_key(0) == number_key(-0.0) == number_key(0.0)
    values = [0, 5e-324, 0.1, 0.5, 1, 1.5, 2, 9, 10, 11, 99, 100, 1e15, 2**53, 1e300]
    assert sorted(values, key=number_key) == values


def settled(resource, **change):
    return resource.validated(merge({}, {**SAMPLES[resource.kind], **change}))


def details(resource, **change) -> list[tuple[str, str]]:
    return [(detail.path, detail.reason) for detail in settled(resource, **change)[1]]


def test_paths_and_links():
    assert [resource.path for resource in (LEG, STAY, MAP_PIN, ACTION_ITEM, COMMITMENT)] == [
        "/legs",
        "/legs/{legId}/stays",
        "/map-pins",
        "/action-items",
        "/commitments",
    ]
    assert COMMITMENT.links == (
        Link("legId", "leg", "legRef"),
        Link("mapPinId", "mapPin", "mapPinRef"),
    )
    assert ACTION_ITEM.links == (Link("owner", "member", "ownerRef"),)
    assert STAY.parent_link == Link("legId", "leg", "legRef")
    assert LEG.parent_link is None
    assert MESSAGE.path == "/channels/{channelId}/messages"


def test_what_is_linked_to_comes_before_what_links_to_it():
    order = [resource.kind for resource in RESOURCES]
    for resource in RESOURCES:
        targets = {link.kind for link in resource.links if link.kind in BY_KIND}
        targets |= {resource.parent.kind} if resource.parent else set()
        assert all(order.index(target) < order.index(resource.kind) for target in targets)
    assert list(BY_KIND.values()) == list(RESOURCES)


@pytest.mark.parametrize("resource", [*RESOURCES, TRIP, CHANNEL, MESSAGE], ids=lambda r: r.kind)
def test_the_servers_own_members_are_ignored_and_no_client_member_is(resource):
    server = {"_id", "tripId", "createdAt", "updatedAt", "createdBy", "authorId", "completedAt"}
    above = {resource.parent.id_param} if resource.parent else set()
    assert resource.ignored == server | above
    assert not resource.ignored & set(resource.fields)


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.kind)
def test_a_sample_settles_in_declared_order(resource):
    body = SAMPLES[resource.kind]
    fields, wrong = resource.validated(dict(reversed(body.items())))
    assert wrong == []
    assert fields == body
    assert list(fields) == [name for name in resource.fields if name in body]


def test_an_end_before_its_start():
    same_day = {"startDate": "2026-07-15", "endDate": "2026-07-15"}
    assert details(LEG, **same_day) == []
    before = {"startDate": "2026-07-15", "endDate": "2026-07-14"}
    assert details(LEG, **before) == [("endDate", "out_of_range")]
    assert [d.path for d in TRIP.validated({"groupId": "g", "title": "x", **before})[1]] == [
        "endDate"
    ]


@pytest.mark.parametrize(
    "dates",
    [
        {"startDate": "2026-07-15"},
        {"endDate": "2026-07-15"},
        {"startDate": "2026-07-15", "endDate": "2026-02-30"},
        {"startDate": "z", "endDate": "2026-07-15"},
        {"startDate": 20260715, "endDate": "2026-07-14"},
        {"startDate": "2026-07-15", "endDate": None},
    ],
)
def test_dates_that_are_wrong_one_by_one_are_not_compared(dates):
    assert not_before(dates) == []


def test_nulls_of_known_members_in_arrays_are_as_if_absent():
    fields, wrong = settled(LEG, flights=[{"airline": None, "seat": "1A", "gate": None}, {}])
    assert wrong == []
    assert fields["flights"] == [{"seat": "1A", "gate": None}, {}]


def too_large(resource: Resource, body: Any) -> bool:
    """Whether a body is refused for its size, and told nothing else."""
    _, found = resource.merge({}, resource.sent(body))
    if all(detail.reason != "too_long" for detail in found):
        return False
    (detail,) = found
    assert (detail.path, detail.reason) == ("", "too_long")
    assert "65,536 bytes" in detail.message
    return True


def test_an_item_over_its_size_is_refused_before_anything_looks_into_it():
    assert not too_large(LEG, {"accommodation": {"more": "x" * (MAX_ITEM_BYTES - 1_000)}})
    assert too_large(LEG, {"accommodation": {"more": "x" * MAX_ITEM_BYTES}})
    assert too_large(LEG, {"flights": [1] * MAX_ITEM_BYTES, "title": "", "zoo": 1})
    with pytest.raises(ValidationFailed) as caught:
        new_plan().upsert(LEG, {"flights": [1] * MAX_ITEM_BYTES})
    assert [detail.reason for detail in caught.value.details] == ["too_long"]


def test_the_size_of_an_item_is_counted_in_bytes():
    assert too_large(LEG, {"accommodation": {"more": "é" * (MAX_ITEM_BYTES // 2)}})


def test_an_item_is_as_large_as_what_its_client_sets():
    """An item that just fits can be sent back with all that the server put to it."""
    room = MAX_ITEM_BYTES - len(msgspec.json.encode({"name": "x", "notes": ""}))
    full = {"name": "x", "notes": "n" * room}
    read = {"_id": "s", "tripId": "t", "legId": "l" * 32, "createdAt": NOW, "updatedAt": NOW}
    assert STAY.sent({**read, **full}) == full
    assert STAY.sent({**read, **full}, with_parent=True) == {**full, "legId": "l" * 32}
    assert too_large(STAY, {**read, **full, "url": ""})


def test_a_merge_over_the_size_of_an_item_is_too_long():
    half = {"more": "x" * (MAX_ITEM_BYTES // 2)}
    before = {**SAMPLES["leg"], "accommodation": half}
    assert LEG.merge(before, {"title": "x"})[1] == []
    (detail,) = LEG.merge(before, {"rentalCar": half})[1]
    assert (detail.path, detail.reason) == ("", "too_long")


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.kind)
def test_on_a_create_null_for_an_optional_field_is_as_if_absent(resource):
    sample = SAMPLES[resource.kind]
    nulls = {name: None for name in resource.fields if name not in sample}
    assert resource.merge({}, {**sample, **nulls}) == (sample, [])


def test_nights_are_in_order_and_flights_never_compared():
    nights = {"checkInDate": "2026-07-15", "checkOutDate": "2026-07-14"}
    assert details(LEG, accommodation=nights) == [("accommodation.checkOutDate", "out_of_range")]
    assert details(STAY, **nights) == [("checkOutDate", "out_of_range")]
    assert details(LEG, accommodation={**nights, "checkOutDate": "2026-07-15"}) == []
    assert details(LEG, accommodation={"checkOutDate": "2026-07-14"}) == []
    flight = {"departureTime": "2026-07-15T01:00", "arrivalTime": "2026-07-14T22:00"}
    assert details(LEG, flights=[flight]) == []
    both = details(LEG, endDate="2020-01-01", accommodation=nights)
    assert both == [("endDate", "out_of_range"), ("accommodation.checkOutDate", "out_of_range")]


def test_a_commitment_may_last_several_days():
    assert details(COMMITMENT, endDate="2026-07-18") == []
    assert details(COMMITMENT, endDate="2026-07-16") == []
    assert details(COMMITMENT, endDate="2026-07-15") == [("endDate", "out_of_range")]
    (detail,) = COMMITMENT.merge(
        {**SAMPLES["commitment"], "endDate": "2026-07-16"}, {"startDate": "2026-07-17"}
    )[1]
    assert (detail.path, detail.reason) == ("endDate", "out_of_range")


def test_nothing_is_updated_before_it_was_created():
    """Also when the clock was set back in between."""
    made = composed(STAY, {"name": "x"}, None, row_id="s", trip_id="t", parent_id="l", now=LATER)
    changed = composed(STAY, {"name": "y"}, made, row_id="s", trip_id="t", parent_id="l", now=NOW)
    assert (changed["createdAt"], changed["updatedAt"]) == (LATER, LATER)
    trip = compose_trip({"title": "x"}, None, trip_id="t", created_by="u", now=LATER)
    changed = compose_trip({"title": "y"}, trip, trip_id="t", created_by="u", now=NOW)
    assert (changed["createdAt"], changed["updatedAt"]) == (LATER, LATER)


def test_all_day_commitments_have_no_times():
    fields, wrong = settled(COMMITMENT, isAllDay=True, startTime="not a time", endTime="10:00")
    assert wrong == []
    assert fields == {**SAMPLES["commitment"], "isAllDay": True}
    fields, _ = settled(COMMITMENT, isAllDay=False, startTime="09:00", endTime="10:00")
    assert (fields["startTime"], fields["endTime"]) == ("09:00", "10:00")


def test_commitments_sort_by_day_with_all_day_ones_first():
    bodies: list[Document] = [
        {"startDate": "2026-07-15", "startTime": "00:00"},
        {"startDate": "2026-07-14", "startTime": "23:59"},
        {"startDate": "2026-07-15", "isAllDay": True},
        {"startDate": "2026-07-15", "startTime": "09:30"},
        {"startDate": "2026-07-16"},
        {"startDate": "0900-01-01"},
    ]
    ordered = sorted(bodies, key=COMMITMENT.sort_key)
    assert [bodies.index(body) for body in ordered] == [5, 1, 2, 0, 3, 4]


def composed(resource: Resource, *arguments: Any, **names: Any) -> Document:
    return msgspec.json.decode(resource.compose(*arguments, **names), type=Document)


def test_the_time_of_completion_is_kept_while_completed():
    done = composed(
        ACTION_ITEM, {"isCompleted": True}, None, row_id="i", trip_id="t", parent_id="", now=NOW
    )
    assert done["completedAt"] == NOW
    still = composed(
        ACTION_ITEM,
        {"isCompleted": True, "text": "x"},
        done,
        row_id="i",
        trip_id="t",
        parent_id="",
        now=LATER,
    )
    assert (still["completedAt"], still["createdAt"], still["updatedAt"]) == (NOW, NOW, LATER)
    undone = composed(
        ACTION_ITEM, {"isCompleted": False}, still, row_id="i", trip_id="t", parent_id="", now=LATER
    )
    assert "completedAt" not in undone


def test_a_document_has_identity_then_the_clients_members_then_times():
    document = composed(
        STAY, {"name": "Ryokan"}, None, row_id="s", trip_id="t", parent_id="l", now=NOW
    )
    assert list(document.items()) == [
        ("_id", "s"),
        ("tripId", "t"),
        ("legId", "l"),
        ("name", "Ryokan"),
        ("createdAt", NOW),
        ("updatedAt", NOW),
    ]
    assert STAY.fields_of(document) == {"name": "Ryokan"}


def test_a_trip_starts_as_a_draft_and_keeps_its_maker():
    fields, wrong = TRIP.validated(
        {"groupId": "g", "title": "x", "startDate": "2026-07-15", "endDate": "2026-07-15"}
    )
    assert wrong == []
    assert fields["status"] == "draft"
    made = compose_trip(fields, None, trip_id="t", created_by="u", now=NOW)
    assert (made["_id"], made["createdBy"], made["createdAt"]) == ("t", "u", NOW)
    kept = compose_trip(fields, made, trip_id="t", created_by="other", now=LATER)
    assert (kept["createdBy"], kept["createdAt"], kept["updatedAt"]) == ("u", NOW, LATER)


@pytest.mark.parametrize(
    ("patch", "reason"),
    [
        ({}, None),
        ({"groupId": "g"}, None),
        ({"groupId": "h"}, "not_allowed"),
        ({"groupId": 5}, "wrong_type"),
        ({"groupId": None}, "required"),
        ({"groupId": ["g"]}, "wrong_type"),
    ],
)
def test_a_trip_stays_in_its_group(patch, reason):
    expected = [] if reason is None else [("groupId", reason)]
    found = check_group("g", patch)
    assert [(d.path, d.reason) for d in found] == expected
    assert all("leave groupId out, or send g" in d.message for d in found)


def test_a_resource_is_declared_once_and_for_all():
    with pytest.raises(dataclasses.FrozenInstanceError):
        MAP_PIN.kind = "pin"  # type: ignore[misc]
