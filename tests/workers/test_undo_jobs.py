"""Undos as jobs: done once, after the imports that were sent before them."""

import msgspec
import pytest

from domain.errors import Gone
from domain.undo import UndoRequest
from operations import imports
from operations import undo as operation
from runtime.ids import new_id
from storage import job_claims, jobs, journal
from storage import undo as stored
from tests.storage.home import pin
from tests.support import now
from tests.workers.work import queue, run_next, show
from workers import undo
from workers.kinds import KINDS

PINS = {"mapPins": [pin(), pin()]}


async def enqueue(home, request: UndoRequest) -> str:
    """The id of a new job, which is due after all others."""
    job_id: str = await home.store.write(
        lambda tx: imports.enqueue(
            tx, home.cause, home.trip_id, request, jobs.pack(b""), total=2, due_at=1.0
        )
    )
    return job_id


async def test_a_job_takes_a_changeset_back(home, signals):
    await home.sync(PINS)
    job_id = await enqueue(home, UndoRequest(2))
    assert (await show(home, job_id))["kind"] == "undo"
    assert await run_next(home.store, signals, KINDS)
    found = await show(home, job_id)
    assert (found["status"], found["progress"]) == ("succeeded", {"done": 2, "total": 2})
    assert found["result"]["mapPins"]["deleted"] == 2
    assert await home.rows("mapPins") == []
    assert not await run_next(home.store, signals, KINDS)


@pytest.mark.parametrize("force", [True, False])
async def test_what_is_wanted_goes_with_the_job(home, signals, force):
    (made, _) = await home.make("mapPins", pin(), pin())
    await home.change("mapPin", made, {"notes": "x"})
    await enqueue(home, UndoRequest(2, dry_run=True, force=force))
    job_id = await enqueue(home, UndoRequest(2, force=force))
    for _ in range(2):
        assert await run_next(home.store, signals, KINDS)
    result = (await show(home, job_id))["result"]
    assert (result["dryRun"], result["rev"]) == (False, 4)
    assert result["mapPins"]["errors"] == (0 if force else 1)
    assert len(await home.rows("mapPins")) == (0 if force else 1)


async def test_imports_and_undos_are_done_one_after_the_other(home, signals):
    assert {KINDS[name].group for name in ("batch", "sync", "undo")} == {"import"}
    assert KINDS["undo"].concurrency == 1
    await queue(home, PINS)
    await enqueue(home, UndoRequest(2))
    for left in (2, 0):
        assert await run_next(home.store, signals, KINDS)
        assert len(await home.rows("mapPins")) == left


@pytest.mark.parametrize("change", [{"params": "no JSON"}, {"params": "{}"}, {"trip_id": None}])
async def test_what_cannot_be_decoded_fails_at_once(home, signals, change):
    job_id = new_id()
    job = {"trip_id": home.trip_id, "params": '{"rev":2}', "now": now(), "due_at": 0.0, **change}
    job |= {"job_id": job_id, "user_id": home.user_id, "kind": "undo", "payload": b""}
    await home.store.write(lambda tx: jobs.insert(tx, **job))
    assert await run_next(home.store, signals, KINDS)
    found = await show(home, job_id)
    assert (found["status"], found["error"]["code"]) == ("failed", "INTERNAL")


async def test_what_is_stored_with_a_job_is_read_by_later_versions(home):
    """As this version stores them: the names never change."""
    stored = '{"rev":7,"dry_run":true,"force":true,"content_rev":5}'
    request = msgspec.json.decode(stored, type=UndoRequest)
    assert request == UndoRequest(7, dry_run=True, force=True, content_rev=5)
    assert msgspec.json.encode(request).decode() == stored
    await home.sync(PINS)
    await enqueue(home, UndoRequest(2))
    claim = await home.store.write(lambda tx: job_claims.claim_next(tx, "undo", "", 4e9))
    assert claim is not None
    assert undo.decode(claim) == undo.Undo(home.trip_id, UndoRequest(2))


@pytest.mark.parametrize("storage_url", ["postgres"], indirect=True)
async def test_what_is_dropped_while_a_plan_is_made_is_not_missing_from_it(home, monkeypatch):
    """There the statements of a read see what others do between them."""
    (made, _) = await home.make("mapPins", pin(), pin())
    await home.change("mapPin", made, {"notes": "x"})
    read = stored.deeds

    async def after_others(tx, trip_id, rev):
        await home.store.write(lambda other: journal.prune(other, "9999", 100))
        return await read(tx, trip_id, rev)

    monkeypatch.setattr(stored, "deeds", after_others)
    with pytest.raises(Gone):
        await home.store.read(lambda tx: operation.plan(tx, home.trip_id, UndoRequest(3), now()))
