"""Any number of rows, by as many syncs as it takes, within the rate limit."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from typing import Final, Generic, TypeVar

import msgspec

from carnet.client.calls import Document, Response

T = TypeVar("T")

CHUNK_ROWS: Final = 5_000
"""Of a request: far less than a server takes by default, whatever their size."""
CHUNK_BYTES: Final = 4 * 1024 * 1024
IN_FLIGHT: Final = 4
WINDOW: Final = 60.0
"""Seconds in which a key may make so many requests."""

COUNTS: Final = ("created", "updated", "unchanged", "errors")


class Window:
    """What responses tell of the rate limit."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left: int | None = None
        self._ends = 0.0

    def take(self) -> float:
        """Seconds to wait before one more request; at worst a whole window."""
        if self._left is None:
            return 0.0
        self._left -= 1
        return 0.0 if self._left >= 0 else max(0.0, self._ends - self._clock())

    def see(self, headers: Mapping[str, str], outstanding: int) -> None:
        """A response, while others are outstanding, which may not be counted in it yet."""
        if not (told := headers.get("X-RateLimit-Remaining", "")).isdigit():
            return
        left = int(told) - outstanding
        if self._left is None or left > self._left:
            # A new window, which began before this.
            self._ends = self._clock() + WINDOW
        self._left = left


class Sent(msgspec.Struct, Generic[T]):
    """A chunk, and the answer to it."""

    chunk: T
    response: Response[Document]


async def send_all(
    chunks: AsyncIterable[T],
    send: Callable[[T], Awaitable[Response[Document]]],
    *,
    alone: Callable[[T], bool] = lambda _chunk: False,
    in_flight: int = IN_FLIGHT,
) -> AsyncIterator[Sent[T]]:
    """Sends chunks, several at a time, and gives each with its answer, in their order.

    One that goes `alone` is sent when those before have their answers.
    """
    window = Window()
    sending: deque[tuple[T, asyncio.Task[Response[Document]]]] = deque()

    async def first() -> Sent[T]:
        chunk, task = sending[0]
        response = await task
        sending.popleft()
        window.see(response.headers, len(sending))
        return Sent(chunk, response)

    async def in_turn(chunk: T, wait: float) -> Response[Document]:
        await asyncio.sleep(wait)
        return await send(chunk)

    try:
        async for chunk in chunks:
            while sending and (len(sending) >= in_flight or alone(chunk)):
                yield await first()
            wait = window.take()
            sending.append((chunk, asyncio.create_task(in_turn(chunk, wait))))
        while sending:
            yield await first()
    finally:
        for _, task in sending:
            task.cancel()
        await asyncio.gather(*(task for _, task in sending), return_exceptions=True)


async def chunked(
    rows: Iterable[Document] | AsyncIterable[Document],
) -> AsyncIterator[list[Document]]:
    """Rows in groups that one request can take."""
    chunk: list[Document] = []
    size = 0
    async for row in _each(rows):
        more = len(msgspec.json.encode(row))
        if chunk and (len(chunk) == CHUNK_ROWS or size + more > CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(row)
        size += more
    if chunk:
        yield chunk


async def _each(rows: Iterable[Document] | AsyncIterable[Document]) -> AsyncIterator[Document]:
    if isinstance(rows, AsyncIterable):
        async for row in rows:
            yield row
    else:
        for row in rows:
            yield row


def add(total: Document, result: Document) -> None:
    """Adds what became of the next rows of a list to what became of those before."""
    before = len(total["items"])
    for count in COUNTS:
        total[count] += result[count]
    total["items"] += [{**item, "index": before + item["index"]} for item in result["items"]]
