"""The log: one JSON line a request, and never a key, a token, a password or a body in it."""

import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.carnet.program import PLENTY, serving
from tests.contract.wire import connect
from tests.support import SAMPLES, TRIP
from tests.waiting import PATIENCE

SECRET = "hush-hush"
"""Planted wherever a client can put something."""

FIELDS = {"time", "level", "event", "request_id", "method", "status", "duration", "bytes"}
ADDED = {"route", "key_id", "trip_id", "job_id"}


class Talk:
    """Requests to a server, each with what the log should say of it."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.answers: list[tuple[str, str | None, Any]] = []

    async def __call__(self, method: str, path: str, route: str | None, *body: Any, **options: Any):
        answer = await self.client.send(method, path, *body, **options)
        self.answers.append((method, route, answer))
        return answer


async def converse(talk: Talk) -> None:
    """All kinds of requests, with secrets in every place."""
    hidden = {"X-Hidden": SECRET, "User-Agent": SECRET, "Cookie": f"key={SECRET}"}
    group_id = (await talk("GET", "/me", "/api/v1/me", headers=hidden)).json["defaultGroupId"]
    trip = {"groupId": group_id, **TRIP, "title": SECRET}
    made = await talk("POST", "/trips", "/api/v1/trips", trip, headers={"Idempotency-Key": SECRET})
    path, below = f"/trips/{made.json['_id']}", "/api/v1/trips/{tripId}"
    leg = {**SAMPLES["leg"], "accommodation": {"wifiPassword": SECRET, "doorCode": SECRET}}
    made = await talk("POST", f"{path}/legs", f"{below}/legs", leg)
    one = f"{path}/legs/{made.json['_id']}"
    await talk("PATCH", one, f"{below}/legs/{{legId}}", {"title": SECRET})
    await talk(
        "PATCH", one, f"{below}/legs/{{legId}}", {SECRET: 1, "title": 5, "clientRef": SECRET}
    )
    later = {"Prefer": f"respond-async; {SECRET}"}
    queued = await talk("POST", f"{path}/sync", f"{below}/sync", {"legs": [leg]}, headers=later)
    await talk("GET", f"/jobs/{queued.json['_id']}", "/api/v1/jobs/{jobId}")
    await talk("POST", f"{path}/legs:batch", f"{below}/legs:batch", {"items": [{"title": SECRET}]})
    token = (await talk("POST", f"{path}/share-token", f"{below}/share-token")).json["token"]
    await talk("GET", f"/shared/trips/{token}", "/api/v1/shared/trips/{token}")
    await talk("GET", f"/shared/trips/{token}x", "/api/v1/shared/trips/{token}")
    await talk("GET", f"/shared/trips/{token}/{SECRET}", None)
    for data in (f'{{"a": "{SECRET}'.encode(), f'"{SECRET}\\ud800"'.encode(), b'{"x":"\xff"}'):
        await talk("POST", f"{path}/legs", f"{below}/legs", data=data)
    await talk("POST", f"{path}/legs", f"{below}/legs", data=b"x", headers={"Content-Type": SECRET})
    await talk("GET", f"{path}/legs?limit={SECRET}&cursor={SECRET}", f"{below}/legs")
    await talk("GET", f"/trips/{SECRET}", below)
    await talk("GET", f"/jobs/{SECRET}", "/api/v1/jobs/{jobId}")
    await talk("GET", f"/{SECRET}?{SECRET}={SECRET}", None)
    await talk("PUT", f"/trips/{SECRET}", None)
    # What is outside of the API is refused, and told as that.
    await talk.client.get(talk.client.base + f"/{SECRET}")
    wrong = {"Authorization": f"Bearer osk_{SECRET}"}
    await talk("GET", "/me", "/api/v1/me", headers=wrong)
    await talk("GET", f"/{SECRET}", None, headers=wrong)


async def raw_nonsense(base: str) -> None:
    """Bytes that are no requests, with secrets in them."""
    authorization = f"Authorization: Bearer osk_{SECRET}\r\n"
    for text in (
        f"{SECRET} {SECRET}\r\n\r\n",
        f"GET /{SECRET} HTTP/1.1\r\n{authorization}{SECRET}\r\n\r\n",
        f"GET /api/v1/me HTTP/1.1\r\n{authorization}X-Long: {SECRET * 10_000}\r\n\r\n",
        f"GET /api/v1/me HTTP/1.1\r\nHost: x\r\n{authorization}Expect: {SECRET}\r\n\r\n",
        f"POST /{SECRET} HTTP/1.1\r\nHost: x\r\n{authorization}Content-Length: 99\r\n\r\n{SECRET}",
    ):
        async with connect(base) as (reader, writer):
            writer.write(text.encode())
            writer.write_eof()
            await reader.read()


@pytest.fixture
def spoilt(tmp_path: Path):
    """Makes stored rows unreadable, so that the server meets what it has no answer to."""

    def spoil() -> None:
        with closing(sqlite3.connect(tmp_path / "data" / "carnet.db")) as opened, opened:
            opened.execute("UPDATE trips SET doc = ?", (f'{{"{SECRET}',))

    return spoil


async def test_a_request_is_a_line_and_no_secret_is_in_any(tmp_path, spoilt):
    async with serving(tmp_path, **PLENTY) as server:
        talk = Talk(server.client)
        await converse(talk)
        await raw_nonsense(server.client.base)
        spoilt()
        await server.err.first('"trip_id"')
        trip_id = next(e["trip_id"] for e in server.events("request") if e.get("trip_id"))
        one = "/api/v1/trips/{tripId}"
        crashed = await talk("PATCH", f"/trips/{trip_id}", one, {"title": SECRET})
        assert (crashed.status, crashed.code) == (500, "INTERNAL")
        assert SECRET.encode() not in crashed.raw
        await server.stop()

        text = "\n".join(server.err.all)
        tokens = re.findall(r'"token":"(\w+)"', str([a.raw for _, _, a in talk.answers]))
        assert len(tokens) == 1
        for secret in (SECRET, tokens[0], server.key, server.key[4:], "osk_"):
            assert secret not in text
        by_id = {event["request_id"]: event for event in server.events("request")}
        assert len(by_id) == len(server.events("request")) >= len(talk.answers)
        for method, route, answer in talk.answers:
            event = by_id[answer.headers["X-Request-Id"]]
            assert FIELDS <= set(event) <= FIELDS | ADDED
            assert (event["method"], event.get("route")) == (method, route)
            assert (event["status"], event["bytes"]) == (answer.status, len(answer.raw))
            assert event["level"] == "info"
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", event["time"])
            assert 0 <= event["duration"] < 30
        (crash,) = server.events("request_crashed")
        assert crash["level"] == "error"
        assert crash["request_id"] == crashed.headers["X-Request-Id"]
        assert crash["exception"]
        reasons = {event["reason"] for event in server.events("request_refused")}
        assert "The request is not valid HTTP, or its head is too large" in reasons


async def test_a_line_names_key_trip_and_job_by_their_ids(tmp_path):
    async with serving(tmp_path, **PLENTY) as server:
        me = (await server.client.get("/me")).json
        trip = {"groupId": me["defaultGroupId"], **TRIP}
        trip_id = (await server.client.post("/trips", trip)).json["_id"]
        queued = await server.client.post(
            f"/trips/{trip_id}/sync", {"legs": []}, headers={"Prefer": "respond-async"}
        )
        await server.client.with_key(None).get("/openapi.json")
        await server.err.first("job_succeeded")
        await server.stop()
        first, made, synced, described = server.events("request")
        assert first["key_id"] == me["key"]["_id"]
        assert {"trip_id", "job_id"}.isdisjoint(first)
        assert "trip_id" not in made
        assert (synced["trip_id"], synced["job_id"]) == (trip_id, queued.json["_id"])
        assert ADDED & set(described) == {"route"}
        (done,) = server.events("job_succeeded")
        assert (done["job_id"], done["trip_id"]) == (queued.json["_id"], trip_id)


async def test_a_token_or_key_in_the_place_of_an_id_is_not_logged(tmp_path):
    async with serving(tmp_path, **PLENTY) as server:
        me = (await server.client.get("/me")).json
        trip = {"groupId": me["defaultGroupId"], **TRIP}
        path = f"/trips/{(await server.client.post('/trips', trip)).json['_id']}"
        token = (await server.client.post(f"{path}/share-token")).json["token"]
        secrets = (token, server.key, server.key.removeprefix("osk_"))
        for secret in secrets:
            for wrong in (f"/trips/{secret}", f"/trips/{secret}/legs", f"/jobs/{secret}"):
                assert (await server.client.get(wrong)).status == 404
            assert (await server.client.patch(f"{path}/legs/{secret}", {})).status == 404
        await server.stop()
        text = "\n".join(server.err.all)
        assert [secret for secret in secrets if secret in text] == []


@pytest.mark.parametrize(("level", "logged"), [("debug", True), ("warning", False)])
async def test_the_level_is_that_of_the_settings(tmp_path, level, logged):
    async with serving(tmp_path, CARNET_LOG__LEVEL="info") as server:
        key = server.key
    async with serving(tmp_path, CARNET_LOG__LEVEL=level) as server:
        assert (await server.client.with_key(key).get("/me")).status == 200
        await server.stop()
        assert bool(server.events("request")) == logged


async def test_lines_for_people_are_no_json(tmp_path):
    async with serving(tmp_path, CARNET_LOG__FORMAT="console") as server:
        await server.client.get("/me")
        await server.stop()
        lines = [line for line in server.err.all if "/api/v1/me" in line]
        assert len(lines) == 1
        assert not lines[0].startswith("{")
        assert server.key not in "\n".join(server.err.all)


SCRIPT = """
import logging, structlog
from runtime import logs
logs.configure("info", {style!r})
def work(password):
    body = {{"wifi": password}}
    return body[1]
log = structlog.get_logger("carnet.test")
try:
    work("hush" + "-hush")
except KeyError:
    log.exception("crashed", request_id="req_1")
    logging.getLogger("aiohttp.server").exception("Error from %s", "here")
logging.getLogger("asyncio").info("not told")
log.debug("not told")
log.info("told", nothing=None, odd={{1, 2}}, raw=b"x", text="\\u00e9\\n")
"""


def run_script(style: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(style=style)],
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.stdout == ""
    return done.stderr


def test_a_traceback_tells_where_and_not_with_what():
    crashed, library, told = (msgspec.json.decode(line) for line in run_script("json").splitlines())
    assert crashed["event"] == "crashed"
    assert crashed["request_id"] == "req_1"
    assert [frame["name"] for frame in crashed["exception"][0]["frames"]] == ["<module>", "work"]
    assert crashed["exception"][0]["exc_type"] == "KeyError"
    assert (library["event"], library["logger"]) == ("Error from here", "aiohttp.server")
    assert library["level"] == "error"
    assert library["exception"]
    assert set(told) == {"event", "level", "time", "odd", "raw", "text"}
    assert told["text"] == "\u00e9\n"
    assert SECRET not in str([crashed, library, told])


def test_a_traceback_for_people_does_not_either():
    text = run_script("console")
    assert "KeyError" in text
    assert "not told" not in text
    assert SECRET not in text
