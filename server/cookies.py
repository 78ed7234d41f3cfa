"""The cookies that hold a browser's secrets (contract section 19; RFC 6265bis)."""

import ipaddress
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from server.services import Services

_AT_PROVIDER: Final = "-provider"
_MAX_AGE_SECONDS: Final = 400 * 24 * 60 * 60
"""The longest that browsers keep a cookie; the session behind it ends sooner."""


def is_private(request: web.BaseRequest, services: Services) -> bool:
    """Whether nobody between the browser and this server can read what is sent.

    By https, which the public URL or a trusted proxy tells of, or within one machine.
    """
    if urlsplit(services.public_url).scheme == "https":
        return True
    if services.settings.http.trusted_proxies:
        told = request.headers.get("X-Forwarded-Proto", "").rpartition(",")[2]
        if told.strip().lower() == "https":
            return True
    return _is_loopback(request.host)


def _is_loopback(authority: str) -> bool:
    """Whether a Host header names this machine to itself."""
    host = ""
    try:
        host = urlsplit(f"//{authority}").hostname or ""
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def session_token(request: web.BaseRequest, services: Services) -> str | None:
    """The token in the request's cookie, if it has one.

    Only the cookie that this server would set here counts: `__Host-` keeps others from setting it.
    """
    return _sent(request, _name(is_private(request, services)))


def set_session(request: web.BaseRequest, services: Services, token: str) -> str:
    """The value of a Set-Cookie header that gives the browser a session."""
    return _cookie(is_private(request, services), token, _MAX_AGE_SECONDS)


def clear_session(request: web.BaseRequest, services: Services) -> str:
    """The value of a Set-Cookie header that takes it away."""
    return _cookie(is_private(request, services), "", 0)


def begun_at_provider(request: web.BaseRequest, services: Services) -> str:
    """What tells the browser that began to sign in by the provider from others; "" for none."""
    return _sent(request, _name(is_private(request, services)) + _AT_PROVIDER) or ""


def set_begun_at_provider(
    request: web.BaseRequest, services: Services, secret: str, seconds: int
) -> str:
    """The value of a Set-Cookie header that gives it to the browser."""
    return _cookie(is_private(request, services), secret, seconds, _AT_PROVIDER)


def _sent(request: web.BaseRequest, name: str) -> str | None:
    """The value of a cookie; None for what was never set here, as it may be no text at all."""
    value = request.cookies.get(name, "")
    return value if value.isascii() and value else None


def _name(private: bool) -> str:
    return "__Host-carnet" if private else "carnet"


def _cookie(private: bool, value: str, max_age: int, ending: str = "") -> str:
    name, secure = _name(private) + ending, "; Secure" if private else ""
    return f"{name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}"
