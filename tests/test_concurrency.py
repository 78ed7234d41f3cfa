"""Many at once: what must happen once happens once, and nobody sees half of anything."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
import pytest

from domain.scopes import Role
from runtime.settings import Settings
from runtime.signals import LocalSignals
from storage import open_store
from tests.support import SAMPLES, Client, Response, World, gather
from tests.waiting import PATIENCE, until
from workers.loop import JobLoop

AT_ONCE = 50

PIN = SAMPLES["mapPin"]
KEYED = {"Idempotency-Key": "the-only-one"}
ASYNC = {"Prefer": "respond-async"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """A request waits for its job, however long that takes."""
    imports = msgspec.structs.replace(settings.imports, wait_seconds=PATIENCE)
    return msgspec.structs.replace(settings, imports=imports)


@pytest.fixture
async def crowd(world: World) -> AsyncIterator[Client]:
    """The owner's client, each of its requests on a connection of its own."""
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield Client(session, world.client.base, world.client.key)


async def rows(world: World, path: str) -> list[dict[str, Any]]:
    return [row for page in await world.client.pages(f"{world.trip}{path}", 200) for row in page]


async def pins_by_ref(world: World) -> Counter[str]:
    return Counter(pin["clientRef"] for pin in await rows(world, "/map-pins"))


def pins(count: int, prefix: str = "pin", **fields: object) -> list[dict[str, Any]]:
    return [{**PIN, "clientRef": f"{prefix}-{n}", **fields} for n in range(count)]


def first_answers(answers: list[Response]) -> list[Response]:
    """The answers that are not replays."""
    return [answer for answer in answers if "Idempotency-Replayed" not in answer.headers]


async def ended(client: Client, accepted: Response) -> dict[str, Any]:
    """The job behind a 202, once it has ended."""

    async def last_state() -> dict[str, Any] | None:
        job: dict[str, Any] = (await client.get(f"/jobs/{accepted.json['_id']}")).json
        return job if job["status"] in ("succeeded", "failed") else None

    job: dict[str, Any] = await until(last_state)
    return job


# --- one key, one clientRef ---------------------------------------------------------------


async def test_of_equal_requests_with_one_idempotency_key_one_is_done(world, crowd):
    answers = await gather(
        *(crowd.post(f"{world.trip}/map-pins", PIN, headers=KEYED) for _ in range(AT_ONCE))
    )
    assert {answer.status for answer in answers} == {201}
    assert len(first_answers(answers)) == 1
    assert len({answer.raw for answer in answers}) == 1
    assert len({answer.headers["X-Request-Id"] for answer in answers}) == AT_ONCE
    assert len(await rows(world, "/map-pins")) == 1


async def test_of_different_requests_with_one_idempotency_key_one_is_done(world, crowd):
    answers = await gather(
        *(
            crowd.post(f"{world.trip}/map-pins", {**PIN, "name": f"{n}"}, headers=KEYED)
            for n in range(AT_ONCE)
        )
    )
    assert Counter(answer.status for answer in answers) == {201: 1, 409: AT_ONCE - 1}
    (made,) = (answer.json for answer in answers if answer.status == 201)
    assert [pin["name"] for pin in await rows(world, "/map-pins")] == [made["name"]]


async def test_one_idempotency_key_of_two_api_keys_is_two(world, crowd):
    other = await world.person("other", Role.EDITOR)
    await gather(
        *(
            client.post(f"{world.trip}/map-pins", PIN, headers=KEYED)
            for client in (crowd, crowd.with_key(other.key))
            for _ in range(AT_ONCE // 2)
        )
    )
    assert len(await rows(world, "/map-pins")) == 2


async def test_of_equal_creates_with_one_client_ref_one_creates(world, crowd):
    body = {**PIN, "clientRef": "sensoji"}
    answers = await gather(*(crowd.post(f"{world.trip}/map-pins", body) for _ in range(AT_ONCE)))
    assert Counter(answer.status for answer in answers) == {201: 1, 200: AT_ONCE - 1}
    assert len({answer.json["_id"] for answer in answers}) == 1
    assert len(await rows(world, "/map-pins")) == 1


async def test_creates_with_one_client_ref_and_other_fields_all_merge(world, crowd):
    fields = [{"category": "temple"}, {"notes": "Early"}]
    answers = await gather(
        *(
            crowd.post(f"{world.trip}/map-pins", {**PIN, "clientRef": "a"} | field)
            for field in fields * 10
        ),
    )
    assert Counter(answer.status for answer in answers) == {201: 1, 200: 19}
    (pin,) = await rows(world, "/map-pins")
    assert (pin["category"], pin["notes"]) == ("temple", "Early")


@pytest.mark.parametrize("prefer", [{}, ASYNC], ids=["here and now", "through the queue"])
async def test_of_equal_batches_with_one_idempotency_key_one_is_done(world, crowd, prefer):
    body = {"items": [PIN] * 10}
    answers = await gather(
        *(
            crowd.post(f"{world.trip}/map-pins:batch", body, headers=KEYED | prefer)
            for _ in range(AT_ONCE)
        )
    )
    await _assert_done_once(crowd, answers)
    assert len(await rows(world, "/map-pins")) == 10


@pytest.mark.parametrize(
    ("items", "prefer"),
    [(10, {}), (10, ASYNC), (300, {}), (300, {"Prefer": "wait=0"})],
    ids=["here and now", "through the queue", "waited for", "not waited for"],
)
async def test_of_equal_syncs_with_one_idempotency_key_one_is_done(world, crowd, items, prefer):
    body = {"mapPins": [PIN] * items, "actionItems": [SAMPLES["actionItem"]]}
    answers = await gather(
        *(crowd.post(f"{world.trip}/sync", body, headers=KEYED | prefer) for _ in range(AT_ONCE))
    )
    await _assert_done_once(crowd, answers)
    assert len(await rows(world, "/map-pins")) == items
    assert len(await rows(world, "/action-items")) == 1


async def _assert_done_once(client: Client, answers: list[Response]) -> None:
    """All answers are the first one's, and its job, if there is one, has succeeded."""
    assert len(first_answers(answers)) == 1
    assert len({(answer.status, answer.raw) for answer in answers}) == 1
    assert answers[0].status in (200, 202)
    if answers[0].status == 202:
        assert len({answer.headers["Location"] for answer in answers}) == 1
        assert (await ended(client, answers[0]))["status"] == "succeeded"


@pytest.mark.parametrize("path", ["/map-pins:batch", "/sync"])
async def test_an_item_of_many_imports_at_once_is_created_by_one(world, crowd, path):
    name = "mapPins" if path == "/sync" else "items"
    answers = await gather(
        *(crowd.post(f"{world.trip}{path}", {name: pins(20)}) for _ in range(AT_ONCE))
    )
    counts: Counter[str] = Counter()
    for answer in answers:
        assert answer.status == 200, answer.raw
        told = answer.json["mapPins"] if path == "/sync" else answer.json
        counts.update({name: told[name] for name in ("created", "unchanged")})
    assert counts == {"created": 20, "unchanged": 20 * (AT_ONCE - 1)}
    assert await pins_by_ref(world) == dict.fromkeys((f"pin-{n}" for n in range(20)), 1)


# --- changes of the same row --------------------------------------------------------------


async def test_patches_of_different_fields_at_once_all_take_effect(world, crowd):
    made = await world.make("/map-pins", PIN)
    path = f"{world.trip}/map-pins/{made['_id']}"
    for turn in range(20):
        patches: list[dict[str, Any]] = [
            {"name": f"Name {turn}"},
            {"category": f"category {turn}"},
            {"notes": f"notes {turn}"},
            {"lat": float(turn)},
            {"lng": float(-turn)},
        ]
        answers = await gather(*(crowd.patch(path, patch) for patch in patches))
        assert {answer.status for answer in answers} == {200}
        (pin,) = await rows(world, "/map-pins")
        for patch in patches:
            assert pin.items() >= patch.items()


async def test_patches_within_one_object_at_once_all_take_effect(world, crowd):
    made = await world.make("/legs", SAMPLES["leg"])
    names = ["wifiName", "wifiPassword", "doorCode", "hostName", "address", "notes"]
    answers = await gather(
        *(
            crowd.patch(f"{world.trip}/legs/{made['_id']}", {"accommodation": {name: name}})
            for name in names
        )
    )
    assert {answer.status for answer in answers} == {200}
    (leg,) = await rows(world, "/legs")
    assert leg["accommodation"] == {name: name for name in names}


async def test_of_deletes_at_once_one_deletes(world, crowd):
    made = await world.make("/map-pins", PIN)
    answers = await gather(
        *(crowd.delete(f"{world.trip}/map-pins/{made['_id']}") for _ in range(AT_ONCE))
    )
    assert Counter(answer.status for answer in answers) == {204: 1, 404: AT_ONCE - 1}


async def test_a_link_and_the_end_of_what_it_names_leave_no_loose_end(world, crowd):
    for _ in range(20):
        pin = await world.make("/map-pins", PIN)
        linked = {**SAMPLES["commitment"], "mapPinId": pin["_id"]}
        await gather(
            crowd.post(f"{world.trip}/commitments", linked),
            crowd.delete(f"{world.trip}/map-pins/{pin['_id']}"),
            crowd.post(f"{world.trip}/commitments", linked),
        )
    assert await rows(world, "/map-pins") == []
    assert not [c for c in await rows(world, "/commitments") if "mapPinId" in c]


# --- imports --------------------------------------------------------------------------------


async def test_syncs_into_one_trip_at_once_come_to_their_union(world, crowd):
    snapshots = [
        {"mapPins": pins(40, "shared") + pins(10, f"own-{turn}"), "legs": [_leg(turn)]}
        for turn in range(12)
    ]
    answers = await gather(
        *(
            crowd.post(f"{world.trip}/sync", body, headers=ASYNC if turn % 3 == 0 else {})
            for turn, body in enumerate(snapshots)
        )
    )
    results = []
    for answer in answers:
        if answer.status == 202:
            job = await ended(crowd, answer)
            assert job["status"] == "succeeded"
            results.append(job["result"])
        else:
            assert answer.status == 200, answer.raw
            results.append(answer.json)
    assert sum(result["mapPins"]["created"] for result in results) == 40 + 12 * 10
    assert sum(result["legs"]["created"] for result in results) == 12
    found = await pins_by_ref(world)
    assert len(found) == 40 + 12 * 10
    assert set(found.values()) == {1}
    assert [leg["order"] for leg in await rows(world, "/legs")] == list(range(12))


def _leg(turn: int) -> dict[str, Any]:
    return {**SAMPLES["leg"], "order": turn, "clientRef": f"leg-{turn}"}


async def test_every_one_of_many_jobs_is_applied_once(world, crowd):
    """Without clientRefs, so that a job done twice would show."""
    accepted = await _queue_jobs(world, crowd, 40)
    jobs = await gather(*(ended(crowd, answer) for answer in accepted))
    assert {(job["status"], job["attempts"]) for job in jobs} == {("succeeded", 1)}
    assert len({job["_id"] for job in jobs}) == 40
    await _assert_each_once(world, 40)


async def test_two_workers_on_one_database_apply_every_job_once(world, crowd, storage_url):
    other = await open_store(storage_url)
    signals = LocalSignals()
    worker = JobLoop(other, signals, Settings())
    worker.start()
    try:
        accepted = []
        for turn in range(8):
            accepted += await _queue_jobs(world, crowd, 5, first=5 * turn)
            await signals.job_queued("")
        jobs = await gather(*(ended(crowd, answer) for answer in accepted))
    finally:
        await worker.stop()
        await other.close()
    assert {job["status"] for job in jobs} == {"succeeded"}
    await _assert_each_once(world, 40)


async def _queue_jobs(world: World, client: Client, count: int, first: int = 0) -> list[Response]:
    accepted = await gather(
        *(
            client.post(
                f"{world.trip}/sync",
                {"mapPins": [{**PIN, "name": f"job {n}"}] * 10},
                headers=ASYNC,
            )
            for n in range(first, first + count)
        )
    )
    assert {answer.status for answer in accepted} == {202}
    return accepted


async def _assert_each_once(world: World, jobs: int) -> None:
    names = Counter(pin["name"] for pin in await rows(world, "/map-pins"))
    assert names == dict.fromkeys((f"job {n}" for n in range(jobs)), 10)


async def test_readers_see_all_of_an_import_or_nothing(world, crowd):
    """Rows are created, then all changed; a reader sees one state, whole."""
    size = 3000
    seen: Counter[str] = Counter()
    for state in ("first", "second"):
        importing = asyncio.create_task(
            crowd.post(f"{world.trip}/sync", {"mapPins": pins(size, notes=state)})
        )
        while not importing.done():
            exported, page = await gather(
                world.client.get(f"{world.trip}/export"),
                world.client.get(f"{world.trip}/map-pins?limit=200"),
            )
            for found, whole in ((exported.json["mapPins"], size), (page.json["items"], 200)):
                notes = Counter(pin["notes"] for pin in found)
                assert len(notes) <= 1, notes
                assert sum(notes.values()) in (0, whole)
                seen.update(notes.keys() or ["nothing"])
        assert (await importing).status == 200
    assert {"nothing", "first"} <= seen.keys()


async def test_pages_stay_whole_while_rows_come_and_go(world, crowd):
    """Rows added or removed meanwhile never make another row come twice, or vanish."""
    stay = {pin["_id"] for pin in [await world.make("/map-pins", PIN) for _ in range(60)]}
    stopping = asyncio.Event()

    async def disturb() -> None:
        while not stopping.is_set():
            made = await crowd.post(f"{world.trip}/map-pins", {**PIN, "name": "Fleeting"})
            await crowd.delete(f"{world.trip}/map-pins/{made.json['_id']}")

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(disturb())
        for _ in range(10):
            found = Counter(
                pin["_id"]
                for page in await world.client.pages(f"{world.trip}/map-pins", 7)
                for pin in page
            )
            assert set(found.values()) == {1}
            assert stay <= found.keys()
        stopping.set()
