"""The child's side of `carnet.processes`."""

import asyncio
import signal
import sys


async def stdin_lines() -> asyncio.StreamReader:
    """What the parent sends; the first line is the assignment."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


def leave_signals_to_parent() -> None:
    """A terminal sends its signals to the whole group; the parent passes on what they mean."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
