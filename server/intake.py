"""What is checked of a request before its operation runs, in the contract's order (section 1)."""

import asyncio
import dataclasses
import hashlib
import re
from collections.abc import AsyncIterator, Iterable
from typing import Final

from aiohttp import web

from domain import details
from domain.account import KEY_PREFIX, Caller, key_hash
from domain.errors import (
    Forbidden,
    NotFound,
    PayloadTooLarge,
    RateLimited,
    Unauthorized,
    UnsupportedMediaType,
    ValidationFailed,
)
from domain.scopes import BaseScope
from runtime.clock import now
from server import jsonbody
from server.call import SERVICES, Call, Route, is_id
from server.ratelimit import Allowance
from storage import accounts, jobs
from storage.turns import pieces

CALLER: Final = web.RequestKey("caller", Caller)
ALLOWANCE: Final = web.RequestKey("allowance", Allowance)

_BEARER = re.compile(r"bearer +([\x21-\x7e]{1,512})", re.IGNORECASE | re.ASCII)
_VISIBLE = re.compile(r"[\x21-\x7e]*", re.ASCII)
OFF_LOOP_BYTES: Final = 64 * 1024
"""Bodies above this are not worked on in the loop, so that other requests get their turn."""

PAUSE_SECONDS: Final = 0.001
"""Between the pieces of a large body, so that those who ask for little are not kept waiting."""
PAUSE_FROM_BYTES: Final = 256 * 1024
"""What is taken in before the first of these pauses: so much costs little time."""

BODY_SECONDS: Final = 30.0
"""What a body may take to arrive, however small it is; a large one gets more."""
SLOWEST_BYTES_PER_SECOND: Final = 8 * 1024


async def admit_by_key(request: web.Request) -> Caller:
    """The caller behind the request's key, counted against its limit (401, 429)."""
    services = request.app[SERVICES]
    trip_id = request.match_info.get("tripId")
    key = _key(request)
    hashed = key_hash(key)
    if trip_id is not None and not is_id(trip_id):
        trip_id = None
    known = services.key_ids.get(hashed)
    # Both are asked at once, and waited for: nothing of a request goes on after its answer.
    counting = services.limiter.count(known) if known else None
    try:
        caller = await services.store.look_up(
            lambda tx: accounts.authenticate(tx, key, trip_id), name=("caller", hashed, trip_id)
        )
    finally:
        usage = await counting if counting else None
    if caller is None or not caller.may_call_at(now()):
        raise Unauthorized()
    request[CALLER] = caller
    if usage is None:
        services.key_ids.put(hashed, caller.key_id)
        usage = await services.limiter.count(caller.key_id)
    allowance = usage.of(caller.rate_limit or services.settings.limits.requests_per_minute)
    request[ALLOWANCE] = allowance
    if allowance.exceeded:
        raise RateLimited(allowance.reset_seconds)
    return caller


async def admit_by_address(request: web.Request) -> None:
    """Counts a request without a key against its client's address (429)."""
    services = request.app[SERVICES]
    address = client_address(request, services.settings.http.trusted_proxies)
    usage = await services.limiter.count(f"address:{address}")
    allowance = usage.of(services.settings.limits.shared_requests_per_minute)
    if allowance.exceeded:
        raise RateLimited(allowance.reset_seconds)


def client_address(request: web.Request, trusted_proxies: int) -> str:
    """The client's address: each trusted proxy vouches for one entry of `X-Forwarded-For`."""
    hops = [
        hop.strip()
        for value in request.headers.getall("X-Forwarded-For", ())
        for hop in value.split(",")
    ]
    hops.append(request.remote or "")
    return hops[-1 - min(trusted_proxies, len(hops) - 1)]


def _key(request: web.Request) -> str:
    values = request.headers.getall("Authorization", ())
    match = _BEARER.fullmatch(values[0]) if len(values) == 1 else None
    if match is None or not match[1].startswith(KEY_PREFIX):
        raise Unauthorized()
    return match[1]


def authorize(route: Route, request: web.Request, caller: Caller) -> None:
    """The route's scope, then the trip, then access to it (403, 404, 403)."""
    scope = route.scope
    if scope is not None and not caller.scopes.has_any(scope):
        raise Forbidden(f"This key does not have the scope {scope}")
    if route.creates_trips and not caller.scopes.has_unlimited("trips:write"):
        raise Forbidden("A key limited to trips cannot create one")
    if route.on_trip:
        assert scope is not None
        _authorize_trip(scope, request.match_info["tripId"], caller, route.writes)


def _authorize_trip(scope: BaseScope, trip_id: str, caller: Caller, writes: bool) -> None:
    if not caller.scopes.covers(scope, trip_id):
        raise Forbidden("This key is limited to another trip")
    if caller.trip is None:
        raise NotFound("There is no such trip")
    if caller.trip.role is None:
        raise Forbidden("This trip belongs to a group you are not in")
    if writes and not caller.trip.role.may_write:
        raise Forbidden("Viewers cannot change a trip")


def idempotency_key(request: web.Request) -> str | None:
    """The request's Idempotency-Key, if it has one; 400 for one that cannot be."""
    values = request.headers.getall("Idempotency-Key", ())
    if not values:
        return None
    name, expected = "Idempotency-Key", "1 to 255 visible ASCII characters"
    wrong = None
    if len(values) > 1:
        wrong = details.duplicate(name, "send this header once")
    elif not values[0]:
        wrong = details.empty(name, expected)
    elif len(values[0]) > 255:
        wrong = details.too_long(name, 255, "characters")
    elif not _VISIBLE.fullmatch(values[0]):
        wrong = details.malformed(name, expected, values[0])
    if wrong:
        raise ValidationFailed([wrong])
    return values[0]


async def fingerprint(request: web.Request, body: bytes) -> str:
    """What makes a request the same as another: method, path, query, body."""
    target = f"{request.method}\0{request.rel_url.raw_path}\0{request.rel_url.raw_query_string}\0"
    if len(body) > OFF_LOOP_BYTES:
        return await asyncio.to_thread(_digest, target.encode(), pieces(body))
    return _digest(target.encode(), [body])


def _digest(target: bytes, body: Iterable[bytes | memoryview]) -> str:
    digest = hashlib.sha256(target)
    for piece in body:
        digest.update(piece)
    return digest.hexdigest()


async def with_body(call: Call, route: Route) -> Call:
    """The call with its body (415, 413, 400); one of many items is surveyed, not decoded."""
    raw = await _read(route, call.request, call.services.settings.http.max_body_bytes)
    call = dataclasses.replace(call, raw=raw)
    if route.body is None and not raw:
        return call
    large, depth = len(raw) > OFF_LOOP_BYTES, jsonbody.MAX_DEPTH
    if route.imports is not None:
        depth = jsonbody.IMPORT_DEPTH
        if large:
            survey = await call.services.surveyor.survey(raw, route.imports)
            if survey.malformed:
                survey.count()
            if survey.refusal is not None:
                return dataclasses.replace(call, survey=survey)
            call = dataclasses.replace(call, packed=await asyncio.to_thread(jobs.pack, raw))
            if survey.items > call.services.settings.imports.inline_items:
                return dataclasses.replace(call, survey=survey)
    if large:
        return dataclasses.replace(call, body=await asyncio.to_thread(jsonbody.decode, raw, depth))
    return dataclasses.replace(call, body=jsonbody.decode(raw, depth))


async def _read(route: Route, request: web.Request, limit: int) -> bytes:
    """The body's bytes, `limit` of them at most, and not too slowly."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("Compressed bodies are not taken: send JSON as it is")
    if (route.body is not None or request.body_exists) and not _is_json(request):
        raise UnsupportedMediaType()
    _require_within(limit, request.content_length or 0)
    if request.content.is_eof():
        # All there with the head, as most are: nothing has to be waited for.
        raw = request.content.read_nowait()
        _require_within(limit, len(raw))
        return raw
    try:
        async with asyncio.timeout(BODY_SECONDS) as patience:
            received = [piece async for piece in _pieces(request, limit, patience)]
    except TimeoutError as error:
        raise ValidationFailed([], "The body did not arrive in time") from error
    if sum(map(len, received)) > OFF_LOOP_BYTES:
        return await asyncio.to_thread(b"".join, received)
    return b"".join(received)


async def _pieces(
    request: web.Request, limit: int, patience: asyncio.Timeout
) -> AsyncIterator[bytes]:
    size = 0
    async for piece in request.content.iter_any():
        size += len(piece)
        _require_within(limit, size)
        yield piece
        if size > PAUSE_FROM_BYTES:
            await asyncio.sleep(PAUSE_SECONDS)
        until = patience.when()
        assert until is not None
        patience.reschedule(until + len(piece) / SLOWEST_BYTES_PER_SECOND)


def _require_within(limit: int, size: int) -> None:
    if size > limit:
        raise PayloadTooLarge(f"The body may have {limit} bytes at most")


def _is_json(request: web.Request) -> bool:
    charset = (request.charset or "utf-8").lower().replace("_", "-")
    return request.content_type == "application/json" and charset in ("utf-8", "utf8")
