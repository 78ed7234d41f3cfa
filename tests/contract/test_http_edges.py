"""Contract section 1: HEAD, Expect, transfer codings, and what a body is not read for."""

import re

import pytest

from server.route import Stream
from server.routes import ROUTES
from tests.contract.kinds import channel_path
from tests.contract.wire import JSON, check_envelope, connect, encoded, exchange, head, read_answer
from tests.support import SAMPLES, WEBHOOK, add_session

LEG = SAMPLES["leg"]
NOBODY = "0" * 26
WAITS = "Expect: 100-continue"
OWN_OF_EACH = {"X-Request-Id", "X-Request-ID", "X-RateLimit-Remaining", "Date"}

READS = [
    route.path
    for route in ROUTES
    if route.method == "GET"
    and route.access in ("key", "address")
    and not isinstance(route, Stream)
]
READS_OF_PEOPLE = [
    route.path for route in ROUTES if route.method == "GET" and route.access == "session"
]


async def readable(world):
    """The path of each read there is."""
    leg = await world.make("/legs", LEG)
    channel = (await channel_path(world)).split("/")[-2]
    shared = await world.client.post(f"{world.trip}/share-token")
    later = await world.client.post(f"{world.trip}/sync", {}, headers={"Prefer": "respond-async"})
    hook = await world.client.post("/webhooks", WEBHOOK)
    names = {
        "tripId": world.trip_id,
        "legId": leg["_id"],
        "channelId": channel,
        "token": shared.json["token"],
        "jobId": later.json["_id"],
        "rev": "1",
        "webhookId": hook.json["_id"],
    }
    feed = (await world.client.post("/me/calendar-token")).json["url"]
    return [feed if path.startswith("/calendars/") else path.format(**names) for path in READS]


# HEAD.


async def test_head_is_answered_wherever_get_is_with_the_same_headers_and_no_body(world, subtests):
    for path in await readable(world):
        with subtests.test(path):
            await world.client.get(path)
            got, headed = await world.client.get(path), await world.client.send("HEAD", path)
            assert (headed.status, headed.raw) == (got.status, b"") == (200, b"")
            assert names_and_values(headed) == names_and_values(got)
            assert headed.headers["Content-Length"] == str(len(got.raw))


async def test_so_it_is_for_people(world, subtests):
    signed_in = world.client.with_session(await add_session(world.store, world.owner.user_id))
    for path in READS_OF_PEOPLE:
        with subtests.test(path):
            at = path.format(groupId=world.group_id)
            got, headed = await signed_in.get(at), await signed_in.send("HEAD", at)
            assert (headed.status, headed.raw) == (got.status, b"") == (200, b"")
            assert names_and_values(headed) == names_and_values(got)


async def test_head_needs_a_key_where_get_does_and_nowhere_else(world, subtests):
    nobody, seen = world.as_(None), set()
    for path in await readable(world):
        with subtests.test(path):
            got, headed = await nobody.get(path), await nobody.send("HEAD", path)
            assert headed.status == got.status
            seen.add(got.status)
    assert seen == {200, 401}


def names_and_values(answer):
    return {name: value for name, value in answer.headers.items() if name not in OWN_OF_EACH}


async def test_head_carries_the_status_of_a_failure(world):
    for path, status in ((f"/trips/{NOBODY}", 404), ("/nowhere", 404), ("/trips?limit=0", 400)):
        answer = await world.client.send("HEAD", path)
        assert (answer.status, answer.raw) == (status, b"")
    assert (await world.as_(None).send("HEAD", world.trip)).status == 401
    refused = await world.client.send("HEAD", f"{world.trip}/sync")
    assert (refused.status, refused.headers["Allow"]) == (405, "POST")


async def test_head_with_a_known_tag_is_304(world, subtests):
    for path in await readable(world):
        got = await world.client.get(path)
        if "ETag" in got.headers:
            with subtests.test(path):
                known = {"If-None-Match": got.headers["ETag"]}
                answer = await world.client.send("HEAD", path, headers=known)
                assert (answer.status, answer.raw) == (304, b"")


# Expect: 100-continue.


def waiting(world, method, path, *lines, **options):
    return head(world, method, f"/api/v1{path}", WAITS, *lines, **options)


async def first_line(world, sent):
    """The first line that comes back, before any of the body is sent."""
    async with connect(world.running.base) as (reader, writer):
        writer.write(sent)
        return (await reader.readline()).decode()


async def test_nobody_is_told_to_continue_before_a_certain_refusal(world, subtests):
    legs = f"{world.trip}/legs"
    ten = "Content-Length: 10"
    refused = {
        "no key": (waiting(world, "POST", legs, JSON, ten, key=False), 401),
        "no route": (waiting(world, "POST", "/nowhere", JSON, ten), 404),
        "no trip": (waiting(world, "POST", f"/trips/{NOBODY}/legs", JSON, ten), 404),
        "another method": (waiting(world, "PUT", legs, JSON, ten), 405),
        "a bad header": (waiting(world, "POST", legs, JSON, ten, "Idempotency-Key: a b"), 400),
        "a tag that is none": (waiting(world, "POST", legs, JSON, ten, "If-Match: 7"), 400),
        "another media type": (waiting(world, "POST", legs, "Content-Type: text/plain", ten), 415),
        "no media type": (waiting(world, "POST", legs, ten), 415),
        "compressed": (waiting(world, "POST", legs, JSON, "Content-Encoding: gzip", ten), 415),
        "too large": (waiting(world, "POST", legs, JSON, "Content-Length: 300000"), 413),
        "another coding": (
            waiting(world, "POST", legs, JSON, "Transfer-Encoding: gzip, chunked"),
            400,
        ),
        "a read": (waiting(world, "GET", legs, ten), 200),
    }
    for name, (sent, status) in refused.items():
        with subtests.test(name):
            assert (await first_line(world, sent)).startswith(f"HTTP/1.1 {status} ")


async def test_one_who_waits_is_told_to_continue_where_the_body_will_be_read(world, subtests):
    body = encoded(LEG)
    chunks = f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    for line, sent in (
        (f"Content-Length: {len(body)}", body),
        ("Transfer-Encoding: chunked", chunks),
    ):
        with subtests.test(line):
            async with connect(world.running.base) as (reader, writer):
                writer.write(waiting(world, "POST", f"{world.trip}/legs", JSON, line))
                assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
                writer.write(sent)
                assert (await read_answer(reader)).status == 201


async def test_no_body_is_waited_for_where_none_is_announced(world):
    answer = await exchange(world, waiting(world, "POST", f"{world.trip}/share-token"))
    assert answer.status == 201


# Transfer codings.


@pytest.mark.parametrize(
    "lines",
    [
        ("Transfer-Encoding: gzip, chunked",),
        ("Transfer-Encoding: gzip", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: identity, chunked",),
        ("Transfer-Encoding: chunked, chunked",),
        ("Transfer-Encoding: identity",),
        ("Transfer-Encoding: gzip",),
    ],
)
async def test_a_transfer_coding_other_than_chunked_is_400(world, lines):
    body = encoded(LEG)
    chunks = f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    for method, path in (("POST", f"{world.trip}/legs"), ("GET", world.trip)):
        sent = head(world, method, f"/api/v1{path}", JSON, *lines)
        check_envelope(await exchange(world, sent, chunks), 400, "VALIDATION_ERROR")
    assert (await world.client.get(f"{world.trip}/legs")).json["items"] == []


async def test_chunked_is_read_whatever_its_case(world):
    body = encoded(LEG)
    chunks = f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    sent = head(world, "POST", f"/api/v1{world.trip}/legs", JSON, "Transfer-Encoding: Chunked")
    assert (await exchange(world, sent, chunks)).status == 201


def test_each_read_there_is_is_asked():
    assert {name for path in READS for name in re.findall(r"{(\w+)}", path)} == {
        "tripId",
        "legId",
        "channelId",
        "token",
        "jobId",
        "rev",
        "webhookId",
    }
