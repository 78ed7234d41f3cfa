"""A proxy in front of a server that fails as it is told, request by request."""

import asyncio
import contextlib
import dataclasses
from collections import deque
from collections.abc import AsyncIterator
from typing import Final

from yarl import URL

BEFORE: Final = "cut before the request reaches the server"
WITHIN: Final = "cut in the middle of the reply"
AFTER: Final = "cut before the reply, which the server has given"
NEVER: Final = "no reply ever comes"


def answer(status: int, headers: str = "", body: bytes = b"") -> bytes:
    """A reply that the server does not give."""
    head = (
        f"HTTP/1.1 {status} Said\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{headers}"
    )
    return f"{head}\r\n".encode() + body


@dataclasses.dataclass(frozen=True)
class Seen:
    """A request that came."""

    head: str
    body: bytes

    def header(self, name: str) -> str | None:
        for line in self.head.split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return None


class Faulty:
    """Answers each request by the next of its `faults`, and passes it on where none is left."""

    def __init__(self, target: str) -> None:
        self.url = ""
        self.faults: deque[str | bytes] = deque()
        self.seen: list[Seen] = []
        self._target = URL(target)
        self._tasks: set[asyncio.Task[None]] = set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._answer(reader, writer)
        finally:
            await _closed(writer)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        request = Seen(head, b"")
        body = await reader.readexactly(int(request.header("Content-Length") or 0))
        self.seen.append(Seen(head, body))
        fault = self.faults.popleft() if self.faults else ""
        if isinstance(fault, bytes):
            writer.write(fault)
            await writer.drain()
        elif fault == NEVER:
            await reader.read()
        elif fault != BEFORE:
            await self._pass_on(head, body, writer, fault)

    async def _pass_on(
        self, head: str, body: bytes, writer: asyncio.StreamWriter, fault: str
    ) -> None:
        first, _, rest = head.partition("\r\n")
        assert self._target.port
        there, back = await asyncio.open_connection("127.0.0.1", self._target.port)
        back.write(f"{first}\r\nConnection: close\r\n{rest}".encode("latin-1") + body)
        try:
            if fault:
                reply = await there.read()
                writer.write(reply[: len(reply) - 3] if fault == WITHIN else b"")
                return
            while piece := await there.read(65536):
                writer.write(piece)
                await writer.drain()
        finally:
            await _closed(back)

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


@contextlib.asynccontextmanager
async def faulty(target: str) -> AsyncIterator[Faulty]:
    """A running proxy."""
    made = Faulty(target)
    server = await asyncio.start_server(made.accept, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()
        await made.end()
