"""Round trips to Postgres, counted on the wire: a proxy that understands what clients say."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator

ENCRYPTION = (80877103, 80877104)
"""Codes of the requests for TLS and GSSAPI: a client whose request is turned down starts over."""
WAITS = b"SQH"
"""Sync, simple Query and Flush: a client that has sent one of them waits for an answer."""


class Frontend:
    """What one client says, in pieces as they come; counts what it waits for."""

    def __init__(self) -> None:
        self.round_trips = 0
        self._starting = True
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """The next bytes."""
        self._buffer += data
        while self._take():
            pass

    def _take(self) -> bool:
        """Takes one whole message, if there is one; only the first ones have no type."""
        head = 0 if self._starting else 1
        if len(self._buffer) < head + 4:
            return False
        (length,) = struct.unpack_from(">I", self._buffer, head)
        if len(self._buffer) < head + length:
            return False
        if not self._starting:
            self.round_trips += self._buffer[0] in WAITS
        elif length < 8 or struct.unpack_from(">I", self._buffer, 4)[0] not in ENCRYPTION:
            self._starting = False
        del self._buffer[: head + length]
        return True


class Wire:
    """A proxy in front of a Postgres."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self._target = target
        self._clients: list[Frontend] = []
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def round_trips(self) -> int:
        """Of all clients so far."""
        return sum(client.round_trips for client in self._clients)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Connects a client."""
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        client = Frontend()
        self._clients.append(client)
        self._writers += [writer, back]
        for source, sink, listener in ((reader, back, client), (there, writer, None)):
            task = asyncio.create_task(_pass(source, sink, listener))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def end(self) -> None:
        """Breaks the connections that are left."""
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _pass(
    source: asyncio.StreamReader, sink: asyncio.StreamWriter, listener: Frontend | None
) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65536):
            if listener is not None:
                listener.feed(data)
            sink.write(data)
            await sink.drain()
    sink.close()


@contextlib.asynccontextmanager
async def wire(target: int) -> AsyncIterator[Wire]:
    """A running proxy in front of a port of this machine."""
    made = Wire(target)
    server = await asyncio.start_server(made.accept, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        await made.end()
