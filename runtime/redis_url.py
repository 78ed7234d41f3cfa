"""What `queue.url` says of a Redis or Valkey, for redis-py.

`redis://`, `rediss://` (TLS) and `unix://` are redis-py's own; `valkey://` means the same. By
`redis+sentinel://[user:password@]host:26379,host:26379/service/0` Sentinels are asked where the
master is, each time a connection is made; `rediss+sentinel://` speaks TLS to them and to it.
"""

from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from redis.asyncio import ConnectionPool
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool

from runtime.configuration import ConfigError

_FILES: Final = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_SENTINEL_PORT: Final = 26379
_SENTINEL_SECONDS: Final = 0.25
"""How long a Sentinel may take, so that three are asked within a second."""


class _SentinelPool(SentinelConnectionPool):
    """Closes the connections to the Sentinels with its own."""

    async def disconnect(self, inuse_connections: bool = True) -> None:
        """See `ConnectionPool.disconnect`."""
        await super().disconnect(inuse_connections)
        for sentinel in self.sentinel_manager.sentinels:
            await sentinel.connection_pool.disconnect(inuse_connections)


def pool_of(url: str, **options: Any) -> ConnectionPool:
    """Connections to what a URL names, with redis-py's options; none is made yet.

    By TLS the certificate must be of the host that is named. `ConfigError` when a file that the
    URL names cannot be read.
    """
    parts = urlsplit(_without_hosts(url))
    scheme = parts.scheme.replace("valkey", "redis")
    query = dict(parse_qsl(parts.query))
    _require_files(query)
    if scheme.startswith("rediss"):
        options["ssl_check_hostname"] = True
    if scheme.endswith("+sentinel"):
        return _by_sentinel(url, query, options, secure=scheme.startswith("rediss"))
    _, separator, rest = url.partition("://")
    return ConnectionPool.from_url(f"{scheme}{separator}{rest}", **options)


def _without_hosts(url: str) -> str:
    """The URL without what is between // and the path: a list of hosts is none for `urlsplit`."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}:///" + rest.partition("/")[2]


def _by_sentinel(
    url: str, query: dict[str, str], options: dict[str, Any], *, secure: bool
) -> ConnectionPool:
    authority, _, rest = url.partition("://")[2].partition("/")
    service, _, database = rest.partition("?")[0].partition("/")
    login, _, hosts = authority.rpartition("@")
    user, _, password = login.partition(":")
    tls: dict[str, Any] = {name: text for name, text in query.items() if name in _FILES}
    if secure:
        tls |= {"ssl": True, "ssl_check_hostname": True}
    options = options | tls
    asking = {
        **options,
        "socket_timeout": _SENTINEL_SECONDS,
        "socket_connect_timeout": _SENTINEL_SECONDS,
        "username": query.get("sentinel_username"),
        "password": query.get("sentinel_password"),
    }
    sentinel = Sentinel([_address(host) for host in hosts.split(",")], sentinel_kwargs=asking)  # type: ignore[no-untyped-call]
    return _SentinelPool(  # type: ignore[no-untyped-call]
        unquote(service),
        sentinel,
        username=unquote(user) or None,
        password=unquote(password) or None,
        db=int(database or 0),
        **options,
    )


def _address(text: str) -> tuple[str, int]:
    host, bracket, port = text.rpartition("]")
    if not bracket:
        host, _, port = text.partition(":")
    port = port.removeprefix(":")
    return host.removeprefix("["), int(port) if port else _SENTINEL_PORT


def _require_files(query: dict[str, str]) -> None:
    for name in _FILES:
        try:
            if name in query:
                Path(query[name]).open("rb").close()
        except OSError as error:
            raise ConfigError(
                f"queue.url: {name}: cannot read {query[name]}: {error.strerror}"
            ) from error
