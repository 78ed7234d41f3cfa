"""Whether a request comes from a page of this server: no other page may write by its cookie."""

from urllib.parse import urlsplit

from aiohttp import web

from domain.errors import Forbidden


def comes_from_here(request: web.BaseRequest, public_url: str) -> bool | None:
    """What the browser says of the page that sends a request; None where it says nothing.

    By `Sec-Fetch-Site` (W3C Fetch Metadata), and where that is absent, as it is on plain http, by
    `Origin` (RFC 6454 section 7).
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin")
    if origin is None:
        return None
    try:
        host = urlsplit(origin).netloc.lower()
    except ValueError:
        return False
    return host in (request.host.lower(), urlsplit(public_url).netloc.lower()) and host != ""


def require_same_origin(request: web.BaseRequest, public_url: str) -> None:
    """`Forbidden` unless the browser says that the request comes from a page of this server."""
    if not comes_from_here(request, public_url):
        raise Forbidden(
            "A write by a session must come from a page of this server, as the browser tells by"
            " Sec-Fetch-Site: same-origin, or by an Origin of this host"
        )


def refuse_other_origins(request: web.BaseRequest, public_url: str) -> None:
    """`Forbidden` where the browser says that the request comes from a page of somebody else."""
    if comes_from_here(request, public_url) is False:
        raise Forbidden("This must not be sent by a page of another server")
