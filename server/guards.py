"""What is checked of a request before its operation runs, in the contract's order (section 1).

Nothing here knows of an application: a guard is given the parts of a request it looks at.
"""

import functools
import itertools
import re
from collections.abc import Sequence
from typing import Final

from aiohttp import web

from domain import access, details
from domain.account import KEY_PREFIX, key_hash, used_from
from domain.actor import Actor, Caller
from domain.errors import (
    MAX_DETAILS,
    Detail,
    Forbidden,
    RateLimited,
    Unauthorized,
    ValidationFailed,
)
from runtime import measured
from server import cookies
from server.addresses import client_address
from server.query import NAMES, PARAMETERS
from server.ratelimit import Usage, used
from server.route import OPEN, Call, Route
from server.same_origin import refuse_other_origins, require_same_origin
from storage import keys, sessions
from storage.last_use import Table, Use

_BEARER = re.compile(r"bearer {1,64}([\x21-\x7e]{1,512})", re.IGNORECASE | re.ASCII)
_VISIBLE = re.compile(r"[\x21-\x7e]*", re.ASCII)
_NO_KEY: Final = "Send the API key as: Authorization: Bearer osk_..."


def unauthorized(reason: str, message: str) -> Unauthorized:
    """What is told of a key, a session or a secret that is not good."""
    measured.AUTH_FAILURES.add(reason)
    return Unauthorized(message)


async def admit_actor(call: Call) -> None:
    """Gives the call the caller behind its key or session, counted against that (401, 429)."""
    services = call.services
    if "Authorization" not in call.request.headers:
        token = cookies.session_token(call.request, services)
        if token is None:
            raise unauthorized("no_key", _NO_KEY)
        call.caller = await _caller_of_session(call, token)
        if call.caller is None:
            raise unauthorized("session_over", "This session is over: sign in again")
        await count(call)
        return
    hashed = _key_hash(call.request)
    key_id = services.key_ids.get(hashed)
    # Both are asked at once and waited for: nothing of a request goes on after its response.
    counting = services.limiter.count(key_id) if key_id else None
    try:
        await _authenticate(call, hashed)
    finally:
        usage = await used(counting) if counting else None
    if usage is None:
        assert call.actor.key_id is not None
        services.key_ids.put(hashed, call.actor.key_id)
        await count(call)
    else:
        _allow(call, usage)


async def admit_visitor(call: Call) -> None:
    """Counts a request against its client's address (429); gives the call the caller, if any.

    One that comes with a key is nobody's: no cookie of it is looked at.
    """
    services = call.services
    await _count_address(call, "visitor", services.settings.limits.session_requests_per_minute)
    token = cookies.session_token(call.request, services)
    if token is not None and "Authorization" not in call.request.headers:
        call.caller = await _caller_of_session(call, token)


async def admit_page(call: Call) -> None:
    """Gives a request for a page its caller, if it has a session, counted against that (429).

    One without counts against its client's address.
    """
    services = call.services
    token = cookies.session_token(call.request, services)
    if token is not None:
        call.caller = await _caller_of_session(call, token)
    if call.caller is not None:
        await count(call)
    else:
        limit = services.settings.limits.session_requests_per_minute
        await _count_address(call, "visitor", limit)


async def authenticate(call: Call) -> None:
    """Gives the call the caller behind its key (401), and counts nothing."""
    await _authenticate(call, _key_hash(call.request))


async def _authenticate(call: Call, hashed: str) -> None:
    services, trip_id = call.services, call.trip_id
    caller = await services.store.look_up(
        lambda tx: keys.authenticate(tx, hashed, trip_id), name=("caller", hashed, trip_id)
    )
    if caller is None or not caller.actor.may_act_at(call.now):
        refusal = unauthorized("unknown_key", "This API key is unknown, revoked or expired")
        _count_wrong_key(call)
        raise refusal
    call.caller = caller
    key_id = caller.actor.key_id
    if services.last_use.is_due(key_id, call.unix_ns):
        _note_use(call, "api_keys", caller.actor, key_id)


def _count_wrong_key(call: Call) -> None:
    """Counts a key that lets nobody in against its client's address (429).

    Right ones from there are let in all the same: others may have that address too.
    """
    services = call.services
    address = client_address(call.request, services.settings.http.trusted_proxies)
    usage = services.wrong_keys.count(address)
    allowance = usage.of(services.settings.limits.wrong_keys_per_minute)
    if allowance.exceeded:
        measured.RATE_LIMITED.add("wrong_keys")
        raise RateLimited(allowance.reset_seconds)


async def _caller_of_session(call: Call, token: str) -> Caller | None:
    """The caller whose session a token is; None where it is over, or never was."""
    trip_id, hashed = call.trip_id, key_hash(token)
    idle_days = call.services.settings.retention.sessions_days
    caller = await call.services.store.look_up(
        lambda tx: sessions.authenticate(tx, hashed, trip_id, idle_days),
        name=("session", hashed, trip_id),
    )
    if caller is None or not caller.actor.may_act_at(call.now):
        return None
    session_id = caller.actor.session_id
    if call.services.last_use.is_due(session_id, call.unix_ns):
        _note_use(call, "sessions", caller.actor, session_id)
    return caller


def _note_use(call: Call, table: Table, actor: Actor, used: str | None) -> None:
    """Has the use of a key or session, by its id, written down with where it came from."""
    assert used is not None
    services, request = call.services, call.request
    address = client_address(request, services.settings.http.trusted_proxies)
    shown = used_from(address, request.headers.get("User-Agent", ""))
    services.last_use.note(Use(table, actor.user, used, call.now, shown), call.unix_ns)


async def count(call: Call) -> None:
    """Counts a call against the limit of its caller's key or session (429)."""
    actor = call.actor
    who = actor.key_id or f"session:{actor.session_id}"
    _allow(call, await used(call.services.limiter.count(who)))


def _allow(call: Call, usage: Usage) -> None:
    call.allowance = usage.of(limit_of(call))
    if call.allowance.exceeded:
        measured.RATE_LIMITED.add("session" if call.actor.session_id else "key")
        raise RateLimited(call.allowance.reset_seconds)


def limit_of(call: Call) -> int:
    """How many requests a minute the call's actor may send."""
    actor, limits = call.actor, call.services.settings.limits
    if actor.session_id:
        return limits.session_requests_per_minute
    return actor.rate_limit or limits.requests_per_minute


async def admit_by_address(call: Call) -> None:
    """Counts a request without a key against its client's address (429)."""
    await _count_address(call, "address", call.services.settings.limits.shared_requests_per_minute)


async def _count_address(call: Call, what: str, limit: int) -> None:
    services = call.services
    address = client_address(call.request, services.settings.http.trusted_proxies)
    usage = await used(services.limiter.count(f"{what}:{address}"))
    allowance = usage.of(limit)
    if allowance.exceeded:
        measured.RATE_LIMITED.add("address")
        raise RateLimited(allowance.reset_seconds)


def _key_hash(request: web.BaseRequest) -> str:
    values = request.headers.getall("Authorization", ())
    if len(values) != 1:
        raise unauthorized("malformed_key" if values else "no_key", _NO_KEY)
    return _hash_of_key_in(values[0])


# What is cached is short, since the pattern bounds it: strangers can have a key of theirs cached.
@functools.lru_cache(maxsize=1_000)
def _hash_of_key_in(header: str) -> str:
    match = _BEARER.fullmatch(header)
    if match is None:
        raise unauthorized("malformed_key", _NO_KEY)
    if not match[1].startswith(KEY_PREFIX):
        raise unauthorized("malformed_key", "This is no API key of Carnet: they begin with osk_")
    return key_hash(match[1])


def authorize(call: Call, route: Route) -> None:
    """Where a write comes from, the route's scope, the trip, access to it (403, 403, 404, 403)."""
    caller, scope = call.caller, route.scope
    if route.writes:
        _check_origin(call, route)
    if route.access == "session" and call.actor.session_id is None:
        raise Forbidden("This is for people who are signed in: no API key may do it")
    if caller is None or scope is None:
        return
    if route.on_trip:
        access.require_trip(
            caller.actor, caller.trip, call.params["tripId"], scope, writes=route.writes
        )
    elif route.unlimited:
        access.require_unlimited(caller.actor, scope)
    else:
        access.require_scope(caller.actor, scope)


def _check_origin(call: Call, route: Route) -> None:
    """A write by a session, and one that makes a session, comes from a page of this server."""
    public_url = call.services.public_url
    by_session = call.caller is not None and call.caller.actor.session_id is not None
    if by_session or (route.access == "sign-in" and "Authorization" not in call.request.headers):
        require_same_origin(call.request, public_url)
    elif route.access == "visitor":
        refuse_other_origins(call.request, public_url)


def idempotency_key(request: web.BaseRequest) -> str | None:
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


def require_known_coding(request: web.BaseRequest) -> None:
    """400 for a transfer coding that this server does not know."""
    codings = request.headers.getall("Transfer-Encoding", ())
    if codings and [coding.strip().lower() for coding in codings] != ["chunked"]:
        raise ValidationFailed([], "Transfer-Encoding may only be chunked")


def check_query(call: Call, route: Route) -> None:
    """400 for query parameters that the operation does not know, and for their values.

    The routes without a key ignore unknown ones, since links collect them.
    """
    query = call.request.query
    wrong = []
    for name in itertools.islice(dict.fromkeys(query), MAX_DETAILS + 1):
        if name not in route.query:
            if route.access not in OPEN:
                wrong.append(_unknown_parameter(call.routes, route, name))
        elif len(query.getall(name)) > 1:
            wrong.append(details.duplicate(f"?{name}", "send this parameter once"))
        elif detail := PARAMETERS[name].check(query[name]):
            wrong.append(detail)
    if wrong:
        raise ValidationFailed(wrong)


def _unknown_parameter(routes: Sequence[Route], route: Route, name: str) -> Detail:
    meant = [each for each in NAMES.find(name) if each in route.query]
    if not route.query:
        where = f"{route.method} {route.path} takes no query parameters"
    elif meant:
        where = f"no parameter {details.clipped(name)} here; did you mean {' or '.join(meant)}?"
    else:
        where = f"no parameter {details.clipped(name)} here; there are {', '.join(route.query)}"
    if elsewhere := [each for each in routes if each.writes and name in each.query]:
        where += f"; {name} is for {' and '.join(f'{e.method} {e.path}' for e in elsewhere)}"
    if "cursor" in route.query and not meant:
        where += "; lists have no filters or page numbers: nextCursor leads to the next page"
    return details.misplaced(f"?{name}", where)
