"""Failures as responses, in one place."""

import uuid

import msgspec
import structlog
from aiohttp import web

from domain.errors import CarnetError
from server.route import JSON, Reply

_log = structlog.get_logger("carnet.request")


def new_request_id() -> str:
    """An id for a request or a refused connection: `req_<uuid>`."""
    return f"req_{uuid.uuid4()}"


def render(error: CarnetError, request_id: str) -> Reply:
    """A failure as a response with the error envelope (contract section 2)."""
    return Reply(error.status, msgspec.json.encode(error.body(request_id)), error.headers)


def refuse(error: CarnetError) -> web.Response:
    """The response to what is no request for any part of the server."""
    request_id = new_request_id()
    _log.info("request_refused", request_id=request_id, reason=error.message)
    reply = render(error, request_id)
    return web.Response(
        status=reply.status,
        body=reply.body,
        headers={"X-Request-Id": request_id},
        content_type=JSON,
    )
