"""The hub behind event streams: what it reads, whom it ends, and that nothing is missed."""

import asyncio
import contextlib
import random
import re
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import aiohttp
import msgspec
import pytest
import structlog

from domain.errors import Unavailable
from domain.imports import ImportRequest, items_of
from domain.scopes import Role
from operations import imports
from runtime.settings import Events, Limits, Settings
from runtime.signals import LocalSignals, TripListener
from server.events import EventHub
from server.feeds import MOST_WAITING
from storage import history
from storage.store import Operation, Store, Tx, ignore_changes
from tests.server.test_slow_clients import connect, say
from tests.storage.home import Statement, WatchedTx, cause_of, soon
from tests.streams import Stream, streaming
from tests.support import PLENTY, SAMPLES, Client, World, gather, new_world, run_server
from tests.waiting import until

T = TypeVar("T")

PIN = SAMPLES["mapPin"]
SOON = 0.02
LONG = 3600.0
CROWD = 100


class Between:
    """A store whose reads are watched, and fail when they are told to."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.statements: list[Statement] = []
        self.before: Callable[[], None] = lambda: None
        """Is called before each read."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @property
    def on_commit(self) -> TripListener:
        return self._store.on_commit

    @on_commit.setter
    def on_commit(self, listener: TripListener) -> None:
        self._store.on_commit = listener

    async def read(self, operation: Operation[T]) -> T:
        self.before()

        async def watched(tx: Tx) -> T:
            watching = WatchedTx(tx)
            try:
                return await operation(cast(Tx, watching))
            finally:
                self.statements += watching.statements

        return await self._store.read(watched)


@pytest.fixture
def settings() -> Settings:
    return msgspec.structs.replace(
        Settings(), limits=Limits(PLENTY, PLENTY), events=Events(per_key=CROWD, max_streams=500)
    )


@pytest.fixture
def between(store: Store) -> Between:
    return Between(store)


@pytest.fixture
async def world(between: Between, settings: Settings) -> AsyncIterator[World]:
    async with new_world(cast(Store, between), settings) as made:
        yield made


@pytest.fixture
def hub(world: World) -> EventHub:
    """It does nothing by itself but what a test makes it do."""
    found = world.running.services.events
    found.pace.comment = found.pace.check = LONG
    found.pace.retry = SOON
    return found


@pytest.fixture
async def client(world: World) -> AsyncIterator[Client]:
    """A client with any number of connections."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield Client(session, world.running.base, world.owner.key)


async def crowd(streams: contextlib.AsyncExitStack, client: Client, trip: str) -> list[Stream]:
    """Many streams that have begun."""
    made = [await streams.enter_async_context(streaming(client, trip)) for _ in range(CROWD)]
    for stream in made:
        await stream.next()
    return made


async def test_a_changeset_is_read_once_for_all_who_watch(world, hub, client, between):
    assert hub.pace.retry
    other = client.with_key((await world.person("ed", Role.EDITOR)).key)
    async with contextlib.AsyncExitStack() as streams:
        made = await crowd(streams, client, world.trip)
        elsewhere = await streams.enter_async_context(streaming(other, world.trip))
        await elsewhere.next()
        between.statements.clear()
        await world.make("/map-pins", PIN)
        found = await gather(*(stream.next() for stream in (*made, elsewhere)))
        assert len({event.data["rev"] for event in found}) == 1
        read = [each for each in between.statements if "FROM changesets" in each.sql]
        assert len(read) == 1
        # And its rows.
        assert len(between.statements) == 2


async def test_nothing_is_read_while_nothing_happens(world, hub, client, between):
    hub.pace.comment = SOON
    async with contextlib.AsyncExitStack() as streams:
        made = await crowd(streams, client, world.trip)
        between.statements.clear()
        for _ in range(3):
            await soon(made[0].response.content.readuntil(b":\n\n"))
        assert between.statements == []


async def test_one_look_at_all_streams_is_two_statements(world, hub, client, between):
    hub.pace.check = SOON
    between.statements.clear()
    async with contextlib.AsyncExitStack() as streams:
        await crowd(streams, client, world.trip)
        between.statements.clear()
        await until(lambda: len(between.statements) >= 4)
        assert len({each.sql for each in between.statements}) == 2


async def test_no_look_is_taken_once_nobody_watches(world, hub, client, between):
    hub.pace.check = SOON
    async with streaming(client, world.trip) as stream:
        await stream.next()
        await until(lambda: any("api_keys" in each.sql for each in between.statements))
    await until(lambda: not hub._watchers)
    assert hub._tending == []


async def not_reading(world: World) -> Any:
    """A connection on which a stream was asked for, and nothing is taken."""
    url = urlsplit(f"{world.running.base}/api/v1{world.trip}/events")
    assert url.port is not None
    connection = await connect(url.port, receive_bytes=4096)
    head = f"GET {url.path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {world.owner.key}\r\n\r\n"
    await say(connection, head.encode())
    return connection


LARGE = {"mapPins": [{**PIN, "notes": "x" * 10_000}] * 100}
"""A megabyte."""


async def test_who_does_not_read_is_cut_off_and_harms_nobody(world, hub, client):
    async with streaming(client, world.trip) as stream:
        await stream.next()
        slow = await not_reading(world)
        await until(lambda: len(hub._watchers) == 2)
        written = 1
        while len(hub._watchers) == 2:
            assert (await client.post(f"{world.trip}/sync", LARGE)).status == 200
            written += 1
            event = await stream.next()
            assert (event.id, len(event.data["items"])) == (written, 100)
            assert written < 100, "it is cut off some time"
        slow.close()
        await world.make("/map-pins", PIN)
        assert (await stream.next()).id == written + 1


async def test_a_burst_cuts_off_nobody_who_reads(world, hub, client, between):
    """More comes at once than may wait for a client."""
    sync = {"mapPins": [{**PIN, "notes": "x" * 2_000}] * 50}
    async with streaming(client, world.trip) as stream:
        await stream.next()
        between.before = fails(PLENTY)
        before = between.on_commit
        between.on_commit = ignore_changes
        for _ in range(12):
            await until(lambda: synced(world, sync))
        between.before = fails(0)
        before(world.trip_id, 13)
        assert [event.id for event in await stream.take(12)] == list(range(2, 14))
    assert 2 * MOST_WAITING < 12 * 50 * 2_000
    assert hub.pace.check == LONG


async def synced(world: World, body: Any) -> bool:
    """By the store below, whose reads do not fail."""
    request = ImportRequest("sync")
    cause = cause_of(world.owner.user_id)
    lists = items_of(request, body)
    result = await world.store.write(
        lambda tx: imports.apply(tx, cause, world.trip_id, request, lists)
    )
    return not result.failed


async def test_who_may_not_watch_any_longer_and_does_not_read_is_cut_off(world, hub, client):
    slow = await not_reading(world)
    await until(lambda: hub._watchers)
    (watcher,) = hub._watchers
    while not watcher._waiting:
        await client.post(f"{world.trip}/sync", LARGE)
        await until(lambda: hub._feeds[world.trip_id]._reading.done())
    await world.store.write(lambda tx: tx.execute("DELETE FROM group_members"))
    for _ in range(2):
        assert hub._watchers == {watcher}
        await hub._look()
    await until(lambda: not hub._watchers)
    slow.close()


async def test_who_goes_away_is_forgotten_at_once(world, hub, client):
    for _ in range(3):
        async with streaming(client, world.trip) as stream:
            await stream.next()
            assert len(hub._watchers) == 1
        await until(lambda: not hub._watchers)
        assert (hub._feeds, hub._open) == ({}, {})


async def test_the_request_of_a_stream_is_logged_at_its_end(world, hub, client, capsys):
    async with streaming(client, world.trip) as stream:
        await stream.next()
        told = stream.response.headers["X-Request-Id"]
        assert told not in capsys.readouterr().out
    await until(lambda: not hub._watchers)
    said = ""

    def logged() -> bool:
        nonlocal said
        said += capsys.readouterr().out
        return told in said

    await until(logged)


async def test_a_change_of_which_nothing_was_heard_is_found(world, hub, client, between):
    hub.pace.check = SOON
    async with streaming(client, world.trip) as stream:
        await stream.next()
        between.on_commit = ignore_changes
        await world.make("/map-pins", PIN)
        assert (await stream.next()).id == 2


async def test_where_changes_may_be_missed_they_are_looked_for_by_one_statement(
    world, hub, client, between
):
    signals = world.running.services.signals
    assert isinstance(signals, LocalSignals)
    other = await world.new_trip()
    async with streaming(client, world.trip) as here, streaming(client, f"/trips/{other}") as there:
        await here.next()
        await there.next()
        between.on_commit = ignore_changes
        await world.make("/map-pins", PIN)
        await client.patch(f"/trips/{other}", {"title": "New"})
        between.statements.clear()
        signals.notify_loss()
        assert [(await stream.next()).id for stream in (here, there)] == [2, 2]
        looks = [each for each in between.statements if each.sql.startswith("SELECT id, rev")]
        assert len(looks) == 1


def fails(times: int) -> Callable[[], None]:
    """Fails so many times, as a store does whose database is away."""
    left = [times]

    def before() -> None:
        if left[0]:
            left[0] -= 1
            raise Unavailable("The database is unavailable")

    return before


async def test_while_the_database_is_away_streams_stay_and_miss_nothing(
    world, hub, client, between
):
    hub.pace.check = SOON
    async with streaming(client, world.trip) as stream:
        await stream.next()
        between.before = fails(10)
        # Its own reads fail too: what is written is told of all the same.
        await until(lambda: written(client, world.trip))
        assert (await stream.next()).id == 2
        await world.make("/map-pins", PIN)
        assert (await stream.next()).id == 3


async def written(client: Client, trip: str) -> bool:
    return (await client.post(f"{trip}/map-pins", PIN)).status == 201


async def test_a_stream_that_catches_up_waits_for_the_database(world, hub, client, between):
    for _ in range(50):
        await world.make("/map-pins", PIN)
    at = [0]

    def third() -> None:
        at[0] += 1
        if at[0] in (3, 4):
            raise Unavailable("The database is unavailable")

    async with streaming(client, world.trip) as present:
        await present.next()
        between.before = third
        async with streaming(client, world.trip, "?since=1") as stream:
            found = await stream.take(51)
            assert [event.id for event in found] == [1, *range(2, 52)]
    assert at[0] >= 6
    assert hub.pace.retry == SOON


async def test_a_stream_that_cannot_begin_is_refused(world, hub, client, between):
    person = await world.person("ed", Role.EDITOR)
    between.before = fails(PLENTY)
    # Whose key it is may be known without a read.
    refused = await client.with_key(person.key).get(f"{world.trip}/events")
    assert (refused.status, refused.code) == (503, "UNAVAILABLE")
    assert hub._watchers == set()


async def test_a_bug_ends_the_streams_of_the_trip_and_is_told(world, hub, client, monkeypatch):
    async with streaming(client, world.trip) as stream:
        await stream.next()
        with structlog.testing.capture_logs() as lines, monkeypatch.context() as broken:
            broken.setattr(history, "events", None)
            await world.make("/map-pins", PIN)
            assert await stream.rest() == []
        assert [line["event"] for line in lines if line["log_level"] == "error"] == [
            "events_crashed"
        ]
    async with streaming(client, world.trip, "?since=1") as stream:
        assert [event.id for event in await stream.take(2)] == [1, 2]
    assert hub._limits.per_key == CROWD


async def test_a_bug_in_a_look_does_not_end_the_looks(world, hub, client, monkeypatch):
    hub.pace.check = SOON
    person = await world.person("ed", Role.EDITOR)
    async with streaming(client.with_key(person.key), world.trip) as stream:
        await stream.next()
        with structlog.testing.capture_logs() as lines, monkeypatch.context() as broken:
            broken.setattr(hub, "_look", None)
            await until(lambda: lines)
        assert lines[0]["event"] == "events_crashed"
        await world.store.write(
            lambda tx: tx.execute("DELETE FROM group_members WHERE user_id = $1", person.user_id)
        )
        assert await stream.rest() == []


async def test_a_server_that_stops_ends_its_streams_and_begins_no_more(world, hub, client):
    async with contextlib.AsyncExitStack() as streams:
        made = await crowd(streams, client, world.trip)
        await soon(hub.stop())
        for stream in made:
            assert await stream.rest() == []
            assert stream.retry == 1000
        assert hub._watchers == set()
        refused = await client.get(f"{world.trip}/events")
        assert (refused.status, refused.code) == (503, "UNAVAILABLE")
        assert int(refused.headers["Retry-After"]) >= 1


async def test_a_server_that_stops_waits_for_nobody_who_does_not_read(world, hub, client):
    hub.pace.stop = SOON
    slow = await not_reading(world)
    await until(lambda: hub._watchers)
    (watcher,) = hub._watchers
    while not watcher._waiting:
        await client.post(f"{world.trip}/sync", LARGE)
        await until(lambda: hub._feeds[world.trip_id]._reading.done())
    await soon(hub.stop())
    await until(lambda: not hub._watchers)
    slow.close()


async def test_what_happens_between_the_look_at_the_key_and_the_stream_is_not_missed(world, hub):
    """Nothing tells of it, since there was no feed then."""
    for _ in range(2):
        await world.make("/map-pins", PIN)
    for since, expected in ((1, [1, 2, 3]), (2, [2, 3]), (None, [3])):
        watcher = hub.join(cause_of(world.owner.user_id).actor, world.trip_id, 1, ignore)
        async with contextlib.aclosing(hub.follow(watcher, since)) as pieces:
            found: list[int] = []
            while found != expected:
                piece = await soon(anext(pieces))
                found += [int(each) for each in re.findall(rb"^id: (\d+)$", piece, re.MULTILINE)]
        hub.leave(watcher)


def ignore() -> None:
    pass


WRITERS = 4
WRITES = 40
JOINS = 30


async def test_whoever_joins_at_any_moment_misses_nothing(world, hub, client):
    """Beside writers, from any revision there was, and also in a second server process."""
    rng = random.Random(f"{world.store}")
    known = [1]
    last = 1 + WRITERS * WRITES

    async def writer(number: int) -> None:
        for count in range(WRITES):
            made = await client.post(f"{world.trip}/map-pins", {**PIN, "name": f"{number}/{count}"})
            assert made.status == 201
            known[0] += 1
            await asyncio.sleep(0)

    async def reader(of: Client, begins_at: int) -> list[int]:
        await until(lambda: known[0] >= begins_at, every=0.001)
        since = rng.choice((None, rng.randint(0, known[0])))
        async with streaming(of, world.trip, "" if since is None else f"?since={since}") as stream:
            hello = await stream.next()
            assert since is None or hello.id == since
            found = [hello.id]
            while found[-1] < last:
                event = await stream.next()
                assert event.name == "change"
                found.append(event.id)
            return found

    async with run_server(world.store, world.settings) as second:
        second.services.events.pace.check = SOON
        # The commit is heard of in the second one only, now and then in neither.
        there = Client(client._session, second.base, client.key)
        hub.pace.check = SOON
        readings = [reader(rng.choice((client, there)), rng.randint(1, last)) for _ in range(JOINS)]
        *_, told = await gather(*(writer(n) for n in range(WRITERS)), gather(*readings))
    for revs in told:
        assert revs == list(range(revs[0], last + 1))


async def test_of_a_burst_nothing_is_missed_by_signals_alone(world, hub, client):
    assert hub.pace.check == LONG
    async with streaming(client, world.trip) as stream:
        await stream.next()
        await gather(*(client.post(f"{world.trip}/map-pins", PIN) for _ in range(120)))
        assert [event.id for event in await stream.take(120)] == list(range(2, 122))


async def test_where_a_trip_goes_back_its_streams_are_reset_and_go_on(world, hub, client, between):
    for _ in range(4):
        await client.post(f"{world.trip}/map-pins", PIN)
    async with streaming(client, world.trip) as before:
        await before.next()
        await world.store.write(lambda tx: _go_back(tx, world.trip_id, 3))
        reads = len(between.statements)
        async with streaming(client, world.trip) as after:
            assert (await after.next()).id == 3
            reset = await before.next()
            assert (reset.name, reset.id) == ("reset", 3)
            await client.post(f"{world.trip}/map-pins", PIN)
            for stream in (before, after):
                told = await stream.next()
                assert (told.name, told.id) == ("change", 4)
    assert len(between.statements) - reads < 100


async def test_a_look_finds_that_a_trip_has_gone_back(world, hub, client, between):
    await client.post(f"{world.trip}/map-pins", PIN)
    async with streaming(client, world.trip) as stream:
        await stream.next()
        await world.store.write(lambda tx: _go_back(tx, world.trip_id, 1))
        hub._missed.set()
        reset = await stream.next()
    assert (reset.name, reset.id) == ("reset", 1)


async def _go_back(tx: Tx, trip_id: str, rev: int) -> None:
    """A trip as it was, as where the last commits were lost."""
    await tx.execute("UPDATE trips SET rev = $2, content_rev = $2 WHERE id = $1", trip_id, rev)
    for table in ("changesets", "items"):
        await tx.execute(f"DELETE FROM {table} WHERE trip_id = $1 AND rev > $2", trip_id, rev)
