"""The worker inside the server process: no other service is needed."""

import asyncio

import structlog

from domain.errors import CarnetError
from storage.signals import JobSignals
from storage.store import Store
from workers.runner import run_next

SWEEP_SECONDS = 1.0
"""How often the database is asked for jobs nobody rang for: retries, and leases run out."""

_log = structlog.get_logger("carnet.worker")


class EmbeddedWorker:
    """Does jobs one after another until stopped."""

    def __init__(self, store: Store, signals: JobSignals) -> None:
        self._store = store
        self._signals = signals
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Starts working in the background."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Finishes the job at hand, and leaves the rest for the next start."""
        self._stopping = True
        await self._signals.ring("")
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while not self._stopping:
            try:
                if await run_next(self._store, self._signals):
                    continue
            except CarnetError as error:
                _log.warning("worker_waits", reason=error.message)
            except Exception:  # noqa: BLE001 - the worker outlives whatever a job does
                _log.exception("worker_stumbled")
            await self._signals.wait_rung(SWEEP_SECONDS)
