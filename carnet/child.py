"""The process the embedded worker runs in: `python -m carnet.child`, started by the server.

A large import keeps an interpreter busy for a long time, and readers in the same interpreter
would wait for it. The parent tells by pipes: a first line on stdin with what to work on, then
an empty line for each job that waits; the end of stdin means to finish and leave, whether the
parent asked for it or died. The id of each job that has ended is a line on stdout.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys

import msgspec

from server import logs
from server.config import Log
from storage import open_store
from storage.signals import LocalSignals
from workers.loop import JobLoop


class Assignment(msgspec.Struct):
    """What a child works on."""

    storage_url: str
    log: Log


class _PipeSignals(LocalSignals):
    """Tells the parent of ended jobs."""

    async def ended(self, job_id: str) -> None:
        """See `JobSignals.ended`."""
        os.write(sys.stdout.fileno(), f"{job_id}\n".encode())
        _trim()


def _trim() -> None:
    """Gives the memory of a large job back to the system, where the C library can (glibc)."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


async def work() -> None:
    """Does jobs until stdin ends."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    assignment = msgspec.json.decode(await reader.readline(), type=Assignment)
    logs.configure(assignment.log.level, assignment.log.format)
    store = await open_store(assignment.storage_url, create=False)
    signals = _PipeSignals()
    worker = JobLoop(store, signals)
    worker.start()
    while await reader.readline():
        signals.wake()
    await worker.stop()
    await store.close()


def main() -> None:
    """Leaves signals to the parent: a terminal sends them to the whole group."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    asyncio.run(work())


if __name__ == "__main__":
    main()
