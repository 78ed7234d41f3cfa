"""Whole responses, whose head and body go out at one stroke."""

import email.utils
import functools
import http
import time
from collections.abc import Mapping
from typing import Final

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

SEND_AT_ONCE_BYTES: Final = 128 * 1024
"""Larger bodies are sent in pieces of this size: of what a client does not take yet, no more waits
here than one of them."""
HEADERS_OF_ALL: Final = {"Server": "Carnet", "X-Content-Type-Options": "nosniff"}
"""Of every response: what answers, without versions, and that a body is what it says it is."""
PRIVATE: Final = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
"""Of what is for programs: nobody keeps it (RFC 9111), and no link in it tells where it was."""
_LAST: Final = "".join(f"{name}: {value}\r\n" for name, value in HEADERS_OF_ALL.items()) + "\r\n"
_WITHOUT_LENGTH: Final = frozenset({204, 304})
"""Statuses of responses that have no body (RFC 9110 sections 15.3.5 and 15.4.5)."""


class WholeResponse(web.StreamResponse):
    """A response that is known to its end: a status, a body, and headers of its own."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
        super().__init__(status=status)
        self._lines = headers
        self._whole = body
        self._request: web.BaseRequest

    @property
    def keep_alive(self) -> bool:
        """Whether the connection stays open: the request says it."""
        return self._request.keep_alive

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        """Writes nothing yet: the head goes out with the body."""
        self._request = request
        return request.writer

    async def write_eof(self, _data: bytes = b"") -> None:
        """Writes all of it."""
        request, body = self._request, self._whole
        head = self._head(request)
        if request.method == "HEAD" or not body:
            await request.writer.write_eof(head)
        elif len(body) <= SEND_AT_ONCE_BYTES:
            await request.writer.write_eof(head + body)
        else:
            await request.writer.write(head)
            view = memoryview(body)
            for start in range(0, len(view), SEND_AT_ONCE_BYTES):
                await request.writer.write(view[start : start + SEND_AT_ONCE_BYTES])
            await request.writer.write_eof()

    def _head(self, request: web.BaseRequest) -> bytes:
        version = request.version
        lines = [_status_line(version.major, version.minor, self.status)]
        lines += [f"{name}: {value}\r\n" for name, value in self._lines.items()]
        if self.status not in _WITHOUT_LENGTH:
            lines.append(f"Content-Length: {len(self._whole)}\r\n")
        if request.keep_alive != (version >= (1, 1)):
            lines.append(f"Connection: {'keep-alive' if request.keep_alive else 'close'}\r\n")
        lines.append(_date_line(int(time.time())))
        head = "".join(lines)
        if not head.count("\r") == head.count("\n") == len(lines):
            raise ValueError("a header has a line break in it")
        return (head + _LAST).encode()


@functools.cache
def _status_line(major: int, minor: int, status: int) -> str:
    return f"HTTP/{major}.{minor} {status} {http.HTTPStatus(status).phrase}\r\n"


@functools.lru_cache(maxsize=1)
def _date_line(second: int) -> str:
    return f"Date: {email.utils.formatdate(second, usegmt=True)}\r\n"
