"""A large undo goes through the queue as a large sync does (contract sections 5 and 11)."""

import asyncio

import msgspec
import pytest

from tests.contract.kinds import channel_path, listed, snapshot
from tests.contract.queue_world import (
    ASYNC,
    INLINE,
    MAX_ITEMS,
    PIN,
    job_count,
    job_of,
    pins,
    small,
    stop_worker,
    until_queued,
    work,
)
from tests.contract.undo_world import error_of, rev_of, undo
from tests.support import add_key, run_server

KEY = {"Idempotency-Key": "k"}


@pytest.fixture
def settings(settings):
    return small(settings)


async def made(world, count=INLINE + 1):
    """The revision of a changeset that created pins, at once."""
    roomy = msgspec.structs.replace(world.settings.imports, inline_items=MAX_ITEMS)
    settings = msgspec.structs.replace(world.settings, imports=roomy)
    async with run_server(world.store, settings) as inline:
        url = f"{inline.base}/api/v1{world.trip}/sync"
        answer = await world.client.post(url, pins(count))
    assert answer.json["mapPins"]["created"] == count
    return await rev_of(world)


async def test_only_more_than_inline_rows_make_a_job(world):
    for count, jobs_then in ((INLINE, 0), (INLINE + 1, 1)):
        rev = await made(world, count)
        answer = await undo(world, rev)
        assert (answer.status, answer.json["mapPins"]["deleted"]) == (200, count)
        assert await job_count(world) == jobs_then
        assert await listed(world, f"{world.trip}/map-pins") == []


async def test_a_large_one_answers_the_very_same_as_inline(world):
    rev = await made(world)
    (pin, *_) = (await snapshot(world))["mapPins"]
    await world.client.patch(f"{world.trip}/map-pins/{pin['_id']}", {"notes": "x"})
    roomy = msgspec.structs.replace(world.settings.imports, inline_items=MAX_ITEMS)
    settings = msgspec.structs.replace(world.settings, imports=roomy)
    async with run_server(world.store, settings) as inline:
        dry = await world.client.post(
            f"{inline.base}/api/v1{world.trip}/history/{rev}/undo?dryRun=true"
        )
    assert await job_count(world) == 0
    assert (await undo(world, rev, "?dryRun=true")).raw == dry.raw
    assert await job_count(world) == 1
    answer = await undo(world, rev)
    assert (answer.status, answer.json["rev"]) == (207, rev + 2)
    assert answer.json == {**dry.json, "dryRun": False, "rev": rev + 2}
    assert error_of(answer, pin["_id"])["code"] == "CONFLICT"
    entry = (await world.client.get(f"{world.trip}/history/{rev + 2}")).json
    last = await world.store.read(
        lambda tx: tx.fetchval("SELECT id FROM jobs ORDER BY id DESC LIMIT 1")
    )
    assert (entry["via"], entry["undoes"], entry["jobId"], entry["requestId"]) == (
        *("undo", rev, last),
        answer.headers["X-Request-Id"],
    )


async def test_the_request_waits_for_the_worker(world):
    rev = await made(world)
    await stop_worker(world)
    request = asyncio.create_task(undo(world, rev))
    await until_queued(world)
    assert not request.done()
    assert len(await listed(world, f"{world.trip}/map-pins")) == INLINE + 1
    await work(world)
    assert (await request).status == 200
    assert await listed(world, f"{world.trip}/map-pins") == []


@pytest.mark.parametrize("prefer", ["respond-async", "wait=0"])
async def test_who_does_not_wait_gets_the_job(world, prefer):
    rev = await made(world)
    await stop_worker(world)
    answer = await undo(world, rev, headers={"Prefer": prefer})
    job = answer.json
    assert answer.status == 202
    assert answer.headers["Location"] == f"/api/v1/jobs/{job['_id']}"
    assert (answer.headers.get("Preference-Applied") == "respond-async") == (prefer != "wait=0")
    assert (job["kind"], job["tripId"], job["status"]) == ("undo", world.trip_id, "queued")
    assert job["progress"] == {"done": 0, "total": INLINE + 1}
    await work(world)
    done = (await job_of(world, answer)).json
    assert (done["status"], done["progress"]) == (
        "succeeded",
        {"done": INLINE + 1, "total": INLINE + 1},
    )
    assert done["result"]["mapPins"]["deleted"] == INLINE + 1
    assert done["result"]["rev"] == await rev_of(world)


async def test_respond_async_is_a_202_whatever_its_size(world):
    pin = await world.make("/map-pins", PIN)
    await stop_worker(world)
    dry = await undo(world, 2, "?dryRun=true", headers=ASYNC)
    answer = await undo(world, 2, headers=ASYNC)
    assert (dry.status, answer.status) == (202, 202)
    await work(world)
    await work(world)
    results = [(await job_of(world, each)).json["result"] for each in (dry, answer)]
    assert [result["dryRun"] for result in results] == [True, False]
    assert [result["rev"] for result in results] == [2, 3]
    assert results[1]["mapPins"]["items"] == [{"_id": pin["_id"], "status": "deleted"}]


async def test_what_is_refused_becomes_no_job(world):
    await world.client.post(await channel_path(world), {"content": "Hello"})
    await world.make("/map-pins", PIN)
    await undo(world, 3)
    for rev, status in ((1, 400), (2, 400), (3, 400), (9, 404)):
        assert (await undo(world, rev, headers=ASYNC)).status == status
    writer = world.as_(await add_key(world.store, world.owner.user_id, "trips:write"))
    assert (await undo(world, 2, client=writer, headers=ASYNC)).status == 404
    assert await job_count(world) == 0


async def test_what_was_undone_meanwhile_fails_and_tells_why(world):
    await world.make("/map-pins", PIN)
    await stop_worker(world)
    first, second = [await undo(world, 2, headers=ASYNC) for _ in range(2)]
    await work(world)
    await work(world)
    assert (await job_of(world, first)).json["status"] == "succeeded"
    failed = (await job_of(world, second)).json
    assert (failed["status"], failed["error"]["code"]) == ("failed", "VALIDATION_ERROR")
    assert "revision 3" in failed["error"]["message"]


async def test_if_match_must_still_hold_when_the_job_is_done(world):
    rev = await made(world)
    await stop_worker(world)
    tag = {"If-Match": (await world.client.get(f"{world.trip}/export")).headers["ETag"]}
    holds = await undo(world, rev, "?dryRun=true", headers=tag | ASYNC)
    await work(world)
    assert (await job_of(world, holds)).json["status"] == "succeeded"
    request = asyncio.create_task(undo(world, rev, headers=tag))
    await until_queued(world, 2)
    await world.make("/map-pins", PIN)
    await work(world)
    assert ((await request).status, (await request).code) == (412, "PRECONDITION_FAILED")
    assert (await undo(world, rev, headers=tag)).status == 412
    assert await job_count(world) == 2


async def test_an_idempotency_key_makes_a_retry_of_a_large_one_safe(world):
    rev = await made(world)
    first = await undo(world, rev, headers=KEY)
    again = await undo(world, rev, headers=KEY)
    assert (again.status, again.raw) == (200, first.raw)
    assert again.headers["Idempotency-Replayed"] == "true"
    other = await undo(world, rev, "?force=true", headers=KEY)
    assert (other.status, other.code) == (409, "IDEMPOTENCY_CONFLICT")
    assert await job_count(world) == 1
    accepted = await undo(world, rev + 1, headers={**ASYNC, "Idempotency-Key": "l"})
    replay = await undo(world, rev + 1, headers={**ASYNC, "Idempotency-Key": "l"})
    assert (replay.status, replay.raw) == (202, accepted.raw)
    assert await job_count(world) == 2


async def test_a_job_and_its_effects_commit_together(world, monkeypatch):
    async def crash(*_args, **_kwargs):
        raise RuntimeError("after the effects, before the end")

    rev = await made(world)
    await stop_worker(world)
    answer = await undo(world, rev, headers=ASYNC)
    with monkeypatch.context() as patched:
        patched.setattr("storage.job_claims.succeed", crash)
        await work(world)
    assert len(await listed(world, f"{world.trip}/map-pins")) == INLINE + 1
    assert await rev_of(world) == rev
    await world.store.write(lambda tx: tx.execute("UPDATE jobs SET due_at = 0"))
    await work(world)
    job = (await job_of(world, answer)).json
    assert (job["status"], job["attempts"]) == ("succeeded", 2)
    assert await listed(world, f"{world.trip}/map-pins") == []
