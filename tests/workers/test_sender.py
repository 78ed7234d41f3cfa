"""What is sent to a receiver, what is made of its response, and where nothing is sent."""

import asyncio
import gzip
import socket
from pathlib import Path
from typing import Any

import pytest
from aiohttp.client_proto import ResponseHandler

from domain.delivery import RESPONSE_BYTES
from runtime.lookups import look_up
from tests.receiver import receiving, talking
from tests.storage.home import soon
from tests.support import no_name
from tests.waiting import until
from workers import sender as module
from workers.sender import NOT_PUBLIC, HttpSender

HEADERS = {"webhook-id": "d", "webhook-timestamp": "1", "webhook-signature": "v1,x"}

OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"


class Names:
    """A name server: each look-up of a name gives the next of its answers, the last one again."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self._answers = answers
        self.asked: list[str] = []

    async def look_up(self, name: str) -> list[str]:
        self.asked.append(name)
        answers = self._answers[name.partition(".")[0]]
        return answers.pop(0) if len(answers) > 1 else answers[0]


@pytest.fixture
async def sender():
    """One that may send to this machine, and is patient for a fifth of a second."""
    made = HttpSender(no_name, allow_private=True, seconds=0.2)
    yield made
    await made.close()


@pytest.fixture
async def patient():
    made = HttpSender(no_name, allow_private=True)
    yield made
    await made.close()


async def send(sender: HttpSender, url: str, body: bytes = b"{}") -> Any:
    return await soon(sender.send(url, HEADERS, body))


async def test_a_delivery_is_a_post_of_json(patient):
    async with receiving() as receiver:
        answer = await send(patient, f"{receiver.url}?token=a%20b&c=%2F", b'{"type":"test"}')
    (received,) = receiver.received
    assert (answer.status, answer.response) == (200, "ok")
    assert answer.duration_ms >= 0
    assert received.path == "/hook?token=a%20b&c=%2F"
    assert received.raw == b'{"type":"test"}'
    assert HEADERS.items() <= received.headers.items()
    assert received.headers["content-type"] == "application/json"
    assert received.headers["user-agent"].startswith("Carnet/")
    assert received.headers["accept-encoding"] == "identity"
    assert "cookie" not in received.headers
    assert "authorization" not in received.headers


async def test_a_large_delivery_arrives_whole(patient):
    body = b'{"x":"' + b"y" * 5_000_000 + b'"}'
    async with receiving() as receiver:
        assert (await send(patient, receiver.url, body)).status == 200
    (received,) = receiver.received
    assert received.raw == body
    assert received.headers["content-length"] == f"{len(body)}"
    assert "transfer-encoding" not in received.headers


async def test_a_failure_is_told_with_its_response(patient):
    async with receiving(lambda _received: 503) as receiver:
        answer = await send(patient, receiver.url)
    assert (answer.status, answer.response) == (503, "ok")


async def test_redirects_are_not_followed(patient):
    async with receiving() as elsewhere:

        async def redirect(_reader, writer):
            writer.write(f"HTTP/1.1 307 X\r\nLocation: {elsewhere.url}\r\n\r\n".encode())
            await writer.drain()

        async with talking(redirect) as url:
            answer = await send(patient, url)
    assert answer.status == 307
    assert elsewhere.received == []


async def test_proxies_of_the_environment_are_not_asked(patient, monkeypatch):
    async with receiving() as receiver, receiving() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert (await send(patient, receiver.url)).status == 200
    assert proxy.received == []


async def test_cookies_are_not_kept(patient):
    async def set_cookie(_reader, writer):
        writer.write(OK + b"Set-Cookie: a=b\r\n\r\n")
        await writer.drain()

    async with talking(set_cookie) as url:
        await send(patient, url)
        assert len(patient._session.cookie_jar) == 0


async def test_one_that_says_nothing_is_given_up(sender):
    async def hang(_reader, _writer):
        await asyncio.Event().wait()

    async with talking(hang) as url:
        answer = await send(sender, url)
    assert answer.status is None
    assert "no response within" in answer.response
    assert answer.duration_ms >= 200


async def test_of_one_that_reads_nothing_no_connection_is_left(sender):
    with socket.create_server(("127.0.0.1", 0)) as receiver:
        url = f"http://127.0.0.1:{receiver.getsockname()[1]}"
        before = descriptors()
        answer = await send(sender, url, b"x" * 32 * 1024 * 1024)
        await until(lambda: descriptors() <= before)
    assert answer.status is None
    assert "within 0.2 seconds" in answer.response


async def test_one_that_only_says_to_wait_is_given_up_and_taken_in_by_pieces(sender, monkeypatch):
    pieces = []

    def counted(self: ResponseHandler, data: bytes, receive=ResponseHandler.data_received) -> None:
        pieces.append(len(data))
        receive(self, data)

    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000)
            await writer.drain()

    monkeypatch.setattr(ResponseHandler, "data_received", counted)
    async with talking(talk) as url:
        answer = await send(sender, url)
    assert answer.status is None
    assert "within 0.2 seconds" in answer.response
    assert max(pieces) <= 32 * 1024


def descriptors() -> int:
    """How many this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_a_name_server_that_says_nothing_is_given_up():
    async def hang(_name: str) -> list[str]:
        await asyncio.Event().wait()
        return []

    sender = HttpSender(hang, allow_private=True, seconds=0.05)
    answer = await send(sender, "http://host.example/")
    await sender.close()
    assert (answer.status, "no response within" in answer.response) == (None, True)


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\n"])
async def test_one_whose_head_trickles_is_given_up(sender, head):
    async def trickle(_reader, writer):
        writer.write(head)
        while True:
            writer.write(b"X-A: b\r\n" if head else b"H")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with talking(trickle) as url:
        assert (await send(sender, url)).status is None


async def test_one_that_accepts_in_time_has_accepted_though_its_body_trickles(sender):
    async def trickle(_reader, writer):
        writer.write(OK + b"\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with talking(trickle) as url:
        answer = await send(sender, url)
    assert answer.status == 200
    assert answer.response.strip("x") == ""


async def test_of_a_large_response_the_beginning_is_read(patient):
    sent = 0

    async def flood(_reader, writer):
        nonlocal sent
        writer.write(OK + b"Content-Length: 10000000\r\n\r\n")
        for _ in range(1_000):
            writer.write(b"y" * 10_000)
            sent += 10_000
            await writer.drain()

    async with talking(flood) as url:
        answer = await send(patient, url)
    assert (answer.status, answer.response) == (200, "y" * RESPONSE_BYTES)


async def test_what_is_compressed_stays_so(patient):
    bomb = gzip.compress(b"\0" * 10_000_000)

    async def explode(_reader, writer):
        head = f"Content-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n"
        writer.write(OK + head.encode() + bomb)
        await writer.drain()

    async with talking(explode) as url:
        answer = await send(patient, url)
    assert answer.status == 200
    assert len(answer.response) <= RESPONSE_BYTES


async def test_a_response_is_text_that_a_database_takes(patient):
    async def binary(_reader, writer):
        writer.write(OK + b"Content-Length: 5\r\n\r\na\0\xffb\xc3")
        await writer.drain()

    async with talking(binary) as url:
        assert (await send(patient, url)).response == "a\ufffd\ufffdb\ufffd"


@pytest.mark.parametrize(
    "said",
    [
        *(b"", b"HTTP/1.1 2", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 abc\r\n\r\n"),
        *(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n", b"\x16\x03\x01\0\0" * 9),
    ],
)
async def test_what_is_no_response_is_a_failure(patient, said):
    async def say(_reader, writer):
        writer.write(said)
        await writer.drain()

    async with talking(say) as url:
        answer = await send(patient, url)
    assert answer.status is None
    assert answer.response == "The host ended the connection without a valid response"


async def test_one_whose_body_ends_early_has_answered(patient):
    async def short(_reader, writer):
        writer.write(OK + b"Content-Length: 9\r\n\r\nabc")
        await writer.drain()

    async with talking(short) as url:
        answer = await send(patient, url)
    assert answer.status == 200


async def test_nobody_listens(patient):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    answer = await send(patient, f"http://127.0.0.1:{port}/")
    assert (answer.status, answer.response) == (None, "The host did not accept a connection")


async def test_https_needs_a_good_certificate(patient):
    async with receiving() as receiver:
        answer = await send(patient, receiver.url.replace("http:", "https:"))
    assert answer.status is None
    assert receiver.received == []


async def test_a_name_that_is_not_found(patient):
    answer = await send(patient, "http://nowhere.example/")
    assert (answer.status, answer.response) == (None, "The name of the host was not found")


# Where nothing is sent.


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.0.1", "0.0.0.0"),  # noqa: S104
        *("[::1]", "[::ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"),
        *("[fe80::1]", "[fd00::1]", "[::]"),
    ],
)
async def test_an_address_that_is_not_public_gets_nothing(host):
    sender = HttpSender(no_name, allow_private=False)
    answer = await send(sender, f"http://{host}:1/")
    await sender.close()
    assert (answer.status, answer.response) == (None, NOT_PUBLIC)


@pytest.mark.parametrize(
    "host",
    [
        *("2130706433", "0177.0.0.1", "0x7f.1", "127.1", "0", "127.0.0.1."),
        *("[fe80::1%25lo]", "me:secret@127.0.0.1", "127.0.0.1\\@example.org"),
    ],
)
async def test_nor_does_one_in_another_spelling(host):
    sender = HttpSender(look_up, allow_private=False)
    answer = await send(sender, f"http://{host}/")
    await sender.close()
    assert (answer.status, answer.response) == (
        None,
        "The URL is not one that deliveries go to",
    )


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["10.0.0.1", "8.8.8.8"], ["::1"], ["fe80::1%lo"]],
)
async def test_a_name_with_any_address_that_is_not_public_gets_nothing(addresses):
    names = Names(host=[addresses])
    sender = HttpSender(names.look_up, allow_private=False)
    answer = await send(sender, "http://host.example:1/")
    await sender.close()
    assert (answer.status, answer.response) == (None, NOT_PUBLIC)
    assert names.asked == ["host.example"]


async def test_localhost_gets_nothing_by_the_systems_own_look_up():
    sender = HttpSender(look_up, allow_private=False)
    async with receiving() as receiver:
        url = receiver.url.replace("127.0.0.1", "localhost")
        assert (await send(sender, url)).response == NOT_PUBLIC
        assert receiver.received == []
    await sender.close()


async def test_a_name_is_looked_up_once_and_the_connection_goes_there(monkeypatch):
    """One that would lead elsewhere at a second look-up (DNS rebinding) leads nowhere."""
    async with receiving() as receiver:
        # What is public by decree: tests reach no other machine.
        monkeypatch.setattr(module, "is_public", lambda address: address == "127.0.0.1")
        names = Names(host=[["127.0.0.1"], ["127.0.0.2"]])
        sender = HttpSender(names.look_up, allow_private=False)
        url = receiver.url.replace("127.0.0.1", "host.example")
        assert (await send(sender, url)).status == 200
        assert names.asked == ["host.example"]
        assert receiver.received[0].headers["host"].startswith("host.example:")
        # Each delivery looks again, on a connection of its own.
        assert (await send(sender, url)).response == NOT_PUBLIC
        assert len(receiver.received) == 1
        await sender.close()


async def test_allow_private_lifts_the_check_of_addresses_alone():
    names = Names(host=[["127.0.0.1"]])
    sender = HttpSender(names.look_up, allow_private=True)
    async with receiving() as receiver:
        url = receiver.url.replace("127.0.0.1", "host.example")
        assert (await send(sender, url)).status == 200
        assert (await send(sender, receiver.url.replace("//", "//me:x@"))).status is None
        assert (await send(sender, receiver.url.replace("127.0.0.1", "127.1"))).status is None
    await sender.close()
    assert len(receiver.received) == 1
