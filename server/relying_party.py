"""For which name passkeys are made here (W3C Web Authentication Level 3, section 13.4.9).

Browsers make passkeys for names only, and only where nobody can read or change what is sent: by
https, or on `localhost`.
"""

import ipaddress
from typing import NamedTuple
from urllib.parse import urlsplit

from aiohttp import web
from yarl import URL

from domain.errors import Conflict
from server.services import Services


class RelyingParty(NamedTuple):
    """Whom a passkey signs for."""

    id: str
    """A host name."""
    origin: str
    """As browsers tell it (RFC 6454 section 6.2)."""


def find(request: web.BaseRequest, services: Services) -> RelyingParty | None:
    """By the public URL, where that is set, else by a request to `localhost`; None where neither.

    No other Host is believed: the name would be whatever a client says.
    """
    try:
        url = URL(services.settings.http.public_url or f"http://{request.host}")
        host, origin = url.raw_host or "", str(url.origin())
    except ValueError:
        return None
    is_local = host == "localhost" or host.endswith(".localhost")
    if services.settings.http.public_url:
        offered = is_local or (url.scheme == "https" and not _is_address(host))
    else:
        offered = is_local
    return RelyingParty(host, origin) if offered else None


def require(request: web.BaseRequest, services: Services) -> RelyingParty:
    """The relying party; `Conflict` that says how there comes to be one."""
    found = find(request, services)
    if found is None:
        port = urlsplit(services.public_url).port
        local = f"http://localhost:{port}" if port else "http://localhost"
        raise Conflict(
            "Browsers take passkeys only by https at a host name, or on localhost: set"
            " http.public_url to the https address that people use, or open this server, on its own"
            f" machine, at {local}"
        )
    return found


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
