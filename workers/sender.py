"""POSTs to receivers that nobody vouches for: no request goes to an address that was not checked.

What a receiver does costs it nothing and must cost us little: it gets a time, we read a beginning.
"""

import asyncio
import contextlib
import io
import socket
import time
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from importlib.metadata import version
from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from domain.addresses import is_public, target_of
from domain.delivery import RESPONSE_BYTES
from runtime.lookups import LookUp
from storage.webhook_claims import Answer

SECONDS: Final = 10.0
"""What an attempt may take, from the look-up of the name to the beginning of the response."""

_HEADERS: Final = {
    "Content-Type": "application/json",
    "User-Agent": f"Carnet/{version('carnet')} (webhooks)",
    "Accept": "*/*",
    # What is compressed may be a bomb.
    "Accept-Encoding": "identity",
}
_RECEIVED_BYTES: Final = 8 * 1024
"""What the system may hold of what a receiver says, and so what is taken in at once: some send
thousands of responses that only say that there will be one, and each costs time and memory."""
NOT_PUBLIC: Final = "The host has an address that is not public, so nothing was sent"


_opened: ContextVar[list[socket.socket]] = ContextVar("opened")
"""The sockets of an attempt."""


class RefusedAddress(OSError):
    """A name has an address that deliveries must not go to."""


class CheckedResolver(AbstractResolver):
    """Gives the connector addresses that were checked, all of a name: it connects to no others."""

    def __init__(self, look_up: LookUp, *, allow_private: bool) -> None:
        self._look_up = look_up
        self._allow_private = allow_private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """See `AbstractResolver.resolve`; `RefusedAddress` when any is not public."""
        addresses = await self._look_up(host)
        if not self._allow_private and not all(map(is_public, addresses)):
            raise RefusedAddress(NOT_PUBLIC)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """See `AbstractResolver.close`."""


class HttpSender:
    """Sends deliveries by HTTP; made in the loop that uses it."""

    def __init__(self, look_up: LookUp, *, allow_private: bool, seconds: float = SECONDS) -> None:
        self._allow_private = allow_private
        self._seconds = seconds
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=CheckedResolver(look_up, allow_private=allow_private),
                socket_factory=_open,
                use_dns_cache=False,
                limit=0,
                # One that is kept may be closed just when it is used again.
                force_close=True,
            ),
            timeout=aiohttp.ClientTimeout(),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            headers=_HEADERS,
        )

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """What comes of a POST; it raises nothing that a receiver may cause."""
        started = time.perf_counter()
        status, response = await self._attempt(url, headers, body)
        return Answer(status, response, round((time.perf_counter() - started) * 1000))

    async def _attempt(
        self, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int | None, str]:
        target = target_of(url)
        if target is None:
            return None, "The URL is not one that deliveries go to"
        # The connector asks its resolver for names only.
        if target.is_address and not self._allow_private and not is_public(target.host):
            return None, NOT_PUBLIC
        deadline = asyncio.get_running_loop().time() + self._seconds
        try:
            async with contextlib.AsyncExitStack() as stack:
                stack.enter_context(_ending_connections())
                async with asyncio.timeout_at(deadline):
                    answered = await stack.enter_async_context(
                        self._session.post(
                            URL(url, encoded=True),
                            # A large one goes in pieces, so that others get their turn.
                            data=io.BytesIO(body),
                            headers=headers,
                            allow_redirects=False,
                        )
                    )
                return answered.status, await _beginning(answered, deadline)
        except TimeoutError:
            return None, f"There was no response within {self._seconds:g} seconds"
        except aiohttp.ClientConnectorDNSError as error:
            refused = isinstance(error.os_error, RefusedAddress)
            return None, NOT_PUBLIC if refused else "The name of the host was not found"
        except aiohttp.ClientSSLError:
            return None, "The certificate of the host is not good"
        except aiohttp.ClientConnectorError:
            return None, "The host did not accept a connection"
        except (aiohttp.ClientError, OSError, ValueError):
            return None, "The host ended the connection without a valid response"

    async def close(self) -> None:
        """Closes the connections."""
        await self._session.close()


def _open(address: tuple[Any, ...]) -> socket.socket:
    family, kind, protocol, *_ = address
    opened = socket.socket(family, kind, protocol)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVED_BYTES)
    _opened.get().append(opened)
    return opened


@contextlib.contextmanager
def _ending_connections() -> Iterator[None]:
    """Ends an attempt's connections with it.

    One that is merely closed stays, with what was to be sent, for as long as a receiver that reads
    nothing likes.
    """
    opened: list[socket.socket] = []
    _opened.set(opened)
    try:
        yield
    finally:
        for each in opened:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


async def _beginning(answered: aiohttp.ClientResponse, deadline: float) -> str:
    """The beginning of a body as text, as much as came in time."""
    read = b""
    with contextlib.suppress(aiohttp.ClientError, OSError, ValueError, TimeoutError):
        async with asyncio.timeout_at(deadline):
            while len(read) < RESPONSE_BYTES:
                piece = await answered.content.read(RESPONSE_BYTES - len(read))
                if not piece:
                    break
                read += piece
    # No database column for text takes NUL.
    return read.decode("utf-8", "replace").replace("\0", "\ufffd")
