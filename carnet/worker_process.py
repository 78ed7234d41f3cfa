"""The server's hold on the process beside it (see `carnet.child`)."""

import asyncio
import contextlib
import itertools
import os
from collections.abc import AsyncIterator
from typing import IO

import msgspec
from server.survey import LocalSurveyor, Survey
from storage.turns import pieces

from carnet.child import Assignment, Request, Word
from carnet.processes import KeptProcess
from domain.imports import ImportKind
from runtime.settings import Settings
from runtime.signals import LocalSignals

_RING_SECONDS = 3600.0
_SURVEY_SECONDS = 15.0
"""A process that needs longer is taken to hang."""


class WorkerProcess:
    """Surveys large bodies, and on the embedded default does jobs; a `Surveyor`."""

    def __init__(self, settings: Settings, signals: LocalSignals | None = None) -> None:
        """With `signals` it does jobs, when rung by them, and tells them of ended ones."""
        url = settings.storage.url if signals else None
        assignment = Assignment(settings.log, url)
        self._process = KeptProcess("carnet.child", assignment, hear=self._hear, gone=self._gone)
        self._signals = signals
        self._ringing: asyncio.Task[None] | None = None
        self._local = LocalSurveyor()
        self._numbers = itertools.count()
        self._asked: dict[int, asyncio.Future[Survey | None]] = {}

    def start(self) -> None:
        """Starts it, and listens for the bell."""
        self._process.start()
        if self._signals is not None:
            self._ringing = asyncio.create_task(self._ring(self._signals))

    async def stop(self) -> None:
        """Lets it finish what is at hand, and waits for its end."""
        if self._ringing is not None:
            self._ringing.cancel()
        await self._process.stop()

    async def survey(self, raw: bytes, kind: ImportKind) -> Survey:
        """See `Surveyor.survey`. While the process is away, this one does it.

        A process that does no jobs is started when it is first asked.
        """
        self._process.start()
        found = None
        if hasattr(os, "memfd_create"):
            with contextlib.suppress(OSError, TimeoutError):
                async with _in_memory(raw) as memory:
                    found = await self._ask(kind, f"/proc/{os.getpid()}/fd/{memory.fileno()}")
        return found or await self._local.survey(raw, kind)

    async def _ask(self, kind: ImportKind, path: str) -> Survey | None:
        """What it says of the body in a file; None when it has nothing to say.

        `TimeoutError` when it does not answer.
        """
        number = next(self._numbers)
        told: asyncio.Future[Survey | None] = asyncio.get_running_loop().create_future()
        self._asked[number] = told
        try:
            if not self._process.tell(msgspec.json.encode(Request(number, kind, path)) + b"\n"):
                return None
            return await asyncio.wait_for(told, _SURVEY_SECONDS)
        finally:
            del self._asked[number]

    async def _ring(self, signals: LocalSignals) -> None:
        """Rings there when somebody rings here."""
        while True:
            await signals.wait_for_work(_RING_SECONDS)
            self._process.tell()

    async def _hear(self, line: bytes) -> None:
        word = msgspec.json.decode(line, type=Word)
        if word.ended is not None and self._signals is not None:
            await self._signals.job_ended(word.ended)
        told = self._asked.get(word.number) if word.number is not None else None
        if told is not None and not told.done():
            told.set_result(word.survey)

    def _gone(self) -> None:
        for told in self._asked.values():
            if not told.done():
                told.set_result(None)


@contextlib.asynccontextmanager
async def _in_memory(raw: bytes) -> AsyncIterator[IO[bytes]]:
    """A file in memory, as Linux has them."""
    writing = asyncio.create_task(asyncio.to_thread(_write, raw))
    try:
        # Who no longer waits leaves the thread to its end, and the file to be closed then.
        yield await asyncio.shield(writing)
    finally:
        writing.add_done_callback(_close)


def _write(raw: bytes) -> IO[bytes]:
    file = os.fdopen(os.memfd_create("body"), "wb")
    try:
        file.writelines(pieces(raw))
        file.flush()
    except BaseException:
        file.close()
        raise
    return file


def _close(writing: asyncio.Task[IO[bytes]]) -> None:
    if not writing.cancelled() and writing.exception() is None:
        writing.result().close()
