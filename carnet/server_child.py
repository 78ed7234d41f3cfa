"""One of several server processes: `python -m carnet.server_child` (see `carnet.processes`).

All of them accept from one listening socket, which the parent opened and keeps open: a
connection that comes while a process is replaced waits for another one to take it.
"""

import asyncio
import contextlib
import os
import socket
import sys

import msgspec

from carnet.assignment import leave_signals_to_parent, stdin_lines
from carnet.loop import loop_factory
from runtime import logs
from runtime.settings import Settings


class ServerAssignment(msgspec.Struct):
    """What a server process serves, and the descriptor of the listening socket."""

    settings: Settings
    descriptor: int


async def work() -> None:
    """Serves until stdin ends."""
    from carnet.serve import run_server
    from storage import open_store

    reader = await stdin_lines()
    assignment = msgspec.json.decode(await reader.readline(), type=ServerAssignment)
    settings = assignment.settings
    logs.configure(settings.log.level, settings.log.format)
    stopping = asyncio.Event()
    store = await open_store(settings.storage.url, create=False)
    ending = asyncio.create_task(_end_with(reader, stopping))
    try:
        with socket.socket(fileno=assignment.descriptor) as listening:
            # A process beside this one would keep the port taken after all others have gone.
            listening.set_inheritable(False)
            await run_server(settings, store, listening, stopping, ready=_say_ready)
    finally:
        ending.cancel()
        await store.close()


def _say_ready() -> None:
    # A parent that has died meanwhile has closed stdin too, which is what ends this process.
    with contextlib.suppress(BrokenPipeError):
        os.write(sys.stdout.fileno(), b"ready\n")


async def _end_with(reader: asyncio.StreamReader, stopping: asyncio.Event) -> None:
    while await reader.readline():
        pass
    stopping.set()


def main() -> None:
    """Serves, and leaves when the parent says so."""
    leave_signals_to_parent()
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(work())


if __name__ == "__main__":
    main()
