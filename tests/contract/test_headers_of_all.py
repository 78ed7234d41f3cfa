"""What every response says of itself, whoever answers: by OWASP's REST security cheat sheet."""

import pytest

from tests.contract.wire import connect, exchange, head, read_answer
from tests.streams import streaming
from tests.support import SAMPLES


def check(headers):
    assert headers["Server"] == "Carnet"
    assert headers["X-Content-Type-Options"] == "nosniff"


NO_REQUESTS = [
    b"GARBAGE\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nBad Header: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + b"x" * 100_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nExpect: other\r\nConnection: close\r\n\r\n",
]


@pytest.mark.parametrize("sent", NO_REQUESTS)
async def test_what_is_no_request_is_answered_without_a_version(world, sent):
    answer = await exchange(world, sent)
    assert answer.status == 400
    check(answer.headers)
    assert answer.headers["Cache-Control"] == "no-store"


async def test_no_part_of_the_server_names_a_version(world):
    for target in (
        "/",
        "/sign-in",
        "/docs",
        "/static/app.css",
        "/static/none.css",
        "/mcp",
        "/nothing",
        "/api/v1/me",
        "/api/v1/nothing",
        "/api/v1/openapi.json",
        "/api/v1/shared/trips/none",
    ):
        answer = await exchange(world, head(world, "GET", target))
        check(answer.headers)
        assert "ython" not in str(answer.headers), target
    async with streaming(world.client, world.trip) as stream:
        check(stream.response.headers)


async def test_what_has_no_tag_is_kept_by_nobody(world):
    pin = await world.make("/map-pins", SAMPLES["mapPin"])
    at = f"{world.trip}/map-pins/{pin['_id']}"
    answers = [
        await world.client.delete(at),
        await world.client.delete(at),
        await world.client.get("/nothing"),
        await world.client.post("/trips", {}),
        await world.as_("osk_wrong").get("/me"),
        await world.as_(None).get("/shared/trips/none"),
    ]
    assert [answer.status for answer in answers] == [204, 404, 404, 400, 401, 404]
    for answer in answers:
        assert answer.headers["Cache-Control"] == "no-store", answer.status
        assert answer.headers["Referrer-Policy"] == "no-referrer"


async def test_what_has_a_tag_is_asked_for_each_time(world):
    token = (await world.client.post(f"{world.trip}/share-token")).json["token"]
    for path in (world.trip, f"{world.trip}/legs", "/trips", f"/shared/trips/{token}"):
        first = await world.client.get(path)
        again = await world.client.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (first.status, again.status) == (200, 304)
        for answer in (first, again):
            assert answer.headers["Cache-Control"] == "private, no-cache"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            check(answer.headers)


async def test_a_crash_outside_of_the_api_names_no_version_either(world, monkeypatch, caplog):
    async def crash(*_: object) -> None:
        raise RuntimeError("hush-hush")

    monkeypatch.setattr("server.pages.assets.reply", crash)
    async with connect(world.running.base) as (reader, writer):
        writer.write(head(world, "GET", "/static/app.css"))
        answer = await read_answer(reader)
    assert (answer.status, answer.code) == (500, "INTERNAL")
    assert b"hush" not in answer.raw
    check(answer.headers)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
