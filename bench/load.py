"""A load generator that costs little: HTTP/1.1 over keep-alive connections, on bare sockets."""

import asyncio
import collections
import dataclasses
import time
from collections.abc import Callable, Iterator
from typing import Any, cast

import msgspec

API = "/api/v1"


@dataclasses.dataclass(frozen=True)
class Response:
    """A whole response, and how long it took from the request's first byte to its last."""

    status: int
    body: bytes
    seconds: float
    head: bytes = b""

    def header(self, name: str) -> str:
        """A header's value, "" where there is none; `name` in lower case."""
        for line in self.head.split(b"\r\n")[1:]:
            found, _, value = line.decode().partition(":")
            if found.lower() == name:
                return value.strip()
        return ""

    @property
    def json(self) -> Any:
        """The decoded body."""
        return msgspec.json.decode(self.body)


def request(
    method: str, path: str, key: str = "", body: bytes | None = None, **headers: str
) -> bytes:
    """A request as it goes over the wire; `_` in a header's name stands for `-`."""
    lines = [f"{method} {path} HTTP/1.1", "Host: carnet"]
    if key:
        lines.append(f"Authorization: Bearer {key}")
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


class Connection(asyncio.Protocol):
    """One request at a time; `answered(response)` is called when one has its response."""

    def __init__(self, answered: Callable[[Response], None], *, keep_body: bool) -> None:
        self.answered = answered
        self.transport: asyncio.Transport
        self.lost: Callable[[], None] = lambda: None
        self._keep_body = keep_body
        self._head = b""
        self._told = b""
        self._body: list[bytes] = []
        self._status = 0
        self._missing = 0
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is none by class

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self.lost()

    def send(self, data: bytes) -> None:
        """Sends a whole request."""
        self._sent_at = time.perf_counter()
        self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self._status == 0:
            self._head += data
            head, end, data = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            self._told, self._head = head, b""
            self._status = int(head[9:12])
            self._missing = _content_length(head)
        self._missing -= len(data)
        if self._keep_body:
            self._body.append(data)
        if self._missing > 0:
            return
        if self._missing < 0:
            raise RuntimeError("more bytes than the response has")
        seconds = time.perf_counter() - self._sent_at
        response = Response(self._status, b"".join(self._body), seconds, self._told)
        self._status, self._body = 0, []
        self.answered(response)


def _content_length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    if not found:
        if head[9:12] in (b"204", b"304"):
            return 0
        raise RuntimeError(f"a response without Content-Length: {head!r}")
    return int(rest.partition(b"\r\n")[0])


async def _connect(port: int, connection: Connection) -> None:
    await asyncio.get_running_loop().create_connection(lambda: connection, "127.0.0.1", port)


class Caller:
    """Awaits one response after another on a connection.

    It is opened anew where the server has closed it, as it does when nothing comes for a while.
    """

    connection_kind: type[Connection] = Connection

    def __init__(self, port: int) -> None:
        self._port = port
        self._connection: Connection
        self._waiting: asyncio.Future[Response] | None = None

    @classmethod
    async def open(cls, port: int) -> "Caller":
        """A connected caller."""
        caller = cls(port)
        await caller._connect()
        return caller

    async def _connect(self) -> None:
        self._connection = self.connection_kind(self._answered, keep_body=True)
        self._connection.lost = self._lost
        await _connect(self._port, self._connection)

    async def send(self, data: bytes, *, expect: int | None = None) -> Response:
        """Sends a request; its response, which must have the status `expect` if given."""
        if self._connection.transport.is_closing():
            await self._connect()
        self._waiting = asyncio.get_running_loop().create_future()
        self._connection.send(data)
        response = await self._waiting
        if expect is not None and response.status != expect:
            raise RuntimeError(f"{response.status} instead of {expect}: {response.body[:500]!r}")
        return response

    def close(self) -> None:
        """Closes the connection."""
        self._connection.lost = lambda: None
        self._connection.transport.close()

    def _answered(self, response: Response) -> None:
        assert self._waiting is not None
        self._waiting.set_result(response)

    def _lost(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ConnectionError("the server closed the connection"))


@dataclasses.dataclass(frozen=True)
class Load:
    """What came of some seconds of load."""

    requests: int
    seconds: float

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds


async def drive(
    port: int,
    requests: Iterator[bytes],
    *,
    expect: int,
    connections: int,
    seconds: float,
    apart: float = 0.0,
) -> Load:
    """Keeps every connection busy for some seconds; raises if a response is not as expected.

    Connections are opened one after another, some seconds `apart`.
    """
    statuses: collections.Counter[int] = collections.Counter()
    started = time.perf_counter()
    ends = started + seconds
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    busy = connections

    def start(connection: Connection) -> None:
        def answered(response: Response) -> None:
            nonlocal busy
            statuses[response.status] += 1
            if time.perf_counter() < ends:
                connection.send(next(requests))
                return
            busy -= 1
            if not busy:
                done.set_result(None)

        connection.answered = answered
        connection.lost = lost
        connection.send(next(requests))

    def lost() -> None:
        if not done.done():
            done.set_exception(ConnectionError("the server closed a connection"))

    crowd = [Connection(lambda _: None, keep_body=False) for _ in range(connections)]
    for connection in crowd:
        await _connect(port, connection)
        await asyncio.sleep(apart)
    started = time.perf_counter()
    ends = started + seconds
    for connection in crowd:
        start(connection)
    await done
    elapsed = time.perf_counter() - started
    for connection in crowd:
        connection.transport.close()
    if set(statuses) != {expect}:
        raise RuntimeError(f"{dict(statuses)} instead of {expect} only")
    return Load(statuses.total(), elapsed)
