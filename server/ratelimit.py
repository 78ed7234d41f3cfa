"""Fixed-window rate limits (contract section 3)."""

import asyncio
import dataclasses
import math
import time
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

WINDOW_SECONDS: Final = 60


@dataclasses.dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a window after a request was counted."""

    limit: int
    remaining: int
    reset_seconds: int
    """Whole seconds, at least 1, until the window ends."""
    exceeded: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Usage:
    """How many requests a window has had."""

    used: int
    reset_seconds: int
    """See `Allowance.reset_seconds`."""

    def of(self, limit: int) -> Allowance:
        """What it leaves of a limit."""
        return Allowance(limit, max(0, limit - self.used), self.reset_seconds, self.used > limit)


class RateLimiter(Protocol):
    """Counts requests of a key or an address."""

    def count(self, client: str) -> Awaitable[Usage]:
        """Begins to count one request of `client`, whether that is waited for or not."""
        ...


class LocalRateLimiter:
    """Counts within one process; a window starts with its first request."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._windows: dict[str, tuple[float, int]] = {}
        self._sweep_at = 0.0

    def count(self, client: str) -> Awaitable[Usage]:
        """See `RateLimiter.count`."""
        counted = asyncio.get_running_loop().create_future()
        counted.set_result(self.count_now(client))
        return counted

    def count_now(self, client: str) -> Usage:
        """Counts one request of `client`."""
        now = self._clock()
        ends, used = self._windows.get(client, (0.0, 0))
        if now >= ends:
            self._sweep(now)
            ends, used = now + WINDOW_SECONDS, 0
        used += 1
        self._windows[client] = (ends, used)
        return Usage(used, max(1, math.ceil(ends - now)))

    def _sweep(self, now: float) -> None:
        """Forgets windows that have ended, at most once in the length of one."""
        if now >= self._sweep_at:
            self._windows = {client: w for client, w in self._windows.items() if w[0] > now}
            self._sweep_at = now + WINDOW_SECONDS
