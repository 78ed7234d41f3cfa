"""Around every request: its id, its log line, and one place where failures become responses."""

import time
import uuid
from collections.abc import Awaitable, Callable

import msgspec
import structlog
from aiohttp import web

from domain.errors import (
    CarnetError,
    Internal,
    MethodNotAllowed,
    NotFound,
    Overloaded,
    PayloadTooLarge,
    ValidationFailed,
)
from server import intake
from server.call import API, JOB_ID, REQUEST_ID, SERVICES, Reply, route_of

_log = structlog.get_logger("carnet.request")

AiohttpHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def new_request_id() -> str:
    """An id for a request or a refused connection: `req_<uuid>`."""
    return f"req_{uuid.uuid4()}"


def render(error: CarnetError, request_id: str) -> Reply:
    """A failure as a response."""
    return Reply(error.status, msgspec.json.encode(error.body(request_id)), error.headers)


@web.middleware
async def observe(request: web.Request, handler: AiohttpHandler) -> web.StreamResponse:
    """Gives every request an id, every failure the envelope, every response a log line."""
    started = time.perf_counter()
    request_id = new_request_id()
    request[REQUEST_ID] = request_id
    try:
        response = await handler(request)
    except CarnetError as error:
        response = _failure(error, request_id)
    except web.HTTPException as error:
        response = _failure(_translate(error), request_id)
    except ConnectionError:
        # The client went away while its body was read: there is nobody to answer.
        raise
    except Exception:  # noqa: BLE001 - the last resort: a bug must not reach the client
        _log.exception("request_crashed", request_id=request_id)
        response = _failure(Internal(), request_id)
    response.headers["X-Request-Id"] = request_id
    allowance = request.get(intake.ALLOWANCE)
    if allowance is not None:
        response.headers["X-RateLimit-Limit"] = str(allowance.limit)
        response.headers["X-RateLimit-Remaining"] = str(allowance.remaining)
    _write_line(request, response, time.perf_counter() - started)
    return response


@web.middleware
async def admit(request: web.Request, handler: AiohttpHandler) -> web.StreamResponse:
    """The caller first, then whether the route and method exist (contract section 1).

    Before all that, who would be refused for want of room: a refusal must cost next to nothing,
    or a server that is asked too much does nothing else.
    """
    route = route_of(request)
    if route is not None and route.writes and request.app[SERVICES].store.full:
        raise Overloaded()
    if route is None:
        if request.path.startswith(f"{API}/shared/"):
            await intake.admit_by_address(request)
        elif request.path == "/api" or request.path.startswith("/api/"):
            await intake.admit_by_key(request)
    elif route.access == "key":
        await intake.admit_by_key(request)
    else:
        await intake.admit_by_address(request)
    return await handler(request)


def _failure(error: CarnetError, request_id: str) -> web.Response:
    reply = render(error, request_id)
    return web.Response(
        status=reply.status,
        body=reply.body,
        headers=reply.headers,
        content_type="application/json",
    )


def _translate(error: web.HTTPException) -> CarnetError:
    """aiohttp's own refusals, as ours."""
    match error:
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            return MethodNotAllowed(headers={"Allow": allowed})
        case web.HTTPRequestEntityTooLarge():
            return PayloadTooLarge()
        case web.HTTPNotFound():
            return NotFound("There is no such route")
        case _ if error.status < 500:
            return ValidationFailed([], error.reason)
    return Internal()


def _write_line(request: web.Request, response: web.StreamResponse, seconds: float) -> None:
    """One line a request: route templates, never raw paths, since those can carry a token."""
    route = route_of(request)
    caller = request.get(intake.CALLER)
    trip_id = request.match_info.get("tripId")
    _log.info(
        "request",
        request_id=request[REQUEST_ID],
        method=request.method,
        route=API + route.path if route else None,
        status=response.status,
        duration=round(seconds, 6),
        bytes=response.content_length or 0,
        key_id=caller.key_id if caller else None,
        trip_id=trip_id if caller and caller.trip else None,
        job_id=request.get(JOB_ID),
    )
