"""Diff-merge of single writes and batches."""

from typing import Any

import pytest

from domain.errors import NotFound
from domain.plan import Needs, Plan, count_results
from domain.resource import members_text
from domain.resources import ACTION_ITEM, COMMITMENT, LEG, MAP_PIN, RESOURCES, STAY
from domain.row import Row
from tests.domain.planning import NOW, THEN, applied, body, new_plan, refusal, rekeyed, stored


def test_an_item_without_a_ref_is_created():
    plan = new_plan()
    status, row, changes = plan.upsert(MAP_PIN, body(MAP_PIN, _id="mine", createdAt="never"))
    assert (status, changes) == ("created", {})
    assert plan.inserted == {"new1": row}
    assert plan.updated == {}
    assert plan.changed
    assert row.document == {
        "_id": "new1",
        "tripId": "trip",
        **body(MAP_PIN),
        "createdAt": NOW,
        "updatedAt": NOW,
    }


def test_an_item_with_a_known_ref_merges_into_its_row():
    pin = stored(MAP_PIN, "p1", clientRef="a", notes="old", category="temple")
    plan = new_plan(pin)
    item = {"clientRef": "a", "notes": None, "lat": 35}
    status, row, _ = plan.upsert(MAP_PIN, item)
    assert (status, row.id) == ("updated", "p1")
    assert "notes" not in row.document
    assert (row.document["lat"], row.document["category"]) == (35, "temple")
    assert (row.document["createdAt"], row.document["updatedAt"]) == (THEN, NOW)
    assert list(plan.updated) == ["p1"]
    assert not plan.inserted
    assert not rekeyed(plan)


def test_what_changes_nothing_is_unchanged():
    pin = stored(MAP_PIN, "p1", clientRef="a")
    plan = new_plan(pin)
    for item in ({"clientRef": "a"}, body(MAP_PIN, clientRef="a", notes=None)):
        status, row, changes = plan.upsert(MAP_PIN, item)
        assert (status, row, changes) == ("unchanged", pin, {})
    assert not plan.changed
    assert pin.document["updatedAt"] == THEN


def test_a_merging_create_still_keeps_what_is_required():
    plan = new_plan(stored(MAP_PIN, "p1", clientRef="a"))
    assert refusal(plan.upsert, MAP_PIN, {"clientRef": "a", "name": None}) == [("name", "required")]
    assert not plan.changed


def test_rules_across_fields_hold_of_the_merged_whole():
    plan = new_plan(stored(LEG, "l1", clientRef="a", startDate="2026-07-15", endDate="2026-07-20"))
    assert refusal(plan.upsert, LEG, {"clientRef": "a", "endDate": "2026-07-14"}) == [
        ("endDate", "out_of_range")
    ]
    moved = {"clientRef": "a", "startDate": "2026-07-10", "endDate": "2026-07-14"}
    assert plan.upsert(LEG, moved)[0] == "updated"


@pytest.mark.parametrize("item", [None, [], "x", 5, True])
def test_what_is_no_object_is_refused(item):
    plan = new_plan()
    assert refusal(plan.upsert, MAP_PIN, item) == [("", "wrong_type")]
    assert not plan.changed


def test_an_empty_or_wrong_ref_names_no_row():
    plan = new_plan(stored(MAP_PIN, "p1", clientRef="a"))
    assert refusal(plan.upsert, MAP_PIN, body(MAP_PIN, clientRef="")) == [("clientRef", "empty")]
    assert refusal(plan.upsert, MAP_PIN, body(MAP_PIN, clientRef=["a"])) == [
        ("clientRef", "wrong_type")
    ]
    assert plan.upsert(MAP_PIN, body(MAP_PIN, clientRef=None))[0] == "created"


def test_refs_are_unique_per_kind_and_per_leg_for_stays():
    plan = new_plan(
        stored(LEG, "l1", clientRef="a"),
        stored(LEG, "l2"),
        stored(STAY, "s1", "l1", clientRef="a"),
    )
    assert plan.upsert(MAP_PIN, body(MAP_PIN, clientRef="a"))[0] == "created"
    assert plan.upsert(STAY, body(STAY, clientRef="a"), "l1")[0] == "unchanged"
    status, row, _ = plan.upsert(STAY, body(STAY, clientRef="a"), "l2")
    assert (status, row.parent_id, row.document["legId"]) == ("created", "l2", "l2")


def test_later_items_see_what_earlier_ones_did():
    plan = new_plan()
    first = plan.upsert(MAP_PIN, body(MAP_PIN, clientRef="a"))
    second = plan.upsert(MAP_PIN, {"clientRef": "a", "notes": "good"})
    third = plan.upsert(MAP_PIN, {"clientRef": "a", "notes": "good"})
    assert [first[0], second[0], third[0]] == ["created", "updated", "unchanged"]
    assert first[1] is second[1] is third[1]
    assert list(plan.inserted) == ["new1"]
    assert not plan.updated
    assert plan.inserted["new1"].document["notes"] == "good"


def test_a_patch_moves_a_ref():
    pin = stored(MAP_PIN, "p1", clientRef="a")
    plan = new_plan(pin)
    assert plan.patch(MAP_PIN, pin, {"clientRef": "b"})[0] == "updated"
    assert rekeyed(plan) == {"p1"}
    assert plan.upsert(MAP_PIN, {"clientRef": "b", "notes": "x"})[1] is pin
    assert plan.upsert(MAP_PIN, body(MAP_PIN, clientRef="a"))[0] == "created"


def test_a_patch_clears_a_ref():
    pin = stored(MAP_PIN, "p1", clientRef="a")
    plan = new_plan(pin)
    assert plan.patch(MAP_PIN, pin, {"clientRef": None})[0] == "updated"
    assert "clientRef" not in pin.document
    assert rekeyed(plan) == {"p1"}
    assert plan.upsert(MAP_PIN, body(MAP_PIN, clientRef="a"))[0] == "created"


def test_a_patch_cannot_take_another_rows_ref():
    pin, other = stored(MAP_PIN, "p1", clientRef="a"), stored(MAP_PIN, "p2", clientRef="b")
    plan = new_plan(pin, other)
    assert refusal(plan.patch, MAP_PIN, pin, {"clientRef": "b"}) == [("clientRef", "duplicate")]
    assert refusal(plan.patch, MAP_PIN, pin, {"clientRef": "b", "lat": 99}) == [
        ("lat", "out_of_range"),
        ("clientRef", "duplicate"),
    ]
    assert not plan.changed
    assert pin.document["clientRef"] == "a"


def test_a_patch_with_the_rows_own_ref_is_no_duplicate():
    pin = stored(MAP_PIN, "p1", clientRef="a")
    plan = new_plan(pin)
    assert plan.patch(MAP_PIN, pin, pin.document)[0] == "unchanged"


def test_rows_hand_a_ref_on():
    first, second = stored(MAP_PIN, "p1", clientRef="a"), stored(MAP_PIN, "p2", clientRef="b")
    plan = new_plan(first, second)
    plan.patch(MAP_PIN, first, {"clientRef": "c"})
    plan.patch(MAP_PIN, second, {"clientRef": "a"})
    plan.patch(MAP_PIN, first, {"clientRef": "b"})
    assert rekeyed(plan) == {"p1", "p2"}
    assert plan.upsert(MAP_PIN, {"clientRef": "a"})[1] is second
    assert plan.upsert(MAP_PIN, {"clientRef": "b"})[1] is first


def test_a_new_row_takes_a_ref_that_was_let_go():
    first = stored(MAP_PIN, "p1", clientRef="a")
    plan = new_plan(first)
    plan.patch(MAP_PIN, first, {"clientRef": None})
    status, row, _ = plan.upsert(MAP_PIN, body(MAP_PIN, clientRef="a"))
    assert (status, row.client_ref) == ("created", "a")
    assert (list(plan.updated), list(plan.inserted)) == (["p1"], ["new1"])


def test_links_must_name_rows_of_the_trip():
    plan = new_plan(stored(LEG, "l1"), stored(MAP_PIN, "p1"))
    good = body(COMMITMENT, legId="l1", mapPinId="p1")
    assert plan.upsert(COMMITMENT, good)[0] == "created"
    swapped = body(COMMITMENT, legId="p1", mapPinId="l1")
    assert refusal(plan.upsert, COMMITMENT, swapped) == [
        ("legId", "not_found"),
        ("mapPinId", "not_found"),
    ]
    wrong = body(COMMITMENT, legId="", title="", mapPinId=5)
    assert refusal(plan.upsert, COMMITMENT, wrong) == [
        ("legId", "not_found"),
        ("title", "empty"),
        ("mapPinId", "wrong_type"),
    ]


def test_an_owner_must_be_a_member():
    plan = new_plan()
    plan.add_members(["u1", "u2"])
    assert plan.upsert(ACTION_ITEM, body(ACTION_ITEM, owner="u2"))[0] == "created"
    stranger = body(ACTION_ITEM, owner="u3")
    assert refusal(plan.upsert, ACTION_ITEM, stranger) == [("owner", "not_found")]


def test_a_link_is_cleared_without_being_looked_at():
    row = stored(COMMITMENT, "c1", legId="gone", clientRef="a")
    plan = new_plan(row)
    assert plan.upsert(COMMITMENT, {"clientRef": "a", "legId": None})[0] == "updated"
    assert "legId" not in row.document


def test_the_sort_key_follows_the_fields():
    leg = stored(LEG, "l1", clientRef="a", order=1)
    plan = new_plan(leg)
    before = leg.sort_key
    plan.upsert(LEG, {"clientRef": "a", "order": 2})
    assert leg.sort_key > before


def test_a_dry_run_tells_changes_and_hides_new_ids():
    plan = new_plan(stored(MAP_PIN, "p1", clientRef="a", notes="old"), dry_run=True)
    items = [
        {"clientRef": "a", "notes": None, "category": "food"},
        body(MAP_PIN, clientRef="b"),
        {"clientRef": "b", "notes": "x"},
        {"clientRef": "a"},
    ]
    results = applied(plan, items, lambda item: plan.upsert(MAP_PIN, item))
    assert [(r.status, r.id) for r in results] == [
        ("updated", "p1"),
        ("created", results[1].id),
        ("updated", results[2].id),
        ("unchanged", "p1"),
    ]
    assert not results[1].id
    assert not results[2].id
    assert isinstance(results[0].changes, dict)
    assert {name: (c.from_, c.to) for name, c in results[0].changes.items()} == {
        "notes": ("old", None),
        "category": (None, "food"),
    }
    assert isinstance(results[2].changes, dict)
    assert list(results[2].changes) == ["notes"]
    assert not results[1].changes
    assert not results[3].changes


def test_changes_are_told_in_a_dry_run_only():
    plan = new_plan(stored(MAP_PIN, "p1", clientRef="a"))
    (result,) = applied(plan, [{"clientRef": "a", "notes": "x"}], put_pin(plan))
    assert result.status == "updated"
    assert not result.changes


def put_pin(plan: Plan):
    return lambda item: plan.upsert(MAP_PIN, item)


def test_one_item_that_fails_leaves_the_others_alone():
    plan = new_plan(stored(MAP_PIN, "p1", clientRef="a"))
    items = [
        body(MAP_PIN),
        {"clientRef": "x", "lat": 99},
        {"clientRef": "a", "notes": "x"},
        {"clientRef": 5},
        "no object",
        {"clientRef": "a"},
    ]
    results = applied(plan, items, put_pin(plan))
    assert [result.index for result in results] == [0, 1, 2, 3, 4, 5]
    assert [result.status for result in results] == [
        *("created", "error", "updated", "error", "error", "unchanged")
    ]
    assert count_results(results) == {"created": 1, "updated": 1, "unchanged": 1, "errors": 3}
    wrong = results[1]
    assert wrong.client_ref == "x"
    assert not wrong.id
    assert wrong.error
    assert wrong.error.code == "VALIDATION_ERROR"
    assert [(d.path, d.reason) for d in wrong.error.details or []] == [
        ("name", "required"),
        ("lat", "out_of_range"),
        ("lng", "required"),
    ]
    assert not results[3].client_ref
    assert not results[4].client_ref
    assert (len(plan.inserted), len(plan.updated)) == (1, 1)


def test_a_bug_is_not_taken_for_a_wrong_item():
    def put(_item):
        raise KeyError("bug")

    with pytest.raises(KeyError):
        applied(new_plan(), [{}], put)


def test_a_failure_of_any_contract_kind_is_the_items():
    def put(_item):
        raise NotFound("gone")

    (result,) = applied(new_plan(), [{}], put)
    assert result.error
    assert (result.error.code, result.error.message) == ("NOT_FOUND", "gone")


def test_needs_are_what_items_refer_to():
    needs = Needs()
    needs.add(
        COMMITMENT,
        [
            {"clientRef": "a", "_id": "c1", "legId": "l1", "mapPinRef": "p"},
            {"clientRef": 5, "_id": None, "legId": ["x"], "legRef": {}},
            "no object",
            None,
        ],
    )
    needs.add(ACTION_ITEM, [{"owner": "u1"}])
    needs.add(STAY, [{"legRef": "tokyo", "clientRef": "s"}, {"legId": "l2"}])
    assert needs.refs == {
        "commitment": {"a"},
        "mapPin": {"p"},
        "actionItem": set(),
        "stay": {"s"},
        "leg": {"tokyo"},
    }
    assert needs.ids == {"c1", "l1", "l2"}
    assert needs.members


def test_members_are_needed_only_where_one_is_named():
    needs = Needs()
    needs.add(ACTION_ITEM, [body(ACTION_ITEM), {"owner": None}])
    needs.add(COMMITMENT, [body(COMMITMENT)])
    assert not needs.members


def test_a_row_told_of_twice_is_one_row():
    pin, again = stored(MAP_PIN, "p1", clientRef="a"), stored(MAP_PIN, "p1", clientRef="a")
    plan = new_plan(pin)
    plan.add_stored([again])
    assert plan.upsert(MAP_PIN, {"clientRef": "a"})[1] is pin


PATCHES = {
    "the same": {"clientRef": "a", "name": "Senso-ji", "lat": 35.7148, "lng": 139.7967},
    "in another order": {"lng": 139.7967, "lat": 35.7148, "clientRef": "a"},
    "the beginning of a number": {"clientRef": "a", "name": "Senso-ji", "lat": 35},
    "the beginning of a text": {"clientRef": "a", "name": "Senso"},
    "one more": {"clientRef": "a", "notes": "new"},
    "one less": {"clientRef": "a", "category": None},
    "the ref alone": {"clientRef": "a"},
    "an unknown one": {"clientRef": "a", "colour": "red"},
    "an unknown null": {"clientRef": "a", "colour": None},
    "a boolean for a number": {"clientRef": "a", "lat": True},
}


@pytest.mark.parametrize("name", PATCHES)
def test_a_row_is_merged_the_same_whether_it_was_looked_into_or_not(name):
    known: dict[str, Any] = {"clientRef": "a", "category": "temple", "lat": 35.7148}
    looked_into = stored(MAP_PIN, "p1", **known)
    assert looked_into.document["category"] == "temple"
    assert merged(stored(MAP_PIN, "p1", **known), PATCHES[name]) == merged(
        looked_into, PATCHES[name]
    )


def merged(row: Row, patch: Any) -> Any:
    """The results, the row's document, and whether it is to be stored."""
    plan = new_plan(row)
    results = applied(plan, [patch], lambda item: plan.upsert(MAP_PIN, item))
    return results, row.document, sorted(plan.updated)


def test_a_row_is_what_was_written_to_it():
    row = stored(MAP_PIN, "p1", clientRef="a")
    assert (row.client_ref, row.document["clientRef"]) == ("a", "a")
    row.rewrite('{"clientRef":"b"}', "b")
    assert (row.client_ref, row.document, row.json) == (
        "b",
        {"clientRef": "b"},
        '{"clientRef":"b"}',
    )


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.kind)
def test_a_rows_members_begin_where_the_resource_says(resource):
    parent = "leg7" if resource.parent else ""
    row = stored(resource, "r1", parent_id=parent)
    members = resource.fields_of(row.document)
    start = resource.members_at("r1", "trip", parent)
    assert row.has(members_text(members), start)
    assert not row.has(members_text(members), start - 1)
    assert not row.has(members_text(members)[:-1], start)
    assert not row.has(members_text({**members, "more": 1}), start)
    last = list(members)[-1]
    assert not row.has(members_text({**members, last: f"{members[last]}x"}), start)
