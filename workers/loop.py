"""The loop every worker runs: job after job, when rung and by sweeps."""

import asyncio
import time

import structlog

from domain.errors import CarnetError
from runtime.signals import JobSignals
from storage.store import Store
from workers.runner import run_next
from workers.upkeep import EVERY_SECONDS, prune

SWEEP_SECONDS = 1.0
"""How often the database is asked for jobs nobody rang for: retries, and leases run out."""

_log = structlog.get_logger("carnet.worker")


class JobLoop:
    """Does jobs one after another until stopped."""

    def __init__(self, store: Store, signals: JobSignals) -> None:
        self._store = store
        self._signals = signals
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._upkeep_at = 0.0

    def start(self) -> None:
        """Starts working in the background."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Finishes the job at hand, and leaves the rest for the next start."""
        self._stopping = True
        self._signals.wake()
        if self._task is not None:
            await self._task

    async def _keep_up(self) -> None:
        """Upkeep, when it is due."""
        if time.monotonic() >= self._upkeep_at:
            self._upkeep_at = time.monotonic() + EVERY_SECONDS
            await prune(self._store)

    async def _run(self) -> None:
        while not self._stopping:
            try:
                await self._keep_up()
                if await run_next(self._store, self._signals):
                    continue
            except CarnetError as error:
                _log.warning("worker_waits", reason=error.message)
            except Exception:  # noqa: BLE001 - the worker outlives whatever a job does
                _log.exception("worker_stumbled")
            await self._signals.wait_rung(SWEEP_SECONDS)
