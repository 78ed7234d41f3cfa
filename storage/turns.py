"""Long work in short turns.

Whoever is woken by a request on a processor where something computes may wait for it until the
system's next look, 4 ms on many: so what computes for milliseconds gives way now and then.
"""

import os
import time
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

T = TypeVar("T")

_TURN: Final = 100


def give_way() -> None:
    """Lets processes run now that wait for the processor this one is on (sched_yield(2))."""
    if hasattr(os, "sched_yield"):
        os.sched_yield()
    else:
        time.sleep(0)


def in_turns(items: Iterable[T], turn: int = _TURN) -> Iterator[T]:
    """The items; after each `turn` of them others get theirs."""
    for number, item in enumerate(items, 1):
        yield item
        if number % turn == 0:
            give_way()
