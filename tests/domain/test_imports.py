"""Bodies of batches and syncs, and the answers to them (contract section 5)."""

from typing import Any

import msgspec
import pytest

from domain.errors import ValidationFailed
from domain.imports import (
    BATCH_ITEMS,
    ImportRequest,
    apply_import,
    count_items,
    items_of,
    needs_of,
)
from domain.resources import BY_KIND, LEG, MAP_PIN, RESOURCES
from tests.domain.planning import body, new_plan, stored

BATCH = ImportRequest("batch", "mapPin")
SYNC = ImportRequest("sync")


def refusal(request: ImportRequest, sent: Any) -> list[tuple[str, str]]:
    with pytest.raises(ValidationFailed) as caught:
        items_of(request, sent)
    return [(detail.path, detail.reason) for detail in caught.value.details]


@pytest.mark.parametrize("request_", [BATCH, SYNC], ids=["batch", "sync"])
@pytest.mark.parametrize("sent", [None, [], "x", 5, [{}]])
def test_a_body_is_an_object(request_, sent):
    assert refusal(request_, sent) == [("", "wrong_type")]


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({}, [("items", "required")]),
        ({"items": None}, [("items", "required")]),
        ({"items": {}}, [("items", "wrong_type")]),
        ({"items": "ab"}, [("items", "wrong_type")]),
        ({"items": []}, [("items", "empty")]),
        ({"items": [{}] * (BATCH_ITEMS + 1)}, [("items", "too_long")]),
        ({"items": [{}], "mode": 1}, [("mode", "unknown_field")]),
        ({"x": 1, "y": 2}, [("items", "required"), ("x", "unknown_field"), ("y", "unknown_field")]),
    ],
)
def test_bodies_of_batches_that_are_refused(sent, expected):
    assert refusal(BATCH, sent) == expected


def test_a_batch_has_up_to_50_items():
    assert BATCH_ITEMS == 50
    items: list[Any] = [{}] * 50
    assert items_of(BATCH, {"items": items}) == [(MAP_PIN, items)]


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"legs": {}}, [("legs", "wrong_type")]),
        ({"hotels": []}, [("hotels", "unknown_field")]),
        (
            {"zoo": 1, "mapPins": 5, "legs": "x"},
            [("legs", "wrong_type"), ("mapPins", "wrong_type"), ("zoo", "unknown_field")],
        ),
    ],
)
def test_bodies_of_syncs_that_are_refused(sent, expected):
    assert refusal(SYNC, sent) == expected


def test_a_sync_takes_its_categories_in_the_order_to_apply_them():
    sent: dict[str, list[Any]] = {resource.snapshot: [{}] for resource in reversed(RESOURCES)}
    assert [resource for resource, _ in items_of(SYNC, sent)] == list(RESOURCES)


def test_a_sync_takes_what_an_export_has_besides():
    besides = {"trip": {"title": "x"}, "members": [{}], "rev": 7}
    assert items_of(SYNC, {**besides, "legs": []}) == [(LEG, [])]
    assert items_of(SYNC, {}) == []
    assert items_of(SYNC, {"legs": None}) == []


def test_items_are_counted_as_they_are_taken():
    assert count_items("batch", {"items": [{}, 5]}) == 2
    assert count_items("sync", {"legs": [{}], "mapPins": [{}, {}], "members": [{}] * 9}) == 3
    for kind in ("batch", "sync"):
        with pytest.raises(ValidationFailed):
            count_items(kind, {"zoo": []})


def test_needs_of_lists_are_those_of_all_their_items():
    needs = needs_of([(LEG, [{"clientRef": "a"}]), (MAP_PIN, [{"_id": "p"}, 5])])
    assert needs.refs == {"leg": {"a"}, "mapPin": set()}
    assert needs.ids == {"p"}


def run(request: ImportRequest, sent: Any, *rows: Any) -> tuple[bool, Any]:
    """Whether any item failed, and the answer."""
    plan = new_plan(*rows, dry_run=request.dry_run)
    result = apply_import(plan, request, items_of(request, sent))
    return result.failed, msgspec.json.decode(msgspec.json.encode(result.answer))


def test_the_answer_to_a_batch():
    pin = stored(MAP_PIN, "p1", clientRef="a")
    good = [body(MAP_PIN, clientRef="b"), {"clientRef": "a"}, {"clientRef": "a", "notes": "x"}]
    assert run(BATCH, {"items": good}, pin) == (
        False,
        {
            "results": [
                {"index": 0, "status": "created", "_id": "new1", "clientRef": "b"},
                {"index": 1, "status": "unchanged", "_id": "p1", "clientRef": "a"},
                {"index": 2, "status": "updated", "_id": "p1", "clientRef": "a"},
            ],
            "created": 1,
            "updated": 1,
            "unchanged": 1,
            "errors": 0,
        },
    )


def test_the_answer_to_a_batch_in_which_an_item_failed():
    failed, answer = run(BATCH, {"items": [body(MAP_PIN), {"lat": 91, "clientRef": "z"}]})
    assert failed
    assert answer["errors"] == 1
    assert answer["results"][1] == {
        "index": 1,
        "status": "error",
        "clientRef": "z",
        "error": {
            "code": "VALIDATION_ERROR",
            "message": "Missing required fields: name, lng; lat: a number from -90 to 90, not 91",
            "details": [
                {
                    "path": "name",
                    "reason": "required",
                    "message": "required: a string of 1 to 200 characters",
                },
                {
                    "path": "lat",
                    "reason": "out_of_range",
                    "message": "a number from -90 to 90, not 91",
                },
                {
                    "path": "lng",
                    "reason": "required",
                    "message": "required: a number from -180 to 180",
                },
            ],
        },
    }


def test_items_of_a_batch_belong_to_the_row_of_the_path():
    request = ImportRequest("batch", "stay", "l1")
    plan = new_plan(stored(LEG, "l1"))
    sent = {"items": [{"name": "x", "legId": "ignored"}]}
    apply_import(plan, request, items_of(request, sent))
    assert plan.inserted["new1"].parent_id == "l1"


def test_the_answer_to_a_sync_has_the_categories_that_were_sent():
    failed, answer = run(SYNC, {"legs": [body(LEG)], "mapPins": [], "trip": {}})
    assert not failed
    assert answer == {
        "dryRun": False,
        "legs": {
            "created": 1,
            "updated": 0,
            "unchanged": 0,
            "errors": 0,
            "items": [{"index": 0, "status": "created", "_id": "new1"}],
        },
        "mapPins": {"created": 0, "updated": 0, "unchanged": 0, "errors": 0, "items": []},
    }
    assert run(SYNC, {}) == (False, {"dryRun": False})


def test_a_sync_in_which_any_item_failed_has_failed_in_part():
    failed, answer = run(SYNC, {"legs": [body(LEG)], "actionItems": [{"text": 5}]})
    assert failed
    assert answer["legs"]["created"] == 1
    assert answer["actionItems"]["errors"] == 1


def test_the_answer_to_a_dry_run():
    pin = stored(MAP_PIN, "p1", clientRef="a", notes="old")
    sent = {"mapPins": [{"clientRef": "a", "notes": None, "lat": 1}, body(MAP_PIN)]}
    failed, answer = run(ImportRequest("sync", dry_run=True), sent, pin)
    assert (failed, answer["dryRun"]) == (False, True)
    assert answer["mapPins"]["items"] == [
        {
            "index": 0,
            "status": "updated",
            "_id": "p1",
            "clientRef": "a",
            "changes": {
                "lat": {"from": pin_sample("lat"), "to": 1},
                "notes": {"from": "old", "to": None},
            },
        },
        {"index": 1, "status": "created"},
    ]


def pin_sample(name: str) -> Any:
    return body(MAP_PIN)[name]


def test_what_an_import_asks_for_survives_storage():
    for request in (
        BATCH,
        SYNC,
        ImportRequest("batch", "stay", "l1"),
        ImportRequest("sync", "", "", True),
        ImportRequest("sync", content_rev=7),
    ):
        text = msgspec.json.encode(request)
        assert msgspec.json.decode(text, type=ImportRequest) == request


def test_every_kind_can_be_named_by_a_batch():
    for kind, resource in BY_KIND.items():
        assert items_of(ImportRequest("batch", kind), {"items": [{}]}) == [(resource, [{}])]
