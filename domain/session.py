"""Sessions of people who have signed in, as far as rules go (contract section 19)."""

import datetime
import functools
from typing import Final

from domain.clock import timestamp

IDLE_DAYS: Final = 30
"""Days without a request after which a session is over."""


@functools.lru_cache(maxsize=1_000)
def ends_at(last_used_at: str) -> str:
    """When a session ends that is not used any more, as documents carry moments."""
    used = datetime.datetime.fromisoformat(last_used_at)
    return timestamp(used + datetime.timedelta(days=IDLE_DAYS))


@functools.lru_cache(maxsize=1_000)
def used_since(now: str) -> str:
    """What was last used before this moment is over by now."""
    moment = datetime.datetime.fromisoformat(now)
    return timestamp(moment - datetime.timedelta(days=IDLE_DAYS))
