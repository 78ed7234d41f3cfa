"""What a URL says of a Postgres, by the rules of libpq's connection URIs.

asyncpg reads most of a URL itself. Here is what it leaves out (a time-out for each host), what it
would hand over to the server as a setting, and what it says nothing clear of.
https://www.postgresql.org/docs/current/libpq-connect.html
"""

import dataclasses
import getpass
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from storage.store import StorageUrlError

CONNECT_SECONDS: Final = 4.0
"""How long one host may take to let us in, where the URL names no other `connect_timeout`: less
than one waits for a connection, so that who does is told the reason."""

_ENCODE: Final = (
    "in a user name, a password or a database name these characters are percent-encoded:"
    " @ as %40, / as %2F, : as %3A, ? as %3F, # as %23, [ as %5B, % as %25"
)
_FILES: Final = ("passfile", "sslrootcert", "sslcert", "sslkey", "sslcrl")
WRITABLE: Final = ("any", "read-write", "primary")
"""What `target_session_attrs` may be where one writes."""
READABLE: Final = ("standby", "any")
"""The same, where one only reads."""
_UNSUPPORTED: Final = (
    *("hostaddr", "load_balance_hosts", "client_encoding", "fallback_application_name"),
    *("channel_binding", "require_auth", "requirepeer", "requiressl", "sslcompression", "sslsni"),
    *("sslcertmode", "sslcrldir", "gssencmode", "gssdelegation", "replication"),
    *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"),
    *("tcp_user_timeout", "scram_client_key", "scram_server_key"),
    *("min_protocol_version", "max_protocol_version"),
    *("oauth_issuer", "oauth_client_id", "oauth_client_secret", "oauth_scope"),
    "sslpassword",
)
"""Parameters of libpq that asyncpg would hand over to the server, which knows none of them; and
a secret that pg_dump takes only where other users of the machine can read it."""


@dataclasses.dataclass(frozen=True)
class Host:
    """One of the servers that a URL names; None is asyncpg's default."""

    name: str | None = None
    port: int | None = None


@dataclasses.dataclass(frozen=True)
class PostgresUrl:
    """Where a Postgres is, and how to be let in."""

    dsn: str
    """The URL for asyncpg, without what stands here beside it."""
    hosts: tuple[Host, ...]
    """To be tried in this order."""
    connect_seconds: float
    """How long each of them may take."""
    target_session_attrs: str
    application_name: str


def parse_url(url: str, targets: Collection[str], target: str) -> PostgresUrl:
    """Reads a URL; `target_session_attrs` may be one of the targets, and is `target` if left out.

    `StorageUrlError` says what is wrong with it, and repeats no password.
    """
    scheme, _, rest = url.partition("://")
    if "#" in rest:
        raise StorageUrlError(f"there is a # in it; {_ENCODE}")
    place, _, query = rest.partition("?")
    authority, _, database = place.partition("/")
    if "@" in database or authority.count("@") > 1:
        raise StorageUrlError(f"there is more than one @, or one behind a /; {_ENCODE}")
    login, at, listed = authority.rpartition("@")
    parameters = _parameters(query)
    _check(parameters)
    hosts = [_host(each) for each in listed.split(",") if listed]
    hosts = hosts or _hosts_of(parameters)
    _require_user(login, parameters)
    connect_seconds = _seconds(parameters.pop("connect_timeout", None))
    application_name = unquote(parameters.pop("application_name", "carnet"))
    target = parameters.pop("target_session_attrs", target)
    if target not in targets:
        raise StorageUrlError(f"target_session_attrs must be {', '.join(targets)}")
    left = "&".join(f"{name}={text}" for name, text in parameters.items())
    dsn = f"{scheme}://{login}{at}/{database}" + (f"?{left}" if left else "")
    return PostgresUrl(dsn, tuple(hosts), connect_seconds, target, application_name)


def _parameters(query: str) -> dict[str, str]:
    """The parameters as they stand there, percent-encoded."""
    found = {}
    for field in query.split("&") if query else ():
        name, equals, text = field.partition("=")
        if not name or not equals:
            raise StorageUrlError(f"what follows the ? must be name=value&name=value; {_ENCODE}")
        found[name] = text
    return found


def _check(parameters: Mapping[str, str]) -> None:
    for name in parameters:
        if name in _UNSUPPORTED:
            raise StorageUrlError(f"the parameter {name} is not supported: leave it out")
    for name in _FILES:
        path = unquote(parameters.get(name, ""))
        if name == "sslrootcert" and path == "system":
            raise StorageUrlError(
                "sslrootcert=system is not supported: name the file, such as"
                " /etc/ssl/certs/ca-certificates.crt"
            )
        try:
            if path:
                Path(path).open("rb").close()
        except OSError as error:
            raise StorageUrlError(f"{name}: cannot read {path}: {error.strerror}") from error


def _host(text: str) -> Host:
    name, bracket, port = text.rpartition("]")
    if bracket and name.startswith("["):
        name, port = name.removeprefix("["), port.removeprefix(":")
    elif bracket or "[" in text or text.count(":") > 1:
        raise StorageUrlError(f"an IPv6 address stands in brackets, as in [::1]:5432; {_ENCODE}")
    else:
        name, _, port = text.partition(":")
    return Host(unquote(name) or None, _port(port))


def _hosts_of(parameters: dict[str, str]) -> list[Host]:
    """Those named by `host` and `port`, each with a port of its own or all with one."""
    names: list[str | None] = [
        name for name in unquote(parameters.pop("host", "")).split(",") if name
    ]
    ports = [_port(port) for port in unquote(parameters.pop("port", "")).split(",")]
    if len(ports) == 1:
        ports *= max(1, len(names))
    if len(ports) != max(1, len(names)):
        raise StorageUrlError("port must have one port, or as many as host has hosts")
    return [Host(*each) for each in zip(names or [None], ports, strict=True)]


def _port(text: str) -> int | None:
    if not text:
        return None
    # The wrong one is not told: it may be half a password.
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 65535):
        raise StorageUrlError(f"a port must be a number from 1 to 65535; {_ENCODE}")
    return int(text)


def _seconds(text: str | None) -> float:
    if text is None:
        return CONNECT_SECONDS
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 3600):
        raise StorageUrlError("connect_timeout must be a whole number of seconds from 1 to 3600")
    return float(text)


def _require_user(login: str, parameters: Mapping[str, str]) -> None:
    if login or "user" in parameters or "service" in parameters or os.environ.get("PGUSER"):
        return
    try:
        getpass.getuser()
    except (KeyError, OSError) as error:  # a user of a container that has a number only
        raise StorageUrlError("it names no user, and this one has no name") from error
