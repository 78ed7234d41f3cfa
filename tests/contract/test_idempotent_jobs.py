"""Contract sections 4 and 5 together: an Idempotency-Key on what goes through the queue."""

import asyncio
import dataclasses

import pytest

from tests.contract.kinds import BY_NAME, listed, rows_path
from tests.contract.queue_world import (
    ASYNC,
    INLINE,
    job_count,
    job_of,
    pins,
    small,
    stop_worker,
    until_queued,
    work,
)
from tests.support import SAMPLES, gather
from workers.kinds import KINDS

KEY = {"Idempotency-Key": "k"}
STAY = SAMPLES["stay"]


@pytest.fixture
def settings(settings):
    return small(settings)


async def sync(world, body=None, headers=None):
    body = pins(INLINE + 1) if body is None else body
    return await world.client.post(f"{world.trip}/sync", body, headers={**KEY, **(headers or {})})


def is_replay(response):
    return response.headers.get("Idempotency-Replayed") == "true"


def check_replay(replay, first):
    assert is_replay(replay)
    assert (replay.status, replay.raw) == (first.status, first.raw)
    for name in ("Location", "Preference-Applied", "Content-Type"):
        assert replay.headers.get(name) == first.headers.get(name)
    assert replay.headers["X-Request-Id"] != first.headers["X-Request-Id"]


async def test_a_queued_sync_is_done_once_and_replayed(world):
    first = await sync(world)
    assert (first.status, is_replay(first)) == (200, False)
    check_replay(await sync(world), first)
    assert await job_count(world) == 1
    assert (await sync(world, pins(INLINE + 2))).status == 409
    assert len(await listed(world, f"{world.trip}/map-pins")) == INLINE + 1


async def test_a_queued_batch_is_done_once_and_replayed(world):
    body = {"items": [*pins(2)["mapPins"], {}, SAMPLES["mapPin"]]}
    path = f"{world.trip}/map-pins:batch"
    first = await world.client.post(path, body, headers=KEY)
    assert first.status == 207
    check_replay(await world.client.post(path, body, headers=KEY), first)
    assert len(await listed(world, f"{world.trip}/map-pins")) == 3


async def test_a_202_is_replayed_to_the_letter_though_the_job_has_ended(world):
    await stop_worker(world)
    first = await sync(world, headers=ASYNC)
    assert (first.status, first.json["status"]) == (202, "queued")
    check_replay(await sync(world, headers=ASYNC), first)
    await work(world)
    assert (await job_of(world, first)).json["status"] == "succeeded"
    check_replay(await sync(world, headers=ASYNC), first)
    # What the request would rather have is no part of what it is.
    check_replay(await sync(world), first)
    assert await job_count(world) == 1


async def test_a_small_sync_answered_202_is_replayed(world):
    first = await sync(world, {}, ASYNC)
    assert first.status == 202
    check_replay(await sync(world, {}, ASYNC), first)
    assert await job_count(world) == 1


async def test_a_sync_done_inline_is_replayed_as_200_though_async_is_preferred(world):
    first = await sync(world, pins(1))
    assert first.status == 200
    check_replay(await sync(world, pins(1), ASYNC), first)
    assert await job_count(world) == 0


async def test_a_202_after_waiting_is_replayed_to_the_letter(world):
    await stop_worker(world)
    first = await sync(world, headers={"Prefer": "wait=0"})
    assert first.status == 202
    await work(world)
    check_replay(await sync(world), first)


async def test_equal_requests_at_once_make_one_job_and_all_wait_for_it(world):
    await stop_worker(world)
    requests = asyncio.gather(*(sync(world) for _ in range(10)))
    await until_queued(world)
    await work(world)
    answers = await requests
    assert {answer.status for answer in answers} == {200}
    assert len({answer.raw for answer in answers}) == 1
    assert [is_replay(answer) for answer in answers].count(False) == 1
    assert await job_count(world) == 1
    assert len(await listed(world, f"{world.trip}/map-pins")) == INLINE + 1


async def test_equal_async_requests_at_once_all_tell_of_the_same_job(world):
    answers = await gather(*(sync(world, headers=ASYNC) for _ in range(10)))
    assert {answer.status for answer in answers} == {202}
    assert len({answer.raw for answer in answers}) == 1
    assert [is_replay(answer) for answer in answers].count(False) == 1
    assert await job_count(world) == 1


async def fail(world, headers=None):
    """A batch under the key for a leg that is deleted before the worker comes."""
    path = await rows_path(world, BY_NAME["stay"])
    body = {"items": [STAY] * (INLINE + 1)}
    before = await job_count(world)

    async def send():
        return await world.client.post(f"{path}:batch", body, headers={**KEY, **(headers or {})})

    first = asyncio.create_task(send())
    await until_queued(world, before + 1)
    await world.client.delete(path.removesuffix("/stays"))
    await work(world)
    return await first, send


async def test_the_404_of_a_job_is_remembered(world):
    await stop_worker(world)
    first, send = await fail(world)
    assert (first.status, first.code) == (404, "NOT_FOUND")
    check_replay(await send(), first)


async def test_the_202_of_a_job_that_failed_is_replayed_to_the_letter(world):
    await stop_worker(world)
    first, send = await fail(world, ASYNC)
    assert first.status == 202
    check_replay(await send(), first)
    assert (await job_of(world, first)).json["status"] == "failed"


async def test_a_bug_in_a_job_is_not_remembered(world, monkeypatch):
    async def crash(*_args, **_kwargs):
        raise RuntimeError("a bug")

    await stop_worker(world)
    monkeypatch.setitem(KINDS, "sync", dataclasses.replace(KINDS["sync"], attempts=1))
    with monkeypatch.context() as patched:
        patched.setattr("operations.imports.apply", crash)
        request = asyncio.create_task(sync(world))
        await until_queued(world)
        await work(world)
        failed = await request
    assert (failed.status, failed.code, is_replay(failed)) == (500, "INTERNAL", False)
    request = asyncio.create_task(sync(world))
    await until_queued(world, 2)
    await work(world)
    again = await request
    assert (again.status, is_replay(again), again.json["mapPins"]["created"]) == (200, False, 3)


@pytest.mark.parametrize(
    ("body", "status"), [({"legs": 1}, 400), (pins(13), 413)], ids=["400", "413"]
)
async def test_a_refused_import_is_not_remembered(world, body, status):
    for headers in (None, ASYNC):
        refused = await sync(world, body, headers)
        assert (refused.status, is_replay(refused)) == (status, False)
    made = await sync(world)
    assert (made.status, is_replay(made)) == (200, False)


async def test_the_record_and_the_job_commit_together(world, monkeypatch):
    async def crash(*_args, **_kwargs):
        raise RuntimeError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr("storage.idempotency.remember", crash)
        assert (await sync(world)).status == 500
    assert await job_count(world) == 0
    assert (await sync(world)).json["mapPins"]["created"] == INLINE + 1
