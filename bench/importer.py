"""Imports of new pins, one after another: `python -m bench.importer PORT KEY ITEMS`.

A process of its own, so that what measures does not wait for what sends and takes megabytes. A
line on stdin starts it, the next one lets the import that runs be the last; then a line on stdout
has the seconds each took.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import uvloop

from bench.servers import Client, pins


class Importer:
    """The process, from the outside."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._in, self._out = process.stdin, process.stdout
        self.seconds: list[float] = []
        """What each import took."""

    @contextlib.asynccontextmanager
    async def importing(self) -> AsyncIterator[None]:
        """Imports meanwhile; afterwards none runs any more."""
        self._in.write(b"\n")
        yield
        self._in.write(b"\n")
        self.seconds += msgspec.json.decode(await self._out.readline(), type=list[float])

    async def ready(self) -> None:
        """Waits until it only has to be told to start."""
        await self._out.readline()


@contextlib.asynccontextmanager
async def importer(ours: Client, items: int) -> AsyncIterator[Importer]:
    """A process that is ready to import into new trips of a server."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.importer"),
        *(str(ours.port), ours.key, str(items)),
        cwd=Path(__file__).parent.parent,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        made = Importer(process)
        await made.ready()
        yield made
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _import(ours: Client, template: bytes, stop: asyncio.Task[str]) -> list[float]:
    """Imports until told to stop; what each took."""
    seconds = []
    while not stop.done():
        trip = await ours.new_trip()
        request = template.replace(b"/trips/<id>", trip.encode(), 1)
        seconds.append((await ours.caller.send(request, expect=200)).seconds)
    await stop
    return seconds


async def main(port: str, key: str, items: str) -> None:
    """Imports whenever told to, until stdin ends."""
    # It stands for clients on other machines, which take no processor from anybody here.
    os.nice(19)
    ours = await Client.open(int(port), key)
    template = ours.request("POST", "/trips/<id>/sync", {"mapPins": pins(int(items))})
    print("ready", flush=True)
    while await _line():
        stop = asyncio.create_task(_line())
        seconds = await _import(ours, template, stop)
        print(msgspec.json.encode(seconds).decode(), flush=True)


async def _line() -> str:
    return await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
