"""Fixed-window rate limits (contract section 3)."""

import math
import time
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import msgspec

WINDOW_SECONDS: Final = 60


class Allowance(msgspec.Struct, frozen=True):
    """What is left of a window after a request was counted."""

    limit: int
    remaining: int
    reset_seconds: int
    """Whole seconds, at least 1, until the window ends."""
    exceeded: bool


class Usage(msgspec.Struct, frozen=True):
    """How many requests a window has had."""

    used: int
    reset_seconds: int
    """See `Allowance.reset_seconds`."""

    def of(self, limit: int) -> Allowance:
        """What it leaves of a limit."""
        return Allowance(limit, max(0, limit - self.used), self.reset_seconds, self.used > limit)


class RateLimiter(Protocol):
    """Counts requests of a key or an address."""

    def count(self, client: str) -> Usage | Awaitable[Usage]:
        """Counts one request of `client`, or begins to, whether that is waited for or not."""
        ...


async def used(counting: Usage | Awaitable[Usage]) -> Usage:
    """What was counted."""
    return counting if isinstance(counting, Usage) else await counting


class LocalRateLimiter:
    """Counts within one process; a window starts with its first request."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._windows: dict[str, tuple[float, int]] = {}
        self._sweep_at = 0.0

    def count(self, client: str) -> Usage:
        """See `RateLimiter.count`."""
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
