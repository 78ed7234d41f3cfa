"""The process the server's own worker runs in: `python -m carnet.child`.

A large import keeps an interpreter busy for a long time, and readers in the same interpreter
would wait for it. After the assignment (see `carnet.processes`), each line on stdin says that a
job waits; the id of each job that has ended is a line on stdout.
"""

import asyncio
import contextlib
import os
import sys

import msgspec

from carnet.assignment import leave_signals_to_parent, stdin_lines
from carnet.memory import give_back, keep_small
from server import logs
from server.config import Log
from storage import open_store
from storage.signals import LocalSignals
from workers.loop import JobLoop


class Assignment(msgspec.Struct):
    """What the worker works on."""

    storage_url: str
    log: Log


class _PipeSignals(LocalSignals):
    """Tells the parent of ended jobs."""

    async def ended(self, job_id: str) -> None:
        """See `JobSignals.ended`."""
        # A parent that was killed hears nothing; the end of stdin tells of that.
        with contextlib.suppress(BrokenPipeError):
            os.write(sys.stdout.fileno(), f"{job_id}\n".encode())
        give_back()


async def work() -> None:
    """Does jobs until stdin ends."""
    reader = await stdin_lines()
    assignment = msgspec.json.decode(await reader.readline(), type=Assignment)
    logs.configure(assignment.log.level, assignment.log.format)
    store = await open_store(assignment.storage_url, create=False)
    signals = _PipeSignals()
    loop = JobLoop(store, signals)
    loop.start()
    while await reader.readline():
        signals.wake()
    await loop.stop()
    await store.close()


def main() -> None:
    """Works, and leaves when the parent says so."""
    leave_signals_to_parent()
    keep_small()
    asyncio.run(work())


if __name__ == "__main__":
    main()
