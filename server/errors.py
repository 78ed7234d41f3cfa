"""Failures as responses, in one place."""

import msgspec
import structlog

from domain.errors import CarnetError
from runtime.ids import new_request_id
from server.request_metrics import count_response
from server.response import PRIVATE, WholeResponse
from server.route import JSON, Reply

_log = structlog.get_logger("carnet.request")


def render(error: CarnetError, request_id: str) -> Reply:
    """A failure as a response with the error envelope (contract section 2)."""
    return Reply(error.status, msgspec.json.encode(error.body(request_id)), error.headers)


def refuse(error: CarnetError) -> WholeResponse:
    """The response to what is no request for any part of the server."""
    request_id = new_request_id()
    _log.info("request_refused", request_id=request_id, reason=error.message)
    count_response(error.status)
    reply = render(error, request_id)
    headers = {**PRIVATE, **reply.headers, "X-Request-Id": request_id, "Content-Type": JSON}
    return WholeResponse(reply.status, headers, reply.body)
