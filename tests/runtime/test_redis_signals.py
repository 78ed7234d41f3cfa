"""The doorbell and word of ended jobs between machines, on a real Valkey."""

import asyncio
import contextlib

import msgspec
import pytest
import structlog
from redis.asyncio import Redis

from runtime import redis_signals
from runtime.redis_signals import JOB_FUNCTION, QUEUE, RedisSignals
from tests import servers
from tests.faults.polling import until
from tests.faults.proxy import proxy
from tests.storage.home import soon

LONG = 60.0


@pytest.fixture
def valkey():
    with servers.own_valkey() as server:
        yield server


@contextlib.asynccontextmanager
async def listening(url: str):
    """Signals of a process that hears of ended jobs."""
    signals = RedisSignals(url)
    signals.start()
    try:
        yield signals
    finally:
        await soon(signals.stop())


@contextlib.asynccontextmanager
async def telling(url: str):
    """Signals of a process that only tells."""
    signals = RedisSignals(url)
    try:
        yield signals
    finally:
        await soon(signals.stop())


async def subscribers(url: str) -> int:
    async with Redis.from_url(url) as redis:
        ((_, number),) = await redis.pubsub_numsub("carnet:ended")
        return int(number)


async def test_a_ring_is_an_arq_job_in_msgpack(valkey):
    async with telling(valkey.url) as signals:
        await signals.ring("job1")
    async with Redis.from_url(valkey.url) as redis:
        (queued,) = await redis.zrange(QUEUE, 0, -1)
        stored = await redis.get(b"arq:job:" + queued)
    assert stored is not None
    assert stored[:1] != b"\x80", "not a pickle"
    job = msgspec.msgpack.decode(stored)
    assert (job["f"], job["a"], job["k"]) == (JOB_FUNCTION, ["job1"], {})


async def test_the_end_of_a_job_is_heard_in_another_process(valkey):
    async with listening(valkey.url) as here, telling(valkey.url) as there:
        await until(lambda: subscribers(valkey.url))
        with here.watch("mine") as mine, here.watch("other") as other:
            # What subscribing woke is not what is looked for.
            await mine.wait(0)
            await other.wait(0)
            await there.ended("mine")
            assert await soon(mine.wait(LONG))
            assert not await other.wait(0)


async def test_who_waits_looks_again_when_messages_may_have_been_lost(valkey):
    async with listening(valkey.url) as signals:
        await until(lambda: subscribers(valkey.url))
        with signals.watch("job") as watch:
            await watch.wait(0)
            valkey.kill()
            assert await soon(watch.wait(LONG)), "nothing is heard any more"
            valkey.start()
            await until(lambda: subscribers(valkey.url))
            assert await soon(watch.wait(LONG)), "something may have been told before"
            await until(lambda: _heard(signals, watch))


async def _heard(signals: RedisSignals, watch) -> bool:
    await signals.ended("job")
    return bool(await watch.wait(0.2))


async def test_a_connection_nothing_comes_through_is_given_up(valkey):
    """Where the network drops packets, no error comes by itself."""
    async with proxy(valkey.port) as network, listening(network.url(valkey.url)) as signals:
        await until(lambda: subscribers(valkey.url))
        with signals.watch("job") as watch:
            await watch.wait(0)
            network.stall()
            with structlog.testing.capture_logs() as lines:
                assert await soon(watch.wait(LONG))
            assert [line["event"] for line in lines] == ["redis_away"]
            network.resume()
            await until(lambda: _heard(signals, watch))


async def test_a_quiet_connection_is_kept(valkey):
    async with listening(valkey.url) as signals:
        await until(lambda: subscribers(valkey.url))
        with signals.watch("job") as watch:
            await watch.wait(0)
            assert not await watch.wait(3.5), "nobody is woken for nothing"
            await signals.ended("job")
            assert await soon(watch.wait(LONG))


async def test_while_redis_is_away_telling_ends_and_one_line_says_so(valkey):
    async with telling(valkey.url) as signals:
        await signals.ring("job")
        valkey.kill()
        with structlog.testing.capture_logs() as lines:
            for _ in range(5):
                await signals.ring("job")
                await signals.ended("job")
        assert [line["event"] for line in lines] == ["redis_away"]
        valkey.start()
        await signals.ended("job")
        await signals.ring("job")
        async with Redis.from_url(valkey.url) as redis:
            assert await redis.zcard(QUEUE) == 1
        valkey.kill()
        with structlog.testing.capture_logs() as lines:
            await signals.ring("job")
        assert [line["event"] for line in lines] == ["redis_away"], "a new outage is told"


async def test_telling_a_redis_that_does_not_answer_ends(valkey, monkeypatch):
    monkeypatch.setattr(redis_signals, "_AWAY_SECONDS", 3600.0)
    async with proxy(valkey.port) as network, telling(network.url(valkey.url)) as signals:
        await signals.ring("job")
        network.stall()
        await asyncio.gather(*(soon(signals.ring(f"{n}")) for n in range(20)))
        asked: list[str] = []
        monkeypatch.setattr(signals._redis, "enqueue_job", lambda _, job_id: asked.append(job_id))
        for number in range(20):
            await signals.ring(f"{number}")
        assert asked == [], "what is away is left alone for a while"
        pool = signals._redis.connection_pool
        assert not pool._in_use_connections, "no connection is lost to a Redis that is away"


async def test_it_stops_at_any_moment_of_its_start(valkey):
    """The client loses some of the cancellations that come while it connects."""
    for moment in range(60):
        async with listening(valkey.url):
            for _ in range(moment):
                await asyncio.sleep(0)
