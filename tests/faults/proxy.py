"""A TCP proxy that can stop passing anything on, as a broken network does."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable

from yarl import URL

Hear = Callable[[bytes], None]


def _ignore(_data: bytes) -> None:
    pass


class Proxy:
    """Passes bytes on between its port and another one of this machine."""

    def __init__(self, target: int, listen: Callable[[], Hear] = lambda: _ignore) -> None:
        """`listen` is called for each client, and what it gives with all that the client says."""
        self.port = 0
        self._listen = listen
        self._target = target
        self._open = asyncio.Event()
        self._open.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def stall(self) -> None:
        """Nothing comes through, in neither direction; connections are accepted all the same."""
        self._open.clear()

    def resume(self) -> None:
        """All comes through, also what was held back."""
        self._open.set()

    def cut(self) -> None:
        """Breaks all connections."""
        for writer in self._writers:
            writer.transport.abort()

    def url(self, url: str) -> str:
        """A server's URL, by way of this proxy."""
        return str(URL(url).with_port(self.port))

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Connects a client with the target."""
        self._writers.add(writer)
        with contextlib.suppress(OSError):
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
            self._writers.add(back)
            for source, sink, hear in ((reader, back, self._listen()), (there, writer, _ignore)):
                task = asyncio.create_task(self._pass(source, sink, hear))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            return
        writer.close()

    async def _pass(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, hear: Hear
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                hear(data)
                await self._open.wait()
                sink.write(data)
                await sink.drain()
        sink.close()

    async def end(self) -> None:
        """Breaks all connections, and waits until nothing runs any more."""
        self.resume()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def proxy(
    target: int,
    listen: Callable[[], Hear] = lambda: _ignore,
    *,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Proxy]:
    """A running proxy in front of a port; with `tls` it is that which clients speak to it."""
    made = Proxy(target, listen)
    server = await asyncio.start_server(made.accept, "127.0.0.1", 0, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        await made.end()
