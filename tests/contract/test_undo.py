"""Undo: what a changeset did goes back (contract section 11)."""

import pytest

from tests.contract.kinds import channel_path, one_of_each, snapshot
from tests.contract.undo_world import content, rev_of, told, undo
from tests.support import SAMPLES, World, add_key, gather

LEG, STAY, PIN = SAMPLES["leg"], SAMPLES["stay"], SAMPLES["mapPin"]
ITEM, EVENT = SAMPLES["actionItem"], SAMPLES["commitment"]


async def test_rows_it_created_go(world):
    before = await snapshot(world)
    await world.client.post(f"{world.trip}/sync", one_of_each())
    made = await snapshot(world)
    answer = await undo(world, 2)
    assert answer.status == 200
    names = ["legs", "stays", "mapPins", "actionItems", "commitments"]
    assert answer.json == {
        "dryRun": False,
        "rev": 3,
        **{
            name: {
                "deleted": 1,
                "restored": 0,
                "updated": 0,
                "unchanged": 0,
                "errors": 0,
                "items": [{"_id": made[name][0]["_id"], "status": "deleted"}],
            }
            for name in names
        },
    }
    assert list(answer.json) == ["dryRun", "rev", *names]
    assert await snapshot(world) == {**before, "rev": 3}
    entry = (await world.client.get(f"{world.trip}/history/3")).json
    assert (entry["via"], entry["undoes"], entry["requestId"]) == (
        "undo",
        2,
        answer.headers["X-Request-Id"],
    )
    assert (await world.client.get(f"{world.trip}/history/2")).json["undoneBy"] == 3


async def test_rows_it_deleted_come_back_with_children_and_links(world):
    await world.client.post(
        f"{world.trip}/sync",
        {
            "legs": [{**LEG, "clientRef": "a"}, {**LEG, "clientRef": "b"}],
            "stays": [{**STAY, "legRef": "a", "clientRef": "s"}, {**STAY, "legRef": "a"}],
            "commitments": [{**EVENT, "legRef": "a", "clientRef": "e"}],
        },
    )
    before = await snapshot(world)
    leg = before["legs"][0]["_id"]
    await world.client.delete(f"{world.trip}/legs/{leg}")
    answer = await undo(world, 3)
    assert told(answer) == {
        "legs": [(leg, "restored")],
        "stays": [(stay["_id"], "restored") for stay in before["stays"]],
        "commitments": [(before["commitments"][0]["_id"], "updated")],
    }
    after = await snapshot(world)
    assert content(after) == content(before)
    for name in ("legs", "stays"):
        assert after[name] == before[name], "to the letter"
    # The clientRef finds it, and the link is one again.
    merged = await world.client.post(f"{world.trip}/legs", {"clientRef": "a", "title": "x"})
    assert (merged.status, merged.json["_id"]) == (200, leg)
    await world.client.delete(f"{world.trip}/legs/{leg}")
    assert "legId" not in (await snapshot(world))["commitments"][0]


async def test_rows_it_deleted_come_back_at_their_old_place(world):
    for name in "abc":
        await world.make("/map-pins", {**PIN, "name": name})
    pins = (await snapshot(world))["mapPins"]
    await world.client.delete(f"{world.trip}/map-pins/{pins[1]['_id']}")
    await world.make("/map-pins", {**PIN, "name": "d"})
    await undo(world, 5)
    assert [pin["name"] for pin in (await snapshot(world))["mapPins"]] == ["a", "b", "c", "d"]


@pytest.mark.parametrize("age", [0, 2])
async def test_so_do_rows_from_before_there_were_revisions(world, age):
    await world.make("/map-pins", PIN)
    await world.store.write(lambda tx: tx.execute("UPDATE items SET created_rev = $1", age))
    pin = (await snapshot(world))["mapPins"][0]["_id"]
    await world.client.delete(f"{world.trip}/map-pins/{pin}")
    await undo(world, 3)
    stored = await world.store.read(
        lambda tx: tx.fetchval("SELECT created_rev FROM items WHERE id = $1", pin)
    )
    assert stored == age


async def test_of_rows_it_updated_what_it_set_goes_back(world):
    made = await world.make("/map-pins", {**PIN, "notes": "old"})
    path = f"{world.trip}/map-pins/{made['_id']}"
    await world.client.patch(path, {"notes": "new", "category": "x", "lat": 1})
    answer = await undo(world, 3)
    assert told(answer) == {"mapPins": [(made["_id"], "updated")]}
    (pin,) = (await snapshot(world))["mapPins"]
    assert list(pin) == list(made)
    assert {**pin, "updatedAt": ""} == {**made, "updatedAt": ""}
    assert pin["updatedAt"] > made["updatedAt"]


async def test_the_trips_own_members_go_back(world):
    before = await snapshot(world)
    await world.client.patch(world.trip, {"title": "Wales", "status": "active"})
    await world.client.patch(world.trip, {"status": "completed"})
    answer = await undo(world, 2)
    assert answer.status == 207
    assert list(answer.json) == ["dryRun", "rev", "trip"]
    (item,) = answer.json["trip"]["items"]
    assert (item["_id"], item["status"]) == (world.trip_id, "error")
    trip = (await snapshot(world))["trip"]
    assert (trip["title"], trip["status"]) == (before["trip"]["title"], "completed")
    await undo(world, 3)
    assert (await snapshot(world))["trip"]["status"] == "active"
    await undo(world, 2, "?force=true")
    assert content(await snapshot(world)) == content(before)


async def test_archiving_is_undone_too(world):
    before = await snapshot(world)
    await world.client.delete(world.trip)
    assert (await undo(world, 2)).status == 200
    assert content(await snapshot(world)) == content(before)


async def test_when_an_item_was_completed_goes_back_with_its_completion(world):
    done = await world.make("/action-items", {**ITEM, "isCompleted": True})
    path = f"{world.trip}/action-items/{done['_id']}"
    await world.client.patch(path, {"isCompleted": False, "text": "x"})
    await undo(world, 3)
    (item,) = (await snapshot(world))["actionItems"]
    assert item["completedAt"] == done["completedAt"]
    await undo(world, 4)
    (item,) = (await snapshot(world))["actionItems"]
    assert (item["isCompleted"], "completedAt" in item) == (False, False)
    # Where it stays uncompleted, no moment comes back.
    await world.client.patch(path, {"isCompleted": None})
    assert (await undo(world, 3)).status == 207
    (item,) = (await snapshot(world))["actionItems"]
    assert ("isCompleted" in item, "completedAt" in item, item["text"]) == (
        *(False, False),
        ITEM["text"],
    )


@pytest.mark.parametrize("completed", [True, False])
async def test_so_it_does_where_other_members_were_set_later(world, completed):
    item = await world.make("/action-items", {**ITEM, "isCompleted": completed})
    path = f"{world.trip}/action-items/{item['_id']}"
    await world.client.patch(path, {"isCompleted": not completed})
    await world.client.patch(path, {"text": "x"})
    assert (await undo(world, 3)).status == 200
    (now,) = (await snapshot(world))["actionItems"]
    assert {**now, "updatedAt": ""} == {**item, "updatedAt": "", "text": "x"}


async def test_an_undo_can_be_undone_and_so_can_that(world):
    await world.client.post(f"{world.trip}/sync", one_of_each())
    states = [await snapshot(world)]
    leg = states[0]["legs"][0]["_id"]
    await world.client.delete(f"{world.trip}/legs/{leg}")
    states.append(await snapshot(world))
    for number, rev in enumerate(range(3, 8)):
        answer = await undo(world, rev)
        assert (answer.status, answer.json["rev"]) == (200, rev + 1)
        assert content(await snapshot(world)) == content(states[number % 2])


async def test_undoing_back_to_the_beginning(world):
    states = [content(await snapshot(world))]
    steps = [
        ("POST", "/sync", one_of_each()),
        ("POST", "/sync", {"legs": [{"clientRef": "leg", "order": 7}], "mapPins": [PIN]}),
        ("POST", "/action-items", {**ITEM, "clientRef": "actionItem", "isCompleted": True}),
        ("POST", "/commitments:batch", {"items": [{"clientRef": "commitment", "title": "x"}]}),
        ("PATCH", "", {"endDate": "2026-08-01"}),
    ]
    for method, path, body in steps:
        answer = await world.client.send(method, f"{world.trip}{path}", body)
        assert answer.status in (200, 201), answer.raw
        states.append(content(await snapshot(world)))
    for rev in range(len(steps) + 1, 1, -1):
        assert (await undo(world, rev)).status == 200
        assert content(await snapshot(world)) == states[rev - 2]


# What there is to be told


async def test_a_dry_run_tells_the_same_and_writes_nothing(world):
    await world.client.post(f"{world.trip}/sync", one_of_each())
    leg = (await snapshot(world))["legs"][0]["_id"]
    await world.client.delete(f"{world.trip}/legs/{leg}")
    await world.make("/legs", {**LEG, "clientRef": "leg"})
    before = await snapshot(world)
    for query in ("", "&force=true"):
        dry = await undo(world, 3, f"?dryRun=true{query}")
        assert (dry.status, dry.json["dryRun"], dry.json["rev"]) == (207, True, 4)
        assert await snapshot(world) == before
    done = await undo(world, 3, "?dryRun=false")
    assert (done.json["dryRun"], done.json["rev"]) == (False, 4)
    told_dry, told_done = dry.json, done.json
    assert {**told_dry, "dryRun": False} == told_done


async def test_an_undo_that_changes_nothing_is_no_changeset(world):
    pin = await world.make("/map-pins", PIN)
    await world.client.delete(f"{world.trip}/map-pins/{pin['_id']}")
    answer = await undo(world, 2)
    assert (answer.status, answer.json["rev"]) == (200, 3)
    assert told(answer) == {"mapPins": [(pin["_id"], "unchanged")]}
    assert await rev_of(world) == 3
    again = await undo(world, 2)
    assert again.json == answer.json, "it is not undone"


async def test_deltas_tell_of_what_an_undo_did(world):
    pin = await world.make("/map-pins", PIN)
    await undo(world, 2)
    changes = f"{world.trip}/changes?since="
    assert (await world.client.get(f"{changes}2")).json["items"] == [
        {"rev": 3, "kind": "mapPin", "_id": pin["_id"], "deleted": True}
    ]
    await undo(world, 3)
    assert (await world.client.get(f"{changes}3")).json["items"] == [
        {"rev": 4, "kind": "mapPin", "_id": pin["_id"], "document": pin}
    ]
    summaries = [
        (await world.client.get(f"{world.trip}/history/{rev}")).json["summary"] for rev in (3, 4)
    ]
    assert summaries == [
        {"mapPins": {"created": 0, "updated": 0, "deleted": 1}},
        {"mapPins": {"created": 1, "updated": 0, "deleted": 0}},
    ]


# What is refused


async def test_what_made_the_trip_and_messages_are_not_undone(world):
    await world.client.post(await channel_path(world), {"content": "Hello"})
    for rev, why in ((1, "created the trip"), (2, "message")):
        for query in ("", "?force=true", "?dryRun=true"):
            refused = await undo(world, rev, query)
            assert (refused.status, refused.details) == (400, [("rev", "not_allowed")])
            assert why in refused.json["error"]["message"]
    writer = world.as_(await add_key(world.store, world.owner.user_id, "trips:write"))
    hidden = await undo(world, 2, client=writer)
    assert (hidden.status, hidden.code) == (404, "NOT_FOUND")
    assert (await undo(world, 1, client=writer)).status == 400


async def test_what_is_undone_already_is_not_undone_again(world):
    await world.make("/map-pins", PIN)
    await undo(world, 2)
    for query in ("", "?force=true", "?dryRun=true"):
        refused = await undo(world, 2, query)
        assert (refused.status, refused.details) == (400, [("rev", "not_allowed")])
        assert "revision 3" in refused.json["error"]["message"]
        assert "undo that one to bring it back" in refused.json["error"]["message"]
    assert await rev_of(world) == 3
    await undo(world, 3)
    assert (await undo(world, 2)).status == 200, "it stands again"


async def test_what_is_no_changeset_is_404_and_what_is_not_kept_410(world):
    await world.make("/map-pins", PIN)
    for rev in ("3", "0", "-1", "x", "1e1", "99999999999999999999"):
        answer = await undo(world, rev)
        assert (answer.status, answer.code) == (404, "NOT_FOUND"), rev
    await world.store.write(lambda tx: tx.execute("UPDATE trips SET pruned_rev = 2"))
    gone = await undo(world, 2)
    assert (gone.status, gone.code) == (410, "GONE")


async def test_what_an_older_server_has_written_over_is_not_undone(world):
    """It raises the trip's revision and no other, and keeps no journal."""
    await world.make("/map-pins", PIN)
    await world.store.write(lambda tx: tx.execute("UPDATE items SET rev = 3"))
    await world.store.write(lambda tx: tx.execute("UPDATE trips SET rev = 3"))
    gone = await undo(world, 2)
    assert (gone.status, gone.code) == (410, "GONE")


async def test_the_query_is_checked_and_a_body_is_none(world):
    await world.make("/map-pins", PIN)
    for query, reason in (
        ("?force=1", "not_allowed"),
        ("?dryRun=yes", "not_allowed"),
        ("?dryrun=true", "unknown_field"),
        ("?force=true&force=true", "duplicate"),
    ):
        assert [each[1] for each in (await undo(world, 2, query)).details] == [reason]
    path = f"{world.trip}/history/2/undo"
    assert (await world.client.post(path, {"rev": 2})).details == [("rev", "unknown_field")]
    assert await rev_of(world) == 2
    assert (await world.client.post(path, {})).status == 200


async def test_if_match_is_looked_at_against_the_trips_content(world):
    await world.make("/map-pins", PIN)
    tag = (await world.client.get(f"{world.trip}/export")).headers["ETag"]
    await world.make("/map-pins", PIN)
    stale = await undo(world, 2, headers={"If-Match": tag})
    assert (stale.status, stale.code) == (412, "PRECONDITION_FAILED")
    # Sub-resources come before preconditions, and these before validation.
    assert (await undo(world, 9, headers={"If-Match": tag})).status == 404
    assert (await undo(world, 1, headers={"If-Match": tag})).status == 412
    await world.client.post(await channel_path(world), {"content": "Hello"})
    tag = (await world.client.get(f"{world.trip}/map-pins")).headers["ETag"]
    await world.client.post(await channel_path(world), {"content": "Hello again"})
    assert (await undo(world, 2, headers={"If-Match": tag})).status == 200


async def test_an_idempotency_key_makes_a_retry_safe(world):
    await world.make("/map-pins", PIN)
    key = {"Idempotency-Key": "k"}
    first = await undo(world, 2, headers=key)
    again = await undo(world, 2, headers=key)
    assert (again.status, again.raw) == (200, first.raw)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert await rev_of(world) == 3


async def test_of_two_at_once_one_does_it(world: World):
    await world.make("/map-pins", PIN)
    answers = await gather(*(undo(world, 2) for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [200, 400, 400, 400]
    assert await rev_of(world) == 3
