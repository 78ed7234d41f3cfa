"""Answers requests for pages, and for the files that pages need; nothing comes from elsewhere."""

import asyncio
import functools
import gzip
import hashlib
import time
from typing import Final
from urllib.parse import quote

from aiohttp import web
from msgspec import UNSET

from domain import access
from domain.errors import CarnetError, MethodNotAllowed, NotFound
from domain.scopes import BaseScope
from runtime import clock
from runtime.ids import is_id, new_request_id
from server import guards
from server.body_budget import BodyAccount
from server.conditional import is_known
from server.errors import refuse
from server.front import answered, log_request
from server.pages import assets
from server.pages.assets import HTML, Asset, takes_gzip
from server.pages.forms import take_form
from server.pages.handlers.preferences import LANGUAGE_COOKIE, THEME_COOKIE
from server.pages.render import edition, render
from server.pages.table import Found, find
from server.pages.visit import Answer, Document, Drawing, PageRoute, Redirect, Theme, Visit
from server.pages.words import Words, choose
from server.request_line import RequestLine
from server.request_metrics import ASSETS, measure_other
from server.response import WholeResponse
from server.route import API, Call, Reply
from server.same_origin import require_same_origin
from server.services import Services

_NOTHING: Final = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
_OWN: Final = "style-src 'self'; font-src 'self'; img-src 'self' data:"
_POLICY: Final = f"{_NOTHING}; {_OWN}; script-src 'self'; connect-src 'self'; form-action 'self'"
_POLICY_OF_LINKS: Final = f"{_NOTHING}; {_OWN}; form-action 'none'"
"""Of pages for whoever has the link: nothing runs there, and nothing is sent."""

_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "same-origin",
}
_HEADERS_OF_LINKS: Final = {
    **_HEADERS,
    "Content-Security-Policy": _POLICY_OF_LINKS,
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
_VARY: Final = "Accept-Encoding, Accept-Language, Cookie"


class Pages:
    """Answers the requests for pages and files; others are not found."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def handle(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        """The response to a request; `path` is what comes after the public URL's path."""
        asset = assets.find(path)
        if asset is not None:
            return await _send_asset(request, path, asset)
        started = time.perf_counter()
        call = Call(self._services, (), request, new_request_id(), clock.unix_ns())
        found = find(path or "/")
        method = "GET" if request.method == "HEAD" else request.method
        route = found.routes.get(method) if found else None
        if route is None and "text/html" not in request.headers.get("Accept", ""):
            return refuse(_why_not(found))
        account = BodyAccount(self._services.bodies)
        visit = Visit(call, route or _NO_PAGE, *_preferences(request), account)
        if found is not None:
            call.params = found.params
            trip_id = found.params.get("tripId", "")
            call.trip_id = trip_id if is_id(trip_id) else ""
        answer = self._answer(visit, found)
        reply = await answered(call, answer, functools.partial(_failed, visit))
        log_request(call, route.path if route else UNSET, reply, time.perf_counter() - started)
        headers = {**_headers_of(visit.route), "X-Request-Id": call.request_id, **reply.headers}
        return WholeResponse(reply.status, headers, reply.body)

    async def _answer(self, visit: Visit, found: Found | None) -> Reply:
        try:
            return await self._send(visit, await self._visit(visit, found))
        finally:
            visit.account.free()

    async def _visit(self, visit: Visit, found: Found | None) -> Answer:
        call, route = visit.call, visit.route
        if route.access == "link":
            await guards.admit_by_address(call)
        else:
            await guards.admit_page(call)
        if route is _NO_PAGE:
            raise _why_not(found)
        if route.method == "POST":
            require_same_origin(call.request, call.services.public_url)
        if route.access == "session" and not visit.signed_in:
            after = "" if visit.here == "/" else f"?next={quote(visit.here, safe='')}"
            return Redirect(f"/sign-in{after}")
        if "{tripId}" in route.path:
            _require_trip(visit)
        if route.method == "POST":
            await take_form(visit)
        return await route.handler(visit)

    async def _send(self, visit: Visit, answer: Answer) -> Reply:
        if isinstance(answer, Redirect):
            to = answer.to
            if to.startswith("/"):
                to = self._services.prefix + to
            headers = {"Location": to, "Cache-Control": "no-store", **answer.headers}
            return Reply(303, headers=headers)
        if isinstance(answer, Drawing):
            return await self._draw(visit, answer)
        # In a thread: a trip may have thousands of rows, and others wait for the loop.
        return await asyncio.to_thread(_made, visit, answer)

    async def _draw(self, visit: Visit, drawing: Drawing) -> Reply:
        """A page that is known by what it shows: drawn once, and kept while there is room."""
        made_with = f"{edition()}/{visit.words.tag}/{visit.theme}"
        shown = f"{drawing.state}/{self._services.epoch}/{made_with}"
        digest = hashlib.blake2b(shown.encode(), digest_size=12).hexdigest()
        compressed = takes_gzip(visit.call.request)
        tag = f'"{digest}-gzip"' if compressed else f'"{digest}"'
        headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": _VARY}
        if is_known(visit.call.request, tag):
            return Reply(304, headers=headers)
        target = (
            f"{visit.call.request.rel_url.raw_path}/{visit.words.tag}/{visit.theme}/{compressed}"
        )
        cache = self._services.responses
        body = cache.get(target, tag)
        if body is None:
            body = await asyncio.to_thread(_drawn, visit, drawing, compressed)
            cache.put(target, tag, body)
        headers["Content-Type"] = HTML
        if compressed:
            headers["Content-Encoding"] = "gzip"
        return Reply(200, body, headers)


def _require_trip(visit: Visit) -> None:
    """The pages of a trip are for its members, and its forms for those who may write."""
    call, writes = visit.call, visit.route.method == "POST"
    assert call.caller is not None
    scope: BaseScope = "trips:write" if writes else "trips:read"
    access.require_trip(call.actor, call.caller.trip, call.params["tripId"], scope, writes=writes)


_NO_PAGE: Final = PageRoute("GET", "", lambda _visit: _nothing(), "anyone")


def _why_not(found: Found | None) -> CarnetError:
    """Why there is no page for a request: nothing is at its path, or not for its method."""
    if found is None:
        return NotFound(f"There is nothing here; the API is at {API}, its guide at /docs")
    methods = sorted({*found.routes, *(["HEAD"] if "GET" in found.routes else [])})
    return MethodNotAllowed(headers={"Allow": ", ".join(methods)})


async def _nothing() -> Answer:
    raise NotFound


def _failed(visit: Visit, error: CarnetError, request_id: str) -> Reply:
    """The page that tells what is wrong."""
    context = {
        "status": error.status,
        "wait_seconds": int(error.headers.get("Retry-After", 0)),
        "request_id": request_id,
    }
    document = Document(template="error.html", context=context)
    headers = {"Cache-Control": "no-store", **error.headers}
    return _html(visit, error.status, render(visit, document), headers)


def _made(visit: Visit, document: Document) -> Reply:
    headers = {"Cache-Control": "no-store", **document.headers}
    return _html(visit, document.status, render(visit, document), headers)


def _drawn(visit: Visit, drawing: Drawing, compressed: bool) -> bytes:
    body = render(visit, drawing.document())
    return gzip.compress(body, 6, mtime=0) if compressed else body


def _html(visit: Visit, status: int, body: bytes, headers: dict[str, str]) -> Reply:
    headers = {**headers, "Content-Type": HTML, "Vary": _VARY}
    if takes_gzip(visit.call.request):
        body = gzip.compress(body, 6, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Reply(status, body, headers)


def _headers_of(route: PageRoute) -> dict[str, str]:
    return _HEADERS_OF_LINKS if route.access == "link" else _HEADERS


def _preferences(request: web.BaseRequest) -> tuple[Words, Theme]:
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    words = choose(chosen, request.headers.get("Accept-Language", ""))
    match request.cookies.get(THEME_COOKIE):
        case "light":
            return words, "light"
        case "dark":
            return words, "dark"
    return words, ""


async def _send_asset(request: web.BaseRequest, path: str, asset: Asset) -> web.StreamResponse:
    if request.method not in ("GET", "HEAD"):
        allow = {"Allow": "GET, HEAD"}
        return refuse(MethodNotAllowed(f"{path} is only to be read", headers=allow))
    started = time.perf_counter()
    request_id = new_request_id()
    words, _ = _preferences(request)
    status, headers, body = await assets.reply(request, asset, words.language)
    seconds = time.perf_counter() - started
    RequestLine(
        time=clock.now(),
        request_id=request_id,
        method=request.method,
        route=path,
        status=status,
        duration=round(seconds, 6),
        bytes=len(body),
    ).log()
    measure_other(ASSETS, status, seconds)
    return WholeResponse(status, {**_HEADERS, **headers, "X-Request-Id": request_id}, body)
