"""Requests that two programs in a row could read differently (RFC 9112 section 11.2).

Each is followed by another request, which what reads the first one otherwise would take for a body.
"""

import pytest

from tests.contract.wire import check_envelope, connect, read_answer
from tests.server.test_listener import listening, named

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

REFUSED = {
    "a length and chunks": b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
    "chunks and a length": b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    "two lengths": b"Content-Length: 0\r\nContent-Length: 42\r\n",
    "two lengths that are the same": b"Content-Length: 0\r\nContent-Length: 0\r\n",
    "a list of lengths": b"Content-Length: 0, 0\r\n",
    "a length with a sign": b"Content-Length: +0\r\n",
    "a length with an underscore": b"Content-Length: 1_0\r\n",
    "a length in hex": b"Content-Length: 0x0\r\n",
    "no length": b"Content-Length:\r\n",
    "a space before the colon": b"Transfer-Encoding : chunked\r\n",
    "a length with a space before": b"Content-Length : 0\r\n",
    "a coding with a control character": b"Transfer-Encoding: \x0bchunked\r\n",
    "a coding that is longer": b"Transfer-Encoding: xchunked\r\n",
    "two codings": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    "a folded coding": b"Transfer-Encoding:\r\n chunked\r\n",
    "a folded line": b"X: a\r\n b\r\n",
    "a NUL in a value": b"X: a\x00b\r\n",
    "a NUL in a name": b"X\x00: a\r\n",
    "a carriage return in a value": b"X: a\rb\r\n",
    "a second host": b"Host: b\r\n",
    "a line that is none": b"GET / HTTP/1.1\r\n",
}


@pytest.mark.parametrize("lines", REFUSED.values(), ids=REFUSED)
async def test_what_can_be_read_in_two_ways_is_refused_and_the_connection_closed(lines):
    first = b"POST / HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n"
    async with listening(named("here")) as (_, url), connect(url) as (reader, writer):
        writer.write(first + b"0\r\n\r\n" + SMUGGLED)
        check_envelope(await read_answer(reader), 400, "VALIDATION_ERROR")
        assert await reader.read() == b""


LINES_WITHOUT_RETURN = {
    "all": b"GET / HTTP/1.1\nHost: a\n\n",
    "the first": b"GET / HTTP/1.1\nHost: a\r\n\r\n",
    "a header": b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
    "the end": b"GET / HTTP/1.1\r\nHost: a\r\n\n",
}


@pytest.mark.parametrize("sent", LINES_WITHOUT_RETURN.values(), ids=LINES_WITHOUT_RETURN)
async def test_lines_end_in_carriage_return_and_line_feed(sent):
    async with listening(named("here")) as (_, url), connect(url) as (reader, writer):
        writer.write(sent + SMUGGLED)
        check_envelope(await read_answer(reader), 400, "VALIDATION_ERROR")
        assert await reader.read() == b""


OTHER_PROTOCOLS = {
    "HTTP/2 by prior knowledge": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/3.0": b"GET / HTTP/3.0\r\nHost: a\r\n\r\n",
    "something after the version": b"GET / HTTP/1.1 x\r\nHost: a\r\n\r\n",
    "a TLS handshake": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}


@pytest.mark.parametrize("sent", OTHER_PROTOCOLS.values(), ids=OTHER_PROTOCOLS)
async def test_other_protocols_are_refused(sent):
    async with listening(named("here")) as (_, url), connect(url) as (reader, writer):
        writer.write(sent)
        check_envelope(await read_answer(reader), 400, "VALIDATION_ERROR")
        assert await reader.read() == b""


async def test_nothing_is_upgraded():
    sent = (
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\n"
        b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
    )
    async with listening(named("here")) as (_, url), connect(url) as (reader, writer):
        writer.write(sent)
        answer = await read_answer(reader)
    assert (answer.status, answer.raw) == (200, b"here")
    assert "Upgrade" not in answer.headers
