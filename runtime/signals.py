"""How processes tell each other that a job waits or has ended, and that a trip has changed.

Signals only save time: whatever waits for one also looks at the database, which is the truth.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Literal, Protocol, TypeVar

import structlog

T = TypeVar("T")

QueueState = Literal["ok", "away", "wrong credentials"]
"""How it is with what carries the signals, by what was last heard of it: nothing comes through
while it is away, and nothing ever will where it refuses the user, the password or the database."""

TripListener = Callable[[str, int], None]
"""Is told of a trip's id and its new revision; returns at once."""

_log = structlog.get_logger("carnet.signals")


class Signals(Protocol):
    """Messages between the parts of Carnet, in one process or in several."""

    @property
    def queue_state(self) -> QueueState:
        """Whether the messages get through."""
        ...

    async def job_queued(self, job_id: str) -> None:
        """Tells a worker that a job has been committed."""
        ...

    def wake(self) -> None:
        """Makes this process's workers look for jobs."""
        ...

    async def wait_for_work(self, timeout: float) -> None:
        """Returns when this process's workers are to look, or after `timeout` seconds."""
        ...

    async def job_ended(self, job_id: str) -> None:
        """Tells the requests that wait for a job that it has ended."""
        ...

    def watch_job(self, job_id: str) -> "JobWatch":
        """Starts listening for a job's end; to be used as a context manager."""
        ...

    def trip_changed(self, trip_id: str, rev: int) -> None:
        """Tells the listeners of a trip's new revision, after the commit that made it.

        Returns at once and never fails. Of several revisions of a trip the listeners may be told
        the greatest only, and none at all while a network is down: they also have to look.
        """
        ...

    def on_trip_change(self, listener: TripListener) -> Callable[[], None]:
        """Adds a listener for all trips; returns the function that removes it."""
        ...

    def on_loss(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Adds a listener that is told when changes of trips may have been missed.

        It is told again and again while none can come, and once when they can again. Returns the
        function that removes it.
        """
        ...


class JobWatch(Protocol):
    """Listens for one job's end from the moment it is made."""

    async def wait(self, timeout: float) -> bool:
        """True when the job may have ended; False after `timeout` seconds."""
        ...

    def __enter__(self) -> "JobWatch": ...

    def __exit__(self, *exception: object) -> None: ...


class LocalSignals:
    """Signals within one process."""

    def __init__(self) -> None:
        self._work = asyncio.Event()
        self._watches: dict[str, set[asyncio.Event]] = {}
        self._listeners: dict[object, TripListener] = {}
        self._losers: dict[object, Callable[[], None]] = {}

    @property
    def queue_state(self) -> QueueState:
        """See `Signals.queue_state`."""
        return "ok"

    async def job_queued(self, job_id: str) -> None:
        """See `Signals.job_queued`."""
        self.wake()

    def wake(self) -> None:
        """See `Signals.wake`."""
        self._work.set()

    async def wait_for_work(self, timeout: float) -> None:
        """See `Signals.wait_for_work`."""
        await _wait(self._work, timeout)
        self._work.clear()

    async def job_ended(self, job_id: str) -> None:
        """See `Signals.job_ended`."""
        for event in self._watches.get(job_id, ()):
            event.set()

    def wake_watches(self) -> None:
        """Makes every request that waits for a job look whether it has ended."""
        for waiting in self._watches.values():
            for event in waiting:
                event.set()

    def watch_job(self, job_id: str) -> "LocalJobWatch":
        """See `Signals.watch_job`."""
        return LocalJobWatch(self._watches, job_id)

    def trip_changed(self, trip_id: str, rev: int) -> None:
        """See `Signals.trip_changed`."""
        self.notify_listeners(trip_id, rev)

    def notify_listeners(self, trip_id: str, rev: int) -> None:
        """Calls this process's listeners; one that raises does not keep it from the next."""
        for listener in list(self._listeners.values()):
            try:
                listener(trip_id, rev)
            except Exception:  # noqa: BLE001 - the commit that is told of has succeeded
                _log.exception("trip_listener_failed", trip_id=trip_id)

    def on_trip_change(self, listener: TripListener) -> Callable[[], None]:
        """See `Signals.on_trip_change`."""
        return _added(self._listeners, listener)

    def notify_loss(self) -> None:
        """Tells that changes of trips may have been missed."""
        for listener in list(self._losers.values()):
            listener()

    def on_loss(self, listener: Callable[[], None]) -> Callable[[], None]:
        """See `Signals.on_loss`."""
        return _added(self._losers, listener)


def _added(listeners: dict[object, T], listener: T) -> Callable[[], None]:
    """Adds a listener; the function that removes it."""
    entry = object()
    listeners[entry] = listener

    def remove() -> None:
        listeners.pop(entry, None)

    return remove


class LocalJobWatch:
    """See `JobWatch`."""

    def __init__(self, watches: dict[str, set[asyncio.Event]], job_id: str) -> None:
        self._watches = watches
        self._job_id = job_id
        self._event = asyncio.Event()

    def __enter__(self) -> "LocalJobWatch":
        self._watches.setdefault(self._job_id, set()).add(self._event)
        return self

    async def wait(self, timeout: float) -> bool:
        """See `JobWatch.wait`."""
        await _wait(self._event, timeout)
        woken = self._event.is_set()
        self._event.clear()
        return woken

    def __exit__(self, *exception: object) -> None:
        waiting = self._watches[self._job_id]
        waiting.discard(self._event)
        if not waiting:
            del self._watches[self._job_id]


async def _wait(event: asyncio.Event, timeout: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), timeout)
