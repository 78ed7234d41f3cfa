"""The program `carnet` as a person runs it: a process in a folder, with an environment."""

import asyncio
import contextlib
import dataclasses
import os
import re
import signal
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from tests.support import Client
from tests.waiting import PATIENCE

CARNET = Path(os.environ.get("TEST_CARNET_PROGRAM", Path(sys.executable).parent / "carnet"))
"""The program under test; another one than this environment's may be named."""
SECONDS = PATIENCE
"""A generous bound for whatever is waited for; it takes less than one on an idle machine."""


def environment(variables: dict[str, str]) -> dict[str, str]:
    """What a process of ours has around it: nothing of Carnet but what a test says."""
    ours = {name: text for name, text in os.environ.items() if not name.startswith("CARNET_")}
    return ours | variables


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a finished command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The JSON on standard output, which has nothing else."""
        assert self.err == ""
        return msgspec.json.decode(self.out)

    @property
    def line(self) -> str:
        """The one line on standard error of a command that was refused."""
        assert self.out == ""
        assert re.fullmatch(r"carnet: .+\n", self.err), self.err
        return self.err.removeprefix("carnet: ").rstrip("\n")


def run(folder: Path, *arguments: str, **variables: str) -> Outcome:
    """Runs a command in a process of its own."""
    done = subprocess.run(
        [CARNET, *arguments],
        check=False,
        cwd=folder,
        env=environment(variables),
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


class Lines:
    """What a process writes, line by line as it comes."""

    def __init__(self, stream: asyncio.StreamReader) -> None:
        self.all: list[str] = []
        self._stream = stream
        self._news = asyncio.Condition()
        self._ended = False
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while line := await self._stream.readline():
            async with self._news:
                self.all.append(line.decode().rstrip("\n"))
                self._news.notify_all()
        async with self._news:
            self._ended = True
            self._news.notify_all()

    async def first(self, pattern: str) -> str:
        """The first line in which a pattern is found, once it is there."""

        def found() -> list[str]:
            return [line for line in self.all if re.search(pattern, line)]

        async with asyncio.timeout(SECONDS), self._news:
            await self._news.wait_for(lambda: found() or self._ended)
        assert found(), f"{pattern!r} never came: {self.all}"
        return found()[0]

    async def end(self) -> None:
        """Returns when nothing more will come."""
        await self._task


@dataclasses.dataclass
class Server:
    """A running `carnet serve`."""

    process: Process
    out: Lines
    err: Lines
    client: Client
    """With the key that was printed, or none where none was."""

    @property
    def key(self) -> str:
        """The key that was printed."""
        assert self.client.key is not None
        return self.client.key

    def events(self, name: str = "") -> list[dict[str, Any]]:
        """The log's lines, each of them a JSON object; of one event, if it is named."""
        events = [msgspec.json.decode(line, type=dict[str, Any]) for line in self.err.all]
        return [event for event in events if name in ("", event["event"])]

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ends the server; its exit code."""
        if self.process.returncode is None:
            self.process.send_signal(how)
        async with asyncio.timeout(SECONDS):
            code = await self.process.wait()
            await self.out.end()
            await self.err.end()
        return code


async def start(folder: Path, *arguments: str, **variables: str) -> tuple[Process, Lines, Lines]:
    """Starts `carnet serve`, on a free port if the environment names none."""
    process = await asyncio.create_subprocess_exec(
        CARNET,
        "serve",
        *arguments,
        cwd=folder,
        env=environment({"CARNET_HTTP__PORT": "0"} | variables),
        stdout=PIPE,
        stderr=PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    return process, Lines(process.stdout), Lines(process.stderr)


async def ended(process: Process, out: Lines, err: Lines) -> None:
    """Ends a process that has not ended by itself, and hears it out."""
    if process.returncode is None:
        process.kill()
    await process.wait()
    await out.end()
    await err.end()


@contextlib.asynccontextmanager
async def serving(folder: Path, *arguments: str, **variables: str) -> AsyncIterator[Server]:
    """A server that answers; it is ended when the test is done with it."""
    first_start = "CARNET_STORAGE__URL" not in variables and not (folder / "data").exists()
    process, out, err = await start(folder, *arguments, **variables)
    try:
        line = await out.first("^Carnet listens on ")
        if first_start:
            await out.first("^ *curl ")
        key = re.search(r"\bosk_\w+", "\n".join(out.all))
        async with aiohttp.ClientSession() as session:
            client = Client(session, line.split()[-1], key[0] if key else None)
            yield Server(process, out, err, client)
    finally:
        await ended(process, out, err)


PLENTY = {
    "CARNET_LIMITS__REQUESTS_PER_MINUTE": "1000000",
    "CARNET_LIMITS__SHARED_REQUESTS_PER_MINUTE": "1000000",
}
"""An environment without limits."""
