"""Every statement of the hot paths names its distribution key: a database can be split by it.

`docs/scaling.md` tells what follows from this. Tables of trips are split by the trip's id, jobs
by their user's, remembered answers by their API key's. A statement that names no such key would
be sent to every part of the database. The few that do are listed here, each with its reason.
"""

import dataclasses
from collections.abc import AsyncIterator, Hashable, Mapping
from typing import Any, TypeVar, cast

import pytest

from domain.actor import TripAccess
from domain.scopes import Role
from runtime.signals import TripListener
from storage.store import Dialect, Operation, Store, Tx, ignore_changes
from tests.storage.distribution import (
    BY_HASH,
    GLOBAL,
    KEYS,
    TABLES,
    everywhere,
    is_keyed,
    tables_of,
    touching,
    unexplained,
    values_of,
)
from tests.storage.home import Statement, WatchedTx
from tests.support import SAMPLES, World, new_world
from tests.workers.work import run_next
from workers.kinds import KINDS

T = TypeVar("T")


class Watch:
    """A store that remembers the statements of all operations."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.dialect: Dialect = store.dialect
        self.on_commit: TripListener = ignore_changes
        self.statements: list[Statement] = []

    @property
    def full(self) -> bool:
        return self._store.full

    async def read(self, operation: Operation[T]) -> T:
        return await self._store.read(self._watched(operation))

    async def read_trip(self, operation: Operation[T], trip_id: str, seen: TripAccess) -> T:
        return await self._store.read_trip(self._watched(operation), trip_id, seen)

    async def look_up(self, operation: Operation[T], name: Hashable) -> T:
        return await self._store.read(self._watched(operation))

    async def snapshot(self, operation: Operation[T]) -> T:
        return await self._store.snapshot(self._watched(operation))

    async def write(self, operation: Operation[T]) -> T:
        return await self._store.write(self._watched(operation))

    async def write_slowly(self, operation: Operation[T]) -> T:
        return await self._store.write_slowly(self._watched(operation))

    async def close(self) -> None:
        await self._store.close()

    def _watched(self, operation: Operation[T]) -> Operation[T]:
        async def watched(tx: Tx) -> T:
            watching = WatchedTx(tx)
            try:
                return await operation(cast(Tx, watching))
            finally:
                self.statements += watching.statements

        return watched


@dataclasses.dataclass(frozen=True)
class Watched:
    """A world whose statements are watched."""

    world: World
    watch: Watch
    key_id: str

    def fresh(self) -> list[Statement]:
        """The statements since the last call."""
        found, self.watch.statements = self.watch.statements, []
        return found


@pytest.fixture
async def watched(store: Store, settings: Any) -> AsyncIterator[Watched]:
    """A world on a watched store; its worker works when a test says so."""
    watch = Watch(store)
    async with new_world(watch, settings) as world:
        await world.running.worker.stop()
        key_id = (await world.client.get("/me")).json["key"]["_id"]
        watch.statements = []
        yield Watched(world, watch, key_id)


SNAPSHOT = {
    "legs": [{**SAMPLES["leg"], "clientRef": "l"}],
    "stays": [{**SAMPLES["stay"], "clientRef": "s", "legRef": "l"}],
    "mapPins": [{**SAMPLES["mapPin"], "clientRef": "p"}],
    "commitments": [
        {**SAMPLES["commitment"], "clientRef": "e", "legRef": "l", "mapPinRef": "p"},
    ],
    "actionItems": [{**SAMPLES["actionItem"], "clientRef": "a"}],
}


async def prepared(watched: Watched) -> dict[str, str]:
    """Something of everything in the trip; paths by what they are."""
    world = watched.world
    assert (await world.client.post(f"{world.trip}/sync", SNAPSHOT)).status == 200
    export = (await world.client.get(f"{world.trip}/export")).json
    channels = (await world.client.get(f"{world.trip}/channels")).json["items"]
    messages = f"{world.trip}/channels/{channels[0]['_id']}/messages"
    parent = (await world.client.post(messages, {"content": "first"})).json
    watched.fresh()
    return {
        "leg": f"{world.trip}/legs/{export['legs'][0]['_id']}",
        "pin": f"{world.trip}/map-pins/{export['mapPins'][0]['_id']}",
        "event": f"{world.trip}/commitments/{export['commitments'][0]['_id']}",
        "messages": messages,
        "parent": parent["_id"],
    }


def request(method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
    return {"method": method, "path": path, "body": body, "headers": headers}


def hot_paths(world: World, at: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """A request of each hot path, and the status it should have."""
    trip, pin = world.trip, SAMPLES["mapPin"]
    key = {"Idempotency-Key": "k"}
    many = {"items": [{**pin, "clientRef": f"b{n}"} for n in range(50)]}
    changed = {**SNAPSHOT, "mapPins": [{"clientRef": "p", "notes": "new"}, pin]}
    reply = {"content": "second", "parentId": at["parent"]}
    return {
        "trip 200": request("GET", trip),
        "list 200": request("GET", f"{trip}/map-pins?limit=1"),
        "list of stays 200": request("GET", f"{at['leg']}/stays"),
        "list of members 200": request("GET", f"{trip}/members"),
        "export 200": request("GET", f"{trip}/export"),
        "create 201": request("POST", f"{trip}/map-pins", pin),
        "create, clientRef and key 201": request(
            "POST", f"{trip}/map-pins", {**pin, "clientRef": "q"}, **key
        ),
        "create, replayed 201": request(
            "POST", f"{trip}/map-pins", {**pin, "clientRef": "q"}, **key
        ),
        "create that merges 200": request(
            "POST", f"{trip}/map-pins", {"clientRef": "q", "notes": "x"}
        ),
        "PATCH 200": request("PATCH", at["pin"], {"notes": "y"}),
        "PATCH of links 200": request("PATCH", at["event"], {"legId": None}),
        "PATCH of the trip 200": request("PATCH", trip, {"title": "Other"}),
        "batch 200": request("POST", f"{trip}/map-pins:batch", many),
        "dry run 200": request("POST", f"{trip}/sync?dryRun=true", changed),
        "sync 200": request("POST", f"{trip}/sync", changed),
        "sync, unchanged 200": request("POST", f"{trip}/sync", SNAPSHOT),
        "messages 200": request("GET", at["messages"]),
        "message 201": request("POST", at["messages"], reply),
        "share 201": request("POST", f"{trip}/share-token"),
        "DELETE of a leg 204": request("DELETE", at["leg"]),
        "DELETE of a pin 204": request("DELETE", at["pin"]),
        "unshare 204": request("DELETE", f"{trip}/share-token"),
    }


async def test_every_statement_of_the_hot_paths_names_its_trip(watched):
    world = watched.world
    stray = {}
    for name, sent in hot_paths(world, await prepared(watched)).items():
        answer = await world.client.send(**sent)
        assert str(answer.status) == name.rpartition(" ")[2], (name, answer.raw)
        statements = watched.fresh()
        assert statements, f"{name}: nothing was watched"
        if found := unexplained(statements):
            stray[name] = found
        on_trip = touching(statements, "items", "links", "trips", "shares")
        assert on_trip, f"{name}: touches no trip"
        for each in on_trip:
            assert world.trip_id in values_of([each]), (name, each)
    assert stray == {}


async def test_only_authentication_is_global_on_the_hot_paths(watched):
    """Once a request, in a table that every part has; the trip joined there is named by its id."""
    world = watched.world
    for name, sent in hot_paths(world, await prepared(watched)).items():
        await world.client.send(**sent)
        statements = watched.fresh()
        by_hash = [each for each in statements if BY_HASH in each.sql]
        assert len(by_hash) == 1, name
        assert tables_of(by_hash[0].sql).keys() == {"k", "u", "t", "g", "m"}
        assert by_hash[0].args[1] == world.trip_id
        assert everywhere(statements) == [], name
        for each in statements:
            assert values_of([each]) & {world.trip_id, watched.key_id}, (name, each)


async def test_a_job_is_its_users_and_its_effects_are_the_trips(watched):
    world = watched.world
    queued = await world.client.post(
        f"{world.trip}/sync",
        SNAPSHOT,
        headers={"Prefer": "respond-async", "Idempotency-Key": "k"},
    )
    assert queued.status == 202
    asked = watched.fresh()
    assert await run_next(watched.watch, world.running.services.signals, KINDS)
    worked = watched.fresh()
    read = await world.client.get(f"/jobs/{queued.json['_id']}")
    assert read.json["status"] == "succeeded"
    assert unexplained([*asked, *worked, *watched.fresh()]) == []
    assert world.owner.user_id in values_of(touching(asked, "jobs"))
    assert all(world.trip_id in values_of([each]) for each in touching(worked, "items"))


async def test_what_is_global_is_what_the_list_says(watched):
    """Each entry of `GLOBAL` is met, so the list does not outlive what it excuses."""
    world = watched.world
    await prepared(watched)
    await world.person("ann", Role.EDITOR)
    token = (await world.client.post(f"{world.trip}/share-token")).json["token"]
    await world.client.get("/trips")
    await world.client.get(f"/shared/trips/{token}")
    await world.client.get((await world.client.post("/me/calendar-token")).json["url"])
    await world.client.post(f"{world.trip}/sync", SNAPSHOT, headers={"Prefer": "respond-async"})
    assert await run_next(watched.watch, world.running.services.signals, KINDS)
    statements = watched.fresh()
    assert unexplained(statements) == []
    met = {part for part in GLOBAL for each in everywhere(statements) if part in each.sql}
    assert met == GLOBAL.keys()


async def test_two_trips_share_no_statement(watched):
    """What is asked of one trip is given no id of another, though its owner has both."""
    world = watched.world
    other = await world.new_trip()
    at = await prepared(watched)
    for sent in hot_paths(world, at).values():
        await world.client.send(**sent)
    assert other not in values_of(watched.fresh())


@pytest.mark.parametrize(
    ("sql", "keyed"),
    [
        ("SELECT doc FROM items WHERE trip_id = $1 AND id = $2", True),
        ("SELECT doc FROM items WHERE id = $1", False),
        ("UPDATE items SET doc = $1 WHERE id = $2", False),
        ("UPDATE items SET doc = $1 WHERE trip_id = $2 AND id = $3", True),
        ("UPDATE trips SET rev = rev + 1 WHERE id = $1 RETURNING rev", True),
        ("UPDATE trips SET rev = rev + 1 WHERE group_id = $1", False),
        ("DELETE FROM links WHERE source_id = $1", False),
        ("SELECT doc FROM items WHERE trip_id = $1 AND id IN (SELECT source_id FROM links)", False),
        (
            "SELECT doc FROM items WHERE trip_id = $1 AND id IN"
            " (SELECT source_id FROM links WHERE trip_id = $1)",
            True,
        ),
        (
            "SELECT (SELECT doc FROM items WHERE trip_id = t.id) FROM trips t WHERE t.id = $1",
            True,
        ),
        (
            "SELECT (SELECT doc FROM items WHERE trip_id = t.id) FROM trips t"
            " WHERE t.group_id = $1",
            False,
        ),
        ("SELECT id FROM users WHERE lower(email) = lower($1)", True),
        ("UPDATE jobs SET status = 'queued' WHERE id = $1", False),
        ("INSERT INTO idempotency (api_key_id, body) VALUES ($1, $2)", True),
        ("INSERT INTO jobs (id) VALUES ($1)", False),
        (
            "WITH raised AS (UPDATE trips SET rev = rev + 1 WHERE id = $1 RETURNING rev), stored AS"
            " (INSERT INTO items (trip_id, rev) SELECT $1, rev FROM raised) SELECT rev FROM raised",
            True,
        ),
        (
            "WITH raised AS (UPDATE trips SET rev = rev + 1 WHERE id = $1 RETURNING rev), stored AS"
            " (INSERT INTO items (id, rev) SELECT $2, rev FROM raised) SELECT rev FROM raised",
            False,
        ),
        (
            "WITH one AS (SELECT rev FROM trips WHERE id = $1) SELECT doc FROM items WHERE id = $2",
            False,
        ),
    ],
)
def test_the_check_knows_a_statement_that_names_its_key(sql, keyed):
    assert is_keyed(Statement("fetch", sql, ())) is keyed


def test_the_check_looks_into_inserts_of_rows():
    columns = ("trip_id", "id")
    assert is_keyed(Statement("insert", "items", (columns, [("t", "1"), ("t", "2")])))
    assert not is_keyed(Statement("insert", "items", (columns, [("t", "1"), ("u", "2")])))
    assert not is_keyed(Statement("insert", "items", (("id",), [("1",)])))


async def test_every_table_of_the_database_is_one_of_these(store):
    """A new table has to be given a place before this passes."""

    async def names(tx: Tx) -> set[str]:
        source = (
            "SELECT name FROM sqlite_schema WHERE type = 'table'"
            if tx.dialect.name == "sqlite"
            else "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'"
        )
        return {record[0] for record in await tx.fetch(source)}

    assert await store.read(names) - {"schema_migrations"} == TABLES


UNIQUE = {
    "sqlite": "SELECT t.name, c.name FROM sqlite_schema t JOIN pragma_index_list(t.name) i"
    " JOIN pragma_index_info(i.name) c WHERE t.type = 'table' AND i.\"unique\" AND c.seqno = 0",
    "postgres": "SELECT t.relname::text, a.attname::text FROM pg_index i"
    " JOIN pg_class t ON t.oid = i.indrelid"
    " JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0]"
    " WHERE i.indisunique AND t.relnamespace = 'public'::regnamespace",
}
"""The tables with a unique index, and its first column."""


async def test_unique_indexes_begin_with_what_splits_their_table(store):
    """What is unique can only be so within one part of a database."""
    rows = await store.read(lambda tx: tx.fetch(UNIQUE[tx.dialect.name]))
    found = {(table, column) for table, column in rows if table in KEYS}
    assert {("items", "trip_id"), ("links", "trip_id"), ("jobs", "user_id")} <= found
    assert {(table, column) for table, column in found if KEYS[table] != column} == set()
