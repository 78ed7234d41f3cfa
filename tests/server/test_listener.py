"""The listening server around a handler."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest
import structlog
from aiohttp import web

from runtime import measured
from server.connection import on_lost
from server.listener import Handler, Listener
from tests.measuring import counted
from tests.waiting import until


class Slow:
    """A handler with one request that takes until it may end."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.may_end = asyncio.Event()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/crash":
            raise RuntimeError("hush-hush")
        if request.path == "/quick":
            return web.Response(text="quick")
        self.entered.set()
        await self.may_end.wait()
        return web.Response(text="done")


@contextlib.asynccontextmanager
async def listening(
    handler: Handler, *, most_of_one: int = 0
) -> AsyncIterator[tuple[Listener, str]]:
    listener = Listener(handler, most_of_one=most_of_one)
    await listener.start_on(socket.create_server(("127.0.0.1", 0)))
    try:
        yield listener, f"http://127.0.0.1:{listener.port}"
    finally:
        await listener.stop()


async def accepts(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionError:
        return False
    writer.close()
    return True


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as made:
        yield made


async def test_a_listener_knows_the_port_it_has(session):
    slow = Slow()
    async with listening(slow.handle) as (listener, url):
        assert listener.port > 0
        async with session.get(f"{url}/quick") as answer:
            assert await answer.text() == "quick"


async def test_stopping_waits_for_a_running_request(session):
    slow = Slow()
    listener = Listener(slow.handle)
    await listener.start_on(socket.create_server(("127.0.0.1", 0)))
    request = asyncio.create_task(session.get(f"http://127.0.0.1:{listener.port}/"))
    await slow.entered.wait()
    stopping = asyncio.create_task(listener.stop())
    async with asyncio.timeout(5):
        while await accepts(listener.port):
            pass
    assert not stopping.done()
    slow.may_end.set()
    answer = await request
    assert (answer.status, await answer.text()) == (200, "done")
    await stopping


async def test_stopping_does_not_wait_for_idle_connections(session):
    slow = Slow()
    listener = Listener(slow.handle)
    await listener.start_on(socket.create_server(("127.0.0.1", 0)))
    async with session.get(f"http://127.0.0.1:{listener.port}/quick") as answer:
        await answer.read()
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    async with asyncio.timeout(5):
        await listener.stop()
        assert await reader.read() == b""
    writer.close()


async def test_what_goes_wrong_outside_of_the_api_tells_nothing(session, caplog):
    async with listening(Slow().handle) as (_, url), session.get(f"{url}/crash") as answer:
        assert answer.status == 500
        assert "hush-hush" not in await answer.text()
    assert [record.levelname for record in caplog.records] == ["ERROR"]


async def test_a_handler_is_told_that_its_connection_is_lost():
    told = asyncio.Event()
    entered: list[web.BaseRequest] = []

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        entered.append(request)
        if request.path == "/unwatched":
            on_lost(request, told.set)
            on_lost(request, None)
            return web.Response()
        on_lost(request, told.set)
        await told.wait()
        # Who asks later is told at once.
        again = asyncio.Event()
        on_lost(request, again.set)
        assert again.is_set()
        raise ConnectionResetError

    async with listening(handle) as (listener, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        writer.write(b"GET /unwatched HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        writer.close()
        await until(lambda: entered[0].transport is None)
        assert not told.is_set()
        _, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await until(lambda: len(entered) == 2)
        assert not told.is_set()
        writer.close()
        await until(told.is_set)


def named(name: str) -> Handler:
    async def tell(_request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text=name)

    return tell


async def test_listeners_on_one_socket_share_the_connections_that_come_together():
    with socket.create_server(("127.0.0.1", 0)) as opened:
        listeners = [Listener(named(name), pause_seconds=0.001) for name in ("one", "two")]
        for listener in listeners:
            await listener.start_on(opened.dup())
        url = f"http://127.0.0.1:{listeners[0].port}"
        connector = aiohttp.TCPConnector(force_close=True, limit=0)
        async with aiohttp.ClientSession(connector=connector) as session:

            async def ask() -> str:
                async with session.get(url) as response:
                    return await response.text()

            told = await asyncio.gather(*(ask() for _ in range(20)))
        assert min(told.count("one"), told.count("two")) >= 7
        for listener in listeners:
            await listener.stop()


class Exhausted(socket.socket):
    """A listening socket of a process that has no descriptor left, for a while."""

    failures = 3

    def accept(self):
        if self.failures:
            self.failures -= 1
            raise OSError(errno.EMFILE, "Too many open files")
        return super().accept()


async def test_a_process_without_descriptors_accepts_again_when_it_has_some():
    opened = Exhausted()
    opened.bind(("127.0.0.1", 0))
    opened.listen()
    listener = Listener(named("here"))
    await listener.start_on(opened)
    with structlog.testing.capture_logs() as lines:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{listener.port}") as response,
        ):
            assert await response.text() == "here"
    assert [line["event"] for line in lines].count("accept_failed") == 3
    await listener.stop()


async def test_what_waits_when_it_stops_is_served():
    opened = socket.create_server(("127.0.0.1", 0), backlog=64)
    listener = Listener(named("here"), linger_seconds=60)
    await listener.start_on(opened)
    clients = [socket.create_connection(("127.0.0.1", listener.port)) for _ in range(20)]
    for client in clients:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    # Nothing has been accepted yet: this task has not let the loop turn.
    await listener.stop()
    for client in clients:
        with client:
            client.settimeout(5)
            assert client.recv(4096).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("first", [b"", b"GET / HTTP/1.1\r\n"])
async def test_a_client_that_connected_before_it_stopped_has_its_first_request_answered(first):
    listener = Listener(named("here"), linger_seconds=60)
    await listener.start_on(socket.create_server(("127.0.0.1", 0)))
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    writer.write(first)
    stopping = asyncio.create_task(listener.stop())
    await until(lambda: listener._listening.fileno() == -1)
    rest = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".removeprefix(first)
    writer.write(rest)
    assert (await reader.readline()) == b"HTTP/1.1 200 OK\r\n"
    await stopping
    writer.close()


async def test_a_client_that_never_asks_does_not_hold_the_end_up_for_good():
    listener = Listener(named("here"), linger_seconds=0.01)
    await listener.start_on(socket.create_server(("127.0.0.1", 0)))
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    await listener.stop()
    assert await reader.read() == b""
    writer.close()


async def closed_at_once(port: int) -> bool:
    """Whether a new connection is closed before anything was asked on it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return await reader.read() == b""
    except ConnectionError:
        return True
    finally:
        writer.close()


async def test_one_address_has_no_more_connections_than_it_may():
    async with listening(named("here"), most_of_one=3) as (listener, _):
        held = [await asyncio.open_connection("127.0.0.1", listener.port) for _ in range(3)]
        refusal = counted(measured.REFUSED, "connections")
        with structlog.testing.capture_logs() as lines, refusal:
            assert await closed_at_once(listener.port)
        assert [line["event"] for line in lines] == ["too_many_connections"]
        # Those that it has go on, and one that ends makes room.
        reader, writer = held[0]
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).endswith(b"here")
        writer.close()
        await until(lambda: sum(listener._open.values()) == 2)
        assert not await closed_at_once(listener.port)
        for _, writer in held:
            writer.close()
        await until(lambda: not listener._open)


async def test_any_number_of_connections_where_there_is_no_limit():
    async with listening(named("here")) as (listener, _):
        held = [await asyncio.open_connection("127.0.0.1", listener.port) for _ in range(50)]
        assert not await closed_at_once(listener.port)
        for _, writer in held:
            writer.close()
