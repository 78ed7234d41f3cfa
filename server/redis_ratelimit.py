"""One rate limit across all server processes, kept in Redis (contract section 3)."""

import asyncio
import math
import time
from collections.abc import Awaitable
from typing import Final

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from server.ratelimit import WINDOW_SECONDS, LocalRateLimiter, Usage

_COUNT: Final = """
local used = redis.call('INCR', KEYS[1])
if used == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {used, redis.call('PTTL', KEYS[1])}
"""
_TIMEOUT_SECONDS: Final = 0.25
_TURN_SECONDS: Final = 0.75
"""How long a request waits for its turn and its answer, where many come at once."""
_CONNECTIONS: Final = 16
_AWAY_SECONDS: Final = 1.0
"""After a failure Redis is left alone so long, so that requests do not wait for it in vain."""

_log = structlog.get_logger("carnet.ratelimit")


class RedisRateLimiter:
    """Counts in Redis, one round trip a request; while Redis is away, in this process."""

    def __init__(self, url: str) -> None:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=_CONNECTIONS,
            timeout=_TURN_SECONDS,
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
        )
        self._redis = Redis.from_pool(pool)
        self._script = self._redis.register_script(_COUNT)
        self._local = LocalRateLimiter()
        self._away_until = 0.0
        self._told = False

    def count(self, client: str) -> Awaitable[Usage]:
        """See `RateLimiter.count`."""
        return asyncio.create_task(self._count(client))

    async def _count(self, client: str) -> Usage:
        if time.monotonic() < self._away_until:
            return self._local.count(client)
        try:
            # The client opens connections one after another, each within a time-out of its own.
            async with asyncio.timeout(_TURN_SECONDS):
                used, rest = await self._script(
                    keys=[f"carnet:rate:{client}"], args=[WINDOW_SECONDS * 1000]
                )
        except (RedisError, OSError, TimeoutError) as error:
            self._away_until = time.monotonic() + _AWAY_SECONDS
            if not self._told:
                _log.warning("rate_limit_local", reason=str(error))
            self._told = True
            return self._local.count(client)
        self._told = False
        return Usage(used, max(1, math.ceil(rest / 1000)))

    async def close(self) -> None:
        """Closes the connections."""
        await self._redis.aclose()
