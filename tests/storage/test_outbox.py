"""What webhooks are to be told is recorded with the change, or not at all."""

import asyncio
from typing import Any

import pytest

from domain.changes import ChangeSet
from domain.errors import CarnetError, Internal
from domain.imports import ImportRequest, items_of
from domain.row import Row
from domain.scopes import Role
from operations import imports, trips, webhooks
from storage import changes, deliveries, groups, job_claims, keys, users
from storage import webhooks as stored
from storage.idempotency import Answer, KeyTaken, Protection, remember
from storage.store import Tx
from tests.storage.home import Home, leg, new_home, pin, soon, stay
from tests.support import TRIP, now
from tests.workers.desk import Desk
from tests.workers.work import queue


@pytest.fixture
async def home(store) -> Home:
    return await new_home(store)


@pytest.fixture
async def desk(home) -> Desk:
    return await Desk.of(home)


async def told(desk: Desk, hook_id: str) -> list[tuple[str, int | None]]:
    """The events of a webhook's deliveries with their revisions, oldest first."""
    return [(each["event"], each.get("rev")) for each in reversed(await desk.listed(hook_id))]


async def test_each_write_is_recorded_with_its_revision(home, desk):
    hook = await desk.hook()
    assert await told(desk, hook.id) == []
    made = await home.create("mapPin", pin(clientRef="p"))
    await home.create("mapPin", {"clientRef": "p", "notes": "merged"})
    await home.change("mapPin", made.id, {"notes": "changed"})
    await home.sync({"legs": [leg(), leg()], "stays": []})
    await home.send("Hello")
    await home.delete("mapPin", made.id)
    assert await told(desk, hook.id) == [
        *(("trip.changed", rev) for rev in (2, 3, 4, 5)),
        ("message.created", 6),
        ("trip.changed", 7),
    ]
    assert {each["tripId"] for each in await desk.listed(hook.id)} == {home.trip_id}
    assert {each["status"] for each in await desk.listed(hook.id)} == {"pending"}


async def test_what_changes_nothing_is_not_recorded(home, desk):
    made = await home.create("mapPin", pin(clientRef="p"))
    hook = await desk.hook()
    await home.create("mapPin", pin(clientRef="p"))
    await home.change("mapPin", made.id, {"name": made.document["name"]})
    await home.sync({"mapPins": [pin(clientRef="p")]})
    await home.sync({"mapPins": [pin()]}, dry_run=True)
    assert await told(desk, hook.id) == []


async def test_a_new_trip_is_recorded_for_webhooks_of_all_trips(home, desk):
    all_trips, one_trip = await desk.hook(), await desk.hook(tripId=home.trip_id)
    trip_id = await home.new_trip()
    (delivery,) = await desk.listed(all_trips.id)
    assert (delivery["event"], delivery["rev"], delivery["tripId"]) == ("trip.created", 1, trip_id)
    assert await told(desk, one_trip.id) == []


async def test_what_is_imported_into_a_new_trip_is_recorded_after_it(home, desk):
    hook = await desk.hook()
    document = trips.composed(home.cause, {**TRIP, "groupId": home.group_id})
    imported = [Row("mapPin", "p", "", '{"_id":"p"}')]
    await home.store.write(lambda tx: trips.add(tx, home.cause, document, imported))
    assert await told(desk, hook.id) == [("trip.created", 1), ("trip.changed", 2)]


async def test_only_what_a_webhook_is_for_is_recorded(home, desk):
    hooks = {event: await desk.hook(event) for event in ("trip.created", "message.created")}
    off = await desk.hook(enabled=False)
    other = await desk.hook(tripId=await home.new_trip())
    await home.create("mapPin", pin())
    await home.send("Hello")
    assert await told(desk, hooks["trip.created"].id) == [("trip.created", 1)]
    assert await told(desk, hooks["message.created"].id) == [("message.created", 3)]
    assert await told(desk, off.id) == []
    assert await told(desk, other.id) == []


async def test_members_are_told_and_nobody_else(home, desk):
    async def add(tx: Tx) -> list[str]:
        made = []
        for name in ("member", "stranger"):
            user = await users.create(tx, email=f"{name}@x.org", name=name, now=now())
            if name == "member":
                await groups.add_member(
                    tx, group_id=home.group_id, user_id=user, role=Role.VIEWER, now=now()
                )
            made.append((await keys.create(tx, user_id=user, name="k", now=now()))[1])
        return made

    hooks = []
    for key in await home.store.write(add):
        other = await Desk.of(Home(home.store, "", "", key, home.trip_id))
        hooks.append(await other.hook("trip.changed"))
    await home.create("mapPin", pin())
    assert [len(await desk.listed(hook.id)) for hook in hooks] == [1, 0]


async def test_the_ids_of_what_one_write_tells_differ(home, desk):
    hooks = [await desk.hook() for _ in range(12)]
    await home.create("mapPin", pin())
    ids = [each["_id"] for hook in hooks for each in await desk.listed(hook.id)]
    assert len(set(ids)) == len(ids) == 12
    assert all(len(each) <= 32 and each.isalnum() and each == each.lower() for each in ids)


@pytest.mark.parametrize("way", ["commit", "new row", "new trip", "sync"])
async def test_a_write_that_fails_records_nothing(home, desk, way):
    hook = await desk.hook()

    async def fail(tx: Tx) -> None:
        if way == "commit":
            trip = await changes.begin(tx, home.trip_id)
            row = Row("mapPin", "x", "", '{"_id":"x"}')
            await changes.commit(tx, trip, ChangeSet(created=[row]), home.cause)
        elif way == "new row":
            trip = await changes.begin(tx, home.trip_id)
            row = Row("mapPin", "x", "", '{"_id":"x"}')
            assert await changes.commit_new_row(tx, home.trip_id, row, home.cause, None)
        elif way == "new trip":
            row = Row("trip", "x", "", "{}")
            await changes.commit_new_trip(tx, home.group_id, row, [], home.cause)
        else:
            request = ImportRequest("sync")
            lists = items_of(request, {"mapPins": [pin()]})
            await imports.apply(tx, home.cause, home.trip_id, request, lists)
        found = await tx.fetchval("SELECT count(*) FROM deliveries")
        assert found == 1
        raise Internal("after all")

    with pytest.raises(CarnetError, match="after all"):
        await home.store.write(fail)
    assert await told(desk, hook.id) == []
    assert await home.rev() == 1


async def test_a_create_whose_key_is_taken_records_nothing(home, desk):
    hook = await desk.hook()
    scope = desk.actor.idempotency_scope
    await home.store.write(
        lambda tx: remember(tx, Protection(scope, "i", "f", 1.0, 0.0), Answer(201, {}, b"{}"))
    )

    async def again(tx: Tx) -> Any:
        row = Row("mapPin", "x", "", '{"_id":"x"}')
        protection = Protection(scope, "i", "f", 1.0, 0.0)
        rev = await changes.commit_new_row(tx, home.trip_id, row, home.cause, protection)
        if not protection.recorded and rev is not None:
            await remember(tx, protection, Answer(201, {}, b"{}"))
        if rev is None:
            raise KeyTaken

    with pytest.raises(KeyTaken):
        await home.store.write(again)
    assert await told(desk, hook.id) == []


async def test_writers_at_once_are_each_recorded_once(home, desk):
    hook = await desk.hook()
    await soon(asyncio.gather(*(home.create("mapPin", pin(lat=n)) for n in range(30))))
    assert sorted(rev or 0 for _, rev in await told(desk, hook.id)) == list(range(2, 32))


@pytest.mark.parametrize("ending", ["succeeded", "failed"])
async def test_the_end_of_a_job_is_recorded_for_its_user(home, desk, ending):
    hook, trips_hook = await desk.hook("job.finished"), await desk.hook(tripId=home.trip_id)
    other = await desk.hook(tripId=await home.new_trip())
    job_id = await queue(home, {"mapPins": [pin()]})

    async def end(tx: Tx) -> None:
        claim = await job_claims.claim_next(tx, "sync", now(), 1.0)
        assert claim is not None
        if ending == "succeeded":
            await job_claims.succeed(tx, claim, now(), 200, b"{}")
        else:
            await job_claims.fail(tx, claim, now(), 500, Internal("no").for_item())

    await home.store.write(end)
    for each in (hook, trips_hook):
        (delivery,) = await desk.listed(each.id)
        assert (delivery["event"], delivery["tripId"]) == ("job.finished", home.trip_id)
        assert "rev" not in delivery
    assert await told(desk, other.id) == []
    error = {} if ending == "succeeded" else {"error": {"code": "INTERNAL", "message": "no"}}
    sent = [each for each in await desk.work() if each.json["type"] == "job.finished"]
    assert [each.json["data"] for each in sent] == [
        {"tripId": home.trip_id, "jobId": job_id, "kind": "sync", "status": ending, **error}
    ] * 2


async def test_a_job_that_is_put_back_tells_nothing(home, desk):
    hook = await desk.hook("job.finished")
    await queue(home, {})

    async def retry(tx: Tx) -> None:
        claim = await job_claims.claim_next(tx, "sync", now(), 1.0)
        assert claim is not None
        await job_claims.retry(tx, claim, 5.0)

    await home.store.write(retry)
    assert await told(desk, hook.id) == []


async def test_a_job_of_a_kind_that_no_worker_knows_tells_too(home, desk):
    hook = await desk.hook("job.finished")
    await queue(home, {})
    await home.store.write(
        lambda tx: job_claims.fail_unknown(tx, ["x"], 9.0, now(), 9, Internal("unknown").for_item())
    )
    assert await told(desk, hook.id) == [("job.finished", None)]


async def test_deliveries_of_a_deleted_webhook_are_dropped_in_small_numbers(home, desk):
    gone, kept = await desk.hook(), await desk.hook()
    for _ in range(5):
        await home.create("mapPin", pin())
    await home.store.write(lambda tx: webhooks.delete(tx, desk.actor, gone.id, now()))
    await home.create("mapPin", pin())

    async def numbers(tx: Tx) -> tuple[int, int]:
        found = await tx.fetchrow(
            "SELECT (SELECT count(*) FROM webhooks), (SELECT count(*) FROM deliveries)"
        )
        assert found is not None
        return found[0], found[1]

    prune = stored.prune
    assert await home.store.write(lambda tx: prune(tx, "2001", 9)) == 0
    assert await home.store.write(lambda tx: prune(tx, "9999", 3)) == 3
    assert await home.store.read(numbers) == (2, 8)
    assert await home.store.write(lambda tx: prune(tx, "9999", 3)) == 3
    assert await home.store.write(lambda tx: prune(tx, "9999", 3)) == 0
    assert await home.store.read(numbers) == (1, 6)
    assert len(await desk.listed(kept.id)) == 6


async def test_deliveries_are_dropped_some_time_after_their_end(home, desk):
    hook = await desk.hook()
    await home.create("mapPin", pin())
    assert await home.store.write(lambda tx: deliveries.prune(tx, "9999", 9)) == 0, "still pending"
    await desk.work()
    assert await home.store.write(lambda tx: deliveries.prune(tx, "2001", 9)) == 0
    assert await home.store.write(lambda tx: deliveries.prune(tx, "9999", 9)) == 1
    assert await told(desk, hook.id) == []


async def test_stays_and_links_tell_once(home, desk):
    """What one write does to several rows is one changeset."""
    await home.sync({"legs": [leg(clientRef="l")], "stays": [stay(legRef="l")]})
    hook = await desk.hook()
    (only,) = await home.rows("legs")
    await home.delete("leg", only["_id"])
    assert await told(desk, hook.id) == [("trip.changed", 3)]
    (sent,) = await desk.work()
    assert len(sent.json["data"]["items"]) == 2
