"""The process beside a server: `python -m carnet.child`.

What keeps an interpreter busy for long would make all requests of the same interpreter wait:
here large bodies are surveyed, and on the embedded default jobs are done. After the assignment
(see `carnet.processes`), an empty line on stdin says that a job waits, another one is a
`Request`. Each line on stdout is a `Word`.
"""

import asyncio
import contextlib
import os
import sys
from pathlib import Path

import msgspec
import structlog
from server.survey import LocalSurveyor, Survey

from carnet.assignment import leave_signals_to_parent, stdin_lines
from carnet.memory import give_back, keep_for_good, keep_small
from carnet.scheduling import leave_a_processor, step_back, take_usual_turns
from domain.imports import ImportKind
from runtime import logs
from runtime.settings import Log
from runtime.signals import LocalSignals
from storage import open_store
from workers.loop import JobLoop

_log = structlog.get_logger("carnet.worker")


class Assignment(msgspec.Struct):
    """How to log, and the database whose jobs are to be done, if any are."""

    log: Log
    storage_url: str | None


class Request(msgspec.Struct):
    """Asks for the survey of a body, which is in a file."""

    number: int
    kind: ImportKind
    path: str


class Word(msgspec.Struct, omit_defaults=True):
    """Tells of a job that has ended, or the survey a request asked for (None: it failed)."""

    ended: str | None = None
    number: int | None = None
    survey: Survey | None = None


class _PipeSignals(LocalSignals):
    """Tells the parent of ended jobs."""

    async def job_ended(self, job_id: str) -> None:
        """See `Signals.job_ended`."""
        _say(Word(ended=job_id))
        # When the job has let go of what it used.
        asyncio.get_running_loop().call_soon(give_back)


def _say(word: Word) -> None:
    # A parent that was killed hears nothing; the end of stdin tells of that.
    with contextlib.suppress(BrokenPipeError):
        line = memoryview(msgspec.json.encode(word) + b"\n")
        while line:
            line = line[os.write(sys.stdout.fileno(), line) :]


async def work() -> None:
    """Works until stdin ends."""
    reader = await stdin_lines()
    assignment = msgspec.json.decode(await reader.readline(), type=Assignment)
    logs.configure(assignment.log.level, assignment.log.format)
    signals = _PipeSignals()
    async with contextlib.AsyncExitStack() as stack:
        if assignment.storage_url is not None:
            store = await open_store(assignment.storage_url, create=False)
            stack.push_async_callback(store.close)
            loop = JobLoop(store, signals)
            loop.start()
            stack.push_async_callback(loop.stop)
        keep_for_good()
        await _listen(reader, signals)


async def _listen(reader: asyncio.StreamReader, signals: LocalSignals) -> None:
    """Hears the parent out."""
    one_at_a_time = asyncio.Lock()
    async with asyncio.TaskGroup() as surveys:
        while line := await reader.readline():
            if line == b"\n":
                signals.wake()
            else:
                request = msgspec.json.decode(line, type=Request)
                surveys.create_task(_survey(request, one_at_a_time))


async def _survey(request: Request, turn: asyncio.Lock) -> None:
    found = None
    async with turn:
        try:
            raw = await asyncio.to_thread(_read, request.path)
            found = await LocalSurveyor().survey(raw, request.kind)
        except Exception as error:  # noqa: BLE001 - the jobs go on, and the parent does it itself
            _log.warning("survey_failed", reason=repr(error))
    _say(Word(number=request.number, survey=found))
    give_back()


def _read(path: str) -> bytes:
    """A file's content; a parent that no longer waits has taken the file with it."""
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(path)
    return file.read_bytes()


def main() -> None:
    """Works, and leaves when the parent says so."""
    leave_signals_to_parent()
    take_usual_turns()
    step_back()
    leave_a_processor()
    keep_small()
    asyncio.run(work())


if __name__ == "__main__":
    main()
