"""Receivers of webhooks, well-behaved and not."""

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import msgspec
from aiohttp import web
from standardwebhooks import Webhook

from tests.waiting import until

Answer = Callable[["Received"], int | Awaitable[int]]


@dataclasses.dataclass(frozen=True)
class Received:
    """One attempt of a delivery."""

    path: str
    headers: Mapping[str, str]
    raw: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.raw)

    @property
    def rev(self) -> int:
        rev: int = self.json["data"]["rev"]
        return rev

    def check(self, secret: str) -> None:
        """That its signature is that of this secret."""
        Webhook(secret).verify(self.raw, dict(self.headers))


@dataclasses.dataclass
class Receiver:
    """Remembers what it was sent; `answer` gives the status of each response."""

    url: str = ""
    received: list[Received] = dataclasses.field(default_factory=list)
    answer: Answer = lambda _received: 200

    async def handle(self, request: web.BaseRequest) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        received = Received(request.path_qs, headers, await request.content.read())
        self.received.append(received)
        status = self.answer(received)
        return web.Response(status=status if isinstance(status, int) else await status, text="ok")

    async def has(self, number: int) -> list[Received]:
        """What it was sent, once that is so much."""
        await until(lambda: len(self.received) >= number, moved=lambda: len(self.received))
        return self.received

    @property
    def types(self) -> list[str]:
        return [each.json["type"] for each in self.received]


@contextlib.asynccontextmanager
async def receiving(answer: Answer | None = None) -> AsyncIterator[Receiver]:
    """A receiver on a free port."""
    receiver = Receiver()
    if answer is not None:
        receiver.answer = answer
    runner = web.ServerRunner(web.Server(receiver.handle), shutdown_timeout=0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        yield receiver
    finally:
        await runner.cleanup()


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def talking(talk: Talk) -> AsyncIterator[str]:
    """The URL of a receiver that does what a function does with each connection."""
    running: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await reader.readuntil(b"\r\n\r\n")
                await talk(reader, writer)
        except asyncio.CancelledError:
            pass
        finally:
            running.discard(task)
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    finally:
        server.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
