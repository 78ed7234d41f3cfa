"""How processes tell each other that a job waits or has ended.

Signals only save time: whoever waits also looks at the database, which is the truth.
"""

import asyncio
import contextlib
from typing import Protocol


class JobSignals(Protocol):
    """A doorbell for workers, and word for those who wait for a job's end."""

    async def ring(self, job_id: str) -> None:
        """Tells a worker that a job has been committed."""
        ...

    def wake(self) -> None:
        """Rings in this process only."""
        ...

    async def wait_rung(self, timeout: float) -> None:
        """Returns when rung in this process, or after `timeout` seconds."""
        ...

    async def ended(self, job_id: str) -> None:
        """Tells that a job has ended."""
        ...

    def watch(self, job_id: str) -> "Watch":
        """Starts listening for a job's end; to be used as a context manager."""
        ...


class Watch(Protocol):
    """Listens for one job's end from the moment it is made."""

    async def wait(self, timeout: float) -> bool:
        """True when the job may have ended; False after `timeout` seconds."""
        ...

    def __enter__(self) -> "Watch": ...

    def __exit__(self, *exception: object) -> None: ...


class LocalSignals:
    """Signals within one process."""

    def __init__(self) -> None:
        self._bell = asyncio.Event()
        self._watches: dict[str, set[asyncio.Event]] = {}

    async def ring(self, job_id: str) -> None:
        """See `JobSignals.ring`."""
        self.wake()

    def wake(self) -> None:
        """See `JobSignals.wake`."""
        self._bell.set()

    async def wait_rung(self, timeout: float) -> None:
        """See `JobSignals.wait_rung`."""
        await _wait(self._bell, timeout)
        self._bell.clear()

    async def ended(self, job_id: str) -> None:
        """See `JobSignals.ended`."""
        for event in self._watches.get(job_id, ()):
            event.set()

    def wake_watches(self) -> None:
        """Makes everyone who waits for a job look whether it has ended."""
        for waiting in self._watches.values():
            for event in waiting:
                event.set()

    def watch(self, job_id: str) -> "LocalWatch":
        """See `JobSignals.watch`."""
        return LocalWatch(self._watches, job_id)


class LocalWatch:
    """See `Watch`."""

    def __init__(self, watches: dict[str, set[asyncio.Event]], job_id: str) -> None:
        self._watches = watches
        self._job_id = job_id
        self._event = asyncio.Event()

    def __enter__(self) -> "LocalWatch":
        self._watches.setdefault(self._job_id, set()).add(self._event)
        return self

    async def wait(self, timeout: float) -> bool:
        """See `Watch.wait`."""
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
