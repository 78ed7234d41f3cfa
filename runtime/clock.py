"""The one place where the time comes from, beside durations; the database is never asked."""

import datetime
import functools
import time

from domain.clock import timestamp


def unix_ns() -> int:
    """Nanoseconds since 1970."""
    return time.time_ns()


def moment() -> datetime.datetime:
    """The present moment, in UTC."""
    return datetime.datetime.fromtimestamp(unix_ns() / 10**9, datetime.UTC)


def now() -> str:
    """The same, as documents carry it."""
    return text(unix_ns())


def text(unix_ns: int) -> str:
    """A moment in nanoseconds since 1970, as documents carry it."""
    second, rest = divmod(unix_ns, 10**9)
    return f"{_second(second)}.{rest // 10**6:03d}Z"


@functools.lru_cache(maxsize=1)
def _second(unix: int) -> str:
    moment = datetime.datetime.fromtimestamp(unix, datetime.UTC)
    return timestamp(moment).partition(".")[0]
