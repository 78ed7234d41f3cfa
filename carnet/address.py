"""Where the server listens, and which URL leads there."""

import socket

from carnet.failure import Failure
from runtime.settings import Settings

BACKLOG = 1024


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; `Failure` in one line when the address cannot be had."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # `::` stands for all addresses of the machine, those of IPv4 too.
        both = host == "::" and socket.has_dualstack_ipv6()
        return socket.create_server(
            (host, port), family=family, backlog=BACKLOG, dualstack_ipv6=both
        )
    except OSError as error:
        reason = error.strerror or str(error)
        raise Failure(f"cannot listen on {host}:{port}: {reason}") from error


def url_of(settings: Settings, listening: socket.socket) -> str:
    """The URL of a listening server, for a person on the same machine."""
    return _url(_reached_by(settings.http.host), listening.getsockname()[1])


def base_of_pages(settings: Settings, port: int) -> str:
    """The base of links that a person is given at a terminal, without a trailing slash.

    On the same machine it is `localhost`: passkeys work there, and not on 127.0.0.1 (W3C Web
    Authentication, relying party identifier).
    """
    host = _reached_by(settings.http.host)
    here = "localhost" if host in ("127.0.0.1", "::1") else host
    return settings.http.public_url.rstrip("/") or _url(here, port)


def _reached_by(host: str) -> str:
    """The host by which a person on the same machine reaches what listens on another."""
    if host == "0.0.0.0" or (host == "::" and socket.has_dualstack_ipv6()):  # noqa: S104
        return "127.0.0.1"
    return "::1" if host == "::" else host


def _url(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def public_url(settings: Settings, listening: socket.socket) -> str:
    """The base of links to this server, without a trailing slash."""
    return settings.http.public_url.rstrip("/") or url_of(settings, listening)
