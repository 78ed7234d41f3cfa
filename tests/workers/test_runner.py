"""One job from its claim to its end."""

import asyncio
import itertools

import msgspec
import pytest

from domain.account import key_hash
from domain.errors import NotFound, Unavailable
from domain.imports import ImportRequest
from operations import imports
from storage import idempotency, keys
from storage.idempotency import Protection
from storage.job_claims import LEASE_SECONDS
from storage.store import Tx
from tests.storage.home import leg, pin, soon, stay
from tests.workers.work import claim, queue, run_next, show
from workers.kinds import KINDS
from workers.runner import run

SYNC = KINDS["sync"]


async def test_there_is_nothing_to_do(home, signals, clock):
    assert not await run_next(home.store, signals, KINDS)
    await queue(home, {"mapPins": [pin()]}, due_at=clock.moment + 1)
    assert not await run_next(home.store, signals, KINDS)
    clock.moment += 1
    assert await run_next(home.store, signals, KINDS)
    assert not await run_next(home.store, signals, KINDS)


async def test_a_sync_is_done(home, signals):
    body = {"mapPins": [pin(clientRef="a"), pin(name="b")], "legs": [leg()]}
    job_id = await queue(home, body, total=3)
    assert await run_next(home.store, signals, KINDS)
    job = await show(home, job_id)
    assert (job["status"], job["attempts"]) == ("succeeded", 1)
    assert job["progress"] == {"done": 3, "total": 3}
    assert job["startedAt"] <= job["finishedAt"]
    assert [row["name"] for row in await home.rows("mapPins")] == ["Sensoji", "b"]
    assert job["result"]["mapPins"]["created"] == 2
    assert job["result"]["mapPins"]["items"][1]["_id"] == (await home.rows("mapPins"))[1]["_id"]


async def test_the_result_is_what_the_request_would_have_answered(home, signals):
    body = {"mapPins": [pin(clientRef="a"), {"clientRef": "b", "lat": 91}]}
    await home.sync(body)
    inline = await home.sync(body)
    job_id = await queue(home, body)
    await run_next(home.store, signals, KINDS)
    assert (await show(home, job_id))["result"] == inline


async def test_a_batch_in_which_items_failed_has_succeeded(home, signals):
    (tokyo,) = await home.make("legs", leg())
    request = ImportRequest("batch", "stay", tokyo)
    job_id = await queue(home, {"items": [stay(), {"name": ""}]}, request)
    await run_next(home.store, signals, KINDS)
    job = await show(home, job_id)
    assert job["status"] == "succeeded"
    assert (job["result"]["created"], job["result"]["errors"]) == (1, 1)
    assert [row["legId"] for row in await home.rows("stays")] == [tokyo]


async def test_a_dry_run_writes_nothing(home, signals):
    job_id = await queue(home, {"mapPins": [pin()]}, ImportRequest("sync", dry_run=True))
    before = await home.rev()
    await run_next(home.store, signals, KINDS)
    job = await show(home, job_id)
    assert (job["status"], job["result"]["dryRun"]) == ("succeeded", True)
    assert await home.rows("mapPins") == []
    assert await home.rev() == before


@pytest.mark.parametrize("body", [{"mapPins": [pin()]}, ["no object"]])
async def test_a_request_that_waits_is_told_of_the_end(home, signals, body):
    job_id = await queue(home, body)
    with signals.watch_job(job_id) as watch:
        waiting = asyncio.create_task(watch.wait(60))
        await run_next(home.store, signals, KINDS)
        await soon(waiting)
    assert (await show(home, job_id))["status"] in ("succeeded", "failed")


@pytest.mark.parametrize(
    ("body", "request_", "code", "status"),
    [
        (["no object"], ImportRequest("sync"), "VALIDATION_ERROR", 400),
        ({"hotels": []}, ImportRequest("sync"), "VALIDATION_ERROR", 400),
        ({"items": []}, ImportRequest("batch", "mapPin"), "VALIDATION_ERROR", 400),
        ({"items": [stay()]}, ImportRequest("batch", "stay", "gone"), "NOT_FOUND", 404),
    ],
)
async def test_what_cannot_succeed_fails_at_once(home, signals, body, request_, code, status):
    job_id = await queue(home, body, request_)
    assert await run_next(home.store, signals, KINDS)
    job = await show(home, job_id)
    assert (job["status"], job["attempts"], job["error"]["code"]) == ("failed", 1, code)
    assert "result" not in job
    stored = await home.store.read(lambda tx: tx.fetchval("SELECT result_status FROM jobs"))
    assert stored == status
    assert not await run_next(home.store, signals, KINDS)


async def crash(*_arguments):
    raise ZeroDivisionError("the secret of the machine")


async def test_a_crash_is_tried_again_later_and_leaves_nothing(
    home, signals, clock, monkeypatch, logged
):
    async def crash_at_the_end(tx: Tx, *arguments):
        await apply(tx, *arguments)
        await crash()

    apply = imports.apply
    monkeypatch.setattr(imports, "apply", crash_at_the_end)
    job_id = await queue(home, {"mapPins": [pin()]})
    assert await run_next(home.store, signals, KINDS)
    job = await show(home, job_id)
    assert (job["status"], job["attempts"]) == ("queued", 1)
    assert "error" not in job
    assert await home.rows("mapPins") == []
    assert not await run_next(home.store, signals, KINDS), "not at once"
    (line,) = [line for line in logged if line["event"] == "job_crashed"]
    assert (line["job_id"], line["log_level"], line["exc_info"]) == (job_id, "error", True)

    monkeypatch.setattr(imports, "apply", apply)
    clock.moment += 60
    assert await run_next(home.store, signals, KINDS)
    job = await show(home, job_id)
    assert (job["status"], job["attempts"]) == ("succeeded", 2)
    assert len(await home.rows("mapPins")) == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [(ZeroDivisionError("the secret of the machine"), "INTERNAL"), (Unavailable(), "UNAVAILABLE")],
)
async def test_the_waits_grow_and_the_attempts_end(home, signals, clock, monkeypatch, error, code):
    async def fail(*_arguments):
        raise error

    monkeypatch.setattr(imports, "apply", fail)
    job_id = await queue(home, {})
    waits = []
    for attempt in range(1, SYNC.attempts + 1):
        assert await run_next(home.store, signals, KINDS)
        job = await show(home, job_id)
        assert job["attempts"] == attempt
        if attempt < SYNC.attempts:
            assert job["status"] == "queued"
            due = await home.store.read(lambda tx: tx.fetchval("SELECT due_at FROM jobs"))
            waits.append(due - clock.moment)
            clock.moment = due
    assert all(later >= 2 * earlier for earlier, later in itertools.pairwise(waits))
    assert waits[0] >= 0.5
    assert waits[-1] <= 60
    assert (job["status"], job["error"]["code"]) == ("failed", code)
    assert "secret" not in str(job)
    clock.moment += 10**6
    assert not await run_next(home.store, signals, KINDS)


async def test_what_a_dead_worker_left_running_is_finished_when_its_lease_has_run_out(
    home, signals, clock
):
    job_id = await queue(home, {"mapPins": [pin()]})
    await claim(home, clock.moment)
    assert not await run_next(home.store, signals, KINDS)
    clock.moment += LEASE_SECONDS
    assert await run_next(home.store, signals, KINDS)
    job = await show(home, job_id)
    assert (job["status"], job["attempts"]) == ("succeeded", 2)
    assert len(await home.rows("mapPins")) == 1


async def test_a_job_its_worker_dies_of_is_not_tried_for_ever(home, signals, clock):
    """Such as one that takes more memory than there is."""
    job_id = await queue(home, {"mapPins": [pin()]})
    for _ in range(SYNC.attempts):
        await claim(home, clock.moment)
        clock.moment += LEASE_SECONDS
    await run_next(home.store, signals, KINDS)
    job = await show(home, job_id)
    assert job["status"] == "failed"
    assert job["error"]["code"] == "INTERNAL"
    assert await home.rows("mapPins") == []


async def test_an_attempt_that_has_lost_the_lease_has_no_effect(home, signals, clock):
    job_id = await queue(home, {"mapPins": [pin()]})
    slow = await claim(home, clock.moment)
    quick = await claim(home, clock.moment + LEASE_SECONDS)
    await run(home.store, signals, SYNC, slow)
    assert await home.rows("mapPins") == []
    assert (await show(home, job_id))["status"] == "running"
    await run(home.store, signals, SYNC, quick)
    assert (await show(home, job_id))["status"] == "succeeded"
    await run(home.store, signals, SYNC, slow)
    assert len(await home.rows("mapPins")) == 1


@pytest.mark.parametrize("error", [ZeroDivisionError(), Unavailable(), NotFound()])
async def test_an_attempt_that_has_lost_the_lease_and_fails_changes_nothing(
    home, signals, clock, monkeypatch, error
):
    async def fail(*_arguments):
        raise error

    job_id = await queue(home, {"mapPins": [pin()]})
    slow = await claim(home, clock.moment)
    await claim(home, clock.moment + LEASE_SECONDS)
    before = await show(home, job_id)
    monkeypatch.setattr(imports, "apply", fail)
    await run(home.store, signals, SYNC, slow)
    assert await show(home, job_id) == before


@pytest.mark.parametrize(
    ("body", "request_", "remembered"),
    [
        ({"mapPins": [pin()]}, ImportRequest("sync"), True),
        ({"hotels": []}, ImportRequest("sync"), False),
        ({"items": [stay()]}, ImportRequest("batch", "stay", "gone"), True),
    ],
)
async def test_what_is_remembered_of_a_request_whose_job_ended(
    home, signals, body, request_, remembered
):
    """2xx and 404 are, other failures are not (contract section 4)."""
    caller = await home.store.read(lambda tx: keys.authenticate(tx, key_hash(home.key), ""))
    job_id = await queue(home, body, request_)

    protection = Protection(caller.actor.key_id, "i", "f", 1.0, 0.0)
    await home.store.write(lambda tx: idempotency.remember(tx, protection, None, job_id))
    await run_next(home.store, signals, KINDS)
    record = await home.store.read(lambda tx: idempotency.find(tx, caller.actor.key_id, "i", 0.0))
    assert (record is not None) == remembered


async def test_jobs_are_done_in_the_order_they_are_due(home, signals, clock):
    for moment, name in ((3.0, "c"), (1.0, "a"), (2.0, "b")):
        await queue(home, {"mapPins": [pin(name=name)]}, due_at=moment)
    while await run_next(home.store, signals, KINDS):
        pass
    assert [row["name"] for row in await home.rows("mapPins")] == ["a", "b", "c"]


async def test_a_large_sync_is_one_write(home, signals):
    count = 2_000
    body = {"mapPins": [pin(clientRef=f"{n}", notes="x" * 50) for n in range(count)]}
    job_id = await queue(home, body, total=count)
    before = await home.rev()
    await run_next(home.store, signals, KINDS)
    job = await show(home, job_id)
    assert job["result"]["mapPins"]["created"] == count
    assert await home.rev() == before + 1
    assert len(msgspec.json.encode(job["result"])) > count
