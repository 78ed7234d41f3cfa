"""Sends requests, again where they failed for what passes."""

import asyncio
import email.utils
import itertools
import math
import random
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import msgspec
from yarl import URL

from carnet.client.calls import Call, Response
from carnet.client.errors import (
    CarnetError,
    ConnectionFailed,
    DeadlineExceeded,
    UnexpectedAnswer,
    error_of,
    reason,
    unexpected,
)
from carnet.client.request import Request

API: Final = "/api/v1"
TIMEOUT: Final = 120.0
"""Seconds of a call with all its attempts."""
RETRIES: Final = 2
LONGEST_RETRY_AFTER: Final = 60.0
"""Seconds; what asks to wait longer is the answer."""
_LONGEST_PAUSE: Final = 8.0


class Transport:
    """Speaks to one server, for one key or none."""

    def __init__(
        self,
        base_url: str,
        *,
        key: str | None = None,
        timeout: float | None = TIMEOUT,
        max_retries: int = RETRIES,
        session: aiohttp.ClientSession | None = None,
    ) -> None:
        self.base = _base(base_url)
        self.timeout = timeout
        self._max_retries = max_retries
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._session = session
        self._owns_session = session is None

    async def close(self) -> None:
        """Closes the connections, unless they are of a session that was given."""
        if self._owns_session and self._session is not None:
            await self._session.close()
            self._session = None

    def call(self, request: Request, options: Mapping[str, Any]) -> Call[Any]:
        """A call, by whatever options there are for its time and attempts."""
        return Call(self._call(request, options.get("timeout", self.timeout), options))

    async def _call(
        self, request: Request, timeout: float | None, options: Mapping[str, Any]
    ) -> Response[Any]:
        try:
            async with asyncio.timeout(timeout) as deadline:
                async with await self.send(
                    request, options.get("max_retries"), deadline.when()
                ) as response:
                    data = _data(response, await response.read())
                    return Response(data, response.status, response.headers)
        except TimeoutError as error:
            raise DeadlineExceeded(f"No answer within {timeout:g} s") from error

    async def send(
        self, request: Request, max_retries: int | None = None, ends: float | None = None
    ) -> aiohttp.ClientResponse:
        """A response that is no error; of a stream the body is still to come.

        It `ends` at a time of the event loop: no pause goes beyond that.
        """
        retries = self._max_retries if max_retries is None else max_retries
        for attempt in itertools.count():
            try:
                return await self._send(request)
            except CarnetError as failure:
                pause = retry_after(failure.headers)
                if pause is None:
                    pause = backoff(attempt)
                left = math.inf if ends is None else ends - asyncio.get_running_loop().time()
                if attempt >= retries or not may_pass(failure) or pause > left:
                    raise
            await asyncio.sleep(pause)
        raise AssertionError("unreachable")

    async def _send(self, request: Request) -> aiohttp.ClientResponse:
        """One attempt; the answer to a call is read whole, so that a cut one counts as none."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(), timeout=aiohttp.ClientTimeout(total=None)
            )
        try:
            response = await self._session.request(
                request.method,
                URL(self.base + request.target, encoded=True),
                data=request.body,
                headers={**self._headers, **request.headers},
                allow_redirects=False,  # followed, a POST would become a GET
            )
            if is_stream(response) and response.status == 200:
                return response
            body = await response.read()
        except (aiohttp.ClientError, OSError) as error:
            raise ConnectionFailed(f"No answer came: {reason(error)}") from error
        if response.status < 300 or response.status == 304:
            return response
        raise error_of(response.status, response.headers, body)


def is_stream(response: aiohttp.ClientResponse) -> bool:
    """Whether a response is one of events, which ends when it is closed."""
    return response.content_type == "text/event-stream"


def may_pass(error: CarnetError) -> bool:
    """Whether the same request may succeed later. Never a 409: it is the answer."""
    if (retry_after(error.headers) or 0.0) > LONGEST_RETRY_AFTER:
        return False
    status = error.status or 0
    return isinstance(error, ConnectionFailed) or status in (408, 429) or status >= 500


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait, by a number or a date (RFC 9110 section 10.2.3)."""
    text = headers.get("Retry-After", "")
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return None


def backoff(failures_before: int, longest: float = _LONGEST_PAUSE) -> float:
    """Seconds to wait after a failure, longer after each one before.

    By chance too, since clients that failed together should not come back so.
    """
    return min(longest, 0.4 * 2.0 ** min(failures_before, 20)) * random.uniform(0.5, 1.0)  # noqa: S311 - no secret


def _data(response: aiohttp.ClientResponse, body: bytes) -> Any:
    """What a body holds: JSON, text of another kind (a calendar), or nothing."""
    if not body:
        return None
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        if response.content_type.startswith("text/") and response.content_type != "text/html":
            return body.decode("utf-8", "replace")
        status, headers = response.status, response.headers
        raise UnexpectedAnswer(
            unexpected(status, headers), status=status, headers=headers
        ) from None


def _base(base_url: str) -> str:
    """The root of the API; `ValueError` for what is no address."""
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(
            f"base_url must be an address such as https://carnet.example.org, not {base_url!r}"
        )
    path = parts.path.rstrip("/").removesuffix(API)
    return f"{parts.scheme}://{parts.netloc}{path}{API}"
