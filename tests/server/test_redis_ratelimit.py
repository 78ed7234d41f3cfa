"""One rate limit across server processes, on a real Valkey (contract section 3)."""

import asyncio
import contextlib
import random
import ssl
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import quote

import pytest
import structlog
import uvloop
from redis.asyncio import Redis

from server import redis_ratelimit
from server.ratelimit import WINDOW_SECONDS
from server.redis_connection import RedisConnection
from server.redis_ratelimit import RedisRateLimiter
from tests import servers
from tests.faults.proxy import proxy
from tests.storage.home import soon
from tests.support import gather, take
from tests.waiting import PATIENCE, until


@pytest.fixture(scope="module")
def redis_url():
    with servers.redis() as url:
        yield url


@pytest.fixture
def valkey():
    """One that may be killed."""
    with servers.own_valkey() as server:
        yield server


@pytest.fixture(autouse=True)
def _patient(monkeypatch):
    """A Redis that is there is waited for, however long it takes."""
    monkeypatch.setattr(redis_ratelimit, "_TIMEOUT_SECONDS", PATIENCE)


@pytest.fixture(autouse=True)
async def _nothing_crashes():
    """Also not in a callback of the loop, where no test would see it."""
    crashes: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: crashes.append(context))
    yield
    assert crashes == []


@pytest.fixture
def who() -> str:
    return uuid.uuid4().hex


@contextlib.asynccontextmanager
async def limiters(url: str, number: int = 1):
    """Limiters as server processes of their own have them."""
    made = [RedisRateLimiter(url) for _ in range(number)]
    try:
        yield made
    finally:
        for limiter in made:
            await limiter.close()


@contextlib.asynccontextmanager
async def client(url: str):
    redis = Redis.from_url(url)
    try:
        yield redis
    finally:
        await redis.aclose()


def counted_in_redis(url: str, who: str):
    """How often somebody was counted by what the server processes share."""

    async def look() -> int:
        async with client(url) as redis:
            return int(await redis.get(f"carnet:rate:{who}") or 0)

    return look


async def test_a_limit_is_exact_across_processes(redis_url, who):
    async with limiters(redis_url, 3) as several:
        counts = [take(limiter, who, 60) for limiter in several for _ in range(30)]
        allowances = await asyncio.gather(*counts)
    assert sorted(a.remaining for a in allowances if not a.exceeded) == list(range(60))
    assert [a.remaining for a in allowances if a.exceeded] == [0] * 30
    assert {a.limit for a in allowances} == {60}


async def test_each_key_has_a_limit_of_its_own(redis_url, who):
    async with limiters(redis_url) as (limiter,):
        assert not (await take(limiter, who, 1)).exceeded
        assert (await take(limiter, who, 1)).exceeded
        assert not (await take(limiter, f"{who}-other", 1)).exceeded


async def test_a_window_ends_a_minute_after_its_first_request(redis_url, who):
    async with limiters(redis_url, 2) as (one, other), client(redis_url) as redis:
        assert (await take(one, who, 1)).reset_seconds == WINDOW_SECONDS
        key = f"carnet:rate:{who}"
        await redis.pexpire(key, 1500)
        refused = await take(other, who, 1)
        assert refused.exceeded
        assert refused.reset_seconds == 2
        assert await redis.pttl(key) <= 1500, "a later request does not prolong the window"
        await redis.pexpire(key, 1)
        await until(lambda: _is_gone(redis, key))
        again = await take(other, who, 1)
        assert not again.exceeded
        assert again.reset_seconds == WINDOW_SECONDS


async def _is_gone(redis: Redis, key: str) -> bool:
    return not await redis.exists(key)


async def test_while_redis_is_away_each_process_counts_and_says_so_once(valkey, who, monkeypatch):
    monkeypatch.setattr(redis_ratelimit, "_AWAY_SECONDS", 0.02)
    async with limiters(valkey.url) as (limiter,):
        await take(limiter, who, 3)
        valkey.kill()
        with structlog.testing.capture_logs() as lines:
            away = [await take(limiter, who, 3) for _ in range(2)]
            await asyncio.sleep(0.03)
            away += [await take(limiter, who, 3) for _ in range(2)]
        assert [a.exceeded for a in away] == [False, False, False, True]
        assert [line["event"] for line in lines] == ["rate_limit_local"]

        valkey.restart()
        counted = counted_in_redis(valkey.url, who)

        async def is_counted() -> bool:
            return not (await take(limiter, who, 3)).exceeded and await counted() > 0

        await until(is_counted)
        valkey.kill()
        with structlog.testing.capture_logs() as lines:
            await take(limiter, who, 3)
        assert [line["event"] for line in lines] == ["rate_limit_local"], "a new outage is told"


async def test_a_redis_that_lost_all_goes_on_counting(valkey, who):
    async with limiters(valkey.url) as (limiter,):
        await take(limiter, who, 5)
        valkey.ask("FLUSHALL")
        assert (await take(limiter, who, 5)).remaining == 4
        valkey.ask("SCRIPT FLUSH")
        assert (await take(limiter, who, 5)).remaining == 3


async def test_a_redis_that_does_not_answer_holds_requests_up_only_once(valkey, who, monkeypatch):
    monkeypatch.setattr(redis_ratelimit, "_TIMEOUT_SECONDS", 0.1)
    monkeypatch.setattr(redis_ratelimit, "_AWAY_SECONDS", 3600.0)
    heard: list[bytes] = []
    async with (
        proxy(valkey.port, lambda: heard.append) as network,
        limiters(network.url(valkey.url)) as (limiter,),
    ):
        network.stall()
        with structlog.testing.capture_logs() as lines:
            allowances = await soon(gather(*(take(limiter, who, 100) for _ in range(50))))
        assert sorted(a.remaining for a in allowances) == list(range(50, 100))
        assert [line["reason"] for line in lines] == ["it does not answer"]
        heard.clear()
        for _ in range(50):
            assert (await take(limiter, who, 200)).remaining >= 100
        assert heard == [], "it is left alone for a while"


async def test_a_thousand_requests_at_once_are_counted_by_redis(redis_url, who):
    with structlog.testing.capture_logs() as lines:
        async with limiters(redis_url) as (limiter,):
            allowances = await asyncio.gather(*(take(limiter, who, 600) for _ in range(1000)))
    assert lines == []
    assert sum(a.exceeded for a in allowances) == 400


async def test_a_request_is_counted_whether_that_is_waited_for_or_not(redis_url, who):
    async with limiters(redis_url) as (limiter,):
        limiter.count(who)
        await until(counted_in_redis(redis_url, who))


class Counted:
    """A transport that counts how often something is written."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.writes = 0

    def write(self, data: bytes) -> None:
        self.writes += 1
        self._transport.write(data)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def abort(self) -> None:
        self._transport.abort()


async def test_all_requests_of_a_moment_are_sent_together(redis_url, who):
    async with limiters(redis_url) as (limiter,):
        await take(limiter, who, 1)
        connection = limiter._connection
        assert connection is not None
        connection._transport = transport = Counted(connection._transport)
        for turn in range(1, 4):
            await asyncio.gather(*(take(limiter, who, 1) for _ in range(100)))
            assert transport.writes == turn


async def test_a_request_that_is_cancelled_shifts_no_other_ones_answer(redis_url, who):
    clients = [f"{who}-{number}" for number in range(5)]
    async with limiters(redis_url) as (limiter,):
        for number, each in enumerate(clients):
            await asyncio.gather(*(take(limiter, each, 100) for _ in range(10 * number)))
        counts = [limiter.count(each) for each in clients]
        counts[1].cancel()
        counts[3].cancel()
        usages = await soon(asyncio.gather(*counts, return_exceptions=True))
        used = [getattr(usage, "used", None) for usage in usages]
        assert used == [1, None, 21, None, 41]
        assert (await limiter.count(clients[3])).used == 32, "it was counted all the same"


# What the URL says


async def test_it_logs_in_and_takes_the_database_that_the_url_names(valkey, who):
    valkey.ask("ACL SETUSER u/1 on >p@ss: ~* +@all")
    url = f"redis://{quote('u/1', safe='')}:{quote('p@ss:', safe='')}@127.0.0.1:{valkey.port}/3"
    with structlog.testing.capture_logs() as lines:
        async with limiters(url) as (limiter,):
            assert (await take(limiter, who, 2)).remaining == 1
    assert lines == []
    assert await counted_in_redis(url, who)() == 1
    assert await counted_in_redis(valkey.url, who)() == 0


async def test_it_logs_in_with_a_password_alone(valkey, who):
    valkey.ask("CONFIG SET requirepass secret")
    url = f"redis://:secret@127.0.0.1:{valkey.port}"
    async with limiters(url) as (limiter,):
        await take(limiter, who, 2)
    assert await counted_in_redis(url, who)() == 1


@pytest.mark.parametrize(
    ("login", "reason"),
    [("", "-NOAUTH"), (":wrong@", "-WRONGPASS"), ("nobody:secret@", "-WRONGPASS")],
)
async def test_a_wrong_password_is_told(valkey, who, login, reason):
    valkey.ask("CONFIG SET requirepass secret")
    with structlog.testing.capture_logs() as lines:
        async with limiters(f"redis://{login}127.0.0.1:{valkey.port}/3") as (limiter,):
            allowances = await gather(*(take(limiter, who, 3) for _ in range(4)))
    assert [a.exceeded for a in allowances] == [False, False, False, True]
    assert [line["event"] for line in lines] == ["rate_limit_local"]
    assert lines[0]["reason"] == f"it answered: {reason}"


def test_an_ipv6_address_has_no_brackets_where_it_is_connected_to():
    server = RedisRateLimiter("rediss://:p@[::1]:6380/2")._server
    assert (server.host, server.port, server.db) == ("::1", 6380, 2)


CERTIFICATE = Path(__file__).parent / "localhost.pem"
"""Of localhost, for a hundred years, with its key."""


@pytest.mark.parametrize("trusted", [True, False])
async def test_by_tls_it_speaks_to_a_server_whose_certificate_is_trusted(
    valkey, who, monkeypatch, trusted
):
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(CERTIFICATE)
    with structlog.testing.capture_logs() as lines:
        async with (
            proxy(valkey.port, tls=tls) as network,
            limiters(f"rediss://localhost:{network.port}") as (limiter,),
        ):
            allowances = await soon(gather(*(take(limiter, who, 3) for _ in range(2))))
    assert sorted(a.remaining for a in allowances) == [1, 2]
    assert await counted_in_redis(valkey.url, who)() == (2 if trusted else 0)
    assert ["CERTIFICATE_VERIFY_FAILED" in line["reason"] for line in lines] == [True] * (
        not trusted
    )


@pytest.mark.parametrize("host", ["no-such-host.invalid", f"{'a' * 64}.invalid"])
async def test_a_name_that_is_none_is_a_redis_that_is_away(who, host):
    with structlog.testing.capture_logs() as lines:
        async with limiters(f"redis://{host}") as (limiter,):
            assert (await soon(take(limiter, who, 3))).remaining == 2
    assert [line["event"] for line in lines] == ["rate_limit_local"]


# A peer that is no good Redis

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
        (b"-ERR unknown command\r\n", "it answered: -ERR"),
        # It may repeat what it was asked.
        (
            b"-ERR unknown command 'AUTH', with args: 's3cret'\r\n",
            "it answered: -ERR",
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
    assert heard == ["1", "it answered: -ERR"]


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
