"""Where the server listens, and which URL leads there."""

import shlex
import socket
from typing import Final

from carnet.failure import Failure
from runtime.settings import Settings

BACKLOG: Final = 1024
_OF_A_SOCKET: Final = "http://localhost"
"""What links begin with where the server listens on a path, of which no URL tells."""


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens on an address of this machine."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        # A name such as localhost may have addresses of both kinds.
        family, kind, protocol, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
        made = socket.socket(family, kind, protocol)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                # `::` stands for all addresses of the machine, those of IPv4 too.
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, host != "::")
            made.bind(address)
            made.listen(BACKLOG)
        except OSError:
            made.close()
            raise
    except OSError as error:
        where = f"[{host}]" if ":" in host else host
        raise Failure(f"cannot listen on {where}:{port}: {error.strerror or error}") from error
    return made


def url_of(settings: Settings) -> str:
    """The URL of a listening server, for a person on the same machine; of a unix socket its path.

    As in all that follows, the settings are those with the port that it really has.
    """
    if settings.http.socket:
        return f"unix:{settings.http.socket}"
    return _url(reached_by(settings.http.host), settings.http.port)


def base_of_pages(settings: Settings) -> str:
    """The base of links that a person is given at a terminal, without a trailing slash.

    On the same machine it is `localhost`: passkeys work there, and not on 127.0.0.1 (W3C Web
    Authentication, relying party identifier).
    """
    if settings.http.public_url or settings.http.socket:
        return public_url(settings)
    host = reached_by(settings.http.host)
    here = "localhost" if host in ("127.0.0.1", "::1") else host
    return _url(here, settings.http.port)


def public_url(settings: Settings) -> str:
    """The base of links to this server, without a trailing slash."""
    if settings.http.public_url:
        return settings.http.public_url.rstrip("/")
    return _OF_A_SOCKET if settings.http.socket else url_of(settings)


def curl(settings: Settings) -> str:
    """The beginning of a command that asks the server, for a shell of this machine."""
    if settings.http.socket:
        return f"curl --unix-socket {shlex.quote(settings.http.socket)} {_OF_A_SOCKET}"
    return f"curl {public_url(settings)}"


def reached_by(host: str) -> str:
    """The host by which a person on the same machine reaches what listens on another."""
    if host == "0.0.0.0" or (host == "::" and socket.has_dualstack_ipv6()):  # noqa: S104
        return "127.0.0.1"
    return "::1" if host == "::" else host


def _url(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
