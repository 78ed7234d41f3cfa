"""Sessions of people who have signed in, as far as rules go (contract section 19)."""

import datetime
import functools

from domain.clock import timestamp


@functools.lru_cache(maxsize=1_000)
def ends_at(last_used_at: str, idle_days: int) -> str:
    """When a session ends that is over after so many days without a request."""
    used = datetime.datetime.fromisoformat(last_used_at)
    return timestamp(used + datetime.timedelta(days=idle_days))


@functools.lru_cache(maxsize=1_000)
def used_since(now: str, idle_days: int) -> str:
    """What was last used by this moment is over by now, after so many days without a request."""
    moment = datetime.datetime.fromisoformat(now)
    return timestamp(moment - datetime.timedelta(days=idle_days))
