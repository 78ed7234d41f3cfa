"""Limiters as server processes have them, and what they share."""

import contextlib

from redis.asyncio import Redis

from server.redis_ratelimit import RedisRateLimiter


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
