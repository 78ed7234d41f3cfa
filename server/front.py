"""The API's front: from a request to its response, through the guards in the contract's order.

It stands on aiohttp's requests and responses, and on no application: what mounts it gives it every
request below its base path.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeVar

import structlog
from aiohttp import web
from msgspec import UNSET, UnsetType

from domain.actor import TripAccess
from domain.errors import CarnetError, Internal
from runtime import clock
from runtime.ids import is_id, new_request_id
from server import cors, guards
from server.bodies import take_body
from server.body_budget import BodyAccount
from server.conditional import (
    is_known,
    precondition_of,
    tag_of,
    tag_of_body,
    tag_of_history,
    tag_of_read,
)
from server.errors import render
from server.request_line import RequestLine
from server.request_metrics import NONE, measure_operation, measure_other, page_group
from server.response import HEADERS_OF_ALL, PRIVATE, WholeResponse
from server.route import (
    API,
    JSON,
    Call,
    Queued,
    Rendering,
    Reply,
    Route,
    Stream,
    Transaction,
    View,
)
from server.services import Services
from server.tree import RouteTree
from server.writes import run_protected, run_write
from storage.store import Tx, overloaded

T = TypeVar("T")

_log = structlog.get_logger("carnet.request")

_ASK_EACH_TIME: Final = "private, no-cache"
"""Of what has a tag: whoever has it may keep it, and asks before each use (RFC 9111)."""

BASE: Final = "/api"
"""Whatever is below it is the API's: what is no route there is a JSON error all the same."""


class Api:
    """Answers the requests below `/api`; the routes are those below `API`."""

    def __init__(self, services: Services, routes: Sequence[Route]) -> None:
        self._services = services
        self._routes = routes
        self._tree = RouteTree(API.removeprefix(BASE), routes)

    async def handle(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        """The response to a request; `path` is what comes after the base path, as it was sent."""
        started = time.perf_counter()
        call = Call(self._services, self._routes, request, new_request_id(), clock.unix_ns())
        reply = await answered(call, self._answer(call, path))
        response = await self._respond(call, reply)
        route = call.route.template if call.route else UNSET
        log_request(call, route, reply, time.perf_counter() - started)
        return response

    async def _answer(self, call: Call, path: str) -> "Reply | _Pieces":
        request, services = call.request, self._services
        if request.method == "OPTIONS" and cors.is_preflight(request):
            origins = services.settings.http.cors_origins
            return cors.preflight(request, origins, cors.METHODS, cors.ALLOWED_HEADERS)
        found = self._tree.find(request.method, path)
        # What would be refused for want of room: a refusal must cost next to nothing, or a server
        # that is asked too much does nothing else.
        if found.route is not None and found.route.writes and services.store.full:
            raise overloaded()
        route = call.route = found.route
        call.params = found.params
        trip_id = found.params.get("tripId", "")
        call.trip_id = trip_id if is_id(trip_id) else ""
        # The caller and its limit come first, whether there is a route or not.
        if found.access == "address":
            await guards.admit_by_address(call)
        elif found.access in ("visitor", "sign-in"):
            await guards.admit_visitor(call)
        elif found.access != "none":
            await guards.admit_actor(call)
        if route is None:
            raise found.error
        guards.authorize(call, route)
        if "Transfer-Encoding" in request.headers:
            guards.require_known_coding(request)
        if isinstance(route, Transaction) and route.writes:
            return await self._write(call, route)
        if request.query_string:
            guards.check_query(call, route)
        if isinstance(route, Transaction):
            return await self._read(call, route)
        if isinstance(route, View):
            return await route.handler(call)
        assert isinstance(route, Stream)
        return await _Pieces.begin(route, call)

    async def _read(self, call: Call, route: Transaction) -> Reply:
        request = call.request
        trip = call.caller.trip if call.caller else None
        # The revision was read before the rows: at worst it is older than they are.
        if route.shows is None or trip is None:
            reply = await self._fetch(call, route, None)
            if isinstance(reply, Rendering):
                return await self._render(request, reply)
            if trip is None:
                return _tagged(request, reply, tag_of_body(reply.body))
            tag = tag_of_history(self._services.epoch, trip, reply.body)
            return _tagged(request, reply, tag)
        tag = tag_of_read(self._services.epoch, route.shows, trip)
        if not route.cached:
            reply = await self._fetch(call, route, trip)
            assert isinstance(reply, Reply)
            return _tagged(request, reply, tag)
        target, cache = request.rel_url.raw_path_qs, self._services.responses
        body = cache.get(target, tag)
        if body is None:
            cannot_fail = route.names_trip_only and not request.query_string
            if cannot_fail and is_known(request, tag):
                return Reply(304, headers={"ETag": tag})
            body = await self._fetch_for_all(call, route, trip)
            cache.put(target, tag, body)
        return _tagged(request, Reply(200, body), tag)

    async def _render(self, request: web.BaseRequest, rendering: Rendering) -> Reply:
        """What no trip's revision tells of, by the state that it is made from."""
        tag = f'"{rendering.state}-{self._services.epoch}"'
        if is_known(request, tag):
            return Reply(304, headers={"ETag": tag})
        # Without the query: that of a link means nothing.
        target, cache = request.rel_url.raw_path, self._services.responses
        body = cache.get(target, tag)
        if body is None:
            body = await asyncio.to_thread(rendering.render)
            cache.put(target, tag, body)
        return Reply(200, body, {"ETag": tag})

    async def _fetch(
        self, call: Call, route: Transaction, seen: TripAccess | None
    ) -> Reply | Rendering:
        """What the handler gives; with a trip as it was seen where its revisions tell of that."""

        def show(tx: Tx) -> Awaitable[Reply | Queued | Rendering]:
            return route.handler(tx, call)

        store = self._services.store
        reply = await (store.read_trip(show, call.trip_id, seen) if seen else store.read(show))
        assert not isinstance(reply, Queued)
        return reply

    async def _fetch_for_all(self, call: Call, route: Transaction, seen: TripAccess) -> bytes:
        """A body that any caller may be given: the handler has none to look at."""
        caller, call.caller = call.caller, None
        try:
            reply = await self._fetch(call, route, seen)
        finally:
            call.caller = caller
        if isinstance(reply, Rendering):
            return await asyncio.to_thread(reply.render)
        assert (reply.status, reply.headers) == (200, {}), "only the body is cached"
        return reply.body

    async def _write(self, call: Call, route: Transaction) -> Reply:
        request, services = call.request, self._services
        key = guards.idempotency_key(request)
        if "If-Match" in request.headers or "If-None-Match" in request.headers:
            call.precondition = precondition_of(
                request, services.epoch, creates_row=route.creates_row
            )
        account = BodyAccount(services.bodies)
        try:
            await take_body(call, route, account)
            if request.query_string:
                guards.check_query(call, route)
            if route.prepare is not None:
                call.prepared = await route.prepare(call)
            if key is None or not route.keeps_answers:
                return await run_write(call, route.handler, account)
            return await run_protected(call, route.handler, key, account)
        finally:
            account.free()

    async def _respond(self, call: Call, reply: "Reply | _Pieces") -> web.StreamResponse:
        """The response, with what is told of every request in its headers."""
        headers = told_of_all(call)
        if isinstance(reply, _Pieces):
            return await reply.send(call.request, headers)
        if reply.rev is not None:
            headers["ETag"] = tag_of(self._services.epoch, reply.rev)
        headers |= reply.headers
        if "ETag" in headers:
            headers["Cache-Control"] = _ASK_EACH_TIME
        if reply.body:
            media_type = call.route.media_type if call.route and reply.status < 400 else JSON
            headers.setdefault("Content-Type", media_type)
        return WholeResponse(reply.status, headers, reply.body)


def told_of_all(call: Call) -> dict[str, str]:
    """The headers of every response, whatever it answers."""
    headers = {"X-Request-Id": call.request_id, **PRIVATE}
    if call.allowance is not None:
        headers["X-RateLimit-Limit"] = str(call.allowance.limit)
        headers["X-RateLimit-Remaining"] = str(call.allowance.remaining)
    origins = call.services.settings.http.cors_origins
    if origins:
        headers |= cors.allow(call.request, origins)
    if call.caller is not None and call.caller.actor.session_id:
        headers["Vary"] = f"{headers['Vary']}, Cookie" if "Vary" in headers else "Cookie"
    return headers


def _tagged(request: web.BaseRequest, reply: Reply, tag: str) -> Reply:
    """The reply with its tag, or 304 where the client has it already.

    RFC 9110 section 13.2.1: a condition counts only where the answer would be a success.
    """
    headers = {**reply.headers, "ETag": tag}
    if is_known(request, tag):
        return Reply(304, headers=headers)
    return Reply(reply.status, reply.body, headers)


class _Pieces:
    """A stream that has begun: what is refused until its first piece is an error like any other."""

    status: Final = 200
    body: Final = b""

    def __init__(self, route: Stream, first: bytes, rest: AsyncGenerator[bytes]) -> None:
        self._headers = {**route.headers, "Content-Type": route.media_type}
        self._first = first
        self._rest = rest

    @classmethod
    async def begin(cls, route: Stream, call: Call) -> "_Pieces":
        pieces = route.handler(call)
        return cls(route, await anext(pieces, b""), pieces)

    async def send(
        self, request: web.BaseRequest, headers: Mapping[str, str]
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={**HEADERS_OF_ALL, **headers, **self._headers})
        # A client that goes away ends a stream as well as its last piece does.
        async with contextlib.aclosing(self._rest):
            with contextlib.suppress(ConnectionError):
                await response.prepare(request)
                if request.method != "HEAD":
                    await response.write(self._first)
                    async for piece in self._rest:
                        await response.write(piece)
                await response.write_eof()
        return response


async def answered(
    call: Call, answer: Awaitable[T], tell: Callable[[CarnetError, str], Reply] = render
) -> T | Reply:
    """An answer, or the reply that tells why there is none, as JSON or as `tell` has it."""
    try:
        return await answer
    except CarnetError as error:
        return tell(error, call.request_id)
    except ConnectionError:
        # The client went away while its body was read: there is no one to answer.
        raise
    except Exception:  # noqa: BLE001 - the last resort: a bug must not reach the client
        _log.exception("request_crashed", request_id=call.request_id)
        return tell(Internal(), call.request_id)


def log_request(call: Call, route: str | UnsetType, reply: Reply | _Pieces, seconds: float) -> None:
    """Writes the line that tells of a request, and measures it."""
    if call.route is not None:
        measure_operation(call.route, reply.status, seconds)
    else:
        group = NONE if route is UNSET else page_group(route)
        measure_other(group, reply.status, seconds)
    caller = call.caller
    RequestLine(
        time=clock.now(),
        request_id=call.request_id,
        method=call.request.method,
        route=route,
        status=reply.status,
        duration=round(seconds, 6),
        bytes=len(reply.body),
        key_id=(caller and caller.actor.key_id) or UNSET,
        trip_id=call.trip_id if caller and caller.trip else UNSET,
        job_id=call.job_id or UNSET,
    ).log()
