"""One rate limit across server processes, on a real Valkey (contract section 3)."""

import asyncio
import contextlib
import uuid
from typing import Any

import pytest
import structlog
from redis.asyncio import Redis

from server import redis_ratelimit
from server.ratelimit import WINDOW_SECONDS
from server.redis_ratelimit import RedisRateLimiter
from tests import servers
from tests.faults.proxy import proxy
from tests.storage.home import soon
from tests.support import gather, take
from tests.waiting import PATIENCE, until


@pytest.fixture(scope="module")
def redis_url():
    with servers.redis() as url:
        yield url


@pytest.fixture
def valkey():
    """One that may be killed."""
    with servers.own_valkey() as server:
        yield server


@pytest.fixture(autouse=True)
def _patient(monkeypatch):
    """A Redis that is there is waited for, however long it takes."""
    for name in ("_TURN_SECONDS", "_TIMEOUT_SECONDS"):
        monkeypatch.setattr(redis_ratelimit, name, PATIENCE)


@pytest.fixture
def who() -> str:
    return uuid.uuid4().hex


@contextlib.asynccontextmanager
async def limiters(url: str, number: int = 1):
    """Limiters as server processes of their own have them."""
    made = [RedisRateLimiter(url) for _ in range(number)]
    try:
        yield made
    finally:
        for limiter in made:
            await limiter.close()


@contextlib.asynccontextmanager
async def client(url: str):
    redis = Redis.from_url(url)
    try:
        yield redis
    finally:
        await redis.aclose()


def counted_in_redis(url: str, who: str):
    """How often somebody was counted by what the server processes share."""

    async def look() -> int:
        async with client(url) as redis:
            return int(await redis.get(f"carnet:rate:{who}") or 0)

    return look


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


async def test_a_redis_that_lost_all_goes_on_counting(valkey, who):
    async with limiters(valkey.url) as (limiter,):
        await take(limiter, who, 5)
        valkey.ask("FLUSHALL")
        assert (await take(limiter, who, 5)).remaining == 4
        valkey.ask("SCRIPT FLUSH")
        assert (await take(limiter, who, 5)).remaining == 3


async def test_a_redis_that_does_not_answer_holds_requests_up_only_once(valkey, who, monkeypatch):
    for name in ("_TURN_SECONDS", "_TIMEOUT_SECONDS"):
        monkeypatch.setattr(redis_ratelimit, name, 0.1)
    monkeypatch.setattr(redis_ratelimit, "_AWAY_SECONDS", 3600.0)
    async with proxy(valkey.port) as network, limiters(network.url(valkey.url)) as (limiter,):
        network.stall()
        asked: list[object] = []
        script = limiter._script

        async def ask(**arguments: Any) -> Any:
            asked.append(arguments)
            return await script(**arguments)

        monkeypatch.setattr(limiter, "_script", ask)
        allowances = await soon(gather(*(take(limiter, who, 100) for _ in range(50))))
        assert sorted(a.remaining for a in allowances) == list(range(50, 100))
        assert 0 < len(asked) <= 50
        asked.clear()
        for _ in range(50):
            await take(limiter, who, 100)
        assert asked == [], "it is left alone for a while"


async def test_a_thousand_requests_at_once_are_counted_by_redis(redis_url, who):
    with structlog.testing.capture_logs() as lines:
        async with limiters(redis_url) as (limiter,):
            allowances = await asyncio.gather(*(take(limiter, who, 600) for _ in range(1000)))
    assert lines == []
    assert sum(a.exceeded for a in allowances) == 400
