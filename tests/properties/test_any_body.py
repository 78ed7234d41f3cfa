"""Whatever is sent: an answer in the 200s, or a refusal that says why. Never a 5xx."""

import asyncio
import collections
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import ERRORS, REASONS
from domain.message import CHANNEL, MESSAGE
from domain.resources import RESOURCES
from server.route import Route
from server.routes import ROUTES
from tests.properties.generate import JSON, near, objects
from tests.support import SAMPLES, WEBHOOK, Client, Response, World, add_session
from tests.waiting import PATIENCE

WRITES = [route for route in ROUTES if route.writes]

STATUSES = {error.code: error.status for error in ERRORS}

_ID = re.compile(r'"(\w*Id|_id|owner)": "(?:[^"\\]|\\.)*"')


def body_of(route: Route) -> st.SearchStrategy[Any]:
    """Bodies that are nearly what a route takes, and some that are far from it."""
    if route.body is None:
        return st.one_of(st.none(), JSON)
    if route.body.type is bytes:
        return JSON
    wanted = objects(route.body.type, links=True)
    return st.one_of(near(wanted), near(wanted), JSON)


class Target:
    """A new trip with one row of everything, and the paths of a route in it."""

    def __init__(self, world: World, trip_id: str, ids: dict[str, str]) -> None:
        self.world = world
        self.trip = f"/trips/{trip_id}"
        self._ids = {"tripId": trip_id, "groupId": world.group_id, **ids}

    def path(self, template: str) -> str:
        return template.format_map(collections.defaultdict(lambda: "x", self._ids))

    async def client(self, route: Route) -> Client:
        """Of the owner: with a key, or signed in where no key will do."""
        if route.access in ("key", "address"):
            return self.world.client
        token = await add_session(self.world.store, self.world.owner.user_id)
        return self.world.client.with_session(token)

    @property
    def ids(self) -> list[str]:
        return list(self._ids.values())

    async def assert_readable(self) -> None:
        """What was stored can still be read by those who may."""
        client = self.world.client
        token = (await client.post(f"{self.trip}/share-token")).json["token"]
        for path in (f"{self.trip}/export", f"/shared/trips/{token}/export"):
            answer = await client.get(path)
            assert answer.status == 200, (path, answer.raw)
            json.loads(answer.raw)


async def new_target(world: World, route: Route) -> Target:
    trip_id = await world.new_trip()
    trip = f"/trips/{trip_id}"
    snapshot = {r.snapshot: [{**SAMPLES[r.kind], "clientRef": "a"}] for r in RESOURCES}
    for resource in RESOURCES:
        if resource.parent_link:
            snapshot[resource.snapshot][0][resource.parent_link.ref] = "a"
    made = (await world.client.post(f"{trip}/sync", snapshot)).json
    ids = {r.id_param: made[r.snapshot]["items"][0]["_id"] for r in RESOURCES}
    if CHANNEL.id_param in route.path:
        channels = await world.client.get(f"{trip}/channels")
        ids[CHANNEL.id_param] = channels.json["items"][0]["_id"]
        messages = f"{trip}/channels/{ids[CHANNEL.id_param]}/messages"
        message = await world.client.post(messages, {"content": "hello"})
        ids[MESSAGE.id_param] = message.json["_id"]
    if "{webhookId}" in route.path:
        hook = (await world.client.post("/webhooks", WEBHOOK)).json["_id"]
        tested = (await world.client.post(f"/webhooks/{hook}/test")).json["_id"]
        ids |= {"webhookId": hook, "deliveryId": tested}
    ids["rev"] = "2"
    return Target(world, trip_id, ids)


def assert_answered(answer: Response, route: Route) -> None:
    """2xx as the route declares, or a 4xx envelope."""
    if answer.status < 300:
        assert answer.status in route.statuses, answer.raw
        assert bool(answer.raw) == (answer.status != 204)
        json.loads(answer.raw or b"null")
        return
    assert 400 <= answer.status < 500, answer.raw
    error = answer.json["error"]
    assert answer.headers["Content-Type"].startswith("application/json")
    assert STATUSES[error["code"]] == answer.status
    assert error["requestId"] == answer.headers["X-Request-Id"]
    assert error["message"]
    details = error.get("details", [])
    assert all(detail["reason"] in REASONS for detail in details)
    paths = [detail["path"] for detail in details]
    assert len(set(paths)) == len(paths)
    assert details or error["code"] != "VALIDATION_ERROR" or "JSON" in error["message"]


def encoded(value: Any, real: list[str], data: st.DataObject) -> bytes:
    """A body as JSON, in which what should be ids often are some."""
    text = json.dumps(value)
    if data.draw(st.integers(0, 2)):
        text = _ID.sub(lambda found: f'"{found[1]}": "{data.draw(st.sampled_from(real))}"', text)
    return text.encode()


@pytest.mark.parametrize("route", WRITES, ids=lambda route: f"{route.method} {route.path}")
@settings(max_examples=10)
@given(st.data())
def test_any_json_gets_an_answer(living, route, data):
    value = data.draw(body_of(route))

    async def check() -> None:
        target = await new_target(living.world, route)
        body = None if value is None else encoded(value, target.ids, data)
        client = await target.client(route)
        answer = await client.send(route.method, target.path(route.path), data=body)
        assert_answered(answer, route)
        await target.assert_readable()

    living.run(check())


@pytest.mark.parametrize(
    "route", [route for route in WRITES if route.body], ids=lambda r: f"{r.method} {r.path}"
)
@settings(max_examples=4)
@given(st.data())
def test_any_bytes_get_an_answer(living, route, data):
    """JSON that is cut, spoilt or no JSON at all."""
    whole = json.dumps(data.draw(body_of(route))).encode()
    at = data.draw(st.integers(0, len(whole)))
    junk = st.one_of(
        st.binary(max_size=8),
        st.sampled_from(
            [b'"\\ud800"', b'"\\u0000"', b"NaN", b"1e999", b"\xef\xbb\xbf", b'{"a":1,']
        ),
    )
    body = whole[:at] + data.draw(junk) + data.draw(st.sampled_from([b"", whole[at:]]))

    async def check() -> None:
        target = await new_target(living.world, route)
        client = await target.client(route)
        answer = await client.send(route.method, target.path(route.path), data=body)
        assert_answered(answer, route)
        await target.assert_readable()

    living.run(check())


@settings(max_examples=10)
@given(st.data())
def test_any_sync_through_the_queue_gets_an_answer(living, data):
    """A worker meets the same bodies that requests do."""
    (route,) = (route for route in WRITES if route.path.endswith("/sync"))
    dumped = json.dumps(data.draw(body_of(route))).encode()

    async def check() -> None:
        target = await new_target(living.world, route)
        inline = await living.world.client.post(f"{target.trip}/sync?dryRun=true", data=dumped)
        answer = await living.world.client.post(
            f"{target.trip}/sync", data=dumped, headers={"Prefer": "respond-async"}
        )
        assert_answered(answer, route)
        if answer.status == 202:
            job = await ended(living.world, answer.json["_id"])
            assert job["status"] == "succeeded"
            assert job["attempts"] == 1
            assert inline.status in (200, 207)
        await target.assert_readable()

    living.run(check())


async def ended(world: World, job_id: str) -> Any:
    """A job in its last state."""
    with world.running.services.signals.watch_job(job_id) as watch:
        async with asyncio.timeout(PATIENCE):
            while (job := (await world.client.get(f"/jobs/{job_id}")).json)["status"] in OPEN:
                await watch.wait(0.2)
    return job


OPEN = ("queued", "running")


def test_every_write_route_is_driven():
    assert len(WRITES) >= 4 * len(RESOURCES) + 7
    assert {route.method for route in WRITES} == {"POST", "PATCH", "DELETE"}
