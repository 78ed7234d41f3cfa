"""Clients that are slow: each is hung up on in the end, and holds nothing for ever."""

import asyncio
import contextlib
import socket
from urllib.parse import urlsplit

import aiohttp
import pytest
from aiohttp import StreamReader, web

from server import bodies
from server import connection as connections
from server import listener as listener_module
from server.response import WholeResponse
from tests.server.test_listener import Slow, listening
from tests.waiting import until

PIN = b'{"name":"Senso-ji","lat":35.7,"lng":139.8}'


async def connect(port: int, *, receive_bytes: int = 0) -> socket.socket:
    """A connection; with `receive_bytes` the system takes in so little for it."""
    made = socket.socket()
    if receive_bytes:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    made.setblocking(False)
    await asyncio.get_running_loop().sock_connect(made, ("127.0.0.1", port))
    return made


async def say(connection: socket.socket, data: bytes) -> None:
    await asyncio.get_running_loop().sock_sendall(connection, data)


async def reply_on(connection: socket.socket) -> bytes:
    """What comes until the server hangs up, or a whole reply has come.

    After a refusal the server goes on to take what a client sends, for a while.
    """
    heard = b""
    async with asyncio.timeout(15):
        while not heard.endswith(b"}"):
            piece = await asyncio.get_running_loop().sock_recv(connection, 65536)
            if not piece:
                break
            heard += piece
    connection.close()
    return heard


@pytest.mark.parametrize("head", [b"", b"GET / HTT", b"GET / HTTP/1.1\r\nHost: x\r\n"])
async def test_who_sends_no_whole_head_is_hung_up_on(monkeypatch, head):
    monkeypatch.setattr(connections, "IDLE_SECONDS", 0.2)
    async with listening(Slow().handle) as (listener, _):
        connection = await connect(listener.port)
        await say(connection, head)
        assert await reply_on(connection) == b""


async def test_who_takes_nothing_of_a_reply_is_hung_up_on(monkeypatch):
    monkeypatch.setattr(listener_module, "UNREAD_MS", 300)
    lost = asyncio.Event()

    async def endless(request: web.BaseRequest) -> web.StreamResponse:
        reply = web.StreamResponse()
        await reply.prepare(request)
        try:
            while True:
                await reply.write(b"x" * 1_000_000)
        except ConnectionError:
            lost.set()
            raise

    async with listening(endless) as (listener, _):
        connection = await connect(listener.port, receive_bytes=4096)
        await say(connection, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(20):
            await lost.wait()
        connection.close()


async def trickle(connection: socket.socket) -> None:
    """Takes what comes, byte by byte, for as long as anything does."""
    with contextlib.suppress(ConnectionError):
        while await asyncio.get_running_loop().sock_recv(connection, 1):
            pass


@pytest.mark.parametrize("head", ["", "Connection: close\r\n"])
@pytest.mark.parametrize("size", [300_000, 20_000_000])
async def test_who_takes_a_reply_by_bytes_is_hung_up_on(monkeypatch, head, size):
    """Also one whose end is with the connection already, and one that is closed but not sent."""
    monkeypatch.setattr(connections, "UNSENT_SECONDS", 0.05)
    monkeypatch.setattr(listener_module, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(connections, "IDLE_SECONDS", 0.05)

    async def large(_request: web.BaseRequest) -> web.StreamResponse:
        return WholeResponse(200, {}, b"x" * size)

    async with listening(large) as (listener, _):
        # The system would take all of it from the server at once.
        listener._listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        connection = await connect(listener.port, receive_bytes=4096)
        await say(connection, f"GET / HTTP/1.1\r\nHost: x\r\n{head}\r\n".encode())
        trickling = asyncio.create_task(trickle(connection))
        await until(lambda: listener._server.connections)
        await until(lambda: not listener._server.connections)
        connection.close()
        trickling.cancel()


async def test_who_takes_what_it_was_sent_is_not_hung_up_on(monkeypatch):
    monkeypatch.setattr(listener_module, "LOOK_SECONDS", 0.001)

    async def large(_request: web.BaseRequest) -> web.StreamResponse:
        return WholeResponse(200, {}, b"x" * 2_000_000)

    async with listening(large) as (_, url), aiohttp.ClientSession() as session:
        for _ in range(3):
            async with session.get(url) as reply:
                assert len(await reply.read()) == 2_000_000


async def posting(world, sent: bytes) -> socket.socket:
    """A connection on which a pin is being created, of which so much was sent."""
    url = urlsplit(f"{world.running.base}/api/v1{world.trip}/map-pins")
    assert url.port is not None
    connection = await connect(url.port)
    head = (
        f"POST {url.path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {world.client.key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(PIN)}\r\n"
        "Connection: close\r\n\r\n"
    )
    await say(connection, head.encode() + sent)
    return connection


async def test_a_body_that_does_not_come_is_refused(world, monkeypatch):
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.2)
    heard = await reply_on(await posting(world, b""))
    assert heard.startswith(b"HTTP/1.1 400 ")
    assert b"VALIDATION_ERROR" in heard
    assert b"did not arrive in time" in heard


async def test_each_piece_of_a_body_buys_time(world, monkeypatch):
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.2)
    monkeypatch.setattr(bodies, "SLOWEST_BYTES_PER_SECOND", 1)
    patient = await posting(world, PIN[:20])
    assert b"did not arrive in time" in await reply_on(await posting(world, b""))
    await say(patient, PIN[20:])
    assert (await reply_on(patient)).startswith(b"HTTP/1.1 201 ")


async def test_a_large_body_is_taken_in_piece_by_piece(world, monkeypatch):
    """However fast it comes: what a loop takes in at once keeps all others waiting."""
    sizes: list[int] = []
    read = StreamReader.iter_any

    async def seen(stream):
        async for piece in read(stream):
            sizes.append(len(piece))
            yield piece

    monkeypatch.setattr(StreamReader, "iter_any", seen)
    body = {"mapPins": [{"name": "Here", "lat": 1, "lng": 2, "notes": "x" * 10_000}] * 100}
    answer = await world.client.post(f"{world.trip}/sync", body)
    assert answer.status in (200, 202)
    assert sum(sizes) > 1_000_000
    # One piece that the system gives, beside what may wait.
    assert max(sizes) <= 256 * 1024 + 2 * connections.BUFFER_BYTES
