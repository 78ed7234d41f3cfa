"""Both bridges as programs: what is said to them, and what they say."""

import asyncio
import contextlib
import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec

NODE = shutil.which("node") or "node"
CARNET = str(Path(sys.executable).parent / "carnet")
PACKAGE = Path(__file__).parents[2] / "clients" / "mcp-server"
BRIDGES = {"carnet mcp": [CARNET, "mcp"], "npm program": [NODE, str(PACKAGE / "server.js")]}


def environment(**variables: str) -> dict[str, str]:
    """What a program is started with; none of the variables of whoever runs the tests."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("CARNET_")}
    return kept | {f"CARNET_{name}": text for name, text in variables.items()}


class Program:
    """A running bridge."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    def say(self, *lines: Any) -> None:
        """Messages, or lines as they are."""
        assert self.process.stdin is not None
        for line in lines:
            text = line if isinstance(line, bytes) else msgspec.json.encode(line)
            self.process.stdin.write(text + b"\n")

    async def hear(self) -> Any:
        """The next message."""
        assert self.process.stdout is not None
        return msgspec.json.decode(await self.process.stdout.readline())

    async def ask(self, message: Any) -> Any:
        """What is answered to a message."""
        self.say(message)
        return await self.hear()

    async def end(self) -> tuple[bytes, bytes]:
        """What is still said after the input has ended, and on the other output."""
        # Without anything to say, it would not be closed (before Python 3.12).
        return await self.process.communicate(b"")


@contextlib.asynccontextmanager
async def bridge(name: str, **variables: str) -> AsyncIterator[Program]:
    """A bridge, which is ended with the test."""
    process = await asyncio.create_subprocess_exec(
        *BRIDGES[name],
        env=environment(**variables),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=64 * 1024 * 1024,
    )
    try:
        yield Program(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate(b"")
