"""`/mcp`: streamable HTTP, of which this server needs a POST and its JSON response.

Nothing is asked of clients and nothing told unasked, so there are no streams and no sessions.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp import web
from yarl import URL

from domain.errors import (
    CarnetError,
    Forbidden,
    MethodNotAllowed,
    NotFound,
    ValidationFailed,
)
from runtime import clock
from runtime.ids import new_request_id
from server import cors, guards
from server.bodies import OFF_LOOP_BYTES, receive
from server.body_budget import BodyAccount
from server.front import answered, log_request, told_of_all
from server.mcp import jsonrpc
from server.mcp.eras import Era, era_of
from server.mcp.jsonrpc import (
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    REFUSED,
    RESOURCE_NOT_FOUND,
    BadMessage,
    Fault,
    Message,
    RpcError,
)
from server.mcp.methods import METHODS, Method
from server.mcp.wording import in_tools
from server.response import WholeResponse
from server.route import JSON, Body, Call, Reply
from server.services import Services

MCP: Final = "/mcp"
_HEADERS: Final = "Authorization, Content-Type, MCP-Protocol-Version, Mcp-Method, Mcp-Name"
_BODY: Final = Body(type=dict)


class Endpoint:
    """Answers the requests at `/mcp`."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def handle(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        """The response to a request; `path` is what comes after `/mcp`, where there is nothing."""
        started = time.perf_counter()
        call = Call(self._services, (), request, new_request_id(), clock.unix_ns())
        reply = await answered(call, self._answer(call, path))
        log_request(call, MCP, reply, time.perf_counter() - started)
        headers = {**told_of_all(call), **reply.headers}
        if reply.body:
            headers["Content-Type"] = JSON
        return WholeResponse(reply.status, headers, reply.body)

    async def _answer(self, call: Call, path: str) -> Reply:
        request, http = call.request, self._services.settings.http
        if path:
            raise NotFound(f"There is nothing here; the MCP server is at {MCP}")
        if cors.is_preflight(request):
            return cors.preflight(request, http.cors_origins, "POST", _HEADERS)
        self._require_own_origin(request)
        if request.method != "POST":
            raise MethodNotAllowed(
                "MCP takes POST only: no streams, no sessions", headers={"Allow": "POST"}
            )
        await guards.authenticate(call)
        guards.require_known_coding(request)
        account = BodyAccount(self._services.bodies)
        try:
            return await _answer_message(call, await receive(call, _BODY, account))
        finally:
            account.free()

    def _require_own_origin(self, request: web.BaseRequest) -> None:
        """403 for a page of another site: whatever a browser lets it send, it has no business here.

        The Host header may say anything, as it does behind a proxy.
        """
        origin, http = request.headers.get("Origin"), self._services.settings.http
        if origin is None or "*" in http.cors_origins or origin in http.cors_origins:
            return
        try:
            host = urlsplit(origin).netloc.lower()
            # As browsers spell it: in small letters, without the port that the scheme has anyway.
            public = URL(http.public_url).host_port_subcomponent
            ours = {request.headers.get("Host", "").lower(), public}
        except ValueError:
            host, ours = "", set()
        if not host or host not in ours:
            raise Forbidden(
                "Pages of this Origin may not use this server: http.cors_origins lists those that"
                " may"
            )


async def _answer_message(call: Call, raw: bytes) -> Reply:
    try:
        large = len(raw) > OFF_LOOP_BYTES
        message = await asyncio.to_thread(jsonrpc.read, raw) if large else jsonrpc.read(raw)
    except BadMessage as error:
        return Reply(400, jsonrpc.error_of(error.id, error.fault))
    try:
        era = era_of(message, call.request)
    except RpcError as error:
        # Whoever cannot be told in which era they are, is told with a status as well.
        return Reply(400, jsonrpc.error_of(message.id, error.fault))
    if message.id is None:
        return Reply(202)
    return await _answer_request(call, message, era)


async def _answer_request(call: Call, message: Message, era: Era) -> Reply:
    headers: Mapping[str, str] = {}
    try:
        method = _method(message, era)
        result = await method.handler(call, message.params)
    except RpcError as error:
        fault = error.fault
    except CarnetError as error:
        fault, headers = _fault(error, call.request_id, era), error.headers
    else:
        stamped = era.stamped(result, method.fresh_ms)
        return Reply(200, jsonrpc.result_of(message, stamped))
    return Reply(era.status_of(fault.code), jsonrpc.error_of(message.id, fault), headers)


def _method(message: Message, era: Era) -> Method:
    method = METHODS.get(message.method)
    if method is None or method.only_in not in (None, era):
        raise RpcError(METHOD_NOT_FOUND, "Method not found")
    return method


def _fault(error: CarnetError, request_id: str, era: Era) -> Fault:
    """What the API refuses, of methods that have no other way to tell it."""
    code = REFUSED
    if isinstance(error, ValidationFailed):
        code = INVALID_PARAMS
    elif isinstance(error, NotFound):
        code = INVALID_PARAMS if era.modern else RESOURCE_NOT_FOUND
    data: Any = error.body(request_id)
    return Fault(code, in_tools(error.message), data)
