"""The server's hold on the process its own worker runs in (see `carnet.child`)."""

import asyncio

from carnet.child import Assignment
from carnet.processes import KeptProcess
from server.config import Settings
from storage.signals import LocalSignals

_RING_SECONDS = 3600.0


class WorkerProcess:
    """Passes signals between the worker and this process."""

    def __init__(self, settings: Settings, signals: LocalSignals) -> None:
        assignment = Assignment(settings.storage.url, settings.log)
        self._process = KeptProcess("carnet.child", assignment, hear=signals.ended)
        self._signals = signals
        self._ringing: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Starts the worker."""
        self._process.start()
        self._ringing = asyncio.create_task(self._ring())

    async def stop(self) -> None:
        """Lets the worker finish the job at hand, and waits for its end."""
        if self._ringing is not None:
            self._ringing.cancel()
        await self._process.stop()

    async def _ring(self) -> None:
        """Rings there when somebody rings here."""
        while True:
            await self._signals.wait_rung(_RING_SECONDS)
            self._process.tell()
