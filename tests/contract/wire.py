"""Requests as bytes, for what no client library would send."""

import asyncio
import contextlib
import dataclasses
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from yarl import URL

from tests.support import World
from tests.waiting import PATIENCE


@dataclasses.dataclass(frozen=True)
class Answer:
    """A response read from a socket."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.raw)

    @property
    def code(self) -> str:
        code: str = self.json["error"]["code"]
        return code

    @property
    def details(self) -> list[tuple[str, str]]:
        return [(d["path"], d["reason"]) for d in self.json["error"].get("details", [])]


@contextlib.asynccontextmanager
async def connect(base: str) -> AsyncIterator[tuple[StreamReader, StreamWriter]]:
    """A connection to a server; what is awaited on it comes, or the test fails."""
    url = URL(base)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    try:
        async with asyncio.timeout(PATIENCE):
            yield reader, writer
    finally:
        writer.close()


async def read_answer(reader: StreamReader) -> Answer:
    """The next response on a connection, but for those that only say to continue."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    status = int(first.split(" ")[1])
    if status == 100:
        return await read_answer(reader)
    headers = dict(line.split(": ", 1) for line in lines if line)
    headers = {name.title(): value for name, value in headers.items()}
    return Answer(status, headers, await reader.readexactly(int(headers.get("Content-Length", 0))))


async def exchange(world: World, *sent: bytes) -> Answer:
    """Sends a request as bytes; the response."""
    async with connect(world.running.base) as (reader, writer):
        for part in sent:
            writer.write(part)
        return await read_answer(reader)


def head(world: World, method: str, target: str, *lines: str | bytes, key: bool = True) -> bytes:
    """The head of a request that closes its connection; `target` as it is to be sent."""
    whole = [f"{method} {target} HTTP/1.1", "Host: carnet.test", "Connection: close", *lines]
    if key:
        whole.insert(2, f"Authorization: Bearer {world.owner.key}")
    texts = [line.encode() if isinstance(line, str) else line for line in whole]
    return b"\r\n".join(texts) + b"\r\n\r\n"


JSON = "Content-Type: application/json"


def check_envelope(answer: Any, status: int, code: str, *details: tuple[str, str]) -> None:
    """A failure of this status and code, whole, and naming just these details (if any given)."""
    assert (answer.status, answer.code) == (status, code), answer.raw
    error = answer.json["error"]
    assert error["requestId"] == answer.headers["X-Request-Id"]
    assert error["requestId"].startswith("req_")
    assert answer.headers["Content-Type"].split(";")[0] == "application/json"
    assert error["message"]
    if details:
        assert sorted(answer.details) == sorted(details)


def encoded(value: Any) -> bytes:
    """A value as JSON."""
    return msgspec.json.encode(value)


async def refuse(
    world: World, data: bytes, *details: tuple[str, str], path: str = "/legs", **options: Any
) -> Any:
    """Posts bytes and expects a 400 with these details."""
    answer = await world.client.post(f"{world.trip}{path}", data=data, **options)
    check_envelope(answer, 400, "VALIDATION_ERROR", *details)
    return answer
