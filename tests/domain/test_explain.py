"""All that is wrong, each with its path and reason (contract section 2)."""

from typing import Any

import pytest

from domain.errors import REASONS
from domain.explain import explain, validate
from domain.resources import ACTION_ITEM, COMMITMENT, LEG, MAP_PIN, STAY
from tests.support import SAMPLES

LEG_SAMPLE = SAMPLES["leg"]
COMMITMENT_SAMPLE = SAMPLES["commitment"]


def reasons(struct, data) -> list[tuple[str, str]]:
    return [(detail.path, detail.reason) for detail in validate(struct, data)]


@pytest.mark.parametrize(
    ("resource", "change", "expected"),
    [
        (LEG, {"title": None}, [("title", "required")]),
        (LEG, {"title": ""}, [("title", "empty")]),
        (LEG, {"title": "x" * 201}, [("title", "too_long")]),
        (LEG, {"title": 5}, [("title", "wrong_type")]),
        (LEG, {"title": ["Tokyo"]}, [("title", "wrong_type")]),
        (LEG, {"order": -0.5}, [("order", "out_of_range")]),
        (LEG, {"order": 10**400}, [("order", "out_of_range")]),
        (LEG, {"order": "1"}, [("order", "wrong_type")]),
        (LEG, {"order": True}, [("order", "wrong_type")]),
        (LEG, {"startDate": "2026-02-30"}, [("startDate", "malformed")]),
        (LEG, {"startDate": 20260715}, [("startDate", "wrong_type")]),
        (LEG, {"startDate": ""}, [("startDate", "empty")]),
        (LEG, {"timezone": "Mars/Olympus"}, [("timezone", "malformed")]),
        (LEG, {"timezone": 9}, [("timezone", "wrong_type")]),
        (LEG, {"clientRef": ""}, [("clientRef", "empty")]),
        (LEG, {"clientRef": "x" * 256}, [("clientRef", "too_long")]),
        (LEG, {"titel": "Tokyo"}, [("titel", "unknown_field")]),
        (LEG, {"accommodation": []}, [("accommodation", "wrong_type")]),
        (LEG, {"accommodation": "Ryokan"}, [("accommodation", "wrong_type")]),
        (LEG, {"accommodation": {"lat": 91}}, [("accommodation.lat", "out_of_range")]),
        (LEG, {"accommodation": {"name": "x" * 201}}, [("accommodation.name", "too_long")]),
        (LEG, {"accommodation": {"checkInTime": "24:00"}},
         [("accommodation.checkInTime", "malformed")]),
        (LEG, {"accommodation": {"checkInTime": "15:00\n"}},
         [("accommodation.checkInTime", "malformed")]),
        (LEG, {"accommodation": {"checkInTime": ""}}, [("accommodation.checkInTime", "malformed")]),
        (LEG, {"accommodation": {"checkInDate": "soon"}},
         [("accommodation.checkInDate", "malformed")]),
        (LEG, {"accommodation": {"anything": [{}]}}, []),
        (LEG, {"flights": {}}, [("flights", "wrong_type")]),
        (LEG, {"flights": [{}, 1, {"departureTime": "late"}]},
         [("flights[1]", "wrong_type"), ("flights[2].departureTime", "malformed")]),
        (LEG, {"flights": [{"departureTime": 5}]}, [("flights[0].departureTime", "wrong_type")]),
        (LEG, {"flights": [{"gate": None}]}, []),
        (LEG, {"rentalCar": {"pickupTime": "2026-07-15"}}, [("rentalCar.pickupTime", "malformed")]),
        (STAY, {"name": ""}, [("name", "empty")]),
        (STAY, {"lng": 200, "checkOutTime": "9:00"},
         [("lng", "out_of_range"), ("checkOutTime", "malformed")]),
        (STAY, {"anything": 1}, [("anything", "unknown_field")]),
        (MAP_PIN, {"lat": -90.5, "lng": "x"}, [("lat", "out_of_range"), ("lng", "wrong_type")]),
        (MAP_PIN, {"notes": "x" * 10_001}, [("notes", "too_long")]),
        (ACTION_ITEM, {"urgency": "later"}, [("urgency", "not_allowed")]),
        (ACTION_ITEM, {"urgency": 1}, [("urgency", "wrong_type")]),
        (ACTION_ITEM, {"urgency": {}}, [("urgency", "wrong_type")]),
        (ACTION_ITEM, {"text": ""}, [("text", "empty")]),
        (ACTION_ITEM, {"isCompleted": 1}, [("isCompleted", "wrong_type")]),
        (ACTION_ITEM, {"isCompleted": "true"}, [("isCompleted", "wrong_type")]),
        (COMMITMENT, {"category": ""}, [("category", "empty")]),
        (COMMITMENT, {"startTime": "7pm"}, [("startTime", "malformed")]),
        (COMMITMENT, {"startTime": 19}, [("startTime", "wrong_type")]),
    ],
)  # fmt: skip
def test_a_reason_for_each_thing_that_is_wrong(resource, change, expected):
    assert reasons(resource.struct, {**SAMPLES[resource.kind], **change}) == expected


def test_all_that_is_wrong_is_told_in_the_order_of_declaration():
    wrong: dict[str, Any] = {
        "zzz": 1,
        "accommodation": {"lng": 181, "lat": "north", "notes": 5, "free": [{}]},
        "flights": [{"seat": 1}, {"arrivalTime": "?", "airline": None}],
        "rentalCar": {"vehicle": False},
        "timezone": "Mars",
        "endDate": None,
        "startDate": "2026-13-01",
        "destination": "",
        "order": -1,
        "aaa": None,
    }
    assert reasons(LEG.struct, wrong) == [
        ("order", "out_of_range"),
        ("title", "required"),
        ("destination", "empty"),
        ("startDate", "malformed"),
        ("endDate", "required"),
        ("timezone", "malformed"),
        ("accommodation.lat", "wrong_type"),
        ("accommodation.lng", "out_of_range"),
        ("accommodation.notes", "wrong_type"),
        ("flights[0].seat", "wrong_type"),
        ("flights[1].airline", "wrong_type"),
        ("flights[1].arrivalTime", "malformed"),
        ("rentalCar.vehicle", "wrong_type"),
        ("zzz", "unknown_field"),
        ("aaa", "unknown_field"),
    ]


@pytest.mark.parametrize("data", [None, True, 0, "", "{}", [], [{}]])
def test_what_is_no_object_is_of_the_wrong_type(data):
    assert reasons(LEG.struct, data) == [("", "wrong_type")]


@pytest.mark.parametrize("resource", [LEG, STAY, MAP_PIN, ACTION_ITEM, COMMITMENT])
def test_an_empty_object_lacks_what_is_required(resource):
    missing = [path for path, reason in reasons(resource.struct, {}) if reason == "required"]
    assert missing == [name for name in resource.fields if name in SAMPLES[resource.kind]]


@pytest.mark.parametrize("resource", [LEG, STAY, MAP_PIN, ACTION_ITEM, COMMITMENT])
def test_a_valid_value_needs_no_explanation(resource):
    assert validate(resource.struct, SAMPLES[resource.kind]) == []
    assert explain(resource.struct, SAMPLES[resource.kind]) == []


def test_every_reason_given_is_one_of_the_contract():
    given = {
        "required": {**LEG_SAMPLE, "title": None},
        "wrong_type": {**LEG_SAMPLE, "title": 1},
        "malformed": {**LEG_SAMPLE, "startDate": "x"},
        "out_of_range": {**LEG_SAMPLE, "order": -1},
        "too_long": {**LEG_SAMPLE, "title": "x" * 300},
        "empty": {**LEG_SAMPLE, "title": ""},
        "unknown_field": {**LEG_SAMPLE, "x": 1},
    }
    for reason, body in given.items():
        assert [told for _, told in reasons(LEG.struct, body)] == [reason]
    assert given.keys() | {"not_allowed", "not_found", "duplicate"} == set(REASONS)


def test_an_optional_field_that_is_null_here_is_of_the_wrong_type():
    """A merge has taken nulls out; one that is left is a value."""
    body = {**COMMITMENT_SAMPLE, "notes": None}
    assert reasons(COMMITMENT.struct, body) == [("notes", "wrong_type")]
