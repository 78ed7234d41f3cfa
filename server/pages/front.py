"""Answers requests for pages: cached, compressed, and with nothing from any other host."""

import asyncio
import functools
import gzip
import hashlib
import re
import time
from collections.abc import Sequence
from importlib.resources import files
from typing import Final, NamedTuple

from aiohttp import web

from domain.errors import MethodNotAllowed, NotFound
from runtime import clock
from runtime.ids import new_request_id
from server.conditional import is_known
from server.errors import refuse
from server.pages.table import HTML, PAGES, Page
from server.request_line import RequestLine
from server.response import WholeResponse
from server.route import API

_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        *(f"{kind} 'self'" for kind in ("script-src", "style-src", "connect-src")),
        "img-src 'self' data:",
        *(f"{kind} 'none'" for kind in ("base-uri", "form-action", "frame-ancestors")),
    )
)

_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "same-origin",
    "Vary": "Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
}

_FOR_EVER: Final = "public, max-age=31536000, immutable"
_ASK_AGAIN: Final = "no-cache"
_GZIP: Final = re.compile(r"(?:^|,)\s*gzip\s*(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))", re.IGNORECASE)
"""In Accept-Encoding (RFC 9110 section 12.5.3), unless it is given no weight."""
_LINK: Final = re.compile(rb'(?<=")((?:docs/)?static/[\w./-]+)(?=")')


class _Body(NamedTuple):
    """What is sent for a page, as it is and compressed."""

    plain: bytes
    gzipped: bytes
    digest: str


class Pages:
    """Answers the requests for the pages of a table; others are not found."""

    def __init__(self, pages: Sequence[Page] = PAGES) -> None:
        self._pages = {page.path: page for page in pages}

    async def handle(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        """The response to a request; `path` is what comes after the public URL's path."""
        page = self._pages.get(path)
        if page is None:
            return refuse(
                NotFound(f"There is nothing here; the API is at {API}, its guide at /docs")
            )
        if request.method not in ("GET", "HEAD"):
            allow = {"Allow": "GET, HEAD"}
            return refuse(MethodNotAllowed(f"{path} is only to be read", headers=allow))
        started = time.perf_counter()
        request_id = new_request_id()
        status, headers, body = _reply(request, page, await asyncio.to_thread(_load, page))
        RequestLine(
            time=clock.now(),
            request_id=request_id,
            method=request.method,
            route=path,
            status=status,
            duration=round(time.perf_counter() - started, 6),
            bytes=len(body),
        ).log()
        return WholeResponse(status, {**headers, "X-Request-Id": request_id}, body)


def _reply(request: web.BaseRequest, page: Page, body: _Body) -> tuple[int, dict[str, str], bytes]:
    compressed = _GZIP.search(request.headers.get("Accept-Encoding", "")) is not None
    # They are different bytes, which a strong tag must tell apart (RFC 9110 section 8.8.3.3).
    tag = f'"{body.digest}-gzip"' if compressed else f'"{body.digest}"'
    # The addresses by which pages name files change with what is in them.
    keep = _FOR_EVER if request.query_string == body.digest else _ASK_AGAIN
    headers = {**_HEADERS, "ETag": tag, "Cache-Control": keep}
    if is_known(request, tag):
        return 304, headers, b""
    headers["Content-Type"] = page.media_type
    if compressed:
        headers["Content-Encoding"] = "gzip"
    return 200, headers, body.gzipped if compressed else body.plain


@functools.cache
def _load(page: Page) -> _Body:
    """Reads a page's file, once."""
    plain = (files("server.pages") / page.file).read_bytes()
    if page.media_type == HTML:
        plain = _LINK.sub(_versioned, plain)
    return _Body(plain, gzip.compress(plain, mtime=0), _digest(plain))


def _versioned(link: re.Match[bytes]) -> bytes:
    """The address of a file, which changes with what is in it."""
    name = link[1].decode().removeprefix("docs/")
    return f"{link[1].decode()}?{_digest((files('server.pages') / name).read_bytes())}".encode()


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=8).hexdigest()
