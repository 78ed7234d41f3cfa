"""Contract section 5: an export sent back as a sync, into its own trip and into another."""

import pytest

from domain.scopes import Role
from storage import groups
from tests.contract.kinds import (
    ACCOMMODATION,
    BY_NAME,
    DECLARED,
    KINDS,
    NAMES,
    filled_body,
    listed,
    rows_path,
    snapshot,
)
from tests.support import SAMPLES, TRIP, now, told

LEG, PIN, STAY, ITEM, COMMITMENT = (
    SAMPLES[name] for name in ("leg", "mapPin", "stay", "actionItem", "commitment")
)
CATEGORIES = [kind.snapshot for kind in KINDS]
LINKS = {field for kind in KINDS for field, target in kind.links.items() if target != "member"}
ROWS = 2 * len(KINDS)
"""That `fill` makes."""


async def sync(world, body, query="", trip_id=""):
    return await world.client.post(f"/trips/{trip_id or world.trip_id}/sync{query}", body)


async def fill(world, refs):
    """Two rows of each kind, linked, with all fields; with or without clientRefs."""

    async def put(path, body, ref):
        body = {k: v for k, v in body.items() if k != "clientRef"}
        return (await world.make(path, {**body, **({"clientRef": ref} if refs else {})}))["_id"]

    for n in (1, 2):
        leg = await put("/legs", BY_NAME["leg"].filled, f"leg{n}")
        pin = await put("/map-pins", BY_NAME["mapPin"].filled, f"pin{n}")
        rows = {"leg": leg, "mapPin": pin}
        await put(f"/legs/{leg}/stays", ACCOMMODATION, f"stay{n}")
        item = {**ITEM, "owner": world.owner.user_id, "isCompleted": n == 1}
        await put("/action-items", item, f"item{n}")
        commitment = await filled_body(world, BY_NAME["commitment"], rows)
        await put("/commitments", commitment, f"event{n}")
        for kind in DECLARED:
            body = await filled_body(world, kind, rows)
            await put(kind.path.format_map(rows), body, f"{kind.name}{n}")


def totals(answer, count):
    """A count over all categories."""
    return sum(answer.json[category][count] for category in CATEGORIES)


@pytest.mark.parametrize("refs", [True, False], ids=["with clientRefs", "without"])
async def test_into_the_same_trip_all_is_unchanged(world, refs):
    await fill(world, refs)
    exported = await world.client.get(f"{world.trip}/export")
    for query in ("?dryRun=true", "", ""):
        answer = await sync(world, exported.json, query)
        assert answer.status == 200, answer.raw
        assert set(answer.json) == {"dryRun", *CATEGORIES}
        assert totals(answer, "unchanged") == ROWS
        assert totals(answer, "created") == totals(answer, "updated") == 0
        assert (await world.client.get(f"{world.trip}/export")).raw == exported.raw


def comparable(exported):
    """An export without what is new in a copy; links as the clientRef or place of their row."""
    places = {
        row["_id"]: f"{name}[{n}]" for name in CATEGORIES for n, row in enumerate(exported[name])
    }
    drop = {"_id", "tripId", "createdAt", "updatedAt", "completedAt"}
    return {
        name: [
            {k: places[v] if k in LINKS | {"legId"} else v for k, v in row.items() if k not in drop}
            for row in exported[name]
        ]
        for name in CATEGORIES
    }


@pytest.mark.parametrize("refs", [True, False], ids=["with clientRefs", "without"])
async def test_into_another_trip_rows_are_new_and_links_follow(world, refs):
    await fill(world, refs)
    exported = await snapshot(world)
    other = await world.new_trip()
    answer = await sync(world, exported, trip_id=other)
    assert answer.status == 200, answer.raw
    assert totals(answer, "created") == ROWS
    copied = await snapshot(world, other)
    assert comparable(copied) == comparable(exported)
    assert copied["trip"]["_id"] == other
    ids = {row["_id"] for name in CATEGORIES for row in copied[name]}
    assert len(ids) == ROWS
    assert not ids & {row["_id"] for name in CATEGORIES for row in exported[name]}
    assert await snapshot(world) == exported


async def test_into_another_trip_a_second_time_rows_with_a_client_ref_are_unchanged(world):
    await fill(world, refs=True)
    await world.make("/map-pins", PIN)
    exported = await snapshot(world)
    other = await world.new_trip()
    assert (await sync(world, exported, trip_id=other)).status == 200
    first = await snapshot(world, other)
    for query in ("?dryRun=true", ""):
        again = await sync(world, exported, query, trip_id=other)
        assert (totals(again, "unchanged"), totals(again, "updated")) == (ROWS, 0)
        assert totals(again, "created") == 1  # the pin without a clientRef
    second = await snapshot(world, other)
    assert [row for row in second["mapPins"] if "clientRef" in row] == first["mapPins"][:2]
    assert {**second, "rev": 0, "mapPins": []} == {**first, "rev": 0, "mapPins": []}


async def test_an_edited_export_updates_what_was_edited(world):
    await fill(world, refs=False)
    exported = await snapshot(world)
    exported["legs"][0]["title"] = "Edited"
    exported["stays"][1]["doorCode"] = "9999"
    del exported["actionItems"][0]["owner"]  # absent is untouched
    exported["commitments"][0]["mapPinId"] = exported["mapPins"][1]["_id"]
    exported["mapPins"].append({**PIN, "name": "Added"})
    answer = await sync(world, exported)
    assert answer.status == 200
    assert (totals(answer, "updated"), totals(answer, "created")) == (3, 1)
    assert totals(answer, "unchanged") == ROWS - 3
    after = await snapshot(world)
    assert after["legs"][0]["title"] == "Edited"
    assert after["stays"][1]["doorCode"] == "9999"
    assert after["actionItems"][0]["owner"] == world.owner.user_id
    assert after["commitments"][0]["mapPinId"] == after["mapPins"][1]["_id"]


async def test_a_stay_moves_with_the_leg_it_names(world):
    """Its `_id` names the row, so another leg in the edited export is a change like any other."""
    await fill(world, refs=False)
    exported = await snapshot(world)
    first, second = [leg["_id"] for leg in exported["legs"]]
    [stay] = [stay for stay in exported["stays"] if stay["legId"] == first]
    body = {"stays": [{**stay, "legId": second}]}
    dry = await sync(world, body, "?dryRun=true")
    [result] = dry.json["stays"]["items"]
    assert result["changes"] == {"legId": {"from": first, "to": second}}
    [result] = (await sync(world, body)).json["stays"]["items"]
    assert (result["status"], result["_id"]) == ("updated", stay["_id"])
    assert await listed(world, f"{world.trip}/legs/{first}/stays") == []
    shown = await listed(world, f"{world.trip}/legs/{second}/stays")
    assert stay["_id"] in [row["_id"] for row in shown]
    assert [row["legId"] for row in shown] == [second, second]


async def test_an_action_items_owner_who_is_no_member_there_is_not_found(world):
    """Links follow rows of the snapshot; people are no rows of it."""
    item = await world.make("/action-items", {**ITEM, "owner": world.owner.user_id})
    friend = await world.person("fred", None)

    async def befriend(tx):
        group_id = await groups.create(tx, name="Friends", now=now())
        role = Role.OWNER
        await groups.add_member(tx, group_id=group_id, user_id=friend.user_id, role=role, now=now())
        return group_id

    group_id = await world.store.write(befriend)
    client = world.as_(friend.key)
    theirs = (await client.post("/trips", {**TRIP, "groupId": group_id})).json["_id"]
    answer = await client.post(f"/trips/{theirs}/sync", await snapshot(world))
    assert answer.status == 207
    [result] = answer.json["actionItems"]["items"]
    assert result["status"] == "error"
    assert told(result["error"]) == [("owner", "not_found")]
    assert (await snapshot(world))["actionItems"] == [item]


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
async def test_an_item_merges_into_the_row_of_its_id(world, kind):
    path = await rows_path(world, kind)
    row = (await world.client.post(path, await filled_body(world, kind))).json
    item = {"_id": row["_id"], kind.text: "Renamed"}
    answer = await sync(world, {kind.snapshot: [item]})
    [result] = answer.json[kind.snapshot]["items"]
    assert (result["status"], result["_id"]) == ("updated", row["_id"])
    [after] = [r for r in await listed(world, path) if r["_id"] == row["_id"]]
    assert after == {**row, kind.text: "Renamed", "updatedAt": after["updatedAt"]}


async def test_an_id_of_another_kind_trip_or_nothing_makes_a_new_row(world):
    other = await world.new_trip()
    pin = await world.make("/map-pins", PIN)
    foreign = (await world.client.post(f"/trips/{other}/legs", LEG)).json
    for row_id in (pin["_id"], foreign["_id"], "0" * 26, "", "not an id", world.trip_id):
        answer = await sync(world, {"legs": [{**LEG, "_id": row_id}]})
        [result] = answer.json["legs"]["items"]
        assert result["status"] == "created"
        assert result["_id"] not in (row_id, pin["_id"], foreign["_id"])
    assert await listed(world, f"/trips/{other}/legs") == [foreign]
    assert await listed(world, f"{world.trip}/map-pins") == [pin]


async def test_a_known_client_ref_goes_before_the_id(world):
    by_ref = await world.make("/map-pins", {**PIN, "clientRef": "a"})
    by_id = await world.make("/map-pins", PIN)
    answer = await sync(
        world, {"mapPins": [{"clientRef": "a", "_id": by_id["_id"], "name": "New"}]}
    )
    assert answer.json["mapPins"]["items"][0]["_id"] == by_ref["_id"]
    assert (await listed(world, f"{world.trip}/map-pins"))[1] == by_id


async def test_an_unknown_client_ref_with_a_known_id_names_that_row(world):
    pin = await world.make("/map-pins", PIN)
    answer = await sync(world, {"mapPins": [{"_id": pin["_id"], "clientRef": "new"}]})
    assert answer.json["mapPins"]["items"] == [
        {"index": 0, "status": "updated", "_id": pin["_id"], "clientRef": "new"}
    ]
    assert len(await listed(world, f"{world.trip}/map-pins")) == 1
