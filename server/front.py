"""The API's front: from a request to its response, through the guards in the contract's order.

It stands on aiohttp's requests and responses, and on no application: what mounts it gives it every
request below its base path.
"""

import datetime
import time
from collections.abc import Mapping, Sequence
from typing import Final

import structlog
from aiohttp import web

from domain.actor import Caller
from domain.errors import CarnetError, Internal, Overloaded
from server import cors, guards
from server.bodies import take_body
from server.conditional import (
    is_known,
    precondition_of,
    tag_of,
    tag_of_body,
    tag_of_read,
)
from server.errors import new_request_id, render
from server.ratelimit import Allowance
from server.route import API, JSON, Call, Reply, Route, Stream, Transaction, View
from server.services import Services
from server.tree import Found, Missing, RouteTree
from server.writes import run_write

_log = structlog.get_logger("carnet.request")

BASE: Final = "/api"
"""Whatever is below it is the API's: what is no route there is a JSON error all the same."""
SEND_AT_ONCE_BYTES: Final = 128 * 1024
"""Larger bodies are sent in pieces of this size, so that the loop has turns between them."""


class _Progress:
    """What the log and the headers tell of a request, as far as it got."""

    __slots__ = ("allowance", "call", "caller", "route", "trip_id")

    def __init__(self) -> None:
        self.route: Route | None = None
        self.caller: Caller | None = None
        self.allowance: Allowance | None = None
        self.call: Call | None = None
        self.trip_id: str | None = None


class Api:
    """Answers the requests below `/api`; the routes are those below `API`."""

    def __init__(self, services: Services, routes: Sequence[Route]) -> None:
        self._services = services
        self._routes = routes
        self._tree = RouteTree(API.removeprefix(BASE), routes)

    async def handle(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        """The response to a request; `path` is what comes after the base path, as it was sent."""
        started, request_id = time.perf_counter(), new_request_id()
        progress = _Progress()
        try:
            reply = await self._answer(request, path, request_id, progress)
        except CarnetError as error:
            reply = render(error, request_id)
        except ConnectionError:
            # The client went away while its body was read: there is no one to answer.
            raise
        except Exception:  # noqa: BLE001 - the last resort: a bug must not reach the client
            _log.exception("request_crashed", request_id=request_id)
            reply = render(Internal(), request_id)
        response = await self._respond(request, reply, request_id, progress)
        _write_line(request, response, request_id, progress, time.perf_counter() - started)
        return response

    async def _answer(
        self, request: web.BaseRequest, path: str, request_id: str, progress: _Progress
    ) -> Reply | Stream:
        if cors.is_preflight(request):
            return cors.preflight(request, self._services.settings.http.cors_origins)
        found = self._tree.find(request.method, path)
        progress.route = found.route if isinstance(found, Found) else None
        await self._admit(request, found, progress)
        if isinstance(found, Missing):
            raise found.error
        route = found.route
        if progress.caller is not None:
            guards.authorize(route, progress.caller, found.params.get("tripId", ""))
        guards.require_known_headers(request)
        call = progress.call = Call(
            services=self._services,
            route=route,
            routes=self._routes,
            request=request,
            params=found.params,
            request_id=request_id,
            moment=datetime.datetime.now(datetime.UTC),
            caller=progress.caller,
        )
        if isinstance(route, Stream):
            guards.check_query(route, request)
            return route
        if isinstance(route, View):
            guards.check_query(route, request)
            return await route.handler(call)
        assert isinstance(route, Transaction)
        if route.writes:
            return await self._write(call, route)
        return await self._read(call, route)

    async def _admit(
        self, request: web.BaseRequest, found: Found | Missing, progress: _Progress
    ) -> None:
        """The caller and its limit come first, whether there is a route or not.

        Before all that, what would be refused for want of room: a refusal must cost next to
        nothing, or a server that is asked too much does nothing else.
        """
        services = self._services
        access, trip_id = "key", None
        if isinstance(found, Found):
            access, trip_id = found.route.access, found.params.get("tripId")
            if found.route.writes and services.store.full:
                raise Overloaded()
        else:
            access = found.access
        if access == "address":
            await guards.count_address(services, request)
        elif access == "key":
            caller, progress.allowance = await guards.caller_of(services, request, trip_id)
            progress.caller = caller
            progress.trip_id = trip_id if caller.trip else None
            guards.require_allowance(progress.allowance)

    async def _read(self, call: Call, route: Transaction) -> Reply:
        guards.check_query(route, call.request)
        trip = call.caller.trip if call.caller else None
        if route.shows is None or trip is None:
            reply = await self._fetch(call, route)
            tag = tag_of_body(reply.body)
            return self._tagged(call.request, reply, tag)
        # The revision was read before the rows: at worst it is older than they are.
        tag = tag_of_read(self._services.epoch, route.shows, trip)
        if not route.cached:
            return self._tagged(call.request, await self._fetch(call, route), tag)
        target, cache = call.request.rel_url.raw_path_qs, self._services.responses
        body = cache.get(target, tag)
        if body is None:
            cannot_fail = route.names_trip_only and not call.request.query_string
            if cannot_fail and is_known(call.request, tag):
                return Reply(304, headers={"ETag": tag})
            call.caller = None
            body = (await self._fetch(call, route)).body
            cache.put(target, tag, body)
        return self._tagged(call.request, Reply(200, body), tag)

    def _tagged(self, request: web.BaseRequest, reply: Reply, tag: str) -> Reply:
        """The reply with its tag, or 304 where the client has it already.

        RFC 9110 section 13.2.1: a condition counts only where the answer would be a success.
        """
        headers = {**reply.headers, "ETag": tag}
        if is_known(request, tag):
            return Reply(304, headers=headers)
        return Reply(reply.status, reply.body, headers)

    async def _fetch(self, call: Call, route: Transaction) -> Reply:
        reply = await self._services.store.read(lambda tx: route.handler(tx, call))
        assert isinstance(reply, Reply)
        return reply

    async def _write(self, call: Call, route: Transaction) -> Reply:
        key = guards.idempotency_key(call.request)
        call.precondition = precondition_of(
            call.request, self._services.epoch, creates_row=route.creates_row
        )
        with self._services.bodies.account() as account:
            await take_body(call, account)
            guards.check_query(route, call.request)
            return await run_write(call, route, key, account)

    async def _respond(
        self,
        request: web.BaseRequest,
        reply: Reply | Stream,
        request_id: str,
        progress: _Progress,
    ) -> web.StreamResponse:
        headers = {"X-Request-Id": request_id}
        if progress.allowance is not None:
            headers["X-RateLimit-Limit"] = str(progress.allowance.limit)
            headers["X-RateLimit-Remaining"] = str(progress.allowance.remaining)
        origins = self._services.settings.http.cors_origins
        if origins:
            headers |= cors.allow(request, origins)
        if isinstance(reply, Stream):
            assert progress.call is not None
            return await _stream(reply, progress.call, headers)
        if reply.rev is not None:
            headers["ETag"] = tag_of(self._services.epoch, reply.rev)
        media_type = progress.route.media_type if progress.route and reply.status < 400 else JSON
        return await _send(request, reply, {**headers, **reply.headers}, media_type)


async def _send(
    request: web.BaseRequest, reply: Reply, headers: Mapping[str, str], media_type: str
) -> web.StreamResponse:
    """A whole reply as a response; a large one is sent piece by piece."""
    body = reply.body
    if body:
        headers = {**headers, "Content-Type": media_type}
    if len(body) <= SEND_AT_ONCE_BYTES or request.method == "HEAD":
        return web.Response(status=reply.status, body=body or None, headers=headers)
    response = web.StreamResponse(status=reply.status, headers=headers)
    response.content_length = len(body)
    await response.prepare(request)
    view = memoryview(body)
    for start in range(0, len(body), SEND_AT_ONCE_BYTES):
        await response.write(view[start : start + SEND_AT_ONCE_BYTES])
    return response


async def _stream(route: Stream, call: Call, headers: Mapping[str, str]) -> web.StreamResponse:
    response = web.StreamResponse(headers={**headers, "Content-Type": route.media_type})
    await response.prepare(call.request)
    if call.request.method != "HEAD":
        async for piece in route.handler(call):
            await response.write(piece)
    await response.write_eof()
    return response


def _write_line(
    request: web.BaseRequest,
    response: web.StreamResponse,
    request_id: str,
    progress: _Progress,
    seconds: float,
) -> None:
    """One line a request: route templates, never raw paths, since those can carry a token."""
    route, caller = progress.route, progress.caller
    _log.info(
        "request",
        request_id=request_id,
        method=request.method,
        route=API + route.path if route else None,
        status=response.status,
        duration=round(seconds, 6),
        bytes=response.content_length or 0,
        key_id=caller.actor.key_id if caller else None,
        trip_id=progress.trip_id,
        job_id=progress.call.job_id if progress.call else None,
    )
