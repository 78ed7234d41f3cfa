"""A connection of a client: what it may send and take, and how long it may be at it."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final, cast

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong

from domain.errors import Internal, ValidationFailed
from runtime import measured
from server.errors import refuse
from server.response import WholeResponse

MAX_HEAD_BYTES: Final = 64 * 1024
"""What a request's target, and the names and values of its headers, may have together."""
MAX_HEADERS: Final = 100
IDLE_SECONDS: Final = 75.0
"""How long a connection may be open without a whole request head; proxies give up sooner."""
BUFFER_BYTES: Final = 64 * 1024
"""What of a body may wait to be read before no more is received: the loop takes in at once what
has come by then, and takes in nothing else meanwhile."""
UNSENT_SECONDS: Final = 60.0
"""How long a client may take for a piece of what it was sent: one of 128 KiB, so 2 KiB a second."""

_log = structlog.get_logger("carnet.server")


class Connection(web.RequestHandler):
    """aiohttp's connection, refusing with our envelope what never gets to the handler."""

    __slots__ = ("_new", "_over", "_pipe", "_unsent_since", "when_lost")

    def __init__(self, server: web.Server, new: "NewConnections", over: Callable[[], None]) -> None:
        """`new` has it until its first request comes; `over` is called when it is lost."""
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type]  # aiohttp takes it for none
            auto_decompress=False,
            keepalive_timeout=IDLE_SECONDS,
            max_line_size=MAX_HEAD_BYTES,
            max_field_size=MAX_HEAD_BYTES,
            max_headers=MAX_HEADERS,
            read_bufsize=BUFFER_BYTES,
        )
        self.when_lost: Callable[[], None] | None = None
        self._new = new
        self._over = over
        self._pipe: asyncio.Transport
        self._unsent_since: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begins to wait for a request."""
        self._new.add(self)
        self._pipe = cast(asyncio.Transport, transport)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Tells who has asked to know."""
        self._new.discard(self)
        self._over()
        super().connection_lost(exc)
        if self.when_lost is not None:
            self.when_lost()

    def pause_writing(self) -> None:
        """Notes since when the client has taken too little."""
        self._unsent_since = self._loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """The client has taken a piece."""
        self._unsent_since = None
        super().resume_writing()

    def abort_if_stuck(self) -> None:
        """Breaks the connection where the client takes too little of what it was sent.

        A connection that was closed still sends what there is, and would do so for ever.
        """
        now = self._loop.time()
        if self._unsent_since is None and self._pipe.is_closing():
            self._unsent_since = now
        if self._unsent_since is not None and now - self._unsent_since > UNSENT_SECONDS:
            _log.info("client_too_slow")
            self._pipe.abort()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Gives the response to a request that is no HTTP, or whose handler has crashed."""
        if isinstance(exc, ConnectionError):
            # The client went away in the middle of its request.
            _log.info("client_gone")
            return WholeResponse(400, {})
        if isinstance(exc, HttpProcessingError):
            too_large = isinstance(exc, LineTooLong)
            measured.REFUSED.add("head_too_large" if too_large else "bad_http")
            return refuse(bad_head())
        self.log_exception("A request has crashed", exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("a part of the response was sent")
        return refuse(Internal())


def head_bytes(request: web.BaseRequest) -> int:
    """What `MAX_HEAD_BYTES` limits."""
    size = len(request.raw_path)
    for name, value in request.raw_headers:
        size += len(name) + len(value)
    return size


def bad_head() -> ValidationFailed:
    """The refusal of a head that is none, or too large."""
    return ValidationFailed([], "The request is not valid HTTP, or its head is too large")


class NewConnections:
    """The open connections on which no request has come yet.

    aiohttp takes them for idle, and would close them on a client that is about to write.
    """

    def __init__(self) -> None:
        self._connections: set[object] = set()
        self._none = asyncio.Event()

    def add(self, connection: object) -> None:
        """Has one more."""
        self._connections.add(connection)
        self._none.clear()

    def discard(self, connection: object) -> None:
        """A request has come on it, or it is lost."""
        if connection in self._connections:
            self._connections.remove(connection)
            if not self._connections:
                self._none.set()

    async def wait_for_none(self, seconds: float) -> None:
        """Waits until there is none, and no longer than so many seconds."""
        if self._connections:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._none.wait(), seconds)


def on_lost(request: web.BaseRequest, tell: Callable[[], None] | None) -> None:
    """Has a function called when the request's connection is lost; None: no longer."""
    connection = request.protocol
    assert isinstance(connection, Connection)
    connection.when_lost = tell
    if tell is not None and request.transport is None:
        tell()
