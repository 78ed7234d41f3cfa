"""Whole responses on the wire, for each version of HTTP and each way to ask."""

import asyncio
import contextlib
import email.utils
import time

import pytest
from aiohttp import web

from server import response
from server.response import WholeResponse
from tests.server.test_listener import listening

FIELDS = {"ETag": '"1-x"', "Content-Type": "application/json"}


async def exchange(made: WholeResponse, asked: str) -> tuple[str, dict[str, str], bytes]:
    """Status line, headers and body of what a handler that gives this response sends."""

    async def answer(_request: web.BaseRequest) -> web.StreamResponse:
        return made

    async with listening(answer) as (listener, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        with contextlib.closing(writer):
            writer.write(f"{asked}\r\nHost: x\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            writer.write_eof()
            body = await reader.read()
    status, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
    return status, dict(line.split(": ", 1) for line in lines), body


async def test_head_and_body_are_whole():
    status, headers, body = await exchange(WholeResponse(201, FIELDS, b"{}"), "POST / HTTP/1.1")
    assert (status, body) == ("HTTP/1.1 201 Created", b"{}")
    sent = email.utils.parsedate_to_datetime(headers["Date"]).timestamp()
    assert abs(sent - time.time()) < 60
    assert headers == FIELDS | {
        "Content-Length": "2",
        "Date": headers["Date"],
        "Server": "Carnet",
        "X-Content-Type-Options": "nosniff",
    }


@pytest.mark.parametrize(
    ("asked", "connection"),
    [
        ("GET / HTTP/1.1", None),
        ("GET / HTTP/1.1\r\nConnection: close", "close"),
        ("GET / HTTP/1.0", None),
        ("GET / HTTP/1.0\r\nConnection: keep-alive", "keep-alive"),
    ],
)
async def test_it_says_whether_the_connection_stays_open(asked, connection):
    status, headers, body = await exchange(WholeResponse(200, FIELDS, b"{}"), asked)
    assert status == f"{asked[6:14]} 200 OK"
    assert (headers.get("Connection"), body) == (connection, b"{}")


@pytest.mark.parametrize(
    ("method", "status", "body", "length"),
    [
        ("HEAD", 200, b"{}", "2"),
        ("HEAD", 404, b"{...}", "5"),
        ("GET", 200, b"", "0"),
        ("GET", 304, b"", None),
        ("DELETE", 204, b"", None),
    ],
)
async def test_what_has_no_body_has_none(method, status, body, length):
    made = WholeResponse(status, {}, body)
    line, headers, sent = await exchange(made, f"{method} / HTTP/1.1")
    assert line.startswith(f"HTTP/1.1 {status} ")
    assert (headers.get("Content-Length"), sent) == (length, b"")


@pytest.mark.parametrize("size", [99, 100, 101, 200, 1_000])
async def test_a_large_body_comes_in_pieces_and_whole(monkeypatch, size):
    monkeypatch.setattr(response, "SEND_AT_ONCE_BYTES", 100)
    body = bytes(n % 251 for n in range(size))
    _, headers, sent = await exchange(WholeResponse(200, FIELDS, body), "GET / HTTP/1.1")
    assert (headers["Content-Length"], sent) == (str(size), body)


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b", "a\nb", "a\rb", "a\r\n\r\nb"])
async def test_a_header_with_a_line_break_is_never_sent(caplog, value):
    with pytest.raises(asyncio.IncompleteReadError):
        await exchange(WholeResponse(200, {"X-Own": value}, b"{}"), "GET / HTTP/1.1")
    assert "a header has a line break in it" in caplog.text


async def test_one_connection_serves_several_requests():
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return WholeResponse(200, {}, request.path.encode())

    async with listening(answer) as (listener, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        writer.write(b"".join(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % n for n in range(3)))
        for number in range(3):
            head = await reader.readuntil(b"\r\n\r\n")
            assert b"Content-Length: 2\r\n" in head
            assert await reader.readexactly(2) == b"/%d" % number
        writer.close()
