"""Idempotency keys against a model of what they promise (contract section 4)."""

import asyncio
import dataclasses
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import SAMPLES, Response, World

REPLAYED = "Idempotency-Replayed"


@dataclasses.dataclass(frozen=True)
class Request:
    """A request below a trip; `made` is how many pins it makes, `{pin}` an existing one."""

    method: str
    path: str
    body: Any
    made: int = 0


PIN = SAMPLES["mapPin"]

REQUESTS = [
    Request("POST", "/map-pins", {**PIN, "name": "one"}, made=1),
    Request("POST", "/map-pins", {**PIN, "name": "two"}, made=1),
    Request("POST", "/map-pins", {"name": ""}),
    Request("POST", "/map-pins:batch", {"items": [PIN, {"lat": 91}]}, made=1),
    Request("POST", "/sync", {"mapPins": [PIN, PIN]}, made=2),
    Request("POST", "/sync?dryRun=false", {"mapPins": [PIN, PIN]}, made=2),
    Request("POST", "/sync?dryRun=true", {"mapPins": [PIN, PIN]}),
    Request("PATCH", "/map-pins/{pin}", {"notes": "x"}),
    Request("PATCH", "/map-pins/{pin}", {"notes": None}),
    Request("PATCH", "/map-pins/{pin}", {"lat": "north"}),
    Request("PATCH", "/map-pins/nowhere", {"notes": "x"}),
    Request("DELETE", "/map-pins/{pin}", None, made=-1),
    Request("DELETE", "/map-pins/nowhere", None),
    Request("DELETE", "", None),
    Request("POST", "/share-token", None),
]

KEYS = st.sampled_from([None, "a", "b", "c", "!", "~" * 255])


class Trip:
    """A new trip with a pin, and the model of what its keys hold."""

    def __init__(self, world: World, path: str, pin: str) -> None:
        self._world = world
        self._path = path
        self._pin = pin
        self._pins = 1
        self._held: dict[str, tuple[Request, Response]] = {}
        self._prefix = path.removeprefix("/trips/")

    async def send(self, request: Request, key: str | None) -> Response:
        headers = {} if key is None else {"Idempotency-Key": f"{self._prefix}{key}"[:255]}
        path = f"{self._path}{request.path.format(pin=self._pin)}"
        return await self._world.client.send(request.method, path, request.body, headers=headers)

    async def export(self) -> bytes:
        return (await self._world.client.get(f"{self._path}/export")).raw

    async def step(self, request: Request, key: str | None) -> None:
        """Sends a request, and holds what comes of it against the model."""
        before = await self.export()
        answer = await self.send(request, key)
        assert answer.status < 500, answer.raw
        if key in self._held:
            first_request, first = self._held[key]
            if first_request == request:
                assert (answer.status, answer.raw) == (first.status, first.raw)
                assert answer.headers[REPLAYED] == "true"
                assert resource_headers(answer) == resource_headers(first)
                assert answer.headers["X-Request-Id"] != first.headers["X-Request-Id"]
            else:
                assert (answer.status, answer.code) == (409, "IDEMPOTENCY_CONFLICT")
            assert await self.export() == before
            return
        assert REPLAYED not in answer.headers
        await self._executed(request, key, answer)

    async def race(self, request: Request, key: str, count: int) -> None:
        """Sends a request several times at once under a key that holds nothing yet."""
        if key in self._held:
            return
        answers = await asyncio.gather(*(self.send(request, key) for _ in range(count)))
        first = [answer for answer in answers if REPLAYED not in answer.headers]
        if answers[0].status == 400:
            assert len(first) == count
        else:
            assert len(first) == 1
            assert {(answer.status, answer.raw) for answer in answers} == {
                (first[0].status, first[0].raw)
            }
        await self._executed(request, key, first[0])

    async def _executed(self, request: Request, key: str | None, answer: Response) -> None:
        done = answer.status < 300
        assert done or answer.status in (400, 404)
        if done:
            self._pins += request.made
        listed = await self._world.client.get(f"{self._path}/map-pins?limit=200")
        assert len(listed.json["items"]) == self._pins
        if key is not None and (done or answer.status == 404):
            self._held[key] = (request, answer)


def resource_headers(answer: Response) -> dict[str, str]:
    own = {"date", "server", "x-request-id", "x-ratelimit-limit", "x-ratelimit-remaining"}
    own |= {REPLAYED.lower(), "content-length", "content-type"}
    return {name: value for name, value in answer.headers.items() if name.lower() not in own}


async def new_trip(world: World) -> Trip:
    path = f"/trips/{await world.new_trip()}"
    pin = await world.client.post(f"{path}/map-pins", PIN)
    return Trip(world, path, pin.json["_id"])


steps = st.tuples(st.sampled_from(REQUESTS), KEYS)


@settings(max_examples=25)
@given(st.lists(steps, min_size=2, max_size=10))
def test_nothing_is_done_twice(living, sequence):
    async def check() -> None:
        trip = await new_trip(living.world)
        for request, key in sequence:
            await trip.step(request, key)

    living.run(check())


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from(REQUESTS), st.sampled_from("abcd")), max_size=4))
def test_of_several_at_once_one_is_done(living, sequence):
    async def check() -> None:
        trip = await new_trip(living.world)
        for request, key in sequence:
            await trip.race(request, key, 4)
            await trip.step(request, key)

    living.run(check())
