"""When keys and sessions were used last: noted by requests, written by a task of its own.

A request pays a look into a dictionary, and fails for nothing that keeps the use from being
written.
"""

import asyncio
import contextlib
from typing import Final

import structlog

from domain.errors import CarnetError
from storage import last_use
from storage.last_use import APART_SECONDS, Use
from storage.store import Store

_APART_NS: Final = APART_SECONDS * 10**9
_MOST: Final = 20_000
"""Keys and sessions that are remembered; with more, each is only noted sooner again."""

_log = structlog.get_logger("carnet.last_use")


class LastUse:
    """The uses of keys and sessions that a server process has seen."""

    def __init__(self, store: Store) -> None:
        self.retry_seconds = 1.0
        """Before the database is asked again that was away."""
        self._store = store
        self._next: dict[str | None, int] = {}
        """From when on another use of a key or session is noted, in nanoseconds since 1970."""
        self._waiting: dict[str, Use] = {}
        self._writing: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    def is_due(self, used: str | None, unix_ns: int) -> bool:
        """Whether a use of the key or session of this id is to be noted: the first in a minute."""
        return unix_ns >= self._next.get(used, 0)

    def note(self, use: Use, unix_ns: int) -> None:
        """Has a use written down soon."""
        if len(self._next) >= _MOST:
            self._next.clear()
        self._next[use.id] = unix_ns + _APART_NS
        self._waiting[use.id] = use
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def stop(self) -> None:
        """Writes what waits; what a database that is away does not take is lost."""
        self._stopping.set()
        if self._writing is not None:
            await self._writing

    async def _write(self) -> None:
        while self._waiting:
            taken, self._waiting = self._waiting, {}
            try:
                await self._store.write(lambda tx: last_use.record(tx, taken.values()))  # noqa: B023
            except CarnetError:
                if self._stopping.is_set():
                    return
                self._waiting = taken | self._waiting
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), self.retry_seconds)
            except Exception:  # noqa: BLE001 - a bug must not end what follows
                _log.exception("last_use_crashed")
