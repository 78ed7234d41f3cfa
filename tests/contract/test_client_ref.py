"""Contract section 5: clientRef, unique per trip and kind (per leg for stays)."""

import pytest

from tests.contract.kinds import BY_NAME, KINDS, NAMES, filled_body, listed, rows_path
from tests.support import SAMPLES, gather, told

LEG, PIN, STAY = SAMPLES["leg"], SAMPLES["mapPin"], SAMPLES["stay"]

every_kind = pytest.mark.parametrize("kind", KINDS, ids=NAMES)


@every_kind
async def test_a_create_whose_client_ref_exists_answers_200_with_the_merged_row(world, kind):
    path = await rows_path(world, kind)
    first = await world.client.post(path, {**kind.sample, "clientRef": "a"})
    assert (first.status, first.json["clientRef"]) == (201, "a")
    merged = await world.client.post(path, {**kind.sample, "clientRef": "a", kind.text: "New"})
    assert merged.status == 200
    assert merged.json == {
        **first.json,
        kind.text: "New",
        "updatedAt": merged.json["updatedAt"],
    }
    assert await listed(world, path) == [merged.json]


@every_kind
async def test_a_create_that_merges_need_not_carry_the_required_fields(world, kind):
    path = await rows_path(world, kind)
    first = (await world.client.post(path, {**kind.sample, "clientRef": "a"})).json
    merged = await world.client.post(path, {"clientRef": "a"})
    assert (merged.status, merged.json) == (200, first)
    missing = await world.client.post(path, {"clientRef": "b"})
    assert missing.details == [(name, "required") for name in kind.required]
    assert await listed(world, path) == [first]


@every_kind
async def test_a_merge_leaves_untouched_what_it_does_not_name_and_clears_nulls(world, kind):
    path = await rows_path(world, kind)
    first = (await world.client.post(path, await filled_body(world, kind))).json
    optional = [name for name in kind.optional if name != "clientRef"]
    ref = kind.optional["clientRef"]
    same = await world.client.post(path, {"clientRef": ref})
    assert (same.status, same.json) == (200, first)
    cleared = await world.client.post(path, {"clientRef": ref, **dict.fromkeys(optional)})
    assert cleared.status == 200
    assert set(first) - set(cleared.json) == set(optional)
    refused = await world.client.post(path, {"clientRef": ref, **dict.fromkeys(kind.required)})
    assert refused.details == [(name, "required") for name in kind.required]


async def test_a_merge_by_client_ref_merges_objects_and_replaces_arrays(world):
    body = BY_NAME["leg"].filled
    await world.make("/legs", body)
    merged = await world.client.post(
        f"{world.trip}/legs",
        {
            "clientRef": body["clientRef"],
            "accommodation": {"doorCode": None, "hostName": "Mariko"},
            "flights": [{"airline": "BA"}],
        },
    )
    expected = {**body["accommodation"], "hostName": "Mariko"}
    del expected["doorCode"]
    assert merged.json["accommodation"] == expected
    assert merged.json["flights"] == [{"airline": "BA"}]
    assert merged.json["rentalCar"] == body["rentalCar"]


async def test_a_merge_is_validated_as_a_whole(world):
    leg = await world.make("/legs", {**LEG, "clientRef": "a"})
    for change, detail in (
        ({"endDate": "2026-07-01"}, ("endDate", "out_of_range")),
        ({"timezone": "Nowhere"}, ("timezone", "malformed")),
        ({"titel": "x"}, ("titel", "unknown_field")),
    ):
        refused = await world.client.post(f"{world.trip}/legs", {"clientRef": "a", **change})
        assert (refused.status, refused.details) == (400, [detail])
    assert await listed(world, f"{world.trip}/legs") == [leg]


async def test_an_unchanged_merge_does_not_touch_the_row(world):
    first = await world.make("/map-pins", {**PIN, "clientRef": "a"})
    again = await world.client.post(f"{world.trip}/map-pins", {**PIN, "clientRef": "a"})
    assert (again.status, again.json) == (200, first)


@every_kind
async def test_of_50_creates_at_once_with_one_client_ref_one_is_201_and_one_row_stays(world, kind):
    path = await rows_path(world, kind)
    bodies = [{**kind.sample, "clientRef": "a", kind.text: f"Title {n}"} for n in range(50)]
    answers = await gather(*(world.client.post(path, body) for body in bodies))
    assert sorted(answer.status for answer in answers) == [200] * 49 + [201]
    assert len({answer.json["_id"] for answer in answers}) == 1
    [row] = await listed(world, path)
    assert row in [answer.json for answer in answers]


async def test_batches_and_creates_at_once_with_one_client_ref_leave_one_row(world):
    path = f"{world.trip}/map-pins"
    items = [{**PIN, "clientRef": "a"}, {**PIN, "clientRef": "b"}]
    answers = await gather(
        *(world.client.post(f"{path}:batch", {"items": items}) for _ in range(10)),
        *(world.client.post(path, items[0]) for _ in range(10)),
        *(world.client.post(f"{world.trip}/sync", {"mapPins": items}) for _ in range(10)),
    )
    assert {answer.status for answer in answers} <= {200, 201}
    assert sorted(row["clientRef"] for row in await listed(world, path)) == ["a", "b"]


# How far it reaches.


async def test_a_client_ref_is_unique_per_trip_and_kind_only(world):
    other = await world.new_trip()
    for trip_id in (world.trip_id, other):
        for kind in KINDS:
            path = await rows_path(world, kind, trip_id)
            made = await world.client.post(path, {**kind.sample, "clientRef": "same"})
            assert made.status == 201, (trip_id, kind.name)
    stays = await rows_path(world, BY_NAME["stay"])
    assert (await world.client.post(stays, {**STAY, "clientRef": "same"})).status == 201


async def test_the_client_ref_of_a_stay_is_unique_per_leg(world):
    first, second = [await rows_path(world, BY_NAME["stay"]) for _ in range(2)]
    made = [
        (await world.client.post(path, {**STAY, "clientRef": "a"})).json for path in (first, second)
    ]
    assert made[0]["_id"] != made[1]["_id"]
    merged = await world.client.post(second, {"clientRef": "a", "name": "New"})
    assert (merged.status, merged.json["_id"]) == (200, made[1]["_id"])
    assert await listed(world, first) == [made[0]]


async def test_client_refs_are_compared_to_the_letter(world):
    refs = ["a", "A", " a", "a ", "á", "a\u0301", "%61", "r" * 255]
    for ref in refs:
        made = await world.client.post(f"{world.trip}/map-pins", {**PIN, "clientRef": ref})
        assert (made.status, made.json["clientRef"]) == (201, ref)


@pytest.mark.parametrize(
    ("ref", "reason"), [("", "empty"), ("r" * 256, "too_long"), (5, "wrong_type")]
)
@every_kind
async def test_a_client_ref_has_1_to_255_characters(world, kind, ref, reason):
    path = await rows_path(world, kind)
    refused = await world.client.post(path, {**kind.sample, "clientRef": ref})
    assert (refused.status, refused.details) == (400, [("clientRef", reason)])
    answer = await world.client.post(
        f"{path}:batch", {"items": [{**kind.sample, "clientRef": ref}]}
    )
    [result] = answer.json["results"]
    assert told(result["error"]) == [("clientRef", reason)]


# PATCH.


@every_kind
async def test_a_patch_onto_another_rows_client_ref_is_duplicate(world, kind):
    path = await rows_path(world, kind)
    first = (await world.client.post(path, {**kind.sample, "clientRef": "a"})).json
    second = (await world.client.post(path, {**kind.sample, "clientRef": "b"})).json
    for body in ({"clientRef": "a"}, {"clientRef": "a", kind.text: "New"}):
        refused = await world.client.patch(f"{path}/{second['_id']}", body)
        assert (refused.status, refused.details) == (400, [("clientRef", "duplicate")])
    assert await listed(world, path) == [first, second]


@every_kind
async def test_a_patch_may_give_change_keep_and_clear_a_client_ref(world, kind):
    path = await rows_path(world, kind)
    row = (await world.client.post(path, kind.sample)).json
    for ref in ("a", "a", "b", None):
        changed = await world.client.patch(f"{path}/{row['_id']}", {"clientRef": ref})
        assert (changed.status, changed.json.get("clientRef")) == (200, ref)
    # What was let go can be taken by another row.
    for ref in ("a", "b"):
        assert (await world.client.post(path, {**kind.sample, "clientRef": ref})).status == 201


async def test_a_stay_may_have_the_client_ref_of_another_legs_stay(world):
    first, second = [await rows_path(world, BY_NAME["stay"]) for _ in range(2)]
    await world.client.post(first, {**STAY, "clientRef": "a"})
    stay = (await world.client.post(second, STAY)).json
    changed = await world.client.patch(f"{second}/{stay['_id']}", {"clientRef": "a"})
    assert (changed.status, changed.json["clientRef"]) == (200, "a")


async def test_a_deleted_row_leaves_its_client_ref_free(world):
    first = await world.make("/legs", {**LEG, "clientRef": "a"})
    await world.client.delete(f"{world.trip}/legs/{first['_id']}")
    again = await world.client.post(f"{world.trip}/legs", {**LEG, "clientRef": "a"})
    assert again.status == 201
    assert again.json["_id"] != first["_id"]
