"""Sizes, chunks and bytes on the wire that are wrong (as `test_bad_heads` for heads)."""

import msgspec
import pytest
import structlog

from tests.contract.wire import JSON, check_envelope, connect, exchange, head, read_answer
from tests.support import SAMPLES

LEG = SAMPLES["leg"]
LIMIT = 70_000


@pytest.fixture
def settings(settings):
    http = msgspec.structs.replace(settings.http, max_body_bytes=LIMIT)
    return msgspec.structs.replace(settings, http=http)


pytestmark = pytest.mark.usefixtures("lives_on")


# Sizes.


async def test_a_content_length_over_the_limit_is_413_at_once(world):
    target = f"/api/v1{world.trip}/legs"
    # Not one byte of the body is sent.
    answer = await exchange(
        world, head(world, "POST", target, JSON, f"Content-Length: {LIMIT + 1}")
    )
    check_envelope(answer, 413, "PAYLOAD_TOO_LARGE")
    answer = await exchange(world, head(world, "POST", target, JSON, "Content-Length: " + "9" * 18))
    check_envelope(answer, 413, "PAYLOAD_TOO_LARGE")


async def test_a_body_of_just_the_limit_is_read(world):
    for size, status in ((LIMIT, 400), (LIMIT + 1, 413)):
        answer = await world.client.post(f"{world.trip}/legs", data=b"[".ljust(size))
        assert answer.status == status


async def test_a_chunked_body_over_the_limit_is_413(world):
    target = f"/api/v1{world.trip}/legs"
    for chunk in (1_000, LIMIT + 1):
        sent = head(world, "POST", target, JSON, "Transfer-Encoding: chunked")
        body = (f"{chunk:x}\r\n".encode() + b" " * chunk + b"\r\n") * (LIMIT // chunk + 1)
        answer = await exchange(world, sent, body, b"0\r\n\r\n")
        check_envelope(answer, 413, "PAYLOAD_TOO_LARGE")


async def test_a_chunked_body_is_read(world):
    body = msgspec.json.encode(LEG)
    chunks = b"".join(b"1\r\n" + bytes([byte]) + b"\r\n" for byte in body)
    sent = head(world, "POST", f"/api/v1{world.trip}/legs", JSON, "Transfer-Encoding: chunked")
    answer = await exchange(world, sent, chunks, b"0\r\n\r\n")
    assert (answer.status, answer.json["title"]) == (201, LEG["title"])


WRONG_CHUNKS = [b"zz\r\n{}\r\n0\r\n\r\n", b"-1\r\n{}\r\n", b"2\r\n{}x\r\n0\r\n\r\n"]


async def test_chunks_that_are_none_are_400(world, subtests):
    for chunks in WRONG_CHUNKS:
        with subtests.test(chunks=chunks):
            sent = head(
                world, "POST", f"/api/v1{world.trip}/legs", JSON, "Transfer-Encoding: chunked"
            )
            check_envelope(await exchange(world, sent, chunks), 400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("line", "body"),
    [
        ("Content-Length: 100", b'{"title":'),
        ("Transfer-Encoding: chunked", b'9\r\n{"title":\r\n'),
        ("Transfer-Encoding: chunked", b"9\r\n{"),
    ],
)
async def test_a_body_that_breaks_off_changes_nothing(world, caplog, line, body):
    sent = head(world, "POST", f"/api/v1{world.trip}/legs", JSON, line)
    with structlog.testing.capture_logs() as logged:
        async with connect(world.running.base) as (reader, writer):
            writer.write(sent + body)
            writer.write_eof()
            assert await reader.read() == b""
            while "client_gone" not in [entry["event"] for entry in logged]:
                await world.client.get("/me")
    assert {entry["event"] for entry in logged} <= {"client_gone", "request"}
    assert caplog.records == []
    assert (await world.client.get(f"{world.trip}/legs")).json["items"] == []


@pytest.mark.parametrize(
    "lines",
    [["X-Long: " + "x" * 100_000], [f"X-{n}: x" for n in range(20_000)], ["x" * 100_000 + ": x"]],
    ids=["one long header", "many short ones", "a long name"],
)
async def test_a_head_of_a_hundred_kilobytes_is_400(world, lines):
    answer = await exchange(world, head(world, "GET", "/api/v1/me", *lines))
    check_envelope(answer, 400, "VALIDATION_ERROR")


OF_65_KB = {
    "one header": ["X-Long: " + "x" * 66_000],
    "few headers": [f"X-{n}: " + "x" * 16_500 for n in range(4)],
    "a hundred headers": [f"X-{n}: " + "x" * 680 for n in range(97)],
    "a target and headers": ["X-Long: " + "x" * 34_000],
}


@pytest.mark.parametrize("lines", OF_65_KB.values(), ids=OF_65_KB)
async def test_a_head_has_64_kib_altogether(world, lines):
    target = "/api/v1/me?" + "x" * (32_000 if len(lines) == 1 else 0)
    answer = await exchange(world, head(world, "GET", target, *lines))
    check_envelope(answer, 400, "VALIDATION_ERROR")


async def test_a_head_of_60_kb_is_taken(world):
    for lines in (["X-Long: " + "x" * 60_000], [f"X-{n}: " + "x" * 600 for n in range(97)]):
        assert (await exchange(world, head(world, "GET", "/api/v1/me", *lines))).status == 200


async def test_a_head_has_a_hundred_headers(world):
    lines = [f"X-{n}: x" for n in range(150)]
    check_envelope(
        await exchange(world, head(world, "GET", "/api/v1/me", *lines)), 400, "VALIDATION_ERROR"
    )


TARGETS = ["/api/v1/me", "/api/v1/nowhere", "/"]


async def test_an_expectation_nobody_knows_is_400(world, subtests):
    for target in TARGETS:
        with subtests.test(target=target):
            answer = await exchange(world, head(world, "GET", target, "Expect: the unexpected"))
            check_envelope(answer, 400, "VALIDATION_ERROR")


async def test_a_client_that_waits_is_told_to_continue(world):
    lines = (JSON, "Content-Length: 2", "Expect: 100-continue")
    sent = head(world, "POST", f"/api/v1{world.trip}/legs", *lines)
    answer = await exchange(world, sent, b"{}")
    check_envelope(answer, 400, "VALIDATION_ERROR")
    assert answer.details[0] == ("order", "required")


# What is not HTTP.


NOT_HTTP = [
    b"hello\r\n\r\n",
    b"\r\n\r\nhello\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64) + b"\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET /api/v1/me HTTP/9.9\r\n\r\n",
    b"GET /api/v1/me HTTQ/1.1\r\n\r\n",
    b"G(T /api/v1/me HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /api/v1/me HTTP/1.1\r\nno colon\r\n\r\n",
    b"GET /api/v1/me HTTP/1.1\r\nBad Name: x\r\n\r\n",
    b"GET /api/v1/me HTTP/1.1\r\nX: a\x00b\r\n\r\n",
    b"GET /api/v1/me HTTP/1.1\r\n\r\n",
    b"GET /api/v1/me HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET /api/v1/me HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
    b"GET /api/v1/me HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    b"POST /api/v1/me HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    b"POST /api/v1/me HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"POST /api/v1/me HTTP/1.1\r\nTransfer-Encoding: nonsense\r\n\r\n",
    b"*1\r\n$4\r\nPING\r\n\r\n",
    b"\x00" * 64 + b"\r\n\r\n",
    b"\xff" * 64 + b"\r\n\r\n",
]


async def test_what_is_not_http_is_400_and_hung_up_on(world, subtests):
    for sent in NOT_HTTP:
        with subtests.test(sent=sent):
            async with connect(world.running.base) as (reader, writer):
                writer.write(sent)
                check_envelope(await read_answer(reader), 400, "VALIDATION_ERROR")
                assert await reader.read() == b""


async def test_bytes_that_are_none_after_a_good_request_are_400(world):
    good = head(world, "GET", "/api/v1/me").replace(b"Connection: close\r\n", b"")
    async with connect(world.running.base) as (reader, writer):
        writer.write(good)
        assert (await read_answer(reader)).status == 200
        writer.write(b"nonsense\r\n\r\n")
        check_envelope(await read_answer(reader), 400, "VALIDATION_ERROR")
        assert await reader.read() == b""


async def test_bytes_that_are_no_text_in_a_target_are_taken_or_refused(world):
    body = msgspec.json.encode(LEG)
    for method, below in (
        ("POST", "/legs?x=\xff"),
        ("POST", "/sync?dryRun=\xff"),
        ("POST", "/legs\xff"),
    ):
        target = f"{method} /api/v1{world.trip}{below} HTTP/1.1".encode("latin-1")
        lines = [JSON, "Idempotency-Key: a", f"Content-Length: {len(body)}"]
        sent = head(world, method, "/", *lines).partition(b"\r\n")[2]
        answer = await exchange(world, target + b"\r\n" + sent, body)
        assert answer.status in (201, 400, 404), answer.raw
