"""One process of the program's own, from its start to its end, as its parent has it.

A child reads the settings as the first line on stdin, and messages after it. It says that it is
ready by its first line on stdout. The end of stdin means to finish and leave, whether its parent
asked for that or died.
"""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple

import msgspec
import structlog

from carnet.frozen import FROZEN
from carnet.messages import MOST_BYTES, Message, parse
from runtime.metrics import Snapshot
from runtime.settings import Settings

READY_SECONDS: Final = 60.0
"""A child that is not ready by then is taken to hang, and killed."""
STOP_SECONDS: Final = 45.0
"""How long a child may take to finish before it is killed: a server process needs up to 40."""
MEASURE_SECONDS: Final = 1.0
"""A child that takes longer to tell what it has measured is not waited for."""

Receive = Callable[[Message], Awaitable[None]]
"""What is done with a message of a child."""

_log = structlog.get_logger("carnet.processes")


def own_command(*arguments: str) -> list[str]:
    """How this very program is started with other arguments.

    The interpreter is told to keep the current folder off its path (-P): a `server.py` that lies
    there is not ours.
    """
    if FROZEN:
        return [sys.executable, *arguments]
    return [sys.executable, "-P", "-m", "carnet", *arguments]


class End(NamedTuple):
    """How a child has ended."""

    code: int | None
    """Its exit code; None of one that could not be run or understood."""
    worked_seconds: float | None = None
    """How long it lived since it was ready; None if it never was."""
    reason: str = ""
    """Why, where it said so."""


async def start_child(
    arguments: Sequence[str],
    settings: Settings,
    receive: Receive,
    descriptors: Sequence[int],
) -> "ChildProcess":
    """Starts `carnet _run ARGUMENTS`, which inherits the open `descriptors`; see `ChildProcess`.

    `OSError` where it cannot be started.
    """
    process = await asyncio.create_subprocess_exec(
        *own_command("_run", *arguments),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        limit=MOST_BYTES,
        pass_fds=descriptors,
        # A terminal's Ctrl-C goes to every process of the session, and is for the parent alone.
        start_new_session=True,
    )
    return ChildProcess(arguments[0], process, settings, receive)


class ChildProcess:
    """A process that was started: it is handed the settings, and gives messages."""

    def __init__(
        self, name: str, process: asyncio.subprocess.Process, settings: Settings, receive: Receive
    ) -> None:
        self.pid = process.pid
        self._name = name
        self._process = process
        self._receive = receive
        self._ready = asyncio.Event()
        self._ready_at = 0.0
        self._reason = ""
        self.measured: Snapshot = {}
        """What it has told last of what it has measured."""
        self._has_measured = asyncio.Event()
        self.is_silent = False
        """Whether it did not tell that in time when it was asked last."""
        self._write(msgspec.json.encode(settings) + b"\n")
        self._running = asyncio.create_task(self._run())

    def send(self, message: Message) -> None:
        """Sends a message; it is lost when the child is just dying."""
        self._write(message.line())

    async def until_ready(self) -> bool:
        """Waits until it says that it is ready; False when it ends before that."""
        ready = asyncio.create_task(self._ready.wait())
        try:
            await asyncio.wait({ready, self._running}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
        return self._ready.is_set()

    async def until_ended(self) -> End:
        """Waits for its end."""
        return await asyncio.shield(self._running)

    @property
    def has_ended(self) -> bool:
        """Whether nothing more comes of it."""
        return self._running.done()

    async def measure(self) -> None:
        """Has it tell what it has measured; what it told last stands where it does not, or late."""
        assert self._process.stdin is not None
        if not self._ready.is_set() or self.has_ended or self._process.stdin.is_closing():
            return
        self._has_measured.clear()
        self.send(Message(measure=True))
        try:
            await asyncio.wait_for(self._has_measured.wait(), MEASURE_SECONDS)
        except TimeoutError:
            if not self.is_silent:
                _log.warning("process_silent", process=self._name, pid=self.pid)
            self.is_silent = True
        else:
            self.is_silent = False

    async def finish(self) -> None:
        """Closes its stdin and waits for its end; one that is stuck is killed."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self.until_ended()
        except TimeoutError:
            _log.error("process_stuck", process=self._name, pid=self.pid)
            self.kill()
            await self.until_ended()

    def kill(self) -> None:
        """Ends it where it stands."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    def _write(self, line: bytes) -> None:
        """Writes to its stdin; its end is noticed where its stdout is read."""
        assert self._process.stdin is not None
        # asyncio says ConnectionError, uvloop RuntimeError, when the pipe is closed.
        with contextlib.suppress(ConnectionError, RuntimeError):
            self._process.stdin.write(line)

    async def _run(self) -> End:
        code = None
        try:
            await self._listen()
            code = await self._process.wait()
        except Exception as error:  # noqa: BLE001 - whatever it was, another child is needed
            _log.error("process_failed", process=self._name, reason=repr(error))
        finally:
            if self._process.returncode is None:
                self.kill()
                await self._process.wait()
            self._has_measured.set()
        now = asyncio.get_running_loop().time()
        return End(code, now - self._ready_at if self._ready.is_set() else None, self._reason)

    async def _listen(self) -> None:
        """Passes messages on until its stdout ends."""
        assert self._process.stdout is not None
        async with asyncio.timeout(READY_SECONDS):
            line = await self._process.stdout.readline()
        while line.endswith(b"\n"):
            message = parse(line)
            if message.ready:
                self._ready_at = asyncio.get_running_loop().time()
                self._ready.set()
            self._reason = message.reason or self._reason
            if message.measured is not None:
                self.measured = message.measured
                self._has_measured.set()
            await self._receive(message)
            line = await self._process.stdout.readline()
