"""Contract section 1: nothing that was sent is dropped silently."""

import re
from typing import Any

import pytest

from server.routes import ROUTES
from tests.contract.kinds import listed
from tests.contract.wire import JSON, check_envelope, encoded, exchange, head
from tests.support import SAMPLES

LEG, PIN = SAMPLES["leg"], SAMPLES["mapPin"]
NOBODY = "0" * 26
MARK = b"\xef\xbb\xbf"

WITH_KEY = [route for route in ROUTES if route.access == "key"]
WITHOUT_KEY = [route for route in ROUTES if route.access == "address"]
WITHOUT_BODY = [route for route in WITH_KEY if route.writes and route.body is None]


def title(route):
    return f"{route.method} {route.path}"


def path_of(world, route):
    """The route's path in the trip, its rows being such as are not there."""
    path = route.path.replace("{tripId}", world.trip_id)
    return re.sub(r"\{\w+\}", NOBODY, path)


async def ask(world, route, query):
    body: Any = {} if route.body else None
    return await world.client.send(route.method, f"{path_of(world, route)}{query}", body)


# Queries.


async def test_an_unknown_query_parameter_is_told_by_every_route_with_a_key(world, subtests):
    before = await world.client.get(f"{world.trip}/export")
    for route in WITH_KEY:
        with subtests.test(title(route)):
            answer = await ask(world, route, "?zoo=1&Limit=2&zoo=3")
            expected = [("?zoo", "unknown_field"), ("?Limit", "unknown_field")]
            assert (answer.status, answer.details) == (400, expected)
    assert (await world.client.get(f"{world.trip}/export")).json == before.json


async def test_a_query_parameter_given_twice_is_told(world, subtests):
    values = {"limit": "5", "cursor": "", "dryRun": "true", "force": "true", "since": "0"}
    values["filename"] = "pins.csv"
    for route in WITH_KEY:
        for name in route.query:
            with subtests.test(f"{title(route)} {name}"):
                answer = await ask(world, route, f"?{name}={values[name]}&{name}={values[name]}")
                assert (answer.status, answer.details) == (400, [(f"?{name}", "duplicate")])


async def test_all_that_is_wrong_with_a_query_is_told_at_once(world):
    answer = await world.client.get(f"{world.trip}/legs?limit=0&page=2&cursor=a&cursor=b")
    assert answer.details == [
        ("limit", "out_of_range"),
        ("?page", "unknown_field"),
        ("?cursor", "duplicate"),
    ]


async def test_thousands_of_parameters_end_at_a_thousand_details(world):
    query = "&".join(f"p{n}=" for n in range(6_000))
    answer = await world.client.get(f"{world.trip}/legs?{query}")
    assert (answer.status, len(answer.details)) == (400, 1_000)


@pytest.mark.parametrize("query", ["dryrun=true", "dry_run=true", "dryRun=true&dryRun=true"])
async def test_a_dry_run_that_is_misspelt_never_writes(world, query):
    answer = await world.client.post(f"{world.trip}/sync?{query}", {"legs": [LEG]})
    assert answer.status == 400
    assert await listed(world, f"{world.trip}/legs") == []


async def test_the_routes_without_a_key_ignore_what_they_do_not_know(world):
    token = (await world.client.post(f"{world.trip}/share-token")).json["token"]
    feed = (await world.client.post("/me/calendar-token")).json["url"]
    for route in WITHOUT_KEY:
        is_feed = route.path.startswith("/calendars/")
        path = feed if is_feed else route.path.replace("{token}", token)
        answer = await world.as_(None).get(f"{path}?utm_source=chat&utm_source=mail&limit=0")
        assert answer.status == 200, path


async def test_an_empty_cursor_is_as_if_absent(world):
    await world.make("/map-pins", PIN)
    for path in (f"{world.trip}/map-pins", "/trips"):
        plain = await world.client.get(path)
        assert (await world.client.get(f"{path}?cursor=")).json == plain.json


# Bodies where none is taken.


async def test_members_are_refused_where_no_body_is_taken(world, subtests):
    legs = f"{world.trip}/legs"
    leg = await world.make("/legs", LEG)
    await world.client.post(f"{world.trip}/share-token")
    before = await world.client.get(f"{world.trip}/export")
    for route in WITHOUT_BODY:
        path = path_of(world, route)
        if path.startswith(f"{legs}/"):
            path = f"{legs}/{leg['_id']}"
        for headers in ({}, {"Content-Type": ""}):
            with subtests.test(title(route), **headers):
                answer = await world.client.send(
                    route.method, path, data=b'{"expiresAt": 1, "x": 2}', headers=headers
                )
                expected = [("expiresAt", "unknown_field"), ("x", "unknown_field")]
                assert (answer.status, answer.details) == (400, expected)
    assert (await world.client.get(f"{world.trip}/export")).json == before.json
    # Neither renewed nor revoked.
    assert (await world.client.post(f"{world.trip}/share-token")).status == 200


CHUNKED = "Transfer-Encoding: chunked"
NOTHING = [
    ((), b""),
    (("Content-Length: 0",), b""),
    ((CHUNKED,), b"0\r\n\r\n"),
    (("Content-Length: 2",), b"{}"),
    ((CHUNKED,), b"2\r\n{}\r\n0\r\n\r\n"),
    ((JSON, "Content-Length: 2"), b"{}"),
    ((JSON, CHUNKED), b"0\r\n\r\n"),
    ((JSON, "Content-Length: 3"), MARK),
    (("Content-Type: text/plain", "Content-Length: 0"), b""),
]


async def test_nothing_and_an_empty_object_are_fine_also_without_a_media_type(world, subtests):
    for lines, body in NOTHING:
        with subtests.test(lines=lines, body=body):
            target = f"/api/v1{world.trip}/share-token"
            shared = await exchange(world, head(world, "POST", target, *lines), body)
            assert shared.status in (200, 201)
            pin = await world.make("/map-pins", PIN)
            sent = head(world, "DELETE", f"/api/v1{world.trip}/map-pins/{pin['_id']}", *lines)
            assert (await exchange(world, sent, body)).status == 204
    assert await listed(world, f"{world.trip}/map-pins") == []


@pytest.mark.parametrize("lines", [("Content-Length: 4",), (CHUNKED,)])
async def test_another_media_type_is_refused_where_no_body_is_taken(world, lines):
    body = b"a=1&" if lines != (CHUNKED,) else b"4\r\na=1&\r\n0\r\n\r\n"
    form = "Content-Type: application/x-www-form-urlencoded"
    target = f"/api/v1{world.trip}/share-token"
    answer = await exchange(world, head(world, "POST", target, form, *lines), body)
    check_envelope(answer, 415, "UNSUPPORTED_MEDIA_TYPE")
    answer = await exchange(world, head(world, "POST", target, *lines), body)
    check_envelope(answer, 400, "VALIDATION_ERROR", ("", "malformed"))


async def test_bodies_of_reads_are_ignored(world, subtests):
    for data in (b"{not json", encoded({"x": 1}), b"\xff" * 1_000):
        for headers in ({}, {"Content-Type": "text/plain"}):
            with subtests.test(data=data[:9], **headers):
                answer = await world.client.get(world.trip, data=data, headers=headers)
                assert (answer.status, answer.json["_id"]) == (200, world.trip_id)


# A byte order mark.


async def test_a_byte_order_mark_before_a_body_is_skipped(world):
    legs = f"{world.trip}/legs"
    made = await world.client.post(legs, data=MARK + encoded(LEG))
    assert (made.status, made.json["title"]) == (201, LEG["title"])
    batch = await world.client.post(f"{legs}:batch", data=MARK + encoded({"items": [LEG]}))
    synced = await world.client.post(f"{world.trip}/sync", data=MARK + encoded({"legs": [LEG]}))
    assert (batch.status, synced.status) == (200, 200)
    twice = await world.client.post(legs, data=MARK + MARK + encoded(LEG))
    assert (twice.status, twice.details) == (400, [("", "malformed")])


async def test_a_mark_does_not_make_another_request(world):
    headers = {"Idempotency-Key": "k"}
    first = await world.client.post(f"{world.trip}/legs", data=encoded(LEG), headers=headers)
    again = await world.client.post(f"{world.trip}/legs", data=MARK + encoded(LEG), headers=headers)
    assert (again.status, again.raw) == (201, first.raw)
    assert again.headers["Idempotency-Replayed"] == "true"
