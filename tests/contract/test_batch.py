"""Contract section 5: batches."""

import pytest

from tests.contract.kinds import BY_NAME, KINDS, NAMES, filled_body, listed, rows_path
from tests.support import SAMPLES, told

LEG, PIN, STAY = SAMPLES["leg"], SAMPLES["mapPin"], SAMPLES["stay"]
COUNTS = ("created", "updated", "unchanged", "errors")

every_kind = pytest.mark.parametrize("kind", KINDS, ids=NAMES)


async def batch(world, path, *items):
    return await world.client.post(f"{path}:batch", {"items": list(items)})


def counts(answer):
    return tuple(answer.json[name] for name in COUNTS)


@every_kind
async def test_a_batch_creates_merges_and_leaves_in_one_answer(world, kind):
    path = await rows_path(world, kind)
    first = await batch(world, path, {**kind.sample, "clientRef": "a"}, kind.sample)
    assert first.status == 200
    rows = await listed(world, path)
    assert first.json == {
        "results": [
            {"index": 0, "status": "created", "_id": rows[0]["_id"], "clientRef": "a"},
            {"index": 1, "status": "created", "_id": rows[1]["_id"]},
        ],
        "created": 2,
        "updated": 0,
        "unchanged": 0,
        "errors": 0,
    }
    second = await batch(
        world,
        path,
        {**kind.sample, "clientRef": "b"},
        {"clientRef": "a", kind.text: "New"},
        {**kind.sample, "clientRef": "b"},
    )
    assert second.status == 200
    created = second.json["results"][0]["_id"]
    assert second.json == {
        "results": [
            {"index": 0, "status": "created", "_id": created, "clientRef": "b"},
            {"index": 1, "status": "updated", "_id": rows[0]["_id"], "clientRef": "a"},
            {"index": 2, "status": "unchanged", "_id": created, "clientRef": "b"},
        ],
        "created": 1,
        "updated": 1,
        "unchanged": 1,
        "errors": 0,
    }
    by_id = {row["_id"]: row for row in await listed(world, path)}
    assert set(by_id) == {rows[0]["_id"], rows[1]["_id"], created}
    assert by_id[rows[0]["_id"]][kind.text] == "New"


@every_kind
async def test_a_row_of_a_batch_is_as_one_made_alone(world, kind):
    path = await rows_path(world, kind)
    body = await filled_body(world, kind)
    alone = (await world.client.post(path, body)).json
    await batch(world, path, {**body, "clientRef": "other"})
    [_, row] = await listed(world, path)
    server_set = {"_id", "createdAt", "updatedAt", "clientRef"}
    assert {k: v for k, v in row.items() if k not in server_set} == {
        k: v for k, v in alone.items() if k not in server_set
    }


@every_kind
async def test_items_that_fail_are_207_and_leave_the_good_ones(world, kind):
    path = await rows_path(world, kind)
    wrong = {**kind.sample, "clientRef": "bad", "titel": 1}
    answer = await batch(world, path, kind.sample, wrong, {}, "text", kind.sample)
    assert answer.status == 207
    assert counts(answer) == (2, 0, 0, 3)
    results = answer.json["results"]
    assert [result["index"] for result in results] == [0, 1, 2, 3, 4]
    assert [r["status"] for r in results] == ["created", "error", "error", "error", "created"]
    for result in results[1:4]:
        assert "_id" not in result
        assert set(result["error"]) == {"code", "message", "details"}
        assert result["error"]["code"] == "VALIDATION_ERROR"
        assert result["error"]["message"]
    assert results[1]["clientRef"] == "bad"
    assert told(results[1]["error"]) == [("titel", "unknown_field")]
    assert told(results[2]["error"]) == [(name, "required") for name in kind.required]
    assert told(results[3]["error"]) == [("", "wrong_type")]
    shown = [row["_id"] for row in await listed(world, path)]
    assert shown == [results[0]["_id"], results[4]["_id"]]


async def test_a_batch_whose_items_all_fail_is_207_too(world):
    answer = await batch(world, f"{world.trip}/legs", {}, {})
    assert (answer.status, counts(answer)) == (207, (0, 0, 0, 2))
    assert await listed(world, f"{world.trip}/legs") == []


@every_kind
async def test_a_batch_has_1_to_50_items(world, kind):
    path = await rows_path(world, kind)
    assert (await batch(world, path, *[kind.sample] * 50)).json["created"] == 50
    refused = await batch(world, path, *[kind.sample] * 51)
    assert (refused.status, refused.details) == (400, [("items", "too_long")])
    refused = await batch(world, path)
    assert (refused.status, refused.details) == (400, [("items", "empty")])
    assert len(await listed(world, path)) == 50


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({}, [("items", "required")]),
        ({"items": None}, [("items", "required")]),
        ({"items": {}}, [("items", "wrong_type")]),
        ({"items": "x"}, [("items", "wrong_type")]),
        ([LEG], [("", "wrong_type")]),
        ({"items": [LEG], "dryRun": True}, [("dryRun", "unknown_field")]),
        ({"item": [LEG]}, [("items", "required"), ("item", "unknown_field")]),
    ],
)
async def test_a_body_that_is_not_a_list_of_items_is_400(world, body, details):
    refused = await world.client.post(f"{world.trip}/legs:batch", body)
    assert (refused.status, refused.details) == (400, details)
    assert await listed(world, f"{world.trip}/legs") == []


async def test_items_apply_in_order_and_a_later_one_merges_into_an_earlier(world):
    answer = await batch(
        world,
        f"{world.trip}/map-pins",
        {**PIN, "clientRef": "a", "notes": "first", "category": "temple"},
        {"clientRef": "a", "notes": "second"},
        {"clientRef": "a", "category": None},
        {"clientRef": "a", "lat": 100},
        {"clientRef": "a", "notes": "second"},
        {"clientRef": "b", "notes": "nobody"},
    )
    statuses = [result["status"] for result in answer.json["results"]]
    assert statuses == ["created", "updated", "updated", "error", "unchanged", "error"]
    assert counts(answer) == (1, 2, 1, 2)
    [row] = await listed(world, f"{world.trip}/map-pins")
    assert (row["notes"], "category" in row, row["lat"]) == ("second", False, PIN["lat"])
    assert {r["_id"] for r in answer.json["results"] if "_id" in r} == {row["_id"]}


async def test_a_failed_first_item_does_not_take_its_client_ref(world):
    answer = await batch(
        world, f"{world.trip}/map-pins", {"clientRef": "a"}, {**PIN, "clientRef": "a"}
    )
    assert [result["status"] for result in answer.json["results"]] == ["error", "created"]


async def test_the_id_of_an_item_is_ignored_in_a_batch(world):
    leg = await world.make("/legs", LEG)
    answer = await batch(world, f"{world.trip}/legs", {**leg, "title": "Copy"})
    [result] = answer.json["results"]
    assert result["status"] == "created"
    assert result["_id"] != leg["_id"]
    assert (await listed(world, f"{world.trip}/legs"))[0] == leg


async def test_a_batch_of_stays_goes_into_its_leg(world):
    first, second = [await rows_path(world, BY_NAME["stay"]) for _ in range(2)]
    for path in (first, second):
        answer = await batch(world, path, {**STAY, "clientRef": "a"}, {"clientRef": "a"})
        assert counts(answer) == (1, 0, 1, 0)
        [stay] = await listed(world, path)
        assert stay["legId"] == path.split("/")[-2]


async def test_a_batch_for_a_leg_that_does_not_exist_is_404(world):
    refused = await batch(world, f"{world.trip}/legs/{'0' * 26}/stays", STAY)
    assert (refused.status, refused.code) == (404, "NOT_FOUND")


async def test_links_of_a_batchs_items_are_checked_item_by_item(world):
    pin = await world.make("/map-pins", PIN)
    sample = SAMPLES["commitment"]
    answer = await batch(
        world,
        f"{world.trip}/commitments",
        {**sample, "mapPinId": pin["_id"]},
        {**sample, "mapPinId": "0" * 26, "legId": pin["_id"]},
    )
    assert answer.status == 207
    assert told(answer.json["results"][1]["error"]) == [
        ("legId", "not_found"),
        ("mapPinId", "not_found"),
    ]
    answer = await batch(
        world, f"{world.trip}/action-items", {**SAMPLES["actionItem"], "owner": "x"}
    )
    assert told(answer.json["results"][0]["error"]) == [("owner", "not_found")]


async def test_the_good_items_commit_together_or_not_at_all(world, monkeypatch):
    path = f"{world.trip}/map-pins"
    await world.make("/map-pins", {**PIN, "clientRef": "a"})
    before = await listed(world, path)

    async def crash(*_args, **_kwargs):
        raise RuntimeError("a bug after the update of a and before the insert of b")

    with monkeypatch.context() as patched:
        patched.setattr("storage.changes._insert", crash)
        items = [{"clientRef": "a", "name": "New"}, {**PIN, "clientRef": "b"}]
        assert (await batch(world, path, *items)).status == 500
    assert await listed(world, path) == before
    assert counts(await batch(world, path, *items)) == (1, 1, 0, 0)
