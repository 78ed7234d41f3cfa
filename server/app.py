"""The aiohttp application, and the listening server around it."""

import asyncio
import socket
from typing import Any, Final

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from domain.errors import ValidationFailed
from server.call import API, SERVICES, Services
from server.endpoint import Endpoint
from server.observe import admit, new_request_id, observe, render
from server.routes import ROUTES

MAX_HEADER_BYTES: Final = 64 * 1024
SHUTDOWN_SECONDS: Final = 20.0

_log = structlog.get_logger("carnet.server")


def build_app(services: Services) -> web.Application:
    """The application with every route of the table."""
    app = web.Application(
        middlewares=[observe, admit],
        client_max_size=services.settings.http.max_body_bytes,
    )
    app[SERVICES] = services
    for route in ROUTES:
        app.router.add_route(route.method, API + route.path, Endpoint(route).handle)
    return app


class _Connection(web.RequestHandler):
    """aiohttp's connection, refusing with our envelope what never gets to a middleware."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if isinstance(exc, ConnectionError):
            # The client went away in the middle of its request: there is nobody to answer.
            _log.info("client_gone")
            return web.Response(status=400)
        if not isinstance(exc, HttpProcessingError):
            return super().handle_error(request, status, exc, message)
        return _refusal(exc, "The request is not valid HTTP, or its head is too large")

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        if isinstance(resp, web.HTTPExpectationFailed):
            resp = _refusal(resp, "The Expect header asks for what this server does not know")
        return await super().finish_response(request, resp, start_time)


def _refusal(cause: BaseException, message: str) -> web.Response:
    request_id = new_request_id()
    _log.info("request_refused", request_id=request_id, reason=type(cause).__name__)
    reply = render(ValidationFailed([], message), request_id)
    response = web.Response(
        status=reply.status,
        body=reply.body,
        headers={"X-Request-Id": request_id},
        content_type="application/json",
    )
    response.force_close()
    return response


class Listener:
    """A listening server; `port` is the one it really has."""

    def __init__(self, app: web.Application, *, linger_seconds: float = 0.0) -> None:
        """`linger_seconds`: how long open connections are served once no more are accepted."""
        self._linger_seconds = linger_seconds
        self._runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN_SECONDS
        )
        self._server: asyncio.Server
        self.port = 0

    async def start_on(self, listening: socket.socket) -> None:
        """Accepts from an open socket; others may accept from it too."""
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, sock=listening)
        self.port = listening.getsockname()[1]

    def _connection(self) -> _Connection:
        assert self._runner.server is not None
        options: dict[str, Any] = {
            "access_log": None,
            "auto_decompress": False,
            "max_line_size": MAX_HEADER_BYTES,
            "max_field_size": MAX_HEADER_BYTES,
        }
        return _Connection(self._runner.server, loop=asyncio.get_running_loop(), **options)

    async def stop(self) -> None:
        """Stops accepting, and gives running requests their time to end."""
        self._server.close()
        # A connection accepted just now has not been read from yet, and looks idle.
        await asyncio.sleep(self._linger_seconds)
        await self._runner.cleanup()
