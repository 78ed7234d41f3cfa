"""Look-ups in the loop's own thread: going to another one and back takes many times as long."""

import asyncio
import sqlite3
import sys
import time
from collections.abc import Hashable
from pathlib import Path
from typing import Any, Final, TypeVar

from runtime import measured
from storage.sqlite_engine import drive
from storage.store import Operation

T = TypeVar("T")

MOST: Final = 4_096
"""Outcomes in the cache."""
ONCE_A_TURN = sys.version_info < (3, 12)
"""Whether it is enough to ask for the version once in a turn of the loop: what is handled in one
arrived before it, and whoever asks because of a commit has heard of that in an earlier one. From
Python 3.12 on aiohttp begins a request at once, so that it may overtake the end of a turn."""


class LookUps:
    """A reader that never waits for a lock, and what it found since the last commit.

    SQLite tells of commits by a number (`PRAGMA data_version`), those of other processes too.
    It is read first: what is found afterwards can only be newer.
    """

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(
            path, isolation_level=None, cached_statements=512, timeout=0
        )
        self._connection.execute("PRAGMA query_only = ON")
        self._connection.execute("PRAGMA cache_size = -512")
        self._version = -1
        self._is_current = False
        """Whether the version is of this turn."""
        self._found: dict[Hashable, Any] = {}

    def look_up(self, operation: Operation[T], name: Hashable) -> T:
        """What the operation gives, or gave under this name since the last commit.

        `sqlite3.OperationalError` when it would have to wait.
        """
        if not self._is_current:
            self._look()
        if name in self._found:
            found: T = self._found[name]
            return found
        started = time.perf_counter()
        made: T = drive(operation, self._connection).value
        measured.STORAGE_SECONDS.observe(time.perf_counter() - started, "look_up")
        if len(self._found) >= MOST:
            self._found.clear()
        self._found[name] = made
        return made

    def _look(self) -> None:
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        if version != self._version:
            self._found.clear()
            self._version = version
        if ONCE_A_TURN:
            self._is_current = True
            asyncio.get_running_loop().call_soon(self._end_turn)

    def _end_turn(self) -> None:
        self._is_current = False

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()
