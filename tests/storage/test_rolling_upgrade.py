"""Servers of the release before write between those of this one, while they are replaced.

Only on Postgres: several servers of different releases share no SQLite file. What the older ones
do stands in `older_server`: the statements that they send, on the schema of this release.
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import msgspec
import pytest

from runtime.ids import new_id
from storage import jobs, open_store
from storage.migrate import migrate
from tests.storage.home import soon
from tests.storage.journal import changesets
from tests.storage.older_server import (
    CLAIM,
    CREATE_WITH_KEY,
    GET,
    INSERT,
    INSERT_JOB,
    INSERT_MEMBER,
    INSERT_TRIP,
    OUTCOME,
    PIN,
    RAISE,
    RAISE_ALL,
    REMEMBER,
    RESERVE,
    SUCCEED,
    UPDATE_TRIP,
    OlderServer,
    encoded,
)
from tests.support import SAMPLES, Response, World, new_world, now
from tests.support import TRIP as TRIP_SAMPLE
from tests.workers.work import run_next
from workers.kinds import KINDS


@pytest.fixture
async def world(database, settings) -> AsyncIterator[World]:
    store = await open_store(database)
    await migrate(store, now())
    async with new_world(store, settings) as made:
        yield made
    await store.close()


@pytest.fixture
async def older(database, world) -> AsyncIterator[OlderServer]:
    connection = await asyncpg.connect(database)
    key_id = (await world.client.get("/me")).json["key"]["_id"]
    yield OlderServer(connection, world, key_id)
    await connection.close()


def fingerprint(method: str, path: str, body: bytes) -> str:
    """As both releases make it."""
    return hashlib.sha256(f"{method}\0{path}\0\0".encode() + body).hexdigest()


async def pins(world: World) -> list[dict[str, Any]]:
    listed = await world.client.get(f"{world.trip}/map-pins")
    found: list[dict[str, Any]] = listed.json["items"]
    return found


# Rows and entity tags

READS = ("/map-pins", "/export", "/legs", "/channels", "/members", "")


async def known(world: World, path: str, tag: str) -> Response:
    return await world.client.get(f"{world.trip}{path}", headers={"If-None-Match": tag})


@pytest.mark.parametrize("path", READS)
async def test_every_tag_moves_with_a_write_of_an_older_server(world, older, path):
    """It does not tell what it has touched."""
    tags = set()
    for number in range(3):
        tag = (await world.client.get(f"{world.trip}{path}")).headers["ETag"]
        assert tag not in tags
        tags.add(tag)
        assert (await known(world, path, tag)).status == 304
        await older.create(name=f"{number}")
        answer = await known(world, path, tag)
        assert answer.status == 200
        if path in ("/map-pins", "/export"):
            rows = answer.json["items" if path == "/map-pins" else "mapPins"]
            assert [row["name"] for row in rows] == [f"{n}" for n in range(number + 1)]


async def test_a_tag_of_messages_moves_too(world, older):
    (channel,) = (await world.client.get(f"{world.trip}/channels")).json["items"]
    path = f"/channels/{channel['_id']}/messages"
    tag = (await world.client.get(f"{world.trip}{path}")).headers["ETag"]
    await older.create()
    assert (await known(world, path, tag)).status == 200
    # And stays, once it is this release that has changed something else.
    tag = (await world.client.get(f"{world.trip}{path}")).headers["ETag"]
    await world.make("/map-pins", PIN)
    assert (await known(world, path, tag)).status == 304


async def test_nothing_is_lost_whoever_writes(world, older):
    for number in range(4):
        await older.create(name=f"older {number}")
        await world.make("/map-pins", {**PIN, "name": f"newer {number}"})
    expected = {f"{who} {number}" for who in ("older", "newer") for number in range(4)}
    assert {pin["name"] for pin in await pins(world)} == expected
    assert set(await older.names()) == expected
    pages = await world.client.pages(f"{world.trip}/map-pins", limit=3)
    assert sorted(row["name"] for page in pages for row in page) == sorted(expected)
    newer = [pin["name"] for pin in await pins(world) if pin["name"].startswith("newer")]
    assert newer == [f"newer {number}" for number in range(4)]
    # A revision for each write; the journal knows of those that were made by this release.
    assert [each["rev"] for each in await changesets(world.store, world.trip_id)] == [1, 3, 5, 7, 9]


async def test_nothing_is_lost_when_both_write_at_once(world, older):
    async def write_older() -> None:
        for number in range(15):
            await older.upsert(f"older {number}", name=f"older {number}")
            await older.upsert("both", notes=f"{number}")

    async def write_newer() -> None:
        for number in range(15):
            await world.make("/map-pins", {**PIN, "name": f"newer {number}"})
            await world.make("/map-pins", {**PIN, "clientRef": "both", "lat": number})

    await soon(asyncio.gather(write_older(), write_newer()))
    found = {pin["name"]: pin for pin in await pins(world)}
    names = {f"{who} {number}" for who in ("older", "newer") for number in range(15)}
    assert set(found) == names | {PIN["name"]}
    assert len(await pins(world)) == 31
    both = found[PIN["name"]]
    assert (both["notes"], both["lat"]) == ("14", 14)
    export = (await world.client.get(f"{world.trip}/export")).json
    assert export["rev"] == await older.connection.fetchval(
        "SELECT max(rev) FROM items WHERE trip_id = $1", world.trip_id
    )


async def test_client_refs_merge_whoever_made_the_row(world, older):
    made = await older.create(clientRef="a", notes="older")
    merged = await world.client.post(f"{world.trip}/map-pins", {"clientRef": "a", "lat": 1})
    assert (merged.status, merged.json["_id"], merged.json["notes"]) == (200, made, "older")

    ours = await world.make("/map-pins", {**PIN, "clientRef": "b", "notes": "newer"})
    assert await older.create(clientRef="b") is None
    assert await older.upsert("b", lat=2) == ours["_id"]
    synced = await world.client.post(
        f"{world.trip}/sync",
        {"mapPins": [{"clientRef": "a", "lng": 3}, {"clientRef": "b", "lng": 3}]},
    )
    assert synced.json["mapPins"]["updated"] == 2
    assert [(pin["lat"], pin["lng"], pin["notes"]) for pin in await pins(world)] == [
        (1, 3, "older"),
        (2, 3, "newer"),
    ]


async def test_what_an_older_server_deletes_is_gone(world, older):
    made = await world.make("/map-pins", {**PIN, "clientRef": "a"})
    kept = await world.make("/map-pins", PIN)
    await older.delete(made["_id"])
    assert [pin["_id"] for pin in await pins(world)] == [kept["_id"]]
    gone = f"{world.trip}/map-pins/{made['_id']}"
    assert (await world.client.patch(gone, {"notes": "x"})).status == 404
    again = await world.client.post(f"{world.trip}/map-pins", {**PIN, "clientRef": "a"})
    assert (again.status, again.json["_id"] != made["_id"]) == (201, True)


async def test_what_this_release_writes_an_older_server_reads_and_changes(world, older):
    leg = await world.make("/legs", SAMPLES["leg"])
    made = await world.make("/map-pins", {**PIN, "clientRef": "a"})
    document = await older.connection.fetchval(GET, world.trip_id, made["_id"])
    assert msgspec.json.decode(document) == made
    await older.upsert("a", name="Other")
    path = f"{world.trip}/map-pins/{made['_id']}"
    changed = await world.client.patch(path, {"notes": "x"})
    assert (changed.json["name"], changed.json["notes"]) == ("Other", "x")
    assert (await world.client.delete(f"{world.trip}/legs/{leg['_id']}")).status == 204
    prior = await older.connection.fetchval("SELECT doc FROM prior_rows WHERE id = $1", made["_id"])
    assert msgspec.json.decode(prior)["name"] == "Other", "it was the last state there was"


async def test_a_precondition_sees_the_writes_of_an_older_server(world, older):
    made = await world.client.post(f"{world.trip}/map-pins", {**PIN, "clientRef": "a"})
    other = await world.client.post(f"{world.trip}/map-pins", PIN)
    listed = (await world.client.get(f"{world.trip}/map-pins")).headers["ETag"]
    await older.upsert("a", notes="older")

    async def patch(row: Response, tag: str) -> int:
        path = f"{world.trip}/map-pins/{row.json['_id']}"
        status: int = (await world.client.patch(path, {"lat": 1}, headers={"If-Match": tag})).status
        return status

    assert await patch(made, made.headers["ETag"]) == 412
    assert await patch(made, listed) == 412
    batch = await world.client.post(
        f"{world.trip}/map-pins:batch", {"items": [PIN]}, headers={"If-Match": listed}
    )
    assert batch.status == 412
    assert await patch(other, other.headers["ETag"]) == 200
    present = (await world.client.get(f"{world.trip}/map-pins")).headers["ETag"]
    assert await patch(made, present) == 200


# Trips and members


async def test_a_trip_that_an_older_server_changed(world, older):
    before = await world.client.get(world.trip)
    document = {**before.json, "title": "Older"}
    await older.connection.fetchval(UPDATE_TRIP, encoded(document), world.trip_id)
    after = await known(world, "", before.headers["ETag"])
    assert (after.status, after.json["title"]) == (200, "Older")
    stale = {"If-Match": before.headers["ETag"]}
    assert (await world.client.patch(world.trip, {"title": "x"}, headers=stale)).status == 412
    fresh = {"If-Match": after.headers["ETag"]}
    assert (await world.client.patch(world.trip, {"title": "x"}, headers=fresh)).status == 200


async def test_a_trip_that_an_older_server_made(world, older):
    trip_id, moment = new_id(), now()
    document = {"_id": trip_id, "groupId": world.group_id, **TRIP_SAMPLE, "status": "draft"}
    document |= {"createdBy": world.owner.user_id, "createdAt": moment, "updatedAt": moment}
    await older.connection.execute(INSERT_TRIP, trip_id, world.group_id, encoded(document))
    shown = await world.client.get(f"/trips/{trip_id}")
    assert shown.json == document
    assert shown.headers["ETag"].startswith('"1-')
    listed = (await world.client.get("/trips")).json["items"]
    assert {trip["_id"] for trip in listed} == {world.trip_id, trip_id}
    made = await world.client.post(f"/trips/{trip_id}/map-pins", PIN)
    assert (made.status, made.headers["ETag"].startswith('"2-')) == (201, True)
    assert [each["rev"] for each in await changesets(world.store, trip_id)] == [2]


async def test_a_member_that_an_older_server_added(world, older):
    tag = (await world.client.get(f"{world.trip}/members")).headers["ETag"]
    zoe = await world.person("zoe", None)
    async with older.connection.transaction():
        await older.connection.execute(INSERT_MEMBER, world.group_id, zoe.user_id, "editor", now())
        await older.connection.execute(RAISE_ALL, world.group_id)
    members = await known(world, "/members", tag)
    assert members.status == 200
    assert zoe.user_id in [member["userId"] for member in members.json["items"]]
    assert (await world.as_(zoe.key).get(world.trip)).status == 200


# Idempotency-Keys

KEY = {"Idempotency-Key": "k"}


@pytest.mark.parametrize("change", [{}, {"clientRef": "a"}])
async def test_what_this_release_remembers_an_older_server_replays(world, older, change):
    path = f"{world.trip}/map-pins"
    first = await world.client.post(path, {**PIN, **change}, headers=KEY)
    assert first.status == 201
    found = await older.answer("k")
    sent = msgspec.json.encode({**PIN, **change})
    assert found["fingerprint"] == fingerprint("POST", f"/api/v1{path}", sent)
    assert (found["status"], bytes(found["body"])) == (201, first.raw)
    assert isinstance(msgspec.json.decode(found["headers"]), dict)
    # An older server that comes with the key finds it taken, whichever way it tries.
    reserved = await older.connection.fetchval(
        RESERVE, *(older.key_id, "k", "f", time.time(), time.time() - 86_400)
    )
    assert reserved is None
    row_id, document = older.pin()
    stored = await older.connection.fetchrow(
        CREATE_WITH_KEY,
        *(world.trip_id, "mapPin", "", "", row_id, None, encoded(document)),
        *(older.key_id, "k", "f", 201, "{}", b"{}", time.time()),
    )
    assert stored is None
    assert len(await pins(world)) == 1


async def test_a_failure_of_this_release_is_not_remembered_for_an_older_one(world, older):
    refused = await world.client.post(f"{world.trip}/map-pins", {"name": ""}, headers=KEY)
    assert refused.status == 400
    assert await older.answer("k") is None


@pytest.mark.parametrize("in_one_statement", [False, True])
async def test_what_an_older_server_remembers_is_replayed(world, older, in_one_statement):
    path, sent = f"{world.trip}/map-pins", {**PIN, "name": "Older"}
    print_ = fingerprint("POST", f"/api/v1{path}", msgspec.json.encode(sent))
    row_id, document = older.pin(name="Older")
    body, at, connection = encoded(document), time.time(), older.connection
    if in_one_statement:
        headers = encoded({"ETag": '"{rev}"'})
        await connection.fetchrow(
            CREATE_WITH_KEY,
            *(world.trip_id, "mapPin", "", "", row_id, None, body),
            *(older.key_id, "k", print_, 201, headers, body.encode(), at),
        )
    else:
        async with connection.transaction():
            await connection.fetchval(RESERVE, older.key_id, "k", print_, at, at - 86_400)
            rev = await connection.fetchval(RAISE, world.trip_id)
            row = (world.trip_id, "mapPin", "", "", row_id, None, rev, body)
            await connection.execute(INSERT, *row)
            headers = encoded({"ETag": f'"{rev}"'})
            await connection.execute(REMEMBER, 201, headers, body.encode(), None, older.key_id, "k")
    again = await world.client.post(path, sent, headers=KEY)
    assert (again.status, again.raw) == (201, body.encode())
    assert (again.headers["Idempotency-Replayed"], again.headers["ETag"]) == ("true", '"2"')
    other = await world.client.post(path, PIN, headers=KEY)
    assert (other.status, other.code) == (409, "IDEMPOTENCY_CONFLICT")
    assert [pin["name"] for pin in await pins(world)] == ["Older"]


# Jobs


async def test_a_job_of_an_older_server_is_done(world, older):
    await world.running.worker.stop()
    job_id, body = new_id(), msgspec.json.encode({"mapPins": [PIN]})
    payload = (world.trip_id, "sync", '{"kind":"sync"}', jobs.pack(body), 1, 0.0, now())
    await older.connection.execute(INSERT_JOB, world.owner.user_id, job_id, *payload)
    assert await run_next(world.store, world.running.services.signals, KINDS)
    shown = (await world.client.get(f"/jobs/{job_id}")).json
    assert (shown["status"], shown["result"]["mapPins"]["created"]) == ("succeeded", 1)
    ended = await older.connection.fetchrow(OUTCOME, world.owner.user_id, job_id)
    assert msgspec.json.decode(jobs.unpack(ended["packed_result"])) == shown["result"]
    assert (ended["result_status"], ended["result"], ended["error"]) == (200, None, None)
    *_, changeset = await changesets(world.store, world.trip_id)
    assert (changeset["job_id"], changeset["user_id"]) == (job_id, world.owner.user_id)


async def test_a_job_of_this_release_is_done_by_an_older_worker(world, older):
    await world.running.worker.stop()
    body = {"mapPins": [PIN]}
    queued = await world.client.post(
        f"{world.trip}/sync", body, headers={"Prefer": "respond-async", **KEY}
    )
    assert queued.status == 202
    claim = await older.connection.fetchrow(CLAIM, time.time() + 10, now(), time.time() + 1)
    assert (claim["id"], claim["trip_id"], claim["total"]) == (queued.json["_id"], world.trip_id, 1)
    assert msgspec.json.decode(claim["params"])["kind"] == "sync"
    assert msgspec.json.decode(jobs.unpack(claim["payload"])) == body
    assert not await run_next(world.store, world.running.services.signals, KINDS)
    await older.create(name="By job")
    result = b'{"dryRun":false,"mapPins":{"created":1}}'
    await older.connection.execute(
        SUCCEED,
        *(claim["user_id"], claim["id"], claim["attempts"], now(), 200, jobs.pack(result)),
    )
    shown = (await world.client.get(f"/jobs/{queued.json['_id']}")).json
    assert (shown["status"], shown["result"]) == ("succeeded", msgspec.json.decode(result))
    assert [pin["name"] for pin in await pins(world)] == ["By job"]
    remembered = await older.answer("k")
    assert (remembered["status"], remembered["job_id"]) == (202, queued.json["_id"])
