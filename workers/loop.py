"""The loop of a worker process: jobs of all kinds when there are some, and what is scheduled."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import structlog

from domain.errors import CarnetError
from runtime import measured
from runtime.settings import Settings
from runtime.signals import Signals
from storage import job_claims
from storage.job_claims import Claim
from storage.store import Store
from workers.kinds import KINDS, SCHEDULES, Kind, Schedule
from workers.outage import Outage
from workers.runner import claim_next, run
from workers.watch import Watch

SWEEP_SECONDS = 1.0
"""How often the database is asked for jobs that no signal told of: retries, and leases run out."""
DRAIN_SECONDS: Final = 30.0
"""How long a worker that stops waits for the jobs at hand; then other workers take them over."""

_log = structlog.get_logger("carnet.worker")


class JobLoop:
    """Does jobs until stopped, of each kind as many at a time as it has slots."""

    def __init__(
        self,
        store: Store,
        signals: Signals,
        settings: Settings,
        kinds: Mapping[str, Kind] = KINDS,
        schedules: Sequence[Schedule] = SCHEDULES,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._signals = signals
        self._settings = settings
        self._kinds = kinds
        self._schedules = schedules
        self._watch = Watch(job_claims.LEASES, monotonic)
        self._outage = Outage()
        self._stopping = False
        self._dispatching: asyncio.Task[None] | None = None
        self._scheduled: list[asyncio.Task[None]] = []
        self._running: dict[asyncio.Task[None], str] = {}
        """The jobs at hand, each with its kind."""

    def start(self) -> None:
        """Starts working in the background."""
        self._dispatching = asyncio.create_task(self._dispatch())
        self._scheduled = [asyncio.create_task(self._repeat(each)) for each in self._schedules]

    async def stop(self) -> None:
        """Finishes the jobs at hand, and leaves the rest for the next start."""
        self._stopping = True
        self._signals.wake()
        for task in self._scheduled:
            task.cancel()
        if self._dispatching is not None:
            await self._dispatching
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=DRAIN_SECONDS)
            for task in late:
                task.cancel()
        await asyncio.gather(*self._scheduled, *self._running, return_exceptions=True)

    async def _dispatch(self) -> None:
        while not self._stopping:
            try:
                claim = await claim_next(self._store, self._free_kinds())
                if claim is None:
                    await self._watch.look(self._store, time.time())
                if self._outage.ends():
                    _log.info("worker_goes_on")
                if claim is not None:
                    self._begin(claim)
                    continue
            except CarnetError as error:
                self._wait(error)
            except Exception:  # noqa: BLE001 - the worker outlives whatever happens
                _log.exception("worker_stumbled")
            await self._signals.wait_for_work(SWEEP_SECONDS)

    def _free_kinds(self) -> dict[str, Kind]:
        """The kinds that have a slot left."""
        taken = [self._kinds[name].group for name in self._running.values()]
        return {
            name: kind
            for name, kind in self._kinds.items()
            if taken.count(kind.group) < kind.concurrency
        }

    def _begin(self, claim: Claim) -> None:
        task = asyncio.create_task(self._work(claim))
        self._running[task] = claim.kind
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        # A job may have waited for the slot.
        self._signals.wake()

    async def _work(self, claim: Claim) -> None:
        try:
            await run(self._store, self._signals, self._kinds[claim.kind], claim)
        except CarnetError as error:
            self._wait(error)
        except Exception:  # noqa: BLE001 - the worker outlives whatever a job does
            _log.exception("worker_stumbled")

    def _wait(self, error: CarnetError) -> None:
        if self._outage.begins(error.message):
            _log.warning("worker_waits", reason=error.message)

    async def _repeat(self, schedule: Schedule) -> None:
        while True:
            try:
                await schedule.run(self._store, self._settings)
                measured.SCHEDULE_LAST_SUCCESS.set(time.time(), schedule.name)
            except CarnetError as error:
                measured.SCHEDULE_FAILURES.add(schedule.name)
                _log.warning("schedule_waits", schedule=schedule.name, reason=error.message)
            except Exception:  # noqa: BLE001 - it is tried again when it is due
                measured.SCHEDULE_FAILURES.add(schedule.name)
                _log.exception("schedule_failed", schedule=schedule.name)
            await asyncio.sleep(schedule.every_seconds)
