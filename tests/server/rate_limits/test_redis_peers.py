"""A Redis that is slow, lost or none: requests are counted here, and none by another's answer."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable

import pytest
import structlog
import uvloop

from server import redis_ratelimit
from server.redis_connection import RedisConnection
from server.redis_ratelimit import RedisRateLimiter
from tests.faults.proxy import proxy
from tests.server.rate_limits.limits import counted_in_redis, limiters
from tests.storage.home import soon
from tests.support import gather, take
from tests.waiting import PATIENCE, until

Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def peer(handler: Peer):
    """The URL of a server that does as it likes."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(OSError):
            await handler(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await asyncio.wait_for(asyncio.gather(*tasks), PATIENCE)


def answering(*parts: bytes) -> Peer:
    """Says this to the first that it hears, and then only listens."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        for each in parts:
            writer.write(each)
            await writer.drain()
        while await reader.read(65536):
            pass

    return handler


def answer(who: str, used: int, rest: int = 60_000) -> bytes:
    return f"+{used} {rest} carnet:rate:{who}\r\n".encode()


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "it answered: HTTP/1.1 400 Bad Request"),
        (b"\r\n", "it answered: "),
        (b"+\r\n", "it answered: +"),
        (b"+1\r\n", "it answered: +1"),
        (b"+1 60000\r\n", "it answered: +1 60000"),
        (b"+one 60000 carnet:rate:me\r\n", "it answered: +one 60000 carnet:rate:me"),
        (b"+1 soon carnet:rate:me\r\n", "it answered: +1 soon carnet:rate:me"),
        (b"+1 60000 carnet:rate:you\r\n", "it answered: +1 60000 carnet:rate:you"),
        (b"+\xff 1 2\r\n", "it answered: +\ufffd 1 2"),
        (b"*2\r\n:1\r\n:60000\r\n", "it answered: *2"),
        (b":1\r\n", "it answered: :1"),
        (b"$536870912\r\n" + b"x" * 100_000, "it answered: $536870912"),
        (b"+" + b"1" * 100_000, "an answer without an end"),
        (b"-ERR unknown command\r\n", "it answered: -ERR unknown"),
        # It may repeat what it was asked.
        (
            b"-ERR unknown command 'AUTH', with args: 's3cret'\r\n",
            "it answered: -ERR unknown",
        ),
        (b"-" + b"x" * 3000 + b"\r\n", "it answered: -" + "x" * 199),
    ],
)
async def test_what_is_no_answer_is_a_redis_that_is_away(says, reason, monkeypatch):
    monkeypatch.setattr(redis_ratelimit, "_AWAY_SECONDS", 3600.0)
    with structlog.testing.capture_logs() as lines:
        async with peer(answering(says)) as url, limiters(url) as (limiter,):
            allowances = await soon(gather(*(take(limiter, "me", 10) for _ in range(3))))
            allowances.append(await soon(take(limiter, "me", 10)))
    assert [a.remaining for a in allowances] == [9, 8, 7, 6], "they are counted here"
    assert [line["reason"] for line in lines] == [reason]


async def test_a_peer_that_says_too_much_gives_nobody_a_wrong_count(monkeypatch):
    monkeypatch.setattr(redis_ratelimit, "_AWAY_SECONDS", 3600.0)
    twice = answer("a", 41) * 2 + answer("b", 51)
    with structlog.testing.capture_logs() as lines:
        async with peer(answering(twice)) as url, limiters(url) as (limiter,):
            counts = [limiter.count(each) for each in "abc"]
            usages = await soon(asyncio.gather(*counts))
    assert [usage.used for usage in usages] == [41, 1, 1]
    assert [line["reason"] for line in lines] == ["it answered: +41 60000 carnet:rate:a"]


async def test_a_peer_that_speaks_without_being_asked_is_left(who):
    """Whoever asks next is counted by another connection."""
    said = asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer(who, 7))
        await said.wait()
        writer.write(answer(who, 8))
        await reader.read()

    async with peer(handler) as url, limiters(url) as (limiter,):
        assert (await soon(limiter.count(who))).used == 7
        said.set()
        await until(lambda: limiter._connection is None)
        assert (await soon(limiter.count(who))).used == 7


async def test_a_peer_that_never_ends_is_not_listened_to(who):
    """What it says is not kept, and the connection is closed."""
    closed = asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                writer.write(b"+" * 65536)
                await writer.drain()
                await asyncio.sleep(0)
        finally:
            closed.set()

    async with peer(handler) as url, limiters(url) as (limiter,):
        assert (await soon(take(limiter, who, 3))).remaining == 2
        await soon(closed.wait())


@pytest.mark.parametrize("begun", [b"", b"+1 60", b"+1 60000 carnet:rate:me\r"])
async def test_half_an_answer_is_waited_for_only_so_long(begun):
    async with peer(answering(begun)) as url, limiters(url) as (limiter,):
        counted = limiter.count("me")
        await until(lambda: limiter._connection is not None and limiter._connection._transport)
        with structlog.testing.capture_logs() as lines:
            limiter._look_who_waits()
            assert not counted.done()
            late = limiter.count("me")
            limiter._look_who_waits()
        assert [(await each).used for each in (counted, late)] == [1, 2]
    assert [line["reason"] for line in lines] == ["it does not answer"]


async def test_one_that_was_answered_since_holds_nobody_else_up(redis_url, who):
    async with limiters(redis_url) as (limiter,):
        with structlog.testing.capture_logs() as lines:
            for _ in range(5):
                counted = limiter.count(who)
                limiter._look_who_waits()
                await soon(counted)
                counted = limiter.count(who)
                limiter._look_who_waits()
                await soon(counted)
    assert lines == []
    assert await counted_in_redis(redis_url, who)() == 10


async def test_who_asks_after_a_failure_is_given_the_whole_time(who, monkeypatch):
    monkeypatch.setattr(redis_ratelimit, "_AWAY_SECONDS", 0.0)
    async with peer(answering()) as url, limiters(url) as (limiter,):
        for _ in range(3):
            counted = limiter.count(who)
            limiter._look_who_waits()
            assert not counted.done()
            limiter._look_who_waits()
            assert counted.done()


async def test_it_looks_as_long_as_somebody_waits_and_by_one_timer(redis_url, who):
    async with limiters(redis_url) as (limiter,):
        counts = [limiter.count(who) for _ in range(10)]
        look = limiter._look
        assert look is not None
        await asyncio.gather(*counts)
        limiter.count(who)
        assert limiter._look is look
        await until(lambda: not limiter._waiting)
        limiter._look_who_waits()
        assert limiter._look is None


async def test_a_connection_that_nobody_uses_may_end(valkey, who):
    async with proxy(valkey.port) as network, limiters(network.url(valkey.url)) as (limiter,):
        with structlog.testing.capture_logs() as lines:
            await take(limiter, who, 5)
            network.cut()
            await until(lambda: limiter._connection is None)
            assert (await take(limiter, who, 5)).remaining == 3
    assert lines == []


async def test_a_connection_that_breaks_leaves_nobody_waiting(valkey, who):
    async with proxy(valkey.port) as network, limiters(network.url(valkey.url)) as (limiter,):
        await take(limiter, who, 100)
        network.stall()
        counts = [limiter.count(who) for _ in range(20)]
        counts[7].cancel()
        network.cut()
        usages = await soon(asyncio.gather(*counts, return_exceptions=True))
        used = [usage.used for usage in usages if not isinstance(usage, BaseException)]
        assert used == list(range(1, 20)), "they are counted here"


async def test_who_waits_when_it_is_closed_is_counted_here(who):
    async with peer(answering()) as url, limiters(url) as (limiter,):
        counts = [limiter.count(who) for _ in range(3)]
        with structlog.testing.capture_logs() as lines:
            await limiter.close()
        assert [(await soon(each)).used for each in counts] == [1, 2, 3]
    assert lines == []


async def test_what_was_to_be_sent_when_it_is_closed_is_not(redis_url, who):
    async with limiters(redis_url) as (limiter,):
        await take(limiter, who, 5)
        for _ in range(10):
            counted = limiter.count(who)
            await limiter.close()
            assert counted.done()
    for _ in range(5):
        await asyncio.sleep(0)


def test_who_asks_by_a_connection_that_is_just_ending_is_counted_here(redis_url, who):
    """By uvloop, which takes it amiss when something is written to one that has ended."""

    async def run() -> list[object]:
        crashes: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: crashes.append(context))
        async with limiters(redis_url) as (limiter,):
            await take(limiter, who, 5)
            assert limiter._connection is not None
            limiter._connection._transport.close()
            assert (await soon(limiter.count(who))).used == 1
        return crashes

    assert uvloop.run(run()) == []


async def test_nothing_is_told_after_the_end():
    heard: list[str] = []
    async with peer(answering()) as url:
        connection = RedisConnection(RedisRateLimiter(url)._server, heard.append, heard.append)
        connection.data_received(b"+1\r\n-ERR no\r\n+2\r\n")
        connection.connection_lost(None)
    assert heard == ["1", "it answered: -ERR no"]


@pytest.mark.parametrize("seed", range(10))
async def test_answers_may_come_in_pieces_of_any_size(seed):
    rng = random.Random(seed)
    heard: list[str] = []
    async with peer(answering()) as url:
        server = RedisRateLimiter(f"{url}/1")._server
        connection = RedisConnection(server, heard.append, heard.append)
        sent = b"+OK\r\n" + b"".join(answer("me", number) for number in range(20))
        while sent:
            size = rng.choice((1, 1, 2, 3, 20, 200))
            connection.data_received(sent[:size])
            sent = sent[size:]
        connection.close()
    assert heard == [f"{number} 60000 carnet:rate:me" for number in range(20)]
