"""Paths, headers and bytes on the wire that are wrong (as `test_bad_input` for bodies)."""

from typing import Any

import msgspec
import pytest
import structlog

from domain.resources import RESOURCES
from tests.contract.wire import JSON, check_envelope, connect, exchange, head, read_answer
from tests.support import SAMPLES

LEG = SAMPLES["leg"]
LIMIT = 70_000


@pytest.fixture
def settings(settings):
    http = msgspec.structs.replace(settings.http, max_body_bytes=LIMIT)
    return msgspec.structs.replace(settings, http=http)


@pytest.fixture(autouse=True)
async def lives_on(world):
    """The server answers the request after a bad one."""
    yield
    assert (await world.client.get("/me")).status == 200


# Paths.


NOWHERE = [
    "/trips/{trip}%2Flegs",
    "/trips%2F{trip}",
    "/trips/{trip}%00",
    "/trips/%00",
    "/trips/{trip}/legs/%00/stays",
    "/trips//legs",
    "/trips/{trip}//legs",
    "/trips/{trip}/legs//stays",
    "/trips/ /legs",
    "/trips/%20",
    "/trips/%ff",
    "/trips/{trip}/legs/%c3%28/stays",
    "/trips/{trip}/%ed%a0%80",
    "/trips/%",
    "/trips/%zz",
    "/trips/{trip}/",
    "/trips/",
    "/me/",
    "/trips/{trip}/legs/",
    "//trips",
    "/trips/{trip}/../{trip}/nothing",
    "/trips/{trip}%3B",
    "/trips/{trip};x=1",
    "/Trips",
    "/trips/{trip}/LEGS",
    "/trips/{trip}/legs:nothing",
    "/trips/{trip}/legs%3Abatch/x/y",
    "/trips/{trip}/%F0%9F%98%80",
    "/jobs/%00",
    "/jobs/%2e%2e%2fme",
    "/shared/trips/%00",
    "/shared/trips/%ff",
    "/shared/trips/",
    "/shared/trips//export",
    "/shared/",
    "/shared",
    "/",
    "",
]


async def test_a_path_that_leads_nowhere_is_404(world, subtests):
    for path in NOWHERE:
        with subtests.test(path=path):
            target = "/api/v1" + path.format(trip=world.trip_id).replace(" ", "%20")
            check_envelope(await exchange(world, head(world, "GET", target)), 404, "NOT_FOUND")


OUTSIDE = ["/", "/api", "/api/", "/apiv1", "/api/v2/me", "/x?y", "/%00"]


async def test_outside_of_the_api_there_is_nothing(world, subtests):
    for target in OUTSIDE:
        with subtests.test(target=target):
            check_envelope(await exchange(world, head(world, "GET", target)), 404, "NOT_FOUND")


NO_IDS = ["x" * 40, "x" * 10_000, "0" * 65, "A" * 26, "-", "a.b", "a:b"]


async def test_what_is_no_id_names_nothing(world, subtests):
    for row_id in NO_IDS:
        with subtests.test(row_id=row_id):
            leg = await world.make("/legs", LEG)
            paths = [
                ("GET", f"/trips/{row_id}"),
                ("GET", f"/trips/{row_id}/legs"),
                ("GET", f"/jobs/{row_id}"),
            ]
            paths += [("GET", f"/shared/trips/{row_id}")]
            for resource in RESOURCES:
                rows = resource.path.format(legId=leg["_id"])
                paths += [
                    (method, f"{world.trip}{rows}/{row_id}") for method in ("PATCH", "DELETE")
                ]
            for method, path in paths:
                body: Any = {} if method == "PATCH" else None
                check_envelope(await world.client.send(method, path, body), 404, "NOT_FOUND")


async def test_an_id_of_another_kind_names_nothing(world):
    leg = await world.make("/legs", LEG)
    rows = {}
    for resource in RESOURCES:
        path = resource.path.format(legId=leg["_id"])
        rows[path] = (await world.make(path, SAMPLES[resource.kind]))["_id"]
    channel = (await world.client.get(f"{world.trip}/channels")).json["items"][0]["_id"]
    ids = [*rows.values(), world.trip_id, channel, world.group_id, world.owner.user_id]
    for path, own in rows.items():
        for other in ids:
            if other != own:
                for method, body in (("PATCH", {}), ("DELETE", None)):
                    answer = await world.client.send(method, f"{world.trip}{path}/{other}", body)
                    check_envelope(answer, 404, "NOT_FOUND")
    for other in ids:
        if other != world.trip_id:
            check_envelope(await world.client.get(f"/trips/{other}"), 404, "NOT_FOUND")
            check_envelope(await world.client.get(f"/trips/{other}/export"), 404, "NOT_FOUND")
        check_envelope(await world.client.get(f"/jobs/{other}"), 404, "NOT_FOUND")
        if other != channel:
            messages = f"{world.trip}/channels/{other}/messages"
            check_envelope(await world.client.get(messages), 404, "NOT_FOUND")


async def test_a_path_longer_than_a_head_may_be_is_refused(world):
    answer = await exchange(world, head(world, "GET", "/api/v1/trips/" + "x" * 100_000))
    check_envelope(answer, 400, "VALIDATION_ERROR")


SPELLINGS = ["http://elsewhere.test/api/v1/me", "/api/v1/%6De", "/api/v1/me?"]


async def test_another_spelling_of_a_path_is_that_path(world, subtests):
    for target in SPELLINGS:
        with subtests.test(target=target):
            answer = await exchange(world, head(world, "GET", target))
            assert (answer.status, answer.json["user"]["_id"]) == (200, world.owner.user_id)


METHODS = ["TRACE", "CONNECT", "QUERY", "get", "X"]


async def test_a_method_nobody_has_is_refused(world, subtests):
    for method in METHODS:
        with subtests.test(method=method):
            answer = await exchange(world, head(world, method, "/api/v1/me"))
            assert answer.status in (400, 404, 405)
            check_envelope(answer, answer.status, answer.code)


# Keys.


KEYLESS = [
    [],
    ["Authorization:"],
    ["Authorization: Bearer"],
    ["Authorization: Bearer osk_"],
    ["Authorization: {key}"],
    ["Authorization: Basic {key}"],
    ["Authorization: Token {key}"],
    ["Authorization: Bearer:{key}"],
    ["Authorization: Bearer {key}x"],
    ["Authorization: Bearer {key},"],
    ["Authorization: Bearer {key} {key}"],
    ['Authorization: Bearer "{key}"'],
    ["Authorization: Bearer  \t{key}"],
    ["Authorization: Bearer osk_" + "x" * 10_240],
    ["Authorization: Bearer " + "x" * 10_240],
    ["Authorization: " + "Bearer " * 1_000],
    ["Authorization: Bearer osk_\xe9\xff"],
    ["Authorization: Bearer osk_\U0001f600"],
    ["Authorization: Bearer {key}", "Authorization: Bearer {key}"],
    ["Authorization: Basic eDp5", "Authorization: Bearer {key}"],
    ["Cookie: Authorization=Bearer {key}"],
    ["X-Api-Key: {key}"],
    ["Authorization: Digest username=x, response=y"],
]


async def test_no_valid_key_is_401(world, subtests):
    for lines in KEYLESS:
        with subtests.test(lines=lines):
            texts = [line.format(key=world.owner.key) for line in lines]
            for target in ("/api/v1/me", "/api/v1/nowhere"):
                answer = await exchange(world, head(world, "GET", target, *texts, key=False))
                check_envelope(answer, 401, "UNAUTHORIZED")
                assert answer.headers["Www-Authenticate"] == "Bearer"
                assert "X-Ratelimit-Limit" not in answer.headers


SCHEMES = ["Bearer", "bearer", "BEARER", "Bearer  "]


async def test_the_scheme_is_read_whatever_its_case(world, subtests):
    for scheme in SCHEMES:
        with subtests.test(scheme=scheme):
            lines = [f"Authorization: {scheme} {world.owner.key}"]
            answer = await exchange(world, head(world, "GET", "/api/v1/me", *lines, key=False))
            assert answer.status == 200


# Idempotency keys.


WRONG_IDEMPOTENCY_KEYS = [
    (["Idempotency-Key:"], "empty"),
    (["Idempotency-Key: " + "x" * 256], "too_long"),
    (["Idempotency-Key: " + "x" * 10_240], "too_long"),
    (["Idempotency-Key: a b"], "malformed"),
    (["Idempotency-Key: a\tb"], "malformed"),
    (["Idempotency-Key: \u00e9"], "malformed"),
    (["Idempotency-Key: \U0001f600"], "malformed"),
    (["Idempotency-Key: a", "Idempotency-Key: a"], "duplicate"),
    (["Idempotency-Key: a", "idempotency-key: b"], "duplicate"),
]


async def test_an_idempotency_key_that_cannot_be_is_400(world, subtests):
    for lines, reason in WRONG_IDEMPOTENCY_KEYS:
        with subtests.test(lines=lines, reason=reason):
            body = msgspec.json.encode(LEG)
            for method, path in (("POST", "/legs"), ("PATCH", ""), ("DELETE", "/share-token")):
                sent = head(
                    world,
                    method,
                    f"/api/v1{world.trip}{path}",
                    JSON,
                    *lines,
                    f"Content-Length: {len(body)}",
                )
                answer = await exchange(world, sent, body)
                check_envelope(answer, 400, "VALIDATION_ERROR", ("Idempotency-Key", reason))
            assert (await world.client.get(f"{world.trip}/legs")).json["items"] == []


RIGHT_IDEMPOTENCY_KEYS = ["x" * 255, "!", "~" * 3, '"quoted"', "a,b", "\\"]


async def test_any_visible_ascii_is_an_idempotency_key(world, subtests):
    for key in RIGHT_IDEMPOTENCY_KEYS:
        with subtests.test(key=key):
            headers = {"Idempotency-Key": key}
            first = await world.client.post(f"{world.trip}/legs", LEG, headers=headers)
            again = await world.client.post(f"{world.trip}/legs", LEG, headers=headers)
            assert (first.status, again.status, again.raw) == (201, 201, first.raw)
            assert again.headers["Idempotency-Replayed"] == "true"


async def test_a_read_does_not_look_at_an_idempotency_key(world):
    answer = await exchange(world, head(world, "GET", "/api/v1/me", "Idempotency-Key:"))
    assert answer.status == 200


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
