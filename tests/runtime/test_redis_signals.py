"""Signals between machines, on a real Valkey."""

import asyncio
import contextlib

import msgspec
import pytest
import structlog
from redis.asyncio import Redis
from redis.asyncio.connection import Connection

from runtime import redis_signals
from runtime.redis_signals import JOB_FUNCTION, QUEUE, RedisSignals
from tests import servers
from tests.faults.proxy import proxy
from tests.storage.home import soon
from tests.waiting import until

LONG = 60.0


@pytest.fixture
def valkey():
    with servers.own_valkey() as server:
        yield server


@contextlib.asynccontextmanager
async def listening(url: str):
    """Signals of a process that listens."""
    signals = RedisSignals(url)
    signals.start()
    try:
        yield signals
    finally:
        await soon(signals.stop())


@contextlib.asynccontextmanager
async def sending(url: str):
    """Signals of a process that only sends."""
    signals = RedisSignals(url)
    try:
        yield signals
    finally:
        await soon(signals.stop())


async def subscribers(url: str) -> int:
    async with Redis.from_url(url) as redis:
        ((_, number),) = await redis.pubsub_numsub("carnet:ended")
        return int(number)


async def test_a_write_to_a_connection_that_uvloop_has_closed_is_a_redis_that_is_away(
    valkey, monkeypatch
):
    async def closed(*_args):
        raise RuntimeError("unable to perform operation on <TCPTransport>; the handler is closed")

    async with sending(valkey.url) as signals:
        with monkeypatch.context() as patched, structlog.testing.capture_logs() as lines:
            patched.setattr(Connection, "_send_packed_command", closed)
            await signals.job_queued("job1")
    assert [line["event"] for line in lines] == ["redis_away"]


async def test_a_queued_job_is_an_arq_job_in_msgpack(valkey):
    async with sending(valkey.url) as signals:
        await signals.job_queued("job1")
    async with Redis.from_url(valkey.url) as redis:
        (queued,) = await redis.zrange(QUEUE, 0, -1)
        stored = await redis.get(b"arq:job:" + queued)
    assert stored is not None
    assert stored[:1] != b"\x80", "not a pickle"
    job = msgspec.msgpack.decode(stored)
    assert (job["f"], job["a"], job["k"]) == (JOB_FUNCTION, ["job1"], {})


async def test_the_end_of_a_job_is_heard_in_another_process(valkey):
    async with listening(valkey.url) as here, sending(valkey.url) as there:
        await until(lambda: subscribers(valkey.url))
        with here.watch_job("mine") as mine, here.watch_job("other") as other:
            # What subscribing woke is not what is looked for.
            await mine.wait(0)
            await other.wait(0)
            await there.job_ended("mine")
            assert await soon(mine.wait(LONG))
            assert not await other.wait(0)


async def test_watches_are_woken_when_messages_may_have_been_lost(valkey):
    async with listening(valkey.url) as signals:
        await until(lambda: subscribers(valkey.url))
        with signals.watch_job("job") as watch:
            await watch.wait(0)
            valkey.kill()
            assert await soon(watch.wait(LONG)), "nothing is heard any more"
            valkey.start()
            await until(lambda: subscribers(valkey.url))
            assert await soon(watch.wait(LONG)), "something may have been told before"
            await until(lambda: _heard(signals, watch))


async def _heard(signals: RedisSignals, watch) -> bool:
    await signals.job_ended("job")
    return bool(await watch.wait(0.2))


async def test_a_connection_nothing_comes_through_is_given_up(valkey):
    """Where the network drops packets, no error comes by itself."""
    async with proxy(valkey.port) as network, listening(network.url(valkey.url)) as signals:
        await until(lambda: subscribers(valkey.url))
        with signals.watch_job("job") as watch:
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
        with signals.watch_job("job") as watch:
            await watch.wait(0)
            assert not await watch.wait(3.5), "no watch is woken for nothing"
            await signals.job_ended("job")
            assert await soon(watch.wait(LONG))


async def test_while_redis_is_away_sending_ends_and_one_line_says_so(valkey):
    async with sending(valkey.url) as signals:
        await signals.job_queued("job")
        valkey.kill()
        with structlog.testing.capture_logs() as lines:
            for _ in range(5):
                await signals.job_queued("job")
                await signals.job_ended("job")
        assert [line["event"] for line in lines] == ["redis_away"]
        valkey.start()
        await signals.job_ended("job")
        await signals.job_queued("job")
        async with Redis.from_url(valkey.url) as redis:
            assert await redis.zcard(QUEUE) == 1
        valkey.kill()
        with structlog.testing.capture_logs() as lines:
            await signals.job_queued("job")
        assert [line["event"] for line in lines] == ["redis_away"], "a new outage is told"


async def test_sending_to_a_redis_that_does_not_answer_ends(valkey, monkeypatch):
    monkeypatch.setattr(redis_signals, "_AWAY_SECONDS", 3600.0)
    async with proxy(valkey.port) as network, sending(network.url(valkey.url)) as signals:
        await signals.job_queued("job")
        network.stall()
        await asyncio.gather(*(soon(signals.job_queued(f"{n}")) for n in range(20)))
        asked: list[str] = []
        monkeypatch.setattr(signals._redis, "enqueue_job", lambda _, job_id: asked.append(job_id))
        for number in range(20):
            await signals.job_queued(f"{number}")
        assert asked == [], "what is away is left alone for a while"
        pool = signals._redis.connection_pool
        assert not pool._in_use_connections, "no connection is lost to a Redis that is away"


def listener(signals: RedisSignals) -> list[tuple[str, int]]:
    """The changes of trips as a listener is told of them."""
    heard: list[tuple[str, int]] = []
    signals.on_trip_change(lambda trip_id, rev: heard.append((trip_id, rev)))
    return heard


async def test_changes_of_trips_reach_the_other_processes_in_one_message(valkey, monkeypatch):
    async with (
        listening(valkey.url) as here,
        listening(valkey.url) as there,
        Redis.from_url(valkey.url) as redis,
    ):
        await until(lambda: _both_listen(valkey.url))
        own, others = listener(here), listener(there)
        before = (await redis.info("commandstats")).get("cmdstat_publish", {}).get("calls", 0)
        for rev in range(1, 101):
            here.trip_changed("a", rev)
        here.trip_changed("b", 7)
        here.trip_changed("b", 3)
        assert len(own) == 102, "this process is told at once"
        await until(lambda: len(others) >= 2)
        assert others == [("a", 100), ("b", 7)]
        after = (await redis.info("commandstats"))["cmdstat_publish"]["calls"]
        assert after - before == 1
        # What comes next comes after the first message, also here.
        there.trip_changed("c", 1)
        await until(lambda: ("c", 1) in own)
        assert len(own) == 103, "and is not told of its own changes twice"
        assert others == [("a", 100), ("b", 7), ("c", 1)]


async def _both_listen(url: str) -> bool:
    return await subscribers(url) == 2


async def test_a_change_that_comes_while_one_is_published_is_published_next(valkey):
    async with listening(valkey.url) as there, sending(valkey.url) as here:
        await until(lambda: subscribers(valkey.url))
        others = listener(there)
        for rev in range(1, 31):
            here.trip_changed("a", rev)
            await until(lambda: others[-1:] == [("a", rev)], every=0.001)  # noqa: B023


async def test_a_change_costs_no_wait_while_redis_is_away_and_is_told_once_it_is_back(valkey):
    async with (
        listening(valkey.url) as there,
        proxy(valkey.port) as network,
        sending(network.url(valkey.url)) as here,
    ):
        await until(lambda: subscribers(valkey.url))
        own, others = listener(here), listener(there)
        network.stall()
        with structlog.testing.capture_logs() as lines:
            here.trip_changed("a", 1)
            assert own == [("a", 1)]
            await until(lambda: lines)
            for rev in range(2, 1_000):
                here.trip_changed("a", rev)
            here.trip_changed("b", 7)
        assert own[-2:] == [("a", 999), ("b", 7)]
        assert [line["event"] for line in lines] == ["redis_away"]
        network.resume()
        await until(lambda: {("a", 999), ("b", 7)} <= set(others))
        await until(lambda: here._changed == {})


async def test_what_could_not_be_published_is_kept_up_to_a_number_of_trips(valkey, monkeypatch):
    monkeypatch.setattr(redis_signals, "_MOST_KEPT", 3)
    monkeypatch.setattr(redis_signals, "_AWAY_SECONDS", 0.05)
    async with sending(valkey.url) as here:
        valkey.kill()
        with structlog.testing.capture_logs() as lines:
            for rev, trip_id in enumerate("abcdeec"):
                here.trip_changed(trip_id, rev)
            await until(lambda: lines)
            assert here._changed == {"c": 6, "d": 3, "e": 5}
            here.trip_changed("c", 2)
            assert here._changed["c"] == 6
        valkey.start()
        async with listening(valkey.url) as there:
            others = listener(there)
            await until(lambda: subscribers(valkey.url))
            here.trip_changed("d", 9)
            await until(lambda: ("d", 9) in others)


async def test_a_loss_is_told_while_nothing_can_come_and_when_it_can_again(valkey, monkeypatch):
    monkeypatch.setattr(redis_signals, "_RECONNECT_SECONDS", 0.02)
    losses: list[bool] = []
    signals = RedisSignals(valkey.url)
    leave = signals.on_loss(lambda: losses.append(True))
    signals.start()
    await until(lambda: subscribers(valkey.url))
    await signals.job_ended("x")
    await until(lambda: signals._losing is None)
    quiet = len(losses)
    assert quiet >= 2
    await until(lambda: _heard_of(signals, valkey.url))
    assert len(losses) == quiet, "and then no more"
    valkey.kill()
    await until(lambda: len(losses) >= quiet + 5)
    valkey.start()
    await until(lambda: subscribers(valkey.url))
    await until(lambda: signals._losing is None)
    told = len(losses)
    leave()
    signals.notify_loss()
    assert len(losses) == told
    await soon(signals.stop())
    assert signals._losing is None


async def _heard_of(signals: RedisSignals, url: str) -> bool:
    """Whether a change that another process makes is heard of."""
    heard = listener(signals)
    async with sending(url) as there:
        there.trip_changed("a", 1)
    await until(lambda: heard)
    return True


async def test_what_is_left_is_published_at_the_end(valkey):
    async with listening(valkey.url) as there:
        await until(lambda: subscribers(valkey.url))
        others = listener(there)
        async with sending(valkey.url) as here:
            here.trip_changed("a", 1)
        await until(lambda: others)
        assert others == [("a", 1)]


async def test_a_message_that_cannot_be_read_is_passed_over(valkey):
    async with listening(valkey.url) as here, sending(valkey.url) as there:
        await until(lambda: subscribers(valkey.url))
        heard = listener(here)
        with structlog.testing.capture_logs() as lines:
            async with Redis.from_url(valkey.url) as redis:
                await redis.publish("carnet:changed", b"from a later version")
            there.trip_changed("a", 1)
            await until(lambda: heard)
        assert [line["event"] for line in lines] == ["trip_changes_unread"]


async def test_it_stops_at_any_moment_of_its_start(valkey):
    """The client loses some of the cancellations that come while it connects."""
    for moment in range(60):
        async with listening(valkey.url):
            for _ in range(moment):
                await asyncio.sleep(0)
