"""Event streams of several servers that tell each other of changes by Redis."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import NamedTuple

import aiohttp
import pytest

from runtime import redis_signals
from runtime.redis_signals import RedisSignals
from runtime.settings import Settings
from storage import open_store
from storage.migrate import migrate
from tests import servers
from tests.server.test_event_hub import LONG, PIN, SOON
from tests.streams import streaming
from tests.support import Client, new_world, now, run_server
from tests.waiting import until


class Two(NamedTuple):
    """Two servers on one database, and their Redis."""

    one: Client
    two: Client
    trip: str
    valkey: servers.ValkeyServer

    async def subscribed(self) -> bool:
        """Whether both listen."""
        told = await asyncio.to_thread(self.valkey.ask, "PUBSUB NUMSUB carnet:changed")
        return told.rstrip().endswith(b":2")


@contextlib.asynccontextmanager
async def signalling(url: str) -> AsyncIterator[RedisSignals]:
    signals = RedisSignals(url)
    signals.start()
    try:
        yield signals
    finally:
        await signals.stop()


@pytest.fixture
async def two(storage_url: str, settings: Settings) -> AsyncIterator[Two]:
    """They look at the database only when they are told that something may have been missed."""
    async with contextlib.AsyncExitStack() as stack:
        valkey = stack.enter_context(servers.own_valkey())
        stores = []
        for _ in range(3):
            stores.append(await open_store(storage_url))
            stack.push_async_callback(stores[-1].close)
        await migrate(stores[0], now())
        world = await stack.enter_async_context(new_world(stores[0], settings))
        # It tells nobody what it does.
        await world.running.worker.stop()
        session = await stack.enter_async_context(aiohttp.ClientSession())
        clients = []
        for store in stores[1:]:
            signals = await stack.enter_async_context(signalling(valkey.url))
            running = await stack.enter_async_context(run_server(store, settings, signals))
            running.services.events.pace.check = LONG
            running.services.events.pace.retry = SOON
            clients.append(Client(session, running.base, world.owner.key))
        made = Two(clients[0], clients[1], world.trip, valkey)
        await until(made.subscribed)
        yield made


async def test_a_change_reaches_the_streams_of_every_server(two):
    async with streaming(two.one, two.trip) as one, streaming(two.two, two.trip) as other:
        await one.next()
        await other.next()
        for rev, client in enumerate((two.one, two.two, two.one), start=2):
            assert (await client.post(f"{two.trip}/map-pins", PIN)).status == 201
            assert [(await stream.next()).id for stream in (one, other)] == [rev] * 2
        # What a worker does, whichever it is.
        done = await two.one.post(f"{two.trip}/sync", {"mapPins": [PIN] * 250})
        assert done.status == 200
        assert [(await stream.next()).id for stream in (one, other)] == [5] * 2


async def test_nothing_is_missed_while_redis_is_away_and_when_it_comes_back(two, monkeypatch):
    monkeypatch.setattr(redis_signals, "_RECONNECT_SECONDS", 0.05)
    async with streaming(two.one, two.trip) as one, streaming(two.two, two.trip) as other:
        await one.next()
        await other.next()
        rev = 1
        for _ in range(2):
            two.valkey.kill()
            for client in (two.one, two.two):
                rev += 1
                assert (await client.post(f"{two.trip}/map-pins", PIN)).status == 201
                assert [(await stream.next()).id for stream in (one, other)] == [rev] * 2
            await asyncio.to_thread(two.valkey.start)
            for client in (two.one, two.two):
                rev += 1
                assert (await client.post(f"{two.trip}/map-pins", PIN)).status == 201
                assert [(await stream.next()).id for stream in (one, other)] == [rev] * 2
            await until(two.subscribed)
