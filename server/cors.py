"""Cross-origin requests of browsers (the Fetch standard, section 3.2)."""

from collections.abc import Sequence
from typing import Final

from aiohttp import web

from server.route import Reply

ALLOWED_HEADERS: Final = (
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Prefer"
)
EXPOSED_HEADERS: Final = (
    "ETag, Idempotency-Replayed, Location, Preference-Applied, Retry-After, X-RateLimit-Limit,"
    " X-RateLimit-Remaining, X-Request-Id"
)
METHODS: Final = "GET, HEAD, POST, PATCH, DELETE"
_REMEMBERED_SECONDS: Final = 7200
"""What Chromium takes at most."""


def is_preflight(request: web.BaseRequest) -> bool:
    """Whether a browser asks if it may send a request."""
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers


def preflight(
    request: web.BaseRequest, origins: Sequence[str], methods: str, headers_taken: str
) -> Reply:
    """The answer to that; without the headers that allow it, it is no."""
    headers = allow(request, origins)
    if "Access-Control-Allow-Origin" in headers:
        headers |= {
            "Access-Control-Allow-Methods": methods,
            "Access-Control-Allow-Headers": headers_taken,
            "Access-Control-Max-Age": str(_REMEMBERED_SECONDS),
        }
    return Reply(204, headers=headers)


def allow(request: web.BaseRequest, origins: Sequence[str]) -> dict[str, str]:
    """What lets a page of an allowed origin read a response; never with credentials."""
    if not origins:
        return {}
    exposed = {"Access-Control-Expose-Headers": EXPOSED_HEADERS}
    if "*" in origins:
        return {"Access-Control-Allow-Origin": "*"} | exposed
    origin = request.headers.get("Origin")
    if origin is None or origin not in origins:
        return {"Vary": "Origin"}
    return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"} | exposed
