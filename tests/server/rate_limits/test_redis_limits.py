"""One rate limit across server processes, on a real Valkey (contract section 3)."""

import asyncio

import structlog
from redis.asyncio import Redis

from runtime import measured
from server import redis_ratelimit
from server.ratelimit import WINDOW_SECONDS
from tests.faults.proxy import proxy
from tests.server.rate_limits.limits import client, counted_in_redis, limiters
from tests.storage.home import soon
from tests.support import gather, take
from tests.waiting import until


async def test_a_limit_is_exact_across_processes(redis_url, who):
    async with limiters(redis_url, 3) as several:
        counts = [take(limiter, who, 60) for limiter in several for _ in range(30)]
        allowances = await asyncio.gather(*counts)
    assert sorted(a.remaining for a in allowances if not a.exceeded) == list(range(60))
    assert [a.remaining for a in allowances if a.exceeded] == [0] * 30
    assert {a.limit for a in allowances} == {60}


async def test_each_key_has_a_limit_of_its_own(redis_url, who):
    async with limiters(redis_url) as (limiter,):
        assert not (await take(limiter, who, 1)).exceeded
        assert (await take(limiter, who, 1)).exceeded
        assert not (await take(limiter, f"{who}-other", 1)).exceeded


async def test_a_window_ends_a_minute_after_its_first_request(redis_url, who):
    async with limiters(redis_url, 2) as (one, other), client(redis_url) as redis:
        assert (await take(one, who, 1)).reset_seconds == WINDOW_SECONDS
        key = f"carnet:rate:{who}"
        await redis.pexpire(key, 1500)
        refused = await take(other, who, 1)
        assert refused.exceeded
        assert refused.reset_seconds == 2
        assert await redis.pttl(key) <= 1500, "a later request does not prolong the window"
        await redis.pexpire(key, 1)
        await until(lambda: _is_gone(redis, key))
        again = await take(other, who, 1)
        assert not again.exceeded
        assert again.reset_seconds == WINDOW_SECONDS


async def _is_gone(redis: Redis, key: str) -> bool:
    return not await redis.exists(key)


async def test_while_redis_is_away_each_process_counts_and_says_so_once(valkey, who, monkeypatch):
    monkeypatch.setattr(redis_ratelimit, "_AWAY_SECONDS", 0.02)
    async with limiters(valkey.url) as (limiter,):
        await take(limiter, who, 3)
        valkey.kill()
        with structlog.testing.capture_logs() as lines:
            away = [await take(limiter, who, 3) for _ in range(2)]
            await asyncio.sleep(0.03)
            away += [await take(limiter, who, 3) for _ in range(2)]
        assert [a.exceeded for a in away] == [False, False, False, True]
        assert [line["event"] for line in lines] == ["rate_limit_local"]

        valkey.restart()
        counted = counted_in_redis(valkey.url, who)

        async def is_counted() -> bool:
            return not (await take(limiter, who, 3)).exceeded and await counted() > 0

        await until(is_counted)
        valkey.kill()
        with structlog.testing.capture_logs() as lines:
            await take(limiter, who, 3)
        assert [line["event"] for line in lines] == ["rate_limit_local"], "a new outage is told"


def told_as_away() -> bool:
    numbers = {labels: number for labels, (number,) in measured.REDIS_AWAY.rows()}
    return bool(numbers["limits", "unreachable"])


async def test_a_redis_that_is_back_is_told_so_where_no_request_comes(valkey, who, monkeypatch):
    monkeypatch.setattr(redis_ratelimit, "_AWAY_SECONDS", 0.02)
    async with limiters(valkey.url) as (limiter,):
        valkey.kill()
        await take(limiter, who, 3)
        assert told_as_away()
        await asyncio.to_thread(valkey.restart)
        await until(lambda: not told_as_away())


async def test_a_redis_that_lost_all_goes_on_counting(valkey, who):
    async with limiters(valkey.url) as (limiter,):
        await take(limiter, who, 5)
        valkey.ask("FLUSHALL")
        assert (await take(limiter, who, 5)).remaining == 4
        valkey.ask("SCRIPT FLUSH")
        assert (await take(limiter, who, 5)).remaining == 3


async def test_a_redis_that_does_not_answer_holds_requests_up_only_once(valkey, who, monkeypatch):
    monkeypatch.setattr(redis_ratelimit, "_TIMEOUT_SECONDS", 0.1)
    monkeypatch.setattr(redis_ratelimit, "_AWAY_SECONDS", 3600.0)
    heard: list[bytes] = []
    async with (
        proxy(valkey.port, lambda: heard.append) as network,
        limiters(network.url(valkey.url)) as (limiter,),
    ):
        network.stall()
        with structlog.testing.capture_logs() as lines:
            allowances = await soon(gather(*(take(limiter, who, 100) for _ in range(50))))
        assert sorted(a.remaining for a in allowances) == list(range(50, 100))
        assert [line["reason"] for line in lines] == ["it does not answer"]
        heard.clear()
        for _ in range(50):
            assert (await take(limiter, who, 200)).remaining >= 100
        assert heard == [], "it is left alone for a while"


async def test_a_thousand_requests_at_once_are_counted_by_redis(redis_url, who):
    with structlog.testing.capture_logs() as lines:
        async with limiters(redis_url) as (limiter,):
            allowances = await asyncio.gather(*(take(limiter, who, 600) for _ in range(1000)))
    assert lines == []
    assert sum(a.exceeded for a in allowances) == 400


async def test_a_request_is_counted_whether_that_is_waited_for_or_not(redis_url, who):
    async with limiters(redis_url) as (limiter,):
        limiter.count(who)
        await until(counted_in_redis(redis_url, who))


class Counted:
    """A transport that counts how often something is written."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.writes = 0

    def write(self, data: bytes) -> None:
        self.writes += 1
        self._transport.write(data)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def abort(self) -> None:
        self._transport.abort()


async def test_all_requests_of_a_moment_are_sent_together(redis_url, who):
    async with limiters(redis_url) as (limiter,):
        await take(limiter, who, 1)
        connection = limiter._connection
        assert connection is not None
        connection._transport = transport = Counted(connection._transport)
        for turn in range(1, 4):
            await asyncio.gather(*(take(limiter, who, 1) for _ in range(100)))
            assert transport.writes == turn


async def test_a_request_that_is_cancelled_shifts_no_other_ones_answer(redis_url, who):
    clients = [f"{who}-{number}" for number in range(5)]
    async with limiters(redis_url) as (limiter,):
        for number, each in enumerate(clients):
            await asyncio.gather(*(take(limiter, each, 100) for _ in range(10 * number)))
        counts = [limiter.count(each) for each in clients]
        counts[1].cancel()
        counts[3].cancel()
        usages = await soon(asyncio.gather(*counts, return_exceptions=True))
        used = [getattr(usage, "used", None) for usage in usages]
        assert used == [1, None, 21, None, 41]
        assert (await limiter.count(clients[3])).used == 32, "it was counted all the same"
