"""Supervised processes: the program's own children, started again when they end.

A child reads the settings as the first line on stdin, and messages after it. It says that it is
ready by its first line on stdout. The end of stdin means to finish and leave, whether its parent
asked for that or died.
"""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec
import structlog

from carnet.failure import Failure
from carnet.messages import Message, parse
from carnet.stop import Stop
from runtime.settings import Settings

READY_SECONDS: Final = 60.0
"""A child that is not ready by then is taken to hang, and killed."""
STOP_SECONDS: Final = 45.0
"""How long a child may take to finish before it is killed: a server process needs up to 40."""
FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 30.0
LONG_LIFE_SECONDS: Final = 10.0
"""A child that worked for so long had nothing wrong with it when it was started."""
START_ATTEMPTS: Final = 3
"""Deaths in a row before a child was ever ready that end the program."""
ATTEMPTS: Final = 10
"""Deaths in a row later on; by their pauses it takes two minutes to have so many."""

_log = structlog.get_logger("carnet.processes")


def own_command(*arguments: str) -> list[str]:
    """How this very program is started with other arguments.

    The interpreter is told to keep the current folder off its path (-P): a `server.py` that lies
    there is not ours.
    """
    if getattr(sys, "frozen", False):
        return [sys.executable, *arguments]
    return [sys.executable, "-P", "-m", "carnet", *arguments]


class Restarts:
    """Decides when a child that has ended is started again, and when to give up."""

    def __init__(self) -> None:
        self.deaths = 0
        """Since the child last lived long."""
        self._ever_ready = False

    def replaced(self) -> None:
        """A child that worked was ended to be replaced."""
        self._ever_ready = True
        self.deaths = 0

    def pause(self, worked_seconds: float | None) -> float | None:
        """Seconds to wait after a death; None to give up.

        `worked_seconds`: how long the child lived since it was ready; None if it never was.
        """
        if worked_seconds is not None:
            self._ever_ready = True
            if worked_seconds >= LONG_LIFE_SECONDS:
                self.deaths = 0
        self.deaths += 1
        if self.deaths >= (ATTEMPTS if self._ever_ready else START_ATTEMPTS):
            return None
        return min(FIRST_PAUSE_SECONDS * 2.0 ** (self.deaths - 1), LONGEST_PAUSE_SECONDS)


async def _ignore(_message: Message) -> None:
    return None


def _write(process: asyncio.subprocess.Process, line: bytes) -> None:
    """Writes to the child's stdin; its end is noticed where its stdout is read."""
    assert process.stdin is not None
    # asyncio says ConnectionError, uvloop RuntimeError, when the pipe is closed.
    with contextlib.suppress(ConnectionError, RuntimeError):
        process.stdin.write(line)


class SupervisedProcess:
    """One child, `carnet _run ARGUMENTS`, kept running until it is stopped."""

    def __init__(
        self,
        arguments: Sequence[str],
        settings: Settings,
        stop: Stop,
        *,
        receive: Callable[[Message], Awaitable[None]] = _ignore,
        descriptors: Sequence[int] = (),
    ) -> None:
        """`receive` is given the child's messages; the child inherits the open `descriptors`.

        `stop` is told when the child cannot be kept running.
        """
        self.ready = asyncio.Event()
        """Set while a child is there that has said it is ready."""
        self._arguments = tuple(arguments)
        self._name = arguments[0]
        self._settings = msgspec.json.encode(settings) + b"\n"
        self._stop = stop
        self._receive = receive
        self._descriptors = tuple(descriptors)
        self._process: asyncio.subprocess.Process | None = None
        self._ready_at = 0.0
        self._replaced = False
        self._stopping = False
        self._supervising: asyncio.Task[None] | None = None
        stop.on_second_signal(self.kill)

    def start(self) -> None:
        """Starts the child, and starts it again whenever it ends."""
        self._supervising = asyncio.create_task(self._supervise())

    def send(self, message: Message) -> None:
        """Sends a message; it is lost when there is no child or the child is just dying."""
        if self._process is not None:
            _write(self._process, message.line())

    async def replace(self) -> None:
        """Lets the child finish, and returns when another one is ready."""
        if self._process is not None:
            self._replaced = True
            self.ready.clear()
            await self._finish(self._process)
        await self.ready.wait()

    async def stop(self) -> None:
        """Lets the child finish, and returns when it has ended."""
        self._stopping = True
        if self._supervising is None:
            return
        if self._process is not None:
            await self._finish(self._process)
        else:
            self._supervising.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._supervising

    def kill(self) -> None:
        """Ends the child where it stands."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def _finish(self, process: asyncio.subprocess.Process) -> None:
        """Closes the child's stdin and waits for its end; a child that is stuck is killed."""
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            _log.error("process_stuck", process=self._name, pid=process.pid)
            self.kill()
            await process.wait()

    async def _supervise(self) -> None:
        restarts = Restarts()
        while True:
            code = await self._run_once()
            worked_seconds = self._worked_seconds()
            replaced, self._replaced = self._replaced, False
            if self._stopping:
                return
            if replaced:
                restarts.replaced()
                continue
            _log.error("process_ended", process=self._name, code=code)
            pause = restarts.pause(worked_seconds)
            if pause is None:
                times = f"{restarts.deaths} times in a row, the last time with code {code}"
                self._stop.fail(Failure(f"the {self._name} process ended {times}"))
                return
            await asyncio.sleep(pause)

    def _worked_seconds(self) -> float | None:
        """How long the child that has just ended worked; None if it was never ready."""
        if not self.ready.is_set():
            return None
        self.ready.clear()
        return asyncio.get_running_loop().time() - self._ready_at

    async def _run_once(self) -> int | None:
        """One child from its start to its end; its exit code, None where it could not be run."""
        try:
            self._process = await self._spawn()
            await self._listen(self._process)
            return await self._process.wait()
        except Exception as error:  # noqa: BLE001 - whatever it was, another child is needed
            _log.error("process_failed", process=self._name, reason=repr(error))
            return None
        finally:
            if self._process is not None and self._process.returncode is None:
                self._process.kill()
                await self._process.wait()
            self._process = None

    async def _spawn(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *own_command("_run", *self._arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=self._descriptors,
            # A terminal's Ctrl-C goes to every process of the session, and is for the parent alone.
            start_new_session=True,
        )

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        """Hands over the settings, and passes messages on until the child's stdout ends."""
        assert process.stdout is not None
        _write(process, self._settings)
        async with asyncio.timeout(READY_SECONDS):
            line = await process.stdout.readline()
        while line.endswith(b"\n"):
            message = parse(line)
            if message.ready and not self._replaced:
                self._ready_at = asyncio.get_running_loop().time()
                self.ready.set()
            await self._receive(message)
            line = await process.stdout.readline()
