"""The server's hold on the process its embedded worker runs in (see `carnet.child`)."""

import asyncio
import contextlib
import subprocess
import sys

import msgspec
import structlog

from carnet.child import Assignment
from server.config import Settings
from storage.signals import LocalSignals

RESTART_SECONDS = 0.5
_RING_SECONDS = 3600.0

_log = structlog.get_logger("carnet.worker")


class WorkerProcess:
    """Keeps a worker process running, and passes signals between it and this process."""

    def __init__(self, settings: Settings, signals: LocalSignals) -> None:
        assignment = Assignment(settings.storage.url, settings.log)
        self._assignment = msgspec.json.encode(assignment) + b"\n"
        self._signals = signals
        self._process: asyncio.subprocess.Process | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False

    def start(self) -> None:
        """Starts the process, and another one whenever it ends."""
        self._tasks = [asyncio.create_task(self._keep_running()), asyncio.create_task(self._ring())]

    async def stop(self) -> None:
        """Lets the process finish the job at hand, and waits for its end."""
        self._stopping = True
        keeping, ringing = self._tasks
        ringing.cancel()
        if self._process is not None:
            _close_stdin(self._process)
        else:
            keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping

    async def _keep_running(self) -> None:
        while not self._stopping:
            code = await self._run_once()
            if not self._stopping:
                _log.error("worker_process_ended", code=code)
                await asyncio.sleep(RESTART_SECONDS)

    async def _run_once(self) -> int:
        """One process from its start to its end; its exit code."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "carnet.child"), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._process = process
        self._send(self._assignment)
        if self._stopping:
            _close_stdin(process)
        await self._listen(process)
        code = await process.wait()
        self._process = None
        return code

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        """Passes on the ids of ended jobs until the process ends."""
        assert process.stdout is not None
        while line := await process.stdout.readline():
            await self._signals.ended(line.decode().strip())

    async def _ring(self) -> None:
        """Rings in the process when somebody rings here."""
        while True:
            await self._signals.wait_rung(_RING_SECONDS)
            self._send(b"\n")

    def _send(self, line: bytes) -> None:
        # A process that has just died finds the job when it is started again.
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(ConnectionError, RuntimeError):
                self._process.stdin.write(line)


def _close_stdin(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
