"""A survey tells of a large body just what decoding and looking at it would."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import CarnetError, ValidationFailed
from domain.imports import ImportRequest, items_of
from server import jsonbody
from server.intake import OFF_LOOP_BYTES
from server.survey import LocalSurveyor, Survey, survey
from tests.support import SAMPLES

PIN = SAMPLES["mapPin"]
ROOM = " " * OFF_LOOP_BYTES
"""White space that makes a body a large one."""


def told(kind: str, raw: bytes) -> tuple[str, str, list[tuple[str, str]]] | int:
    """The number of items, or the refusal, the way a small body's are found."""
    try:
        body = jsonbody.decode(raw, jsonbody.IMPORT_DEPTH)
        request = ImportRequest(kind, resource="mapPin" if kind == "batch" else "")  # type: ignore[arg-type]  # a parameter
        return sum(len(items) for _, items in items_of(request, body))
    except ValidationFailed as error:
        return described(error)


def described(error: CarnetError) -> tuple[str, str, list[tuple[str, str]]]:
    return error.code, error.message, [(detail.path, detail.reason) for detail in error.details]


def surveyed(found: Survey) -> tuple[str, str, list[tuple[str, str]]] | int:
    try:
        return found.count()
    except ValidationFailed as error:
        return described(error)


BODIES = {
    "nothing": b"",
    "no JSON": b'{"mapPins": [',
    "no object": b"[1, 2]",
    "null": b"null",
    "a name twice": b'{"mapPins": [{"name": "a", "name": "b"}]}',
    "NUL": b'{"mapPins": [{"name": "\\u0000"}]}',
    "too deep": b'{"mapPins": ' + b"[" * 300 + b"]" * 300 + b"}",
    "empty": b"{}",
    "unknown": b'{"pins": [], "mapPins": [{}]}',
    "no list": b'{"mapPins": {}, "legs": 3, "stays": null}',
    "two lists": b'{"mapPins": [1, {}], "legs": [{}], "trip": {}, "members": []}',
    "items": b'{"items": [{}, {}, 3]}',
    "too many items": msgspec.json.encode({"items": [{}] * 51}),
    "no items": b'{"items": []}',
    "items and more": b'{"items": [{}], "more": 1}',
}


@pytest.mark.parametrize("kind", ["sync", "batch"])
@pytest.mark.parametrize("name", BODIES)
def test_it_tells_what_decoding_tells(kind, name):
    found = survey(BODIES[name], kind)
    assert surveyed(found) == told(kind, BODIES[name])
    assert msgspec.json.decode(msgspec.json.encode(found), type=Survey) == found


@given(
    st.binary(max_size=40)
    | st.from_regex(r'\{"(items|legs|x)": ?[\[\]{}1,"]{0,9}\}').map(str.encode)
)
def test_it_takes_any_bytes(raw):
    for kind in ("sync", "batch"):
        assert surveyed(survey(raw, kind)) == told(kind, raw)


@pytest.mark.parametrize(("name", "malformed"), [("no JSON", True), ("unknown", False)])
def test_bad_json_is_told_from_a_bad_shape(name, malformed):
    assert survey(BODIES[name], "sync").malformed is malformed


# Through the server.


class Counting(LocalSurveyor):
    """Counts what it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def survey(self, raw, kind):
        self.asked += 1
        return await super().survey(raw, kind)


@pytest.fixture
def counting(world, monkeypatch) -> Counting:
    made = Counting()
    object.__setattr__(world.running.services, "surveyor", made)
    return made


def large(body: object) -> bytes:
    return msgspec.json.encode(body) + ROOM.encode()


async def test_a_large_body_is_surveyed_and_a_small_one_is_not(world, counting):
    await world.client.post(f"{world.trip}/sync", {"mapPins": [PIN]})
    assert counting.asked == 0
    for count in (1, 200, 201):
        body = large({"mapPins": [PIN] * count})
        answer = await world.client.post(f"{world.trip}/sync", data=body)
        assert (answer.status, answer.json["mapPins"]["created"]) == (200, count)
    assert counting.asked == 3


async def test_a_large_body_of_few_items_is_applied_without_a_worker(world, counting):
    await world.running.worker.stop()
    items = [{**PIN, "notes": "n" * 400}] * 200
    answer = await world.client.post(f"{world.trip}/sync", {"mapPins": items})
    assert (answer.status, answer.json["mapPins"]["created"]) == (200, 200)
    batch = {"items": [{**PIN, "notes": "n" * 2_000}] * 50}
    answer = await world.client.post(f"{world.trip}/map-pins:batch", batch)
    assert (answer.status, answer.json["created"]) == (200, 50)
    assert counting.asked == 2


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("path", ["sync", "map-pins:batch"])
async def test_a_large_body_is_refused_as_a_small_one_is(world, path, name):
    raw = BODIES[name]
    small = await world.client.post(f"{world.trip}/{path}", data=raw)
    also = await world.client.post(f"{world.trip}/{path}", data=raw + ROOM.encode())
    assert small.status == also.status
    if small.status == 400:
        left, right = small.json["error"], also.json["error"]
        assert left["details"] == right["details"]
        assert left["code"] == right["code"] == "VALIDATION_ERROR"
        if name not in ("nothing", "no JSON"):  # which tell the place where it ends
            assert left["message"] == right["message"]


async def test_a_used_idempotency_key_comes_before_a_bad_shape_and_after_bad_json(world):
    path, key = f"{world.trip}/sync", {"Idempotency-Key": "k"}
    body = large({"mapPins": [PIN] * 201})
    assert (await world.client.post(path, data=body, headers=key)).status == 200
    shape = await world.client.post(path, data=large({"pins": []}), headers=key)
    assert (shape.status, shape.code) == (409, "IDEMPOTENCY_CONFLICT")
    bad = await world.client.post(path, data=b"{" + ROOM.encode(), headers=key)
    assert (bad.status, bad.code) == (400, "VALIDATION_ERROR")
    again = await world.client.post(path, data=body, headers=key)
    assert (again.status, again.headers["Idempotency-Replayed"]) == (200, "true")
