"""One rate limit across all server processes, kept in Redis (contract section 3)."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable
from typing import Final

import structlog

from runtime import measured
from runtime.redis_url import pool_of
from server.ratelimit import WINDOW_SECONDS, LocalRateLimiter, Usage
from server.redis_connection import RedisConnection, part

_COUNT: Final = f"""
local used = redis.call('INCR', KEYS[1])
if used == 1 then redis.call('PEXPIRE', KEYS[1], {WINDOW_SECONDS * 1000}) end
return redis.status_reply(used .. ' ' .. redis.call('PTTL', KEYS[1]) .. ' ' .. KEYS[1])
"""
# By its hash it would be dearer for us than it is cheaper for Redis, which may have forgotten it.
_EVAL: Final = b"*4\r\n" + part("EVAL") + part(_COUNT) + part("1")
"""The command without its last part, the key."""
_TIMEOUT_SECONDS: Final = 0.25
"""A request waits for its count that long at least, and twice as long at most."""
_AWAY_SECONDS: Final = 1.0
"""After a failure Redis is left alone so long, so that requests do not wait for it in vain."""
_NOBODY: Final = ""
"""Whose count is asked for to see whether Redis is back."""

_REFUSALS: Final = ("-WRONGPASS", "-NOAUTH", "-NOPERM", "-ERR AUTH", "-ERR DB")
"""What Redis says of a user, a password or a database that it does not take."""

_log = structlog.get_logger("carnet.ratelimit")


class RedisRateLimiter:
    """Counts in Redis, all requests of a moment in one round trip; while it is away, here."""

    def __init__(self, url: str) -> None:
        self._pool = pool_of(url)
        self._server = self._pool.make_connection()  # type: ignore[no-untyped-call]
        self._connection: RedisConnection | None = None
        self._waiting: deque[tuple[str, str, asyncio.Future[Usage]]] = deque()
        """Client, key and count of each request that was sent, in order."""
        self._overdue = 0
        """How many of them were waiting when that was last looked at."""
        self._look: asyncio.TimerHandle | None = None
        self._probe: asyncio.TimerHandle | None = None
        """Tries Redis again after a failure, also where no request comes that would."""
        self._local = LocalRateLimiter()
        self._away_until = 0.0
        self._told = False
        measured.redis_is("limits")

    def count(self, client: str) -> Usage | Awaitable[Usage]:
        """See `RateLimiter.count`."""
        if time.monotonic() < self._away_until:
            return self._local.count(client)
        loop = asyncio.get_running_loop()
        counted: asyncio.Future[Usage] = loop.create_future()
        if self._connection is None:
            self._connection = RedisConnection(self._server, self._answered, self._lost)
        key = f"carnet:rate:{client}"
        self._connection.send(_EVAL + part(key))
        self._waiting.append((client, key, counted))
        if self._look is None:
            self._look = loop.call_later(_TIMEOUT_SECONDS, self._look_who_waits)
        return counted

    def _answered(self, answer: str) -> None:
        used, rest, key = answer.split(" ", 2)
        if not self._waiting or self._waiting[0][1] != key:
            raise ValueError("nobody asked for this")
        usage = Usage(int(used), max(1, -(-int(rest) // 1000)))
        _, _, counted = self._waiting.popleft()
        if not counted.done():
            counted.set_result(usage)
        self._overdue -= 1
        if self._told:
            self._told = False
            measured.redis_is("limits")

    def _look_who_waits(self) -> None:
        """Between two looks the loop has read what had come, however slow it is."""
        self._look = None
        if self._overdue > 0:
            self._lost("it does not answer")
        elif self._waiting:
            self._overdue = len(self._waiting)
            loop = asyncio.get_running_loop()
            self._look = loop.call_later(_TIMEOUT_SECONDS, self._look_who_waits)

    def _lost(self, reason: str) -> None:
        if self._waiting:  # a connection that nobody uses may end
            self._away_until = time.monotonic() + _AWAY_SECONDS
            if not self._told:
                _log.warning("rate_limit_local", reason=reason)
            self._told = True
            refused = reason.endswith(_REFUSALS)
            measured.redis_is("limits", "credentials" if refused else "unreachable")
            if self._probe is not None:
                self._probe.cancel()
            loop = asyncio.get_running_loop()
            self._probe = loop.call_later(_AWAY_SECONDS, self._try_again)
        self._disconnect()

    def _try_again(self) -> None:
        self._away_until = 0.0
        self.count(_NOBODY)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        for client, _, counted in self._waiting:
            if not counted.done():
                counted.set_result(self._local.count(client))
        self._waiting.clear()
        self._overdue = 0

    async def close(self) -> None:
        """Closes the connection."""
        self._disconnect()
        await self._pool.disconnect()
        for timer in (self._look, self._probe):
            if timer is not None:
                timer.cancel()
