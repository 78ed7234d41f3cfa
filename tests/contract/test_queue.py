"""Contract section 5: large syncs and batches go through the queue."""

import asyncio
import re
from typing import Any

import msgspec
import pytest

from domain.scopes import Role
from runtime.settings import Settings
from runtime.signals import LocalJobWatch
from storage import job_claims, jobs
from tests.contract.kinds import BY_NAME, listed, rows_path, snapshot
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
from tests.storage.home import soon
from tests.support import SAMPLES, add_key, now, run_server
from workers.kinds import KINDS

LEG, STAY, COMMITMENT = SAMPLES["leg"], SAMPLES["stay"], SAMPLES["commitment"]
MAX_BODY = 50_000


@pytest.fixture
def settings(settings):
    http = msgspec.structs.replace(settings.http, max_body_bytes=MAX_BODY)
    return msgspec.structs.replace(small(settings), http=http)


async def sync(world, body, headers=None, query=""):
    return await world.client.post(f"{world.trip}/sync{query}", body, headers=headers)


# The very same answer as inline.

GOOD = {
    "legs": [{**LEG, "clientRef": "a"}, {**LEG, "clientRef": "b"}],
    "stays": [{**STAY, "legRef": "b"}],
    "commitments": [{**COMMITMENT, "legRef": "a"}],
}
MIXED = {**pins(3), "legs": [{"clientRef": "a", "title": "New"}, {**LEG, "titel": 1}, LEG, "x"]}
ALL_WRONG: dict[str, Any] = {"legs": [{}, {}, {}]}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/sync", GOOD, 200),
        ("/sync", MIXED, 207),
        ("/sync", ALL_WRONG, 207),
        ("/sync?dryRun=true", MIXED, 207),
        ("/map-pins:batch", {"items": pins(3)["mapPins"]}, 200),
        ("/legs:batch", {"items": [{"clientRef": "a", "title": "New"}, {}, LEG]}, 207),
    ],
)
async def test_a_large_import_answers_the_very_same_as_inline(world, settings, path, body, status):
    roomy = msgspec.structs.replace(settings.imports, inline_items=MAX_ITEMS)
    inline_settings = msgspec.structs.replace(settings, imports=roomy)
    async with run_server(world.store, inline_settings) as inline:
        outcomes = []
        for base, made_jobs in ((inline.base, 0), (world.running.base, 1)):
            trip_id = await world.new_trip()
            url = f"{base}/api/v1/trips/{trip_id}"
            await world.client.post(f"{url}/legs", {**LEG, "clientRef": "a"})
            answer = await world.client.post(url + path, body)
            assert await job_count(world) == made_jobs
            assert answer.status == status
            outcomes.append(
                normal(answer.raw) + normal((await world.client.get(f"{url}/export")).raw)
            )
        assert outcomes[0] == outcomes[1]
        assert not {"Location", "Preference-Applied"} & set(answer.headers)


def normal(raw):
    """A text with ids numbered in the order they appear, and times without their value."""
    ids: dict[str, str] = {}
    text = re.sub(r'"\d{4}-\d\d-\d\dT[\d:.]+Z"', '"time"', raw.decode())
    return re.sub(
        r'(?<=")(?=\w*\d)[a-z0-9]{24,32}(?=")',
        lambda found: ids.setdefault(found[0], f"id{len(ids)}"),
        text,
    )


async def test_only_more_than_inline_items_make_a_job(world):
    spread = {"legs": [LEG], **pins(1)}
    for body, made in ((pins(INLINE), 0), (spread, 0), (pins(INLINE + 1), 1), (GOOD, 2)):
        answer = await sync(world, body)
        assert (answer.status, await job_count(world)) == (200, made)


async def test_the_request_waits_for_the_worker(world):
    await stop_worker(world)
    request = asyncio.create_task(sync(world, pins(3)))
    await until_queued(world)
    assert not request.done()
    assert await listed(world, f"{world.trip}/map-pins") == []
    await work(world)
    answer = await request
    assert (answer.status, answer.json["mapPins"]["created"]) == (200, 3)
    assert len(await listed(world, f"{world.trip}/map-pins")) == 3


# 202.


@pytest.mark.parametrize("count", [0, 1, INLINE + 1])
async def test_respond_async_is_a_202_whatever_its_size(world, count):
    await stop_worker(world)
    answer = await sync(world, pins(count), ASYNC)
    assert answer.status == 202
    assert answer.headers["Location"] == f"/api/v1/jobs/{answer.json['_id']}"
    assert answer.headers["Preference-Applied"] == "respond-async"
    job = answer.json
    assert job == {
        "_id": job["_id"],
        "kind": "sync",
        "tripId": world.trip_id,
        "status": "queued",
        "progress": {"done": 0, "total": count},
        "attempts": 0,
        "createdAt": job["createdAt"],
    }
    assert re.fullmatch(r"[a-z0-9]{1,32}", job["_id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", job["createdAt"])
    assert (await job_of(world, answer)).json == job
    await work(world)
    assert len(await listed(world, f"{world.trip}/map-pins")) == count


async def test_respond_async_works_for_batches_and_dry_runs(world):
    await stop_worker(world)
    body = {"items": [PIN]}
    batch = await world.client.post(f"{world.trip}/map-pins:batch", body, headers=ASYNC)
    dry = await sync(world, pins(1), ASYNC, "?dryRun=true")
    assert (batch.status, dry.status) == (202, 202)
    assert (batch.json["kind"], dry.json["kind"]) == ("batch", "sync")
    await work(world)
    await work(world)
    assert (await job_of(world, batch)).json["result"]["created"] == 1
    assert (await job_of(world, dry)).json["result"]["dryRun"] is True
    assert len(await listed(world, f"{world.trip}/map-pins")) == 1


@pytest.mark.parametrize(
    "prefer",
    ["Respond-Async", "respond-async, wait=10", "wait=10,respond-async", "x=1; y, respond-async"],
)
async def test_respond_async_is_found_among_preferences(world, prefer):
    answer = await sync(world, pins(1), {"Prefer": prefer})
    assert (answer.status, answer.headers["Preference-Applied"]) == (202, "respond-async")


async def test_wait_0_does_not_wait(world):
    await stop_worker(world)
    answer = await sync(world, pins(3), {"Prefer": "wait=0"})
    assert (answer.status, answer.json["status"]) == (202, "queued")
    assert answer.headers["Location"] == f"/api/v1/jobs/{answer.json['_id']}"
    await work(world)
    assert (await job_of(world, answer)).json["status"] == "succeeded"


async def test_wait_changes_nothing_for_what_is_done_at_once(world):
    answer = await sync(world, pins(INLINE), {"Prefer": "wait=0"})
    assert (answer.status, await job_count(world)) == (200, 0)


@pytest.mark.parametrize("prefer", ["wait=20", "wait=x", "wait", "wait=-1", "return=minimal", ","])
async def test_a_longer_wait_or_an_unknown_preference_still_waits(world, prefer):
    answer = await sync(world, pins(3), {"Prefer": prefer})
    assert (answer.status, answer.json["mapPins"]["created"]) == (200, 3)


@pytest.mark.parametrize(
    ("prefer", "patience"),
    [
        (None, 30),
        ("wait=5", 5),
        ("WAIT=5", 5),
        ("handling=lenient, wait=1", 1),
        ("wait=30", 30),
        ("wait=9999", 30),
    ],
)
async def test_wait_shortens_the_wait_and_never_lengthens_it(world, monkeypatch, prefer, patience):
    waited = []

    async def note(_watch, timeout):
        waited.append(timeout)

    monkeypatch.setattr(LocalJobWatch, "wait", note)
    await stop_worker(world)
    answer = await sync(world, pins(3), {"Prefer": prefer} if prefer else None)
    assert (answer.status, waited) == (202, [patience])


@pytest.mark.parametrize("prefer", ["wait=100", "handling=lenient"])
async def test_what_takes_longer_than_wait_seconds_is_a_202(world, monkeypatch, prefer):
    monkeypatch.setattr(world.settings.imports, "wait_seconds", 0.02)
    await stop_worker(world)
    answer = await soon(sync(world, pins(3), {"Prefer": prefer}))
    assert (answer.status, answer.json["status"]) == (202, "queued")
    assert "Preference-Applied" not in answer.headers
    assert "Location" in answer.headers


def test_the_queue_is_on_by_default_from_201_items_with_30_seconds_of_patience():
    imports = Settings().imports
    assert (imports.inline_items, imports.wait_seconds, imports.max_items) == (200, 30, 50_000)


# GET /jobs/{jobId}.


async def test_a_job_tells_of_its_way_from_queued_to_succeeded(world):
    await stop_worker(world)
    first = await sync(world, {**pins(3), "legs": [{}]}, ASYNC)
    await world.store.write(lambda tx: job_claims.claim_next(tx, "sync", now(), 4e9))
    running = (await job_of(world, first)).json
    assert (running["status"], running["attempts"]) == ("running", 1)
    assert running["progress"] == {"done": 0, "total": 4}
    assert set(running) - set(first.json) == {"startedAt"}
    await world.store.write(lambda tx: tx.execute("UPDATE jobs SET due_at = 0"))  # the lease is out
    await work(world)
    done = (await job_of(world, first)).json
    assert (done["status"], done["attempts"]) == ("succeeded", 2)
    assert done["progress"] == {"done": 4, "total": 4}
    assert set(done) - set(first.json) == {"startedAt", "finishedAt", "result"}
    assert first.json["createdAt"] <= done["startedAt"] <= done["finishedAt"]
    assert done["startedAt"] == running["startedAt"]
    result = done["result"]
    assert (result["mapPins"]["created"], result["legs"]["errors"]) == (3, 1)
    exported = await snapshot(world)
    assert [item["_id"] for item in result["mapPins"]["items"]] == [
        pin["_id"] for pin in exported["mapPins"]
    ]


async def doomed_batch(world, count, headers):
    """A batch of stays whose leg is deleted before the worker comes; the request's task."""
    path = await rows_path(world, BY_NAME["stay"])
    body = {"items": [STAY] * count}
    count_before = await job_count(world)
    request = asyncio.create_task(world.client.post(f"{path}:batch", body, headers=headers))
    await until_queued(world, count_before + 1)
    await world.client.delete(path.removesuffix("/stays"))
    await work(world)
    return request


async def test_a_job_that_cannot_succeed_is_failed_with_its_error(world):
    await stop_worker(world)
    answer = await (await doomed_batch(world, 1, ASYNC))
    job = (await job_of(world, answer)).json
    assert (job["status"], job["kind"], job["attempts"]) == ("failed", "batch", 1)
    assert set(job) - set(answer.json) == {"startedAt", "finishedAt", "error"}
    assert job["error"]["code"] == "NOT_FOUND"
    assert job["error"]["message"]
    assert job["progress"] == {"done": 0, "total": 1}


async def test_who_waits_for_a_job_that_fails_gets_its_error_as_ones_own(world):
    await stop_worker(world)
    answer = await (await doomed_batch(world, INLINE + 1, None))
    assert (answer.status, answer.code) == (404, "NOT_FOUND")
    assert answer.json["error"]["requestId"] == answer.headers["X-Request-Id"]


async def test_a_bug_in_a_job_is_internal_and_shows_nothing(world, monkeypatch):
    async def crash(*_args, **_kwargs):
        raise RuntimeError("secret internals")

    await stop_worker(world)
    answer = await sync(world, pins(3), ASYNC)
    monkeypatch.setattr("operations.imports.apply", crash)
    await work(world)
    again = (await job_of(world, answer)).json
    assert (again["status"], again["attempts"], "error" in again) == ("queued", 1, False)
    # The attempts in between only differ in the time they wait for each other.
    last = KINDS["sync"].attempts - 1
    await world.store.write(
        lambda tx: tx.execute("UPDATE jobs SET due_at = 0, attempts = $1", last)
    )
    await work(world)
    failed = await job_of(world, answer)
    assert (failed.json["status"], failed.json["error"]["code"]) == ("failed", "INTERNAL")
    assert b"secret" not in failed.raw
    assert await listed(world, f"{world.trip}/map-pins") == []


async def test_a_job_and_its_effects_commit_together(world, monkeypatch):
    async def crash(*_args, **_kwargs):
        raise RuntimeError("after the effects, before the end")

    await stop_worker(world)
    answer = await sync(world, pins(3), ASYNC)
    with monkeypatch.context() as patched:
        patched.setattr("storage.job_claims.succeed", crash)
        await work(world)
    assert await listed(world, f"{world.trip}/map-pins") == []
    await world.store.write(lambda tx: tx.execute("UPDATE jobs SET due_at = 0"))
    await work(world)
    job = (await job_of(world, answer)).json
    assert (job["status"], job["attempts"]) == ("succeeded", 2)
    assert len(await listed(world, f"{world.trip}/map-pins")) == 3


async def test_jobs_of_other_users_and_unknown_ones_are_404(world):
    job_id = (await sync(world, {}, ASYNC)).json["_id"]
    second_key = world.as_(await add_key(world.store, world.owner.user_id, "messages:read"))
    assert (await second_key.get(f"/jobs/{job_id}")).status == 200
    for role in (Role.EDITOR, None):
        other = world.as_((await world.person(f"p-{role}", role)).key)
        assert (await other.get(f"/jobs/{job_id}")).code == "NOT_FOUND"
    for unknown in ("0" * 26, "x", world.trip_id, job_id.upper()):
        assert (await world.client.get(f"/jobs/{unknown}")).code == "NOT_FOUND"


# 413.


@pytest.mark.parametrize("headers", [None, ASYNC], ids=["waiting", "async"])
@pytest.mark.parametrize("query", ["", "?dryRun=true"])
async def test_more_than_max_items_are_413(world, headers, query):
    assert (await sync(world, pins(MAX_ITEMS), headers, query)).status in (200, 202)
    made = await job_count(world)
    spread = {**pins(MAX_ITEMS), "legs": [LEG]}
    for body in (pins(MAX_ITEMS + 1), spread):
        refused = await sync(world, body, headers, query)
        assert (refused.status, refused.code) == (413, "PAYLOAD_TOO_LARGE")
    assert await job_count(world) == made
    assert await listed(world, f"{world.trip}/legs") == []


async def test_max_items_bounds_batches_too(world):
    batch = f"{world.trip}/map-pins:batch"
    assert (await world.client.post(batch, {"items": [PIN] * MAX_ITEMS})).status == 200
    refused = await world.client.post(batch, {"items": [PIN] * (MAX_ITEMS + 1)})
    assert refused.code == "PAYLOAD_TOO_LARGE"


async def test_more_than_max_body_bytes_are_413(world):
    start, end = b'{"legs": [], "trip": "', b'"}'
    for size, status in ((MAX_BODY, 200), (MAX_BODY + 1, 413)):
        data = start + b"x" * (size - len(start) - len(end)) + end
        for headers in (None, ASYNC):
            answer = await world.client.post(f"{world.trip}/sync", data=data, headers=headers)
            assert answer.status == (202 if headers and status == 200 else status)


async def test_a_body_of_unknown_length_is_413_once_it_is_too_large(world):
    async def chunks():
        for _ in range(MAX_BODY // 1000 + 1):
            yield b" " * 1000

    refused = await world.client.post(f"{world.trip}/sync", data=chunks())
    assert (refused.status, refused.code) == (413, "PAYLOAD_TOO_LARGE")


# Back-pressure


async def test_an_import_too_many_is_refused_and_leaves_nothing(world, monkeypatch):
    monkeypatch.setattr(jobs, "MAX_UNFINISHED", 2)
    await stop_worker(world)
    for _ in range(2):
        assert (await sync(world, pins(INLINE + 1), ASYNC)).status == 202
    protected = {**ASYNC, "Idempotency-Key": "third"}
    refused = await sync(world, pins(INLINE + 1), protected)
    assert (refused.status, refused.code) == (503, "UNAVAILABLE")
    assert int(refused.headers["Retry-After"]) >= 1
    assert await job_count(world) == 2
    await work(world)
    again = await sync(world, pins(INLINE + 1), protected)
    assert again.status == 202
    assert "Idempotency-Replayed" not in again.headers


async def test_where_too_many_writes_wait_another_is_refused_before_all_else(world, monkeypatch):
    monkeypatch.setattr(type(world.store), "full", True)
    for client in (world.client, world.as_(None), world.as_("osk_unknown")):
        refused = await client.post(f"{world.trip}/map-pins", PIN)
        assert (refused.status, refused.code) == (503, "UNAVAILABLE")
        assert refused.headers["Retry-After"] == "1"
    assert (await world.client.get(world.trip)).status == 200
    monkeypatch.undo()
    assert (await world.client.post(f"{world.trip}/map-pins", PIN)).status == 201
