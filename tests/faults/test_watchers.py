"""Event streams while anything is killed: no changeset is missed, and none comes out of order."""

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import AsyncIterator

import aiohttp
import asyncpg

from tests.faults.load import Load
from tests.faults.production import Production, children, production
from tests.faults.test_kills import KILLERS
from tests.faults.watchers import Watcher
from tests.servers import PostgresServer, ValkeyServer
from tests.streams import streaming
from tests.support import SAMPLES, Client
from tests.waiting import PATIENCE, until

WATCHERS = 50
WRITERS = 10
SCALE = int(os.environ.get("FAULT_SCALE", "1"))
WRITES = 250 * SCALE
IMPORTS = 40 * SCALE
SUPERVISED_SECONDS = 0.5
PLACES = {"CARNET_EVENTS__PER_KEY": "1000"}


async def journal_of(database: str, trip: str) -> list[int]:
    """The revisions of a trip's changesets."""
    connection = await asyncpg.connect(database, timeout=PATIENCE)
    try:
        rows = await connection.fetch(
            "SELECT rev FROM changesets WHERE trip_id = $1 ORDER BY rev", trip.rpartition("/")[2]
        )
    finally:
        await connection.close()
    return [row[0] for row in rows]


@contextlib.asynccontextmanager
async def watching(client: Client, trip: str, number: int) -> AsyncIterator[list[Watcher]]:
    """Watchers of a trip, of whom every other one begins with all there is."""
    watchers = [Watcher(client, trip, None if n % 2 else 0) for n in range(number)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(watcher.run()) for watcher in watchers]
        try:
            yield watchers
        finally:
            for task in tasks:
                task.cancel()


async def check(watchers: list[Watcher], journal: list[int]) -> None:
    """All come to the last changeset in the end, and none has missed any."""
    assert journal == list(range(1, journal[-1] + 1))
    await until(
        lambda: all(watcher.last == journal[-1] for watcher in watchers),
        moved=lambda: [watcher.last for watcher in watchers],
    )
    for watcher in watchers:
        watcher.check(journal)


async def test_watchers_miss_nothing_whatever_is_killed(tmp_path, crashing, valkey, rng):
    database, postgres = crashing
    variables = {"CARNET_HTTP__PROCESSES": "2", **PLACES}
    async with production(tmp_path, database, valkey.url, **variables) as carnet:
        await carnet.start_server()
        for _ in range(2):
            carnet.add_worker()
        async with carnet.client() as client:
            load = Load(client, await carnet.new_trip(client), rng)
            async with watching(client, load.trip, WATCHERS) as watchers:
                await until(lambda: all(watcher.connections for watcher in watchers))
                supervising = asyncio.create_task(supervise(carnet))
                working = asyncio.create_task(
                    load.run(writes=WRITES, imports=IMPORTS, at_once=WRITERS)
                )
                faults = ["child", "child", "parent", "worker", "redis", "redis away", "postgres"]
                rng.shuffle(faults)
                moments = sorted(rng.sample(range(10, WRITES + IMPORTS - 50), len(faults)))
                for moment, fault in zip(moments, faults, strict=True):
                    await load.reach(moment)
                    await happen(fault, carnet, postgres, valkey, rng)
                await working
                await load.settle()
                supervising.cancel()
                await check(watchers, await journal_of(database, load.trip))
                assert sum(watcher.connections for watcher in watchers) > WATCHERS
        assert not carnet.server.events("events_crashed")
        assert not carnet.server.events("request_crashed")


async def supervise(carnet: Production) -> None:
    """Starts workers again that have ended, as those do that start while Postgres does."""
    while True:
        for worker in carnet.workers:
            if not worker.running:
                worker.start()
        await asyncio.sleep(SUPERVISED_SECONDS)


async def happen(
    fault: str,
    carnet: Production,
    postgres: PostgresServer,
    valkey: ValkeyServer,
    rng: random.Random,
) -> None:
    """Kills something, and starts it again."""
    if fault == "postgres":
        await asyncio.to_thread(postgres.kill)
        await asyncio.to_thread(postgres.restart)
    elif fault == "redis":
        await asyncio.to_thread(valkey.restart)
    elif fault == "redis away":
        valkey.kill()
        await asyncio.sleep(rng.uniform(0, 2))
        await asyncio.to_thread(valkey.start)
    else:
        await KILLERS[fault](carnet, rng)


async def test_streams_stay_open_while_postgres_or_redis_is_away(tmp_path, crashing, valkey):
    database, postgres = crashing
    variables = {"CARNET_HTTP__PROCESSES": "2", **PLACES}
    async with production(tmp_path, database, valkey.url, **variables) as carnet:
        await carnet.start_server()
        carnet.add_worker()
        await until(lambda: len(carnet.server.events("started")) == 2)
        async with carnet.client() as client, contextlib.AsyncExitStack() as stack:
            trip = await carnet.new_trip(client)
            streams = [await stack.enter_async_context(streaming(client, trip)) for _ in range(10)]
            for stream in streams:
                await stream.next()
            rev = 1
            for away in (valkey.kill, postgres.kill, None):
                if away is not None:
                    await asyncio.to_thread(away)
                if away == postgres.kill:
                    await asyncio.to_thread(postgres.restart)
                await until(lambda: _written(client, trip), every=0.1)
                # By a worker too.
                pins = {"mapPins": [SAMPLES["mapPin"]] * 10}
                assert (await client.post(f"{trip}/sync", pins)).status == 200
                if away is None:
                    await asyncio.to_thread(valkey.start)
                for stream in streams:
                    assert [event.id for event in await stream.take(2)] == [rev + 1, rev + 2]
                rev += 2


async def _written(client: Client, trip: str) -> bool:
    with contextlib.suppress(aiohttp.ClientError):
        return (await client.post(f"{trip}/map-pins", SAMPLES["mapPin"])).status == 201
    return False


async def test_servers_that_are_replaced_send_their_watchers_to_the_next(
    tmp_path, database, valkey
):
    variables = {"CARNET_HTTP__PROCESSES": "2", **PLACES}
    async with production(tmp_path, database, valkey.url, **variables) as carnet:
        await carnet.start_server()
        await until(lambda: len(carnet.server.events("started")) == 2)
        async with carnet.client() as client:
            trip = await carnet.new_trip(client)
            async with watching(client, trip, 10) as watchers:
                await until(lambda: all(watcher.connections for watcher in watchers))
                carnet.server.signal(signal.SIGHUP)
                while len(carnet.server.events("stopped")) < 2:
                    await until(lambda: _written(client, trip))
                await until(lambda: all(watcher.connections > 1 for watcher in watchers))
                await check(watchers, await journal_of(database, trip))
        assert len(children(carnet.server.pid)) == 2
        assert await carnet.server.stop() == 0
