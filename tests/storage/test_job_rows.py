"""Jobs at rest: claims under a lease, counted attempts, and one end."""

import asyncio
import dataclasses
import zlib

import msgspec
import pytest

from domain.errors import Detail, ItemError
from runtime.ids import new_id
from storage import job_claims, jobs, open_store
from storage.job_claims import LEASE_SECONDS, Claim
from storage.leases import LeaseLost
from storage.store import Tx
from tests.storage.home import Home, soon
from tests.support import now

T0 = 1_000.0


async def queue(home: Home, due_at: float = T0, **change) -> str:
    job_id = new_id()
    job = {
        "user_id": home.user_id,
        "trip_id": home.trip_id,
        "kind": "sync",
        "params": "{}",
        "payload": b'{"legs":[]}',
        "total": 3,
        "now": now(),
        **change,
    }
    await home.store.write(lambda tx: jobs.insert(tx, job_id=job_id, due_at=due_at, **job))
    return job_id


async def claim(home: Home, moment: float, kind: str = "sync") -> Claim | None:
    return await home.store.write(lambda tx: job_claims.claim_next(tx, kind, now(), moment))


async def due(home: Home, *kinds: str) -> dict[str, float]:
    return await home.store.read(lambda tx: job_claims.next_due(tx, kinds))


async def claimed(home: Home, moment: float) -> Claim:
    found = await claim(home, moment)
    assert found is not None
    return found


async def show(home: Home, job_id: str):
    job = await home.store.read(lambda tx: jobs.get(tx, home.user_id, job_id))
    return msgspec.json.decode(msgspec.json.encode(job))


async def test_a_queued_job(home):
    moment = now()
    job_id = await queue(home, now=moment)
    assert await show(home, job_id) == {
        "_id": job_id,
        "kind": "sync",
        "tripId": home.trip_id,
        "status": "queued",
        "progress": {"done": 0, "total": 3},
        "attempts": 0,
        "createdAt": moment,
    }
    assert await home.store.read(lambda tx: jobs.outcome(tx, home.user_id, job_id)) is None


async def test_a_job_is_its_users_own(home):
    job_id = await queue(home)
    for user_id in ("", "somebody"):
        assert await home.store.read(lambda tx, u=user_id: jobs.get(tx, u, job_id)) is None
        assert await home.store.read(lambda tx, u=user_id: jobs.outcome(tx, u, job_id)) is None


async def test_a_claim_has_what_the_work_needs(home):
    payload = "é\n".encode()
    moment = now()
    job_id = await queue(
        home,
        kind="batch",
        params='{"é": 1}',
        payload=payload,
        total=7,
        key_id="key1",
        request_id="req_1",
        now=moment,
    )
    found = await claim(home, T0, "batch")
    assert found is not None
    assert dataclasses.replace(found, payload=bytes(found.payload)) == Claim(
        user_id=home.user_id,
        job_id=job_id,
        kind="batch",
        trip_id=home.trip_id,
        params='{"é": 1}',
        payload=payload,
        total=7,
        attempt=1,
        created_at=moment,
        key_id="key1",
        request_id="req_1",
        traceparent=None,
    )
    job = await show(home, job_id)
    assert (job["status"], job["attempts"]) == ("running", 1)
    assert job["startedAt"]


async def test_nothing_is_claimed_before_it_is_due(home):
    assert await claim(home, T0) is None
    await queue(home, T0 + 5)
    assert await claim(home, T0 + 4.99) is None
    assert await due(home, "sync") == {"sync": T0 + 5}
    assert await claim(home, T0 + 5) is not None


async def test_a_claim_is_of_one_kind(home):
    batch = await queue(home, T0, kind="batch")
    sync = await queue(home, T0 + 1)
    assert await due(home) == {}
    assert await due(home, "other", "sync", "batch") == {"sync": T0 + 1, "batch": T0}
    assert (await claimed(home, T0 + 9)).job_id == sync
    assert await claim(home, T0 + 9) is None
    assert await claim(home, T0 + 9, "other") is None
    found = await claim(home, T0 + 9, "batch")
    assert found is not None
    assert (found.job_id, found.kind) == (batch, "batch")


@pytest.mark.parametrize("result", [b"", b"{}"])
async def test_a_job_without_trip_items_and_payload(home, result):
    job_id = await queue(home, kind="other", payload=b"", trip_id=None, total=None)
    job = await show(home, job_id)
    assert set(job) == {"_id", "kind", "status", "progress", "attempts", "createdAt"}
    assert job["progress"] == {"done": 0}
    found = await claim(home, T0, "other")
    assert found is not None
    assert (found.trip_id, found.total, found.payload) == (None, None, b"")
    await home.store.write(lambda tx: job_claims.succeed(tx, found, now(), 204, result))
    job = await show(home, job_id)
    assert (job["status"], job["progress"]) == ("succeeded", {"done": 0})
    assert job.get("result") == ({} if result else None)
    outcome = await home.store.read(lambda tx: jobs.outcome(tx, home.user_id, job_id))
    assert (outcome.status, outcome.packed, outcome.error) == (204, result, None)


async def test_the_job_due_first_is_claimed_first(home):
    third, first, second = [await queue(home, T0 + n) for n in (3, 1, 2)]
    order = [(await claimed(home, T0 + 3)).job_id for _ in range(3)]
    assert order == [first, second, third]
    assert await claim(home, T0 + 3) is None


async def test_jobs_due_at_once_go_by_age(home):
    made = [await queue(home) for _ in range(4)]
    assert [(await claimed(home, T0)).job_id for _ in range(4)] == made


async def test_a_running_job_is_claimed_again_once_its_lease_has_run_out(home):
    job_id = await queue(home)
    first = await claimed(home, T0)
    assert await due(home, "sync") == {"sync": T0 + LEASE_SECONDS}
    assert await claim(home, T0 + LEASE_SECONDS - 0.01) is None
    second = await claimed(home, T0 + LEASE_SECONDS)
    assert (second.job_id, first.attempt, second.attempt) == (job_id, 1, 2)
    job = await show(home, job_id)
    assert (job["status"], job["attempts"]) == ("running", 2)


async def test_the_start_is_that_of_the_first_attempt(home):
    job_id = await queue(home)
    await home.store.write(
        lambda tx: job_claims.claim_next(tx, "sync", "2026-01-01T00:00:00.000Z", T0)
    )
    await home.store.write(
        lambda tx: job_claims.claim_next(tx, "sync", "2027-01-01T00:00:00.000Z", T0 + 99)
    )
    assert (await show(home, job_id))["startedAt"] == "2026-01-01T00:00:00.000Z"


async def test_of_many_claimers_at_once_one_gets_the_job(home, storage_url):
    others = [await open_store(storage_url, create=False) for _ in range(3)]
    stores = [home.store, *others]
    for count in (1, 10):
        made = {await queue(home) for _ in range(count)}
        claims = await soon(
            asyncio.gather(
                *(
                    store.write(lambda tx: job_claims.claim_next(tx, "sync", now(), T0))
                    for store in stores
                    for _ in range(5)
                )
            )
        )
        taken = [found.job_id for found in claims if found is not None]
        assert sorted(taken) == sorted(made)
    for other in others:
        await other.close()


@pytest.mark.parametrize("payload", [b"{}", jobs.pack(b"{}")])
async def test_success_ends_a_job(home, payload):
    job_id = await queue(home, payload=payload)
    found = await claimed(home, T0)
    moment = now()
    await home.store.write(lambda tx: job_claims.succeed(tx, found, moment, 207, b'{"errors": 1}'))
    job = await show(home, job_id)
    assert (job["status"], job["finishedAt"]) == ("succeeded", moment)
    assert job["progress"] == {"done": 3, "total": 3}
    assert job["result"] == {"errors": 1}
    assert "error" not in job
    outcome = await home.store.read(lambda tx: jobs.outcome(tx, home.user_id, job_id))
    assert (outcome.status, outcome.error) == (207, None)
    assert jobs.unpack(outcome.packed) == b'{"errors": 1}'
    assert await claim(home, T0 + 10**9) is None
    assert await due(home, "sync") == {}


async def test_failure_ends_a_job(home):
    job_id = await queue(home)
    found = await claimed(home, T0)
    error = ItemError("VALIDATION_ERROR", "No", [Detail("legs", "wrong_type", "a list of items")])
    await home.store.write(lambda tx: job_claims.fail(tx, found, now(), 400, error))
    job = await show(home, job_id)
    assert job["status"] == "failed"
    assert job["error"] == {
        "code": "VALIDATION_ERROR",
        "message": "No",
        "details": [{"path": "legs", "reason": "wrong_type", "message": "a list of items"}],
    }
    assert "result" not in job
    assert job["progress"]["done"] == 0
    outcome = await home.store.read(lambda tx: jobs.outcome(tx, home.user_id, job_id))
    assert (outcome.status, outcome.error) == (400, error)
    assert await claim(home, T0 + 10**9) is None


@pytest.mark.parametrize("end", ["succeed", "fail"])
async def test_an_ended_job_keeps_no_payload(home, end):
    """A body of 32 MiB is not kept for days beside its result."""
    await queue(home)
    found = await claimed(home, T0)
    await home.store.write(lambda tx: ending(tx, end, found))
    assert await home.store.read(lambda tx: tx.fetchval("SELECT payload FROM jobs")) is None


async def ending(tx: Tx, end: str, found: Claim) -> None:
    if end == "succeed":
        await job_claims.succeed(tx, found, now(), 200, b"{}")
    elif end == "fail":
        await job_claims.fail(tx, found, now(), 500, ItemError("INTERNAL", "x"))
    else:
        await job_claims.retry(tx, found, T0 + 100)


async def test_a_job_put_back_is_due_later(home):
    job_id = await queue(home)
    found = await claimed(home, T0)
    await home.store.write(lambda tx: job_claims.retry(tx, found, T0 + 100))
    job = await show(home, job_id)
    assert (job["status"], job["attempts"]) == ("queued", 1)
    assert await claim(home, T0 + 99) is None
    again = await claimed(home, T0 + 100)
    assert (again.attempt, bytes(again.payload)) == (2, b'{"legs":[]}')


@pytest.mark.parametrize("end", ["succeed", "fail", "retry"])
async def test_only_the_latest_attempt_can_end_a_job(home, end):
    job_id = await queue(home)
    lost = await claimed(home, T0)
    latest = await claimed(home, T0 + LEASE_SECONDS)

    async def effects(tx: Tx) -> None:
        await tx.execute("INSERT INTO server_state (name, value) VALUES ('effect', 'x')")
        await ending(tx, end, lost)

    with pytest.raises(LeaseLost):
        await home.store.write(effects)
    effect = "SELECT value FROM server_state WHERE name = 'effect'"
    assert await home.store.read(lambda tx: tx.fetchval(effect)) is None, "its effects are undone"
    assert (await show(home, job_id))["status"] == "running"
    await home.store.write(lambda tx: ending(tx, end, latest))
    assert (await show(home, job_id))["status"] != "running"


@pytest.mark.parametrize("first", ["succeed", "fail", "retry"])
@pytest.mark.parametrize("second", ["succeed", "fail", "retry"])
async def test_an_attempt_ends_once(home, first, second):
    job_id = await queue(home)
    found = await claimed(home, T0)
    await home.store.write(lambda tx: ending(tx, first, found))
    before = await show(home, job_id)
    with pytest.raises(LeaseLost):
        await home.store.write(lambda tx: ending(tx, second, found))
    assert await show(home, job_id) == before


async def test_a_large_payload_and_result(home):
    body = bytes(range(256)) * 8_192
    job_id = await queue(home, payload=jobs.pack(body))
    found = await claimed(home, T0)
    assert jobs.unpack(found.payload) == body
    result = msgspec.json.encode({"text": "é" * 500_000})
    await home.store.write(lambda tx: job_claims.succeed(tx, found, now(), 200, result))
    outcome = await home.store.read(lambda tx: jobs.outcome(tx, home.user_id, job_id))
    assert jobs.unpack(outcome.packed) == result
    assert len(outcome.packed) < len(result) / 10


@pytest.mark.parametrize("body", [b"{}", b"", b" \n[]", bytes(range(256)) * 999])
def test_a_payload_brings_its_body_back(body):
    packed = jobs.pack(body)
    assert jobs.unpack(packed) == body
    assert len(packed) < len(body) + 16


def test_a_body_packed_by_zlib_is_brought_back():
    body = bytes(range(256)) * 999
    assert jobs.unpack(zlib.compress(body, 1)) == body
    assert zlib.decompress(jobs.pack(body)) == body


@pytest.mark.parametrize("body", [b"{}", b' {"legs": []}', b"\n[]", "[1]".encode("utf-8-sig")])
def test_a_payload_of_the_first_release_is_the_body_itself(body):
    assert jobs.unpack(body) == body


NO_ONE_KNOWS = ItemError("INTERNAL", "No worker knows this")


async def fail_unknown(home: Home, due_before: float, limit: int = 9) -> list[str]:
    return await home.store.write(
        lambda tx: job_claims.fail_unknown(
            tx, ["sync", "batch"], due_before, now(), limit, NO_ONE_KNOWS
        )
    )


async def test_jobs_of_unknown_kinds_that_wait_for_long_fail(home):
    known = await queue(home, T0)
    late, later = [await queue(home, T0 + n, kind="other") for n in (1, 2)]
    left = await queue(home, T0 + 3, kind="other")
    assert await fail_unknown(home, T0) == []
    assert await fail_unknown(home, T0 + 3, limit=1) == [late]
    assert await fail_unknown(home, T0 + 3) == [later]
    assert await fail_unknown(home, T0 + 3) == []
    for job_id in (late, later):
        job = await show(home, job_id)
        assert (job["status"], job["error"]["code"]) == ("failed", "INTERNAL")
        assert job["finishedAt"]
    assert [(await show(home, job_id))["status"] for job_id in (known, left)] == ["queued"] * 2


async def test_a_job_that_failed_as_unknown_cannot_be_ended_by_its_worker(home):
    await queue(home, T0, kind="other")
    found = await claim(home, T0, "other")
    assert found is not None
    assert await fail_unknown(home, T0 + LEASE_SECONDS + 1) == [found.job_id]
    with pytest.raises(LeaseLost):
        await home.store.write(lambda tx: job_claims.succeed(tx, found, now(), 200, b"{}"))


async def test_no_more_jobs_are_dropped_than_asked_for_and_the_oldest_first(home):
    for day in (3, 1, 2, 4):
        await queue(home)
        found = await claimed(home, T0)
        ended_at = f"2026-01-0{day}T00:00:00.000Z"
        await home.store.write(
            lambda tx, found=found, at=ended_at: job_claims.succeed(tx, found, at, 200, b"{}")
        )

    def prune(limit: int):
        return lambda tx: jobs.prune(tx, "2026-01-04T00:00:00.000Z", limit)

    dropped = [await home.store.write(prune(limit)) for limit in (1, 0, 1, 9, 9)]
    assert dropped == [1, 0, 1, 1, 0]
    left = await home.store.read(lambda tx: tx.fetch("SELECT finished_at FROM jobs"))
    assert [tuple(row) for row in left] == [("2026-01-04T00:00:00.000Z",)]
