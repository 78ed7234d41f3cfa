"""The event streams of a server process (contract section 12)."""

import asyncio
import contextlib
import dataclasses
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import NamedTuple

import structlog

from domain.actor import Actor
from domain.errors import RateLimited, Unavailable
from domain.scopes import Scopes
from domain.session import used_since
from runtime import clock, measured
from runtime.settings import Settings
from runtime.signals import Signals
from server.event_text import COMMENT, RETRY, Told, hello, reset
from server.feeds import Feed, Watcher
from storage import history, keys, sessions, trips
from storage.store import Store, Tx

_log = structlog.get_logger("carnet.events")


@dataclasses.dataclass
class Pace:
    """How often things are done for streams, in seconds."""

    comment: float = 15.0
    """Between two comments on a stream."""
    check: float = 5.0
    """Between two looks at who may still watch, and whether a change was missed."""
    retry: float = 0.5
    """Before the database is asked again that was away."""
    stop: float = 1.0
    """How long clients may take to read the end of their streams when the server stops."""


class EventHub:
    """Who watches which trip; what happens in one is read once for all of them.

    While nothing happens, all there is to do is a comment, and one look at the keys and trips of
    all streams together.
    """

    def __init__(self, store: Store, signals: Signals, settings: Settings) -> None:
        self.pace = Pace()
        self._store = store
        self._limits = settings.events
        self._idle_days = settings.retention.sessions_days
        self._feeds: dict[str, Feed] = {}
        self._watchers: set[Watcher] = set()
        self._open = Counter[str]()
        self._tending: list[asyncio.Task[None]] = []
        self._missed = asyncio.Event()
        self._stopping = False
        self._left = asyncio.Event()
        self._leave_signals = (
            signals.on_trip_change(self._trip_changed),
            signals.on_loss(self._missed.set),
        )

    @property
    def open(self) -> int:
        """How many streams are open."""
        return len(self._watchers)

    def join(self, actor: Actor, trip_id: str, rev: int, cut: Callable[[], None]) -> Watcher:
        """A stream more, of an actor who may read the trip, which has had the revision `rev`.

        `RateLimited` or `Unavailable` where there are too many. `cut` breaks its connection.
        """
        if self._stopping:
            raise Unavailable("The server is stopping")
        if len(self._watchers) >= self._limits.max_streams:
            raise Unavailable("This server has no room for more event streams", retry_after=5)
        if self._open[_holder(actor)] >= self._limits.per_key:
            measured.RATE_LIMITED.add("streams")
            raise RateLimited(
                15,
                f"This key has {self._limits.per_key} event streams open, which is all it may have:"
                " close one, or try again in 15 s",
            )
        watcher = Watcher(actor, trip_id, cut)
        feed = self._feeds.get(trip_id)
        if feed is None:
            feed = self._feeds[trip_id] = Feed(self._store, trip_id, rev)
        feed.streams += 1
        self._open[_holder(actor)] += 1
        self._watchers.add(watcher)
        if not self._tending:
            self._tend()
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """A stream less."""
        watcher.end()
        self._watchers.remove(watcher)
        holder, feed = _holder(watcher.actor), self._feeds[watcher.trip_id]
        self._open[holder] -= 1
        if not self._open[holder]:
            del self._open[holder]
        feed.watchers.discard(watcher)
        feed.streams -= 1
        if not feed.streams:
            feed.close()
            del self._feeds[watcher.trip_id]
        if not self._watchers:
            self._left.set()
            while self._tending:
                self._tending.pop().cancel()

    async def follow(self, watcher: Watcher, since: int | None) -> AsyncGenerator[bytes]:
        """What a stream tells, from a revision on, or from the present one."""
        feed = self._feeds[watcher.trip_id]
        # Later changes are heard of, since the feed was there before.
        kept = await self._store.read(lambda tx: history.kept(tx, watcher.trip_id))
        feed.compare(kept.rev, self.pace.retry)
        first = hello(kept.rev if since is None else since, kept.rev)
        watcher.position = kept.rev
        if since is not None and kept.pruned_rev <= since <= kept.rev:
            watcher.position = since
        elif since is not None:
            first += reset(kept.rev)
        yield first
        while watcher.position < feed.position and not watcher.ended:
            for piece in await self._missing(feed, watcher):
                yield piece
        # Nothing has been awaited since both were looked at: what the feed reads next is next.
        feed.watchers.add(watcher)
        while piece := await watcher.take():
            yield piece

    async def stop(self) -> None:
        """Ends all streams, and lets no more begin; clients are told to come back."""
        self._stopping = True
        for leave in self._leave_signals:
            leave()
        for watcher in self._watchers:
            watcher.end(RETRY)
        if self._watchers:
            self._left.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._left.wait(), self.pace.stop)
        for watcher in self._watchers:
            watcher.cut()

    async def _missing(self, feed: Feed, watcher: Watcher) -> list[bytes]:
        """Some of what a stream lacks of what its feed has read."""
        try:
            found = await feed.following(watcher.position)
        except Unavailable:
            await asyncio.sleep(self.pace.retry)
            return []
        if found.lost_at is not None:
            watcher.position = found.lost_at
            return [reset(found.lost_at)]
        pieces = (watcher.next_of(Told.of(event)) for event in found.events)
        return [piece for piece in pieces if piece]

    def _trip_changed(self, trip_id: str, rev: int) -> None:
        feed = self._feeds.get(trip_id)
        if feed is not None:
            feed.stir(rev, self.pace.retry)

    def _tend(self) -> None:
        """Does what is to be done while there are streams."""
        self._missed.clear()
        for work in (self._comment, self._check, self._catch_up):
            self._tending.append(asyncio.create_task(self._repeat(work)))

    async def _repeat(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except Unavailable:
                self._missed.set()
                await asyncio.sleep(self.pace.retry)
            except Exception:  # noqa: BLE001 - a bug must not end what streams live by
                _log.exception("events_crashed")
                await asyncio.sleep(self.pace.check)

    async def _comment(self) -> None:
        await asyncio.sleep(self.pace.comment)
        for feed in self._feeds.values():
            for watcher in feed.watchers:
                watcher.put(COMMENT)

    async def _check(self) -> None:
        """Ends the streams of those who may not watch any longer, and looks for missed changes.

        Whatever the number of streams, it is two statements, and one more where there are sessions.
        """
        await asyncio.sleep(self.pace.check)
        await self._look()

    async def _catch_up(self) -> None:
        """Looks for changes of which nothing may have been heard."""
        await self._missed.wait()
        self._missed.clear()
        watched = list(self._feeds)
        self._compare(await self._store.read(lambda tx: trips.revs(tx, watched)))

    async def _look(self) -> None:
        watchers, watched, now = list(self._watchers), list(self._feeds), clock.now()
        key_ids = {each.actor.key_id for each in watchers if each.actor.key_id is not None}
        session_ids = {each.actor.session_id for each in watchers if each.actor.session_id}
        users = {each.actor.user for each in watchers}
        since = used_since(now, self._idle_days)

        async def read(tx: Tx) -> Standing:
            scopes = await keys.scopes_of(tx, key_ids, now)
            if session_ids:
                scopes |= await sessions.scopes_of(tx, session_ids, since)
            revs, members = await trips.revs_and_members(tx, watched, users)
            return Standing(scopes, members, revs)

        found = await self._store.read(read)
        for watcher in watchers:
            if not found.lets(watcher):
                # One that was ended by an earlier look does not read, and would never see its end.
                (watcher.cut if watcher.ended else watcher.end)()
        self._compare(found.revs)

    def _compare(self, revs: dict[str, int]) -> None:
        for trip_id, rev in revs.items():
            if trip_id in self._feeds:
                self._feeds[trip_id].compare(rev, self.pace.retry)


class Standing(NamedTuple):
    """Who may watch what at a moment, and how far the trips are."""

    scopes: dict[str, Scopes]
    """Of the keys and sessions that are good."""
    members: set[tuple[str, str]]
    """Trips, each with a user who is a member."""
    revs: dict[str, int]

    def lets(self, watcher: Watcher) -> bool:
        """Whether a stream may go on as it is."""
        actor, trip_id = watcher.actor, watcher.trip_id
        scopes = self.scopes.get(actor.key_id or actor.session_id or "")
        return (
            scopes is not None
            and (trip_id, actor.user) in self.members
            and scopes.covers("trips:read", trip_id)
            and scopes.covers("messages:read", trip_id) == watcher.messages
        )


def _holder(actor: Actor) -> str:
    """Whose streams are counted together: those of a key, or of a session."""
    return actor.key_id or actor.session_id or actor.user
