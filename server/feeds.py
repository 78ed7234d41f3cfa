"""What comes of a trip's changes, read once and handed to all who watch it."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

import structlog

from domain.actor import Actor
from domain.errors import Unavailable
from operations import history
from operations.history import Following
from server.event_text import Told, reset
from storage.store import Store

PAGE: Final = 10
"""Changesets that are read at once."""
AT_ONCE: Final = 64 * 1024
"""Bytes that are handed out before those who read get a chance to take them."""
MOST_WAITING: Final = 512 * 1024
"""Bytes that may wait for a client, besides what the system holds: one that has not taken them
when more comes does not read, or is too slow to keep up."""

_log = structlog.get_logger("carnet.events")


class Watcher:
    """A stream: who reads it, how far it has come, and what waits to be sent on it."""

    def __init__(self, actor: Actor, trip_id: str, cut: Callable[[], None]) -> None:
        """`cut` breaks the client's connection."""
        self.actor = actor
        self.trip_id = trip_id
        self.messages = actor.scopes.covers("messages:read", trip_id)
        """Whether it shows messages too."""
        self.position = 0
        """The revision up to which all has been handed to it."""
        self.cut = cut
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._woken: asyncio.Future[None] | None = None
        self._ended = False

    @property
    def ended(self) -> bool:
        """Whether nothing more is to be sent but what waits."""
        return self._ended

    def next_of(self, told: Told) -> bytes:
        """What to send of a changeset; empty for what was handed to it before or is hidden."""
        if told.rev <= self.position:
            return b""
        self.position = told.rev
        return told.whole if self.messages else told.without_messages

    def reset(self, rev: int) -> None:
        """Goes on from a revision, without what was before."""
        self.position = rev
        self.put(reset(rev))

    def put(self, piece: bytes) -> None:
        """Sends a piece as soon as the client takes it; a client that takes nothing is cut off."""
        if not piece or self._ended:
            return
        if self._waiting and self._size + len(piece) > MOST_WAITING:
            self.end()
            self.cut()
            return
        self._waiting.append(piece)
        self._size += len(piece)
        self._wake()

    def end(self, last: bytes = b"") -> None:
        """Ends the stream, with a last piece."""
        self.put(last)
        self._ended = True
        self._wake()

    async def take(self) -> bytes:
        """All that waits, as soon as there is something; empty at the end."""
        while not self._waiting and not self._ended:
            self._woken = asyncio.get_running_loop().create_future()
            await self._woken
        taken = b"".join(self._waiting) if len(self._waiting) != 1 else self._waiting[0]
        self._waiting.clear()
        self._size = 0
        return taken

    def _wake(self) -> None:
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)


class Feed:
    """The changes of a trip that somebody watches, as they come."""

    def __init__(self, store: Store, trip_id: str, rev: int) -> None:
        """`rev` is a revision that the trip has or had."""
        self.position = rev
        """The revision up to which all was read."""
        self.streams = 0
        """How many there are, also those that have not come up to it."""
        self.watchers: set[Watcher] = set()
        """Those it hands all to that it reads."""
        self._store = store
        self._trip_id = trip_id
        self._known = rev
        """The greatest revision that was heard of."""
        self._reading: asyncio.Task[None] | None = None

    def stir(self, rev: int, pause_seconds: float) -> None:
        """Reads up to a revision; where the database is away, again after a pause."""
        self._known = max(self._known, rev)
        if self._known > self.position:
            self._begin(pause_seconds)

    def compare(self, rev: int, pause_seconds: float) -> None:
        """The same, where the revision was read from the database.

        One that is smaller may only have been read earlier. Or the trip has gone back: Postgres may
        lose the last commits when another machine takes over. The next reading tells.
        """
        self.stir(rev, pause_seconds)
        if rev < self.position:
            self._begin(pause_seconds)

    def _begin(self, pause_seconds: float) -> None:
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_on(pause_seconds))

    def close(self) -> None:
        """Reads no more."""
        if self._reading is not None:
            self._reading.cancel()

    async def following(self, after: int) -> Following:
        """The next changesets after a revision."""
        return await self._store.read(lambda tx: history.following(tx, self._trip_id, after, PAGE))

    async def _read_on(self, pause_seconds: float) -> None:
        while True:
            try:
                await self._read()
                if self._known <= self.position:
                    return
            except Unavailable:
                await asyncio.sleep(pause_seconds)
            except Exception:  # noqa: BLE001 - a bug: those who watch come again, and are told
                _log.exception("events_crashed", trip_id=self._trip_id)
                for watcher in self.watchers:
                    watcher.end()
                return

    async def _read(self) -> None:
        known = self._known
        found = await self.following(self.position)
        if found.lost_at is not None:
            self.position = found.lost_at
            for watcher in self.watchers:
                watcher.reset(found.lost_at)
        handed = 0
        for told in map(Told.of, found.events):
            self.position = told.rev
            for watcher in self.watchers:
                watcher.put(watcher.next_of(told))
            handed += len(told.whole)
            if handed > AT_ONCE:
                handed = 0
                await asyncio.sleep(0)
        if not found.events and self._known == known:
            # There is nothing, whatever was heard.
            self._known = self.position
