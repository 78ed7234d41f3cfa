"""The listening server: which connections it takes, and how it ends."""

import asyncio
import contextlib
import functools
import socket
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from aiohttp import web

from runtime import measured
from server.addresses import canonical
from server.connection import MAX_HEAD_BYTES, Connection, NewConnections, bad_head, head_bytes
from server.errors import refuse

SHUTDOWN_SECONDS: Final = 20.0
"""aiohttp waits so long twice: requests at hand have 40 s to end."""
UNREAD_MS: Final = 60_000
"""How long a client may take nothing of what it was sent."""
LOOK_SECONDS: Final = 15.0
"""How often it is looked for clients that take longer."""
ACCEPT_AGAIN_SECONDS: Final = 0.1
"""The pause when no connection can be taken: the system has no descriptor left."""
TAKEN_IN_A_ROW: Final = 4
"""Connections that a process takes before it leaves the next ones to the other processes."""

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
"""Gives the response to a request; what it raises is told the client as a 500."""

_log = structlog.get_logger("carnet.server")


class Listener:
    """A listening server; `port` is the one it really has, 0 on a unix socket."""

    def __init__(
        self,
        handler: Handler,
        *,
        linger_seconds: float = 0.0,
        pause_seconds: float = 0.0,
        most_of_one: int = 0,
    ) -> None:
        """Times are in seconds.

        `linger_seconds`: how long, once no more connections are accepted, the last ones may take to
        send their first request.
        `pause_seconds`: how long, now and then, connections are left to other processes that accept
        from the same socket; 0 where there are none.
        `most_of_one`: how many connections one client address may have open; 0 for any number.
        """
        self._most_of_one = most_of_one
        self._open: Counter[str] = Counter()
        self._pause_seconds = pause_seconds
        self._taken = 0
        self._linger_seconds = linger_seconds
        self._handler = handler
        self._new = NewConnections()
        self._server = web.Server(self._handle)
        self._runner = web.ServerRunner(self._server, shutdown_timeout=SHUTDOWN_SECONDS)
        self._listening: socket.socket
        self._resting: asyncio.TimerHandle | None = None
        self._looking: asyncio.TimerHandle
        self._connecting: set[asyncio.Task[None]] = set()
        self.port: int
        self.in_flight = 0
        """Requests that are being answered."""

    @property
    def connections(self) -> int:
        """Connections that are open."""
        return len(self._server.connections)

    async def start_on(self, listening: socket.socket) -> None:
        """Accepts from an open socket; other processes may accept from it too."""
        await self._runner.setup()
        listening.setblocking(False)
        self._listening = listening
        self.port = 0 if listening.family == socket.AF_UNIX else listening.getsockname()[1]
        self._watch()
        self._look()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self._new.discard(request.protocol)
        if head_bytes(request) > MAX_HEAD_BYTES:
            measured.REFUSED.add("head_too_large")
            return refuse(bad_head())
        self.in_flight += 1
        try:
            return await self._handler(request)
        finally:
            self.in_flight -= 1

    def _look(self) -> None:
        """Looks for clients that are too slow, from now on."""
        for connection in self._server.connections:
            assert isinstance(connection, Connection)
            connection.abort_if_stuck()
        self._looking = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)

    def _watch(self) -> None:
        self._resting = None
        asyncio.get_running_loop().add_reader(self._listening, self._accept)

    def _rest(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._listening)
        self._resting = loop.call_later(seconds, self._watch)

    def _accept(self) -> None:
        """Takes one connection.

        A loop's own server takes all that wait at once: of several processes on one socket, one
        would end up with all connections of a proxy that opens them together.
        """
        try:
            taken = self._take()
        except OSError as error:
            _log.warning("accept_failed", reason=str(error))
            self._rest(ACCEPT_AGAIN_SECONDS)
            return
        self._taken += taken
        if taken and self._pause_seconds and self._taken % TAKEN_IN_A_ROW == 0:
            self._rest(self._pause_seconds)

    def _take(self) -> bool:
        """Takes a connection, if one waits; whether one did."""
        try:
            accepted, peer = self._listening.accept()
        except (BlockingIOError, ConnectionError):
            return False
        # A socket of the file system tells no address.
        address = canonical(peer[0]) if self._most_of_one and isinstance(peer, tuple) else None
        if address is not None:
            if self._open[address] >= self._most_of_one:
                measured.REFUSED.add("connections")
                _log.info("too_many_connections")
                accepted.close()
                return True
            self._open[address] += 1
        task = asyncio.create_task(self._connect(accepted, address))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)
        return True

    def _over(self, address: str | None) -> None:
        """A connection of an address, where those are counted, is no more."""
        if address is not None:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]

    async def _connect(self, accepted: socket.socket, address: str | None) -> None:
        over = functools.partial(self._over, address)
        accepted.setblocking(False)
        if hasattr(socket, "TCP_USER_TIMEOUT") and accepted.family != socket.AF_UNIX:
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MS)
        try:
            make = functools.partial(Connection, self._server, self._new, over)
            await asyncio.get_running_loop().connect_accepted_socket(make, accepted)
        except OSError:
            over()
            accepted.close()

    async def stop(self) -> None:
        """Stops accepting, and gives running requests their time to end."""
        if self._resting is not None:
            self._resting.cancel()
        self._looking.cancel()
        asyncio.get_running_loop().remove_reader(self._listening)
        # What waits would be reset when the last process that shares the socket closes it.
        with contextlib.suppress(OSError):
            while self._take():
                pass
        self._listening.close()
        await asyncio.gather(*self._connecting)
        await self._new.wait_for_none(self._linger_seconds)
        await self._runner.cleanup()
