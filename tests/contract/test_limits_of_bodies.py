"""Contract sections 1 and 5: sizes are looked at before anything is decoded or merged."""

import asyncio

import msgspec
import pytest

from domain import json_body
from domain.fields import MAX_ITEM_BYTES
from domain.merge import merge
from server import bodies
from server.body_budget import BodyBudget
from tests.contract.kinds import channel_path, listed, snapshot
from tests.contract.queue_world import ASYNC, job_of, until_queued, work
from tests.contract.wire import JSON, check_envelope, connect, encoded, exchange, head, read_answer
from tests.support import SAMPLES, TRIP
from tests.waiting import until

LEG, PIN, ITEM = SAMPLES["leg"], SAMPLES["mapPin"], SAMPLES["actionItem"]
ROW, BATCH = 256 * 1024, 4 * 1024 * 1024
MOST_DETAILS = 1_000


@pytest.fixture
def settings(settings):
    imports = msgspec.structs.replace(settings.imports, inline_items=100)
    return msgspec.structs.replace(settings, imports=imports)


def of_size(size, start=b'{"title": "'):
    """JSON of just so many bytes."""
    return start + b"x" * (size - len(start) - 2) + b'"}'


@pytest.fixture
def not_decoded(monkeypatch):
    """Fails the test when the JSON of a body is decoded."""

    def decode(*_args):
        raise AssertionError("decoded before its size was looked at")

    monkeypatch.setattr(json_body, "decode", decode)


async def single_rows(world):
    """Method and path of each kind of write of one thing."""
    leg = await world.make("/legs", LEG)
    return [
        ("POST", "/trips"),
        ("PATCH", world.trip),
        ("POST", f"{world.trip}/legs"),
        ("PATCH", f"{world.trip}/legs/{leg['_id']}"),
        ("POST", f"{world.trip}/legs/{leg['_id']}/stays"),
        ("POST", await channel_path(world)),
        ("POST", f"{world.trip}/share-token"),
        ("DELETE", f"{world.trip}/legs/{leg['_id']}"),
    ]


async def test_a_body_of_one_row_over_256_kib_is_413_undecoded(world, request, subtests):
    calls = await single_rows(world)
    request.getfixturevalue("not_decoded")
    for method, path in calls:
        with subtests.test(f"{method} {path}"):
            answer = await world.client.send(method, path, data=of_size(ROW + 1))
            check_envelope(answer, 413, "PAYLOAD_TOO_LARGE")
            assert str(ROW) in answer.json["error"]["message"]


async def test_a_body_of_one_row_in_chunks_is_413_once_it_is_too_large(world, not_decoded):
    sent = head(world, "POST", f"/api/v1{world.trip}/legs", JSON, "Transfer-Encoding: chunked")
    chunk = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
    answer = await exchange(world, sent, *[chunk] * (ROW // 0x8000 + 1))
    check_envelope(answer, 413, "PAYLOAD_TOO_LARGE")


async def test_a_body_of_one_row_of_256_kib_is_looked_at(world):
    answer = await world.client.post(f"{world.trip}/legs", data=of_size(ROW))
    assert (answer.status, answer.details) == (400, [("", "too_long")])


async def test_a_batch_has_4_mib_at_most(world):
    for size, status in ((BATCH + 1, 413), (BATCH, 400)):
        sent = head(
            world, "POST", f"/api/v1{world.trip}/legs:batch", JSON, f"Content-Length: {size}"
        )
        answer = await exchange(world, sent, b'{"items": []}'.ljust(size))
        assert answer.status == status


# Items.


def large(sample, **fields):
    """An item just over its size."""
    item = {**sample, **fields, "zoo": ""}
    return {**item, "zoo": "x" * (MAX_ITEM_BYTES + 1 - len(msgspec.json.encode(item)))}


@pytest.fixture
def not_merged(monkeypatch):
    """Fails the test when an item over its size is merged."""

    def checked(target, patch):
        assert "zoo" not in patch, "merged before its size was looked at"
        return merge(target, patch)

    monkeypatch.setattr("domain.resource.merge", checked)


async def test_an_item_over_64_kib_is_too_long_before_it_is_merged(world, not_merged):
    pins = f"{world.trip}/map-pins"
    pin = await world.make("/map-pins", {**PIN, "clientRef": "a"})
    for method, path in (("POST", pins), ("PATCH", f"{pins}/{pin['_id']}")):
        answer = await world.client.send(method, path, large(PIN, clientRef="a"))
        assert (answer.status, answer.details) == (400, [("", "too_long")])
        assert "65,536" in answer.json["error"]["message"]
    trip = {"groupId": world.group_id, **TRIP}
    for method, path, sample in (
        ("POST", "/trips", trip),
        ("PATCH", world.trip, {}),
        ("POST", await channel_path(world), {"content": "x"}),
    ):
        answer = await world.client.send(method, path, large(sample))
        assert (answer.status, answer.details) == (400, [("", "too_long")])


@pytest.mark.parametrize("items", [3, 101], ids=["at once", "by a job"])
async def test_of_many_items_only_the_one_over_its_size_fails(world, not_merged, items):
    pins = [{**PIN, "clientRef": f"p{n}"} for n in range(items)]
    pins[1] = large(PIN, clientRef="p1")
    answer = await world.client.post(f"{world.trip}/sync", {"mapPins": pins})
    results = answer.json["mapPins"]["items"]
    assert (answer.status, answer.json["mapPins"]["errors"]) == (207, 1)
    assert results[1]["error"]["details"][0]["reason"] == "too_long"
    assert len(await listed(world, f"{world.trip}/map-pins?limit=200")) == items - 1


# Details.


def many_wrong(sample, names):
    return {**sample, **{f"f{n}": 1 for n in range(names)}}


def details_in(results):
    return [len(result["error"].get("details", [])) for result in results if "error" in result]


async def test_an_answer_has_1000_details_at_most(world):
    answer = await world.client.post(f"{world.trip}/legs", many_wrong(LEG, 3_000))
    assert len(answer.details) == MOST_DETAILS
    assert "the first 1000" in answer.json["error"]["message"]


async def test_so_has_the_answer_to_a_batch_all_items_together(world):
    items = [many_wrong(PIN, 300) for _ in range(5)]
    answer = await world.client.post(f"{world.trip}/map-pins:batch", {"items": [*items, PIN]})
    assert details_in(answer.json["results"]) == [300, 300, 300, 100, 0]
    assert all(result["error"]["message"] for result in answer.json["results"][:5])
    assert (answer.status, answer.json["created"]) == (207, 1)


@pytest.mark.parametrize("by_job", [False, True])
async def test_so_has_the_answer_to_a_sync_all_categories_together(world, by_job):
    body = {
        "mapPins": [many_wrong(PIN, 400), many_wrong(PIN, 400)],
        "actionItems": [many_wrong(ITEM, 400), many_wrong(ITEM, 5)],
    }
    filler = [{**LEG, "clientRef": f"l{n}"} for n in range(100 if by_job else 0)]
    answer = await world.client.post(f"{world.trip}/sync", {**body, "legs": filler})
    assert details_in(answer.json["mapPins"]["items"]) == [400, 400]
    assert details_in(answer.json["actionItems"]["items"]) == [200, 0]


# Bytes in flight.


ROOM, LARGE, SMALL = 1_000_000, 900_000, 700_000


@pytest.fixture
def budget(world):
    """A small one, in place of the server's."""
    made = BodyBudget(ROOM)
    object.__setattr__(world.running.services, "bodies", made)
    return made


def announcing(world, length, *lines):
    target = f"/api/v1{world.trip}/sync"
    return head(world, "POST", target, JSON, f"Content-Length: {length}", *lines)


async def begin(streams, sent):
    """Sends a head, and waits until its body is being received."""
    reader, writer = streams
    writer.write(sent)
    assert b" 100 " in await reader.readuntil(b"\r\n\r\n")


WAITS = "Expect: 100-continue"


async def test_a_second_large_body_is_503_while_the_first_is_received(world, budget):
    async with connect(world.running.base) as streams:
        await begin(streams, announcing(world, LARGE, WAITS))
        # What has only been announced takes no room.
        assert budget._taken == 0
        streams[1].write(b"{}".ljust(LARGE - 1))
        await until(lambda: budget._taken == LARGE - 1)
        chunked = head(
            world, "POST", f"/api/v1{world.trip}/sync", JSON, "Transfer-Encoding: chunked"
        )
        refused = await exchange(world, chunked, f"{SMALL:x}\r\n".encode() + b" " * SMALL + b"\r\n")
        check_envelope(refused, 503, "UNAVAILABLE")
        assert int(refused.headers["Retry-After"]) >= 1
        # What is small goes through.
        assert (await world.client.post(f"{world.trip}/legs", LEG)).status == 201
        streams[1].write(b" ")
        assert (await read_answer(streams[0])).status == 200
    assert budget._taken == 0
    again = await world.client.post(f"{world.trip}/sync", data=b"{}".ljust(LARGE))
    assert again.status == 200


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"{}".ljust(LARGE), 200),
        (b"{".ljust(LARGE), 400),
        (b'{"zoo": 1}'.ljust(LARGE), 400),
        (b"{}".ljust(ROOM + 1), 503),
    ],
)
async def test_the_room_is_whole_again_after_every_answer(world, budget, data, status):
    for _ in range(3):
        assert (await world.client.post(f"{world.trip}/sync", data=data)).status == status
        assert budget._taken == 0


async def test_the_room_is_whole_again_when_a_body_does_not_come_in_time(
    world, budget, monkeypatch
):
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.0)
    answer = await exchange(world, announcing(world, LARGE))
    check_envelope(answer, 400, "VALIDATION_ERROR")
    assert "in time" in answer.json["error"]["message"]
    assert budget._taken == 0


async def test_the_room_is_whole_again_when_a_client_goes_away(world, budget):
    async with connect(world.running.base) as streams:
        await begin(streams, announcing(world, LARGE, WAITS))
        streams[1].write(b" " * (LARGE - 1))
        await until(lambda: budget._taken == LARGE - 1)
    await until(lambda: budget._taken == 0)


async def test_the_room_is_whole_again_while_a_request_waits_for_its_job(world, budget):
    await world.running.worker.stop()
    body = {"mapPins": [{**PIN, "clientRef": f"p{n}"} for n in range(101)]}
    data = encoded(body).ljust(LARGE)
    waiting = asyncio.create_task(world.client.post(f"{world.trip}/sync", data=data))
    await until_queued(world)
    await until(lambda: budget._taken == 0)
    assert not waiting.done()
    await work(world)
    assert (await waiting).json["mapPins"]["created"] == 101


async def test_a_job_that_is_not_waited_for_leaves_the_room_whole(world, budget):
    answer = await world.client.post(
        f"{world.trip}/sync", data=encoded({"legs": [LEG]}).ljust(LARGE), headers=ASYNC
    )
    assert (answer.status, budget._taken) == (202, 0)
    await until(lambda: job_ended(world, answer))
    assert len((await snapshot(world))["legs"]) == 1


async def job_ended(world, answer):
    return (await job_of(world, answer)).json["status"] == "succeeded"
