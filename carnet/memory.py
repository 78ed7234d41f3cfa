"""Keeps the memory of large requests from staying with the process (glibc; elsewhere no effect).

By default glibc keeps what a large body or reply took, in one heap for each thread.
"""

import contextlib
import ctypes
import gc
from typing import Final

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8
"""Parameters of mallopt(3)."""

_LARGE: Final = 128 * 1024
_NEW_OBJECTS: Final = 50_000
"""So many more objects that can hold others make the collector look at the new ones."""


def keep_small() -> None:
    """Takes large blocks from the system directly and gives them back at once; one heap."""
    with contextlib.suppress(AttributeError, OSError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_ARENA_MAX, 1)
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGE)
        libc.mallopt(_M_TRIM_THRESHOLD, _LARGE)


def keep_for_good() -> None:
    """Has Python's collector no longer go through what is there: it is there to stay.

    It would at the most in the middle of a large import, which makes many objects.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)


def give_back() -> None:
    """Gives free memory back to the system."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
