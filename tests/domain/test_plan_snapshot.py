"""Diff-merge of the items of a sync (contract section 5)."""

from typing import Any

import pytest

from domain.plan import count_results
from domain.resources import ACTION_ITEM, COMMITMENT, LEG, MAP_PIN, STAY
from tests.domain.planning import applied, body, new_plan, refusal, rekeyed, stored


def test_an_id_of_this_trip_and_kind_names_its_row():
    pin = stored(MAP_PIN, "p1", notes="old")
    plan = new_plan(pin)
    status, row, _ = plan.upsert_from_snapshot(MAP_PIN, {"_id": "p1", "notes": "new"})
    assert (status, row) == ("updated", pin)


def test_an_item_without_a_ref_gives_the_row_of_its_id_the_ref_it_brings():
    pin = stored(MAP_PIN, "p1")
    plan = new_plan(pin)
    assert plan.upsert_from_snapshot(MAP_PIN, {"_id": "p1", "clientRef": "a"})[:2] == (
        "updated",
        pin,
    )
    assert rekeyed(plan) == {"p1"}


def test_a_known_ref_goes_before_an_id():
    by_id, by_ref = stored(MAP_PIN, "p1"), stored(MAP_PIN, "p2", clientRef="a")
    plan = new_plan(by_id, by_ref)
    item = {"_id": "p1", "clientRef": "a", "notes": "x"}
    assert plan.upsert_from_snapshot(MAP_PIN, item)[1] is by_ref
    assert list(plan.updated) == ["p2"]


@pytest.mark.parametrize("own_id", ["other", "l1", "", 5, None, ["p1"], {"a": 1}])
def test_any_other_id_is_ignored(own_id):
    plan = new_plan(stored(LEG, "l1"))
    status, row, _ = plan.upsert_from_snapshot(MAP_PIN, body(MAP_PIN, _id=own_id))
    assert (status, row.id) == ("created", "new1")


def test_rows_sent_back_as_they_are_stored_are_unchanged():
    leg, pin = stored(LEG, "l1"), stored(MAP_PIN, "p1")
    stay = stored(STAY, "s1", "l1", clientRef="s")
    event = stored(COMMITMENT, "c1", legId="l1", mapPinId="p1")
    task = stored(ACTION_ITEM, "a1", isCompleted=True, owner="u1")
    plan = new_plan(leg, stay, pin, task, event)
    plan.add_members(["u1"])
    for resource, row in (
        *((LEG, leg), (STAY, stay), (MAP_PIN, pin)),
        *((ACTION_ITEM, task), (COMMITMENT, event)),
    ):
        assert plan.upsert_from_snapshot(resource, dict(row.document))[0] == "unchanged"
    assert not plan.changed


def test_links_follow_ids_of_the_same_snapshot_to_their_new_rows():
    plan = new_plan()
    leg = plan.upsert_from_snapshot(LEG, body(LEG, _id="old-leg"))[1]
    pin = plan.upsert_from_snapshot(MAP_PIN, body(MAP_PIN, _id="old-pin"))[1]
    stay = plan.upsert_from_snapshot(STAY, body(STAY, _id="old-stay", legId="old-leg"))[1]
    item = body(COMMITMENT, legId="old-leg", mapPinId="old-pin")
    event = plan.upsert_from_snapshot(COMMITMENT, item)[1]
    assert (leg.id, pin.id) == ("new1", "new2")
    assert (stay.parent_id, stay.document["legId"]) == ("new1", "new1")
    assert (event.document["legId"], event.document["mapPinId"]) == ("new1", "new2")


def test_links_follow_an_id_to_the_row_its_item_merged_into():
    plan = new_plan(stored(LEG, "l1", clientRef="tokyo"))
    assert plan.upsert_from_snapshot(LEG, body(LEG, _id="old", clientRef="tokyo"))[1].id == "l1"
    event = plan.upsert_from_snapshot(COMMITMENT, body(COMMITMENT, legId="old"))[1]
    assert event.document["legId"] == "l1"


def test_links_to_an_item_that_failed_are_not_found():
    plan = new_plan()
    assert refusal(plan.upsert_from_snapshot, LEG, body(LEG, _id="old", title=""))
    item = body(COMMITMENT, legId="old")
    assert refusal(plan.upsert_from_snapshot, COMMITMENT, item) == [("legId", "not_found")]
    assert refusal(plan.upsert_from_snapshot, STAY, body(STAY, legId="old")) == [
        ("legId", "not_found")
    ]


def test_the_same_id_of_two_kinds_is_two_things():
    plan = new_plan()
    plan.upsert_from_snapshot(LEG, body(LEG, _id="x"))
    plan.upsert_from_snapshot(MAP_PIN, body(MAP_PIN, _id="x"))
    event = plan.upsert_from_snapshot(COMMITMENT, body(COMMITMENT, legId="x", mapPinId="x"))[1]
    assert (event.document["legId"], event.document["mapPinId"]) == ("new1", "new2")


def test_refs_name_stored_rows_and_those_of_the_same_snapshot():
    plan = new_plan(stored(MAP_PIN, "p1", clientRef="shrine"))
    leg = plan.upsert_from_snapshot(LEG, body(LEG, clientRef="tokyo"))[1]
    item = body(COMMITMENT, legRef="tokyo", mapPinRef="shrine")
    event = plan.upsert_from_snapshot(COMMITMENT, item)[1]
    assert (event.document["legId"], event.document["mapPinId"]) == (leg.id, "p1")
    assert not {"legRef", "mapPinRef"} & event.document.keys()
    stay = plan.upsert_from_snapshot(STAY, body(STAY, legRef="tokyo"))[1]
    assert stay.parent_id == leg.id
    assert "legRef" not in stay.document


def test_refs_that_name_nothing():
    plan = new_plan(stored(LEG, "l1", clientRef="tokyo"))
    item = body(COMMITMENT, legRef="kyoto", mapPinRef=5)
    assert refusal(plan.upsert_from_snapshot, COMMITMENT, item) == [
        ("legRef", "not_found"),
        ("mapPinRef", "wrong_type"),
    ]
    assert refusal(plan.upsert_from_snapshot, STAY, body(STAY, legRef="kyoto")) == [
        ("legRef", "not_found")
    ]


def test_a_ref_and_an_id_must_name_the_same_row():
    plan = new_plan(stored(LEG, "l1", clientRef="tokyo"), stored(LEG, "l2"))
    agreeing = body(COMMITMENT, legId="l1", legRef="tokyo")
    assert plan.upsert_from_snapshot(COMMITMENT, agreeing)[0] == "created"
    contradicting = body(COMMITMENT, legId="l2", legRef="tokyo")
    assert refusal(plan.upsert_from_snapshot, COMMITMENT, contradicting) == [
        ("legRef", "not_allowed")
    ]


def test_an_upsert_by_id_changes_its_row_and_creates_none():
    plan = new_plan(stored(MAP_PIN, "a", clientRef="x"), stored(MAP_PIN, "b", clientRef="y"))
    for item in ({"_id": "a"}, {"_id": "a", "clientRef": "x"}, {"clientRef": "x"}):
        status, row, _ = plan.upsert_by_id(MAP_PIN, {**item, "notes": str(item)})
        assert (status, row.id) == ("updated", "a")
    assert plan.upsert_by_id(MAP_PIN, {"_id": "a", "clientRef": "z"})[0] == "updated"
    refused: list[tuple[dict[str, Any], tuple[str, str]]] = [
        ({"_id": "c"}, ("_id", "not_found")),
        ({"_id": 7}, ("_id", "wrong_type")),
        ({"_id": "a", "clientRef": "y"}, ("clientRef", "duplicate")),
    ]
    for item, wrong in refused:
        assert refusal(plan.upsert_by_id, MAP_PIN, body(MAP_PIN) | item) == [wrong]
    assert refusal(plan.upsert_by_id, LEG, {"_id": "a"}) == [("_id", "not_found")]
    assert plan.upsert_by_id(MAP_PIN, {"_id": None, **body(MAP_PIN)})[0] == "created"


def test_refs_of_links_are_unknown_fields_outside_of_a_sync():
    plan = new_plan(stored(LEG, "l1", clientRef="tokyo"))
    item = body(COMMITMENT, legRef="tokyo")
    assert refusal(plan.upsert, COMMITMENT, item) == [("legRef", "unknown_field")]


def test_an_owner_has_no_ref():
    plan = new_plan()
    item = body(ACTION_ITEM, ownerRef="olga")
    assert refusal(plan.upsert_from_snapshot, ACTION_ITEM, item) == [("ownerRef", "unknown_field")]


def test_a_stay_must_have_a_leg():
    plan = new_plan(stored(LEG, "l1"))
    for item in (body(STAY), body(STAY, legId=None), body(STAY, legId=None, legRef=None)):
        assert refusal(plan.upsert_from_snapshot, STAY, item) == [("legId", "required")]
    assert refusal(plan.upsert_from_snapshot, STAY, body(STAY, legId=5)) == [
        ("legId", "wrong_type")
    ]
    assert refusal(plan.upsert_from_snapshot, STAY, body(STAY, legId="l9")) == [
        ("legId", "not_found")
    ]
    assert not plan.changed


def test_a_stay_without_a_leg_stays_where_it_is():
    stay = stored(STAY, "s1", "l1")
    plan = new_plan(stored(LEG, "l1"), stay)
    assert plan.upsert_from_snapshot(STAY, {"_id": "s1"})[0] == "unchanged"
    assert plan.upsert_from_snapshot(STAY, {"_id": "s1", "notes": "x"})[0] == "updated"
    assert stay.parent_id == "l1"


def test_a_stay_moves_to_another_leg():
    stay = stored(STAY, "s1", "l1", clientRef="s")
    plan = new_plan(stored(LEG, "l1"), stored(LEG, "l2"), stay, dry_run=True)
    status, row, changes = plan.upsert_from_snapshot(STAY, {"_id": "s1", "legId": "l2"})
    assert (status, row, changes) == ("updated", stay, {"legId": {"from": "l1", "to": "l2"}})
    assert (stay.parent_id, stay.document["legId"]) == ("l2", "l2")
    assert rekeyed(plan) == {"s1"}
    assert plan.upsert(STAY, {"clientRef": "s"}, "l2")[1] is stay
    assert plan.upsert(STAY, body(STAY, clientRef="s"), "l1")[0] == "created"


def test_a_stay_does_not_move_onto_anothers_ref():
    moving = stored(STAY, "s1", "l1", clientRef="s")
    there = stored(STAY, "s2", "l2", clientRef="s")
    plan = new_plan(stored(LEG, "l1"), stored(LEG, "l2"), moving, there)
    assert refusal(plan.upsert_from_snapshot, STAY, {"_id": "s1", "legId": "l2"}) == [
        ("clientRef", "duplicate")
    ]
    by_ref = {"_id": "s1", "legId": "l2", "clientRef": "s", "notes": "x"}
    assert plan.upsert_from_snapshot(STAY, by_ref)[1] is there
    assert moving.parent_id == "l1"


def test_stays_hand_a_ref_on_across_legs():
    first, second = stored(STAY, "s1", "l1", clientRef="s"), stored(STAY, "s2", "l2", clientRef="s")
    plan = new_plan(stored(LEG, "l1"), stored(LEG, "l2"), first, second)
    items = [
        {"_id": "s1", "clientRef": "t", "legId": "l2"},
        {"_id": "s2", "legId": "l1"},
        {"_id": "s1", "clientRef": "s"},
    ]
    results = applied(plan, items, lambda item: plan.upsert_from_snapshot(STAY, item))
    assert [result.status for result in results] == ["updated"] * 3
    assert [(row.parent_id, row.client_ref) for row in (first, second)] == [
        ("l2", "s"),
        ("l1", "s"),
    ]
    assert rekeyed(plan) == {"s1", "s2"}


def test_items_apply_in_order():
    plan = new_plan(stored(MAP_PIN, "p1", clientRef="a"))
    items = [
        {"_id": "p1", "clientRef": "b"},
        body(MAP_PIN, clientRef="a"),
        {"clientRef": "b", "notes": "first"},
        {"clientRef": "a", "notes": "second"},
    ]
    results = applied(plan, items, lambda item: plan.upsert_from_snapshot(MAP_PIN, item))
    assert [(r.status, r.id) for r in results] == [
        ("updated", "p1"),
        ("created", "new1"),
        ("updated", "p1"),
        ("updated", "new1"),
    ]
    assert plan.updated["p1"].document["notes"] == "first"
    assert plan.inserted["new1"].document["notes"] == "second"


def test_a_dry_run_comes_to_the_same_as_the_real_one():
    def outcome(dry_run: bool):
        plan = new_plan(stored(MAP_PIN, "p1", clientRef="a"), dry_run=dry_run)
        items = [{"clientRef": "a", "notes": "x"}, body(MAP_PIN), {"lat": 5}, {"_id": "p1"}]
        return applied(plan, items, lambda item: plan.upsert_from_snapshot(MAP_PIN, item))

    dry, real = outcome(True), outcome(False)
    assert count_results(dry) == count_results(real)
    assert [r.status for r in dry] == [r.status for r in real]
    assert [r.error for r in dry] == [r.error for r in real]
