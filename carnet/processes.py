"""Processes of the program's own: started, told by a pipe, and started again when they end.

A child reads its assignment as the first line on stdin. The end of stdin means to finish and
leave, whether its parent asked for that or died.
"""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec
import structlog

RESTART_SECONDS: Final = 0.5
"""The pause before a process that ended by itself is started again."""

_log = structlog.get_logger("carnet.processes")


LINE_BYTES: Final = 2**30
"""A line of a child's is never too long to be read: it comes from ourselves."""


async def _ignore(_line: bytes) -> None:
    return None


def _nothing() -> None:
    return None


class KeptProcess:
    """One child: `python -m MODULE`, kept running until stopped."""

    def __init__(
        self,
        module: str,
        assignment: msgspec.Struct,
        *,
        hear: Callable[[bytes], Awaitable[None]] = _ignore,
        gone: Callable[[], None] = _nothing,
        descriptors: Sequence[int] = (),
    ) -> None:
        """`hear` is given each line of its stdout, and `gone` called when it has ended.

        It inherits the open `descriptors`.
        """
        self._module = module
        self._assignment = msgspec.json.encode(assignment) + b"\n"
        self._hear = hear
        self._gone = gone
        self._descriptors = tuple(descriptors)
        self._process: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._stopping = False
        self._replacing = False
        self._ready = asyncio.Event()

    def start(self) -> None:
        """Starts it, unless that was done before, and starts it anew whenever it ends."""
        if self._keeping is None:
            self._keeping = asyncio.create_task(self._keep_running())

    def tell(self, line: bytes = b"\n") -> bool:
        """Sends a line; False when there is no process. One that has just died does not hear it."""
        if self._process is None or self._process.stdin is None:
            return False
        with contextlib.suppress(ConnectionError, RuntimeError):
            self._process.stdin.write(line)
        return True

    async def replace(self) -> None:
        """Lets it finish, and returns when another one is ready, which it says by a line."""
        self._replacing = True
        self._ready.clear()
        self._let_go()
        await self._ready.wait()

    async def stop(self) -> None:
        """Lets it finish, and waits for that."""
        self._stopping = True
        if self._keeping is None:
            return
        if self._process is None:
            self._keeping.cancel()
        self._let_go()
        with contextlib.suppress(asyncio.CancelledError):
            await self._keeping

    def _let_go(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    async def _keep_running(self) -> None:
        while True:
            try:
                code = await self._run_once()
            except Exception as error:  # noqa: BLE001 - whatever it was, another one is needed
                _log.error("process_failed", module=self._module, reason=repr(error))
                code = None
            if self._stopping:
                return
            if not self._replacing:
                _log.error("process_ended", module=self._module, code=code)
                await asyncio.sleep(RESTART_SECONDS)
            self._replacing = False

    async def _run_once(self) -> int:
        """One process from its start to its end; its exit code."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", self._module),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=self._descriptors,
            limit=LINE_BYTES,
        )
        self._process = process
        try:
            self.tell(self._assignment)
            if self._stopping:
                self._let_go()
            assert process.stdout is not None
            while (line := await process.stdout.readline()).endswith(b"\n"):
                self._ready.set()
                await self._hear(line)
            return await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            self._process = None
            self._gone()
