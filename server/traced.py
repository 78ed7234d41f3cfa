"""Requests with a span each, but for those of programs that watch the server."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from runtime import tracing
from server.probes import LIVE, READY

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def traced(handler: Handler) -> Handler:
    """The handler itself, unless traces are wanted."""
    if not tracing.is_on():
        return handler

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        if request.rel_url.raw_path.endswith((LIVE, READY)):
            return await handler(request)
        with tracing.request(request.method, request.scheme, request.headers) as tell_status:
            response = await handler(request)
            tell_status(response.status)
            return response

    return handle
