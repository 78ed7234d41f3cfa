"""Long work in short turns.

Whoever is woken by a request on a processor where something computes may wait for it until the
system's next look, 4 ms on many: so what computes for milliseconds gives way now and then.
"""

import os
import time
from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeVar

T = TypeVar("T")

Collection = list[Any] | dict[Any, Any]

_TURN: Final = 100
_PIECE_BYTES: Final = 64 * 1024


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


def pieces(data: bytes) -> Iterator[memoryview]:
    """Bytes in pieces of 64 KiB; after each of them others get their turn."""
    view = memoryview(data)
    starts = range(0, len(data), _PIECE_BYTES)
    return in_turns((view[start : start + _PIECE_BYTES] for start in starts), 1)


def empty(*collections: Collection) -> None:
    """Lets go of what collections hold: for thousands of rows that takes milliseconds too."""
    for each in collections:
        drop = each.pop if isinstance(each, list) else each.popitem
        for _ in in_turns(range(len(each))):
            drop()
