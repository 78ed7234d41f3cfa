"""What is asked of a provider: at its own addresses only, little, and not for long."""

import base64
from collections.abc import Mapping
from typing import Final, TypeVar
from urllib.parse import quote_plus, urlsplit

import aiohttp
import msgspec
from yarl import URL

S = TypeVar("S", bound=msgspec.Struct)

SECONDS: Final = 10.0
MOST_BYTES: Final = 256 * 1024
_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "identity"}


class ProviderFailed(Exception):
    """A provider did not answer, or not as it must; the text is for the log."""


def require_safe(url: str, issuer: str) -> None:
    """`ProviderFailed` for an address without TLS, but within this machine, as the issuer's is."""
    parts = urlsplit(url)
    local = issuer.startswith("http:") and parts.hostname in ("localhost", "127.0.0.1", "::1")
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise ProviderFailed(f"{url[:200]!r} is no https address")


async def fetch(
    url: str,
    kind: type[S],
    *,
    form: Mapping[str, str] | None = None,
    authorization: str | None = None,
) -> S:
    """A JSON answer of status 200 to a GET, or to a POST of a form; no redirect is followed."""
    headers = dict(_HEADERS)
    if authorization is not None:
        headers["Authorization"] = authorization
    try:
        async with (
            aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            ) as session,
            session.request(
                "GET" if form is None else "POST",
                URL(url, encoded=True),
                data=form,
                headers=headers,
                allow_redirects=False,
            ) as response,
        ):
            body = await _read(response)
    except (aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
        raise ProviderFailed(f"{url}: {error!r}") from error
    if response.status != 200:
        raise ProviderFailed(f"{url}: {response.status} {body[:500]!r}")
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise ProviderFailed(f"{url}: {error}") from error


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > MOST_BYTES:
            raise ValueError(f"more than {MOST_BYTES} bytes")
    return bytes(body)


def basic(client_id: str, secret: str) -> str:
    """The Authorization of a client (RFC 6749 section 2.3.1)."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"
