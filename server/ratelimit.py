"""Fixed-window rate limits (contract section 3)."""

import dataclasses
import math
import time
from collections.abc import Callable
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


class RateLimiter(Protocol):
    """Counts requests of a key or an address."""

    async def count(self, who: str, limit: int) -> Allowance:
        """Counts one request of `who`, allowed `limit` in a window."""
        ...


class LocalRateLimiter:
    """Counts within one process; a window starts with its first request."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._windows: dict[str, tuple[float, int]] = {}
        self._sweep_at = 0.0

    async def count(self, who: str, limit: int) -> Allowance:
        """See `RateLimiter.count`."""
        now = self._clock()
        ends, used = self._windows.get(who, (0.0, 0))
        if now >= ends:
            self._sweep(now)
            ends, used = now + WINDOW_SECONDS, 0
        used += 1
        self._windows[who] = (ends, used)
        return Allowance(
            limit, max(0, limit - used), max(1, math.ceil(ends - now)), exceeded=used > limit
        )

    def _sweep(self, now: float) -> None:
        """Forgets windows that have ended, at most once in the length of one."""
        if now >= self._sweep_at:
            self._windows = {who: w for who, w in self._windows.items() if w[0] > now}
            self._sweep_at = now + WINDOW_SECONDS
