"""A connection to Redis by which many things are asked at once.

redis-py, which still reads the URL, sends one command by a connection and waits for its answer.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from redis.asyncio.connection import SSLConnection, UnixDomainSocketConnection
from redis.asyncio.sentinel import SentinelManagedConnection
from redis.exceptions import RedisError

_LONGEST: Final = 4_096
"""Bytes of an answer that may come without its end."""


def command(*parts: str) -> bytes:
    """A command as Redis reads it."""
    return b"*%d\r\n%b" % (len(parts), b"".join(map(part, parts)))


def part(text: str) -> bytes:
    """A part of a command."""
    data = text.encode()
    return b"$%d\r\n%b\r\n" % (len(data), data)


class RedisConnection(asyncio.Protocol):
    """Sends the commands of one turn of the loop together, and passes on the answers in order.

    Each is a status, in one line. All else ends the connection, also an error and a `ValueError` of
    who is answered; then `lost` is told the reason, and nobody anything any more.
    """

    def __init__(
        self, server: Any, answered: Callable[[str], None], lost: Callable[[str], None]
    ) -> None:
        """`server` is a connection of redis-py that is not open: it has what stood in the URL."""
        self._answered = answered
        self._lost = lost
        self._unsent: list[bytes] = []
        if server.username or server.password:
            user = [server.username] if server.username else []
            self._unsent.append(command("AUTH", *user, server.password or ""))
        if server.db:
            self._unsent.append(command("SELECT", str(server.db)))
        self._greetings = len(self._unsent)
        """Answers still to come before those that are passed on."""
        self._rest = b""
        self._transport: Any = None
        self._closed = False
        self._opening = asyncio.create_task(self._open(server))

    async def _open(self, server: Any) -> None:
        loop = asyncio.get_running_loop()
        tls = server.ssl_context.get() if isinstance(server, SSLConnection) else None
        try:
            if isinstance(server, UnixDomainSocketConnection):
                await loop.create_unix_connection(lambda: self, server.path)
                return
            host, port = server.host, server.port
            if isinstance(server, SentinelManagedConnection):
                host, port = await server.connection_pool.get_master_address()
            await loop.create_connection(lambda: self, host, port, ssl=tls)
        except (OSError, ValueError, RedisError) as error:  # a ValueError of names that are none
            self._end(str(error))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = transport
        self._flush()

    def send(self, data: bytes) -> None:
        """Sends a command."""
        if not self._unsent and self._transport is not None:
            asyncio.get_running_loop().call_soon(self._flush)
        self._unsent.append(data)

    def _flush(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(b"".join(self._unsent))
            self._unsent.clear()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        *lines, self._rest = (self._rest + data).split(b"\r\n")
        for line in lines:
            try:
                self._take(line)
            except ValueError:
                self._end(f"it answered: {_begin(line)}")
                return
        if len(self._rest) > _LONGEST:
            self._end("an answer without an end")

    def _take(self, line: bytes) -> None:
        if line[:1] != b"+":
            raise ValueError
        if self._greetings:
            self._greetings -= 1
        else:
            self._answered(line[1:].decode())

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._end(str(exc or "Redis has closed the connection"))

    def _end(self, reason: str) -> None:
        if not self._closed:
            self.close()
            self._lost(reason)

    def close(self) -> None:
        """Ends it at once, without a word to anybody."""
        self._closed = True
        self._opening.cancel()
        if self._transport is not None:
            self._transport.abort()


def _begin(line: bytes) -> str:
    """What is told of an answer; the rest of an error may repeat the command, password and all."""
    if line[:1] == b"-":
        # The first word is a code, `-ERR` of all that has none.
        line = b" ".join(line.split(b" ")[: 2 if line[:5] == b"-ERR " else 1])
    return line[:200].decode(errors="replace")
