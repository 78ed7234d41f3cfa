"""Round trips to Postgres, counted on the wire: a proxy that understands what clients say."""

import contextlib
import dataclasses
import struct
from collections.abc import AsyncIterator, Callable

from tests.faults.proxy import proxy

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


@dataclasses.dataclass
class Wire:
    """A proxy in front of a Postgres, and what its clients have said."""

    clients: list[Frontend] = dataclasses.field(default_factory=list)
    port: int = 0

    @property
    def round_trips(self) -> int:
        """Of all clients so far."""
        return sum(client.round_trips for client in self.clients)

    def listen(self) -> Callable[[bytes], None]:
        """Listens to one more client."""
        client = Frontend()
        self.clients.append(client)
        return client.feed


@contextlib.asynccontextmanager
async def wire(target: int) -> AsyncIterator[Wire]:
    """A running proxy in front of a port of this machine."""
    made = Wire()
    async with proxy(target, made.listen) as between:
        made.port = between.port
        yield made
