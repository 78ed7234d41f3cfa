"""What is checked of a request before its operation runs, in the contract's order (section 1)."""

import asyncio
import hashlib
import re
from typing import Any, Final

from aiohttp import web

from domain.account import KEY_PREFIX, Caller
from domain.errors import (
    Detail,
    Forbidden,
    NotFound,
    PayloadTooLarge,
    RateLimited,
    Unauthorized,
    UnsupportedMediaType,
    ValidationFailed,
)
from domain.scopes import BaseScope
from server import jsonbody
from server.call import SERVICES, Route, Services, is_id
from server.ratelimit import Allowance
from storage import accounts
from storage.clock import now

CALLER: Final = web.RequestKey("caller", Caller)
ALLOWANCE: Final = web.RequestKey("allowance", Allowance)

_BEARER = re.compile(r"bearer +([\x21-\x7e]{1,512})", re.IGNORECASE | re.ASCII)
_VISIBLE = re.compile(r"[\x21-\x7e]*", re.ASCII)
_OFF_LOOP_BYTES: Final = 64 * 1024
"""Bodies above this are decoded in a thread, so that other requests get their turn."""


async def admit_by_key(request: web.Request) -> Caller:
    """The caller behind the request's key, counted against its limit (401, 429)."""
    services = request.app[SERVICES]
    trip_id = request.match_info.get("tripId")
    key, moment = _key(request), now()
    if trip_id is not None and not is_id(trip_id):
        trip_id = None
    caller = await services.store.read(lambda tx: accounts.authenticate(tx, key, trip_id, moment))
    if caller is None:
        raise Unauthorized()
    request[CALLER] = caller
    limit = caller.rate_limit or services.settings.limits.requests_per_minute
    allowance = await services.limiter.count(caller.key_id, limit)
    request[ALLOWANCE] = allowance
    if allowance.exceeded:
        raise RateLimited(allowance.reset_seconds)
    return caller


async def admit_by_address(request: web.Request) -> None:
    """Counts a request without a key against its client's address (429)."""
    services = request.app[SERVICES]
    address = client_address(request, services.settings.http.trusted_proxies)
    limit = services.settings.limits.shared_requests_per_minute
    allowance = await services.limiter.count(f"address:{address}", limit)
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
    reason = None
    if len(values) > 1:
        reason = "duplicate"
    elif not values[0]:
        reason = "empty"
    elif len(values[0]) > 255:
        reason = "too_long"
    elif not _VISIBLE.fullmatch(values[0]):
        reason = "malformed"
    if reason:
        raise ValidationFailed([Detail("Idempotency-Key", reason)])
    return values[0]


def fingerprint(request: web.Request, body: bytes) -> str:
    """What makes a request the same as another: method, path, query, body."""
    target = f"{request.method}\0{request.rel_url.raw_path}\0{request.rel_url.raw_query_string}\0"
    return hashlib.sha256(target.encode() + body).hexdigest()


async def read_body(route: Route, request: web.Request, services: Services) -> tuple[bytes, Any]:
    """The body's bytes and its JSON value (415, 413, 400); None where the route takes none."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("Compressed bodies are not taken: send JSON as it is")
    sent = request.body_exists
    if (route.body is not None or sent) and not _is_json(request):
        raise UnsupportedMediaType()
    limit = services.settings.http.max_body_bytes
    if request.content_length is not None and request.content_length > limit:
        raise PayloadTooLarge(f"The body may have {limit} bytes at most")
    try:
        raw = await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise PayloadTooLarge(f"The body may have {limit} bytes at most") from error
    if route.body is None and not raw:
        return raw, None
    depth = jsonbody.IMPORT_DEPTH if route.imports else jsonbody.MAX_DEPTH
    if len(raw) > _OFF_LOOP_BYTES:
        return raw, await asyncio.to_thread(jsonbody.decode, raw, depth)
    return raw, jsonbody.decode(raw, depth)


def _is_json(request: web.Request) -> bool:
    charset = (request.charset or "utf-8").lower().replace("_", "-")
    return request.content_type == "application/json" and charset in ("utf-8", "utf8")
