"""What is dropped when its time is over."""

import datetime
import time

from domain.clock import timestamp
from domain.imports import ImportRequest
from runtime.ids import new_id
from storage import accounts, idempotency, jobs
from storage.idempotency import KEPT_SECONDS, Answer
from storage.store import Tx
from tests.storage.home import Home
from tests.support import now
from workers.upkeep import prune


async def end_job(home: Home, days_ago: float) -> str:
    """The id of a job that ended so many days ago."""
    moment = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=days_ago)
    job_id = new_id()

    async def end(tx: Tx) -> None:
        await jobs.insert(
            tx,
            job_id=job_id,
            user_id=home.user_id,
            trip_id=home.trip_id,
            request=ImportRequest("sync"),
            payload=b"{}",
            total=0,
            now=timestamp(moment),
            due_at=0.0,
        )
        if days_ago >= 0:
            claim = await jobs.claim_next(tx, timestamp(moment), 1.0)
            assert claim is not None
            await jobs.succeed(tx, claim, timestamp(moment), 200, b"{}")

    await home.store.write(end)
    return job_id


async def test_ended_jobs_are_kept_for_a_while(home):
    old = await end_job(home, jobs.KEPT_DAYS + 0.01)
    recent = await end_job(home, jobs.KEPT_DAYS - 0.01)
    await prune(home.store)
    kept = await home.store.read(lambda tx: tx.fetch("SELECT id FROM jobs"))
    assert old != recent
    assert [row[0] for row in kept] == [recent]


async def test_a_job_that_has_not_ended_is_kept_however_old_it_is(home):
    async def insert(tx: Tx, number: int) -> None:
        await jobs.insert(
            tx,
            job_id=f"job{number}",
            user_id=home.user_id,
            trip_id=home.trip_id,
            request=ImportRequest("sync"),
            payload=b"{}",
            total=0,
            now="2001-01-01T00:00:00.000Z",
            due_at=float(number),
        )

    for number in (1, 2):
        await home.store.write(lambda tx, n=number: insert(tx, n))
    assert await home.store.write(lambda tx: jobs.claim_next(tx, now(), 1.0))
    await prune(home.store)
    states = await home.store.read(lambda tx: tx.fetch("SELECT status FROM jobs ORDER BY id"))
    assert [row[0] for row in states] == ["running", "queued"]


async def test_answers_are_kept_for_their_time(home):
    caller = await home.store.read(lambda tx: accounts.authenticate(tx, home.key, None))
    assert caller is not None

    async def remember(tx: Tx, key: str, age: float) -> None:
        assert await idempotency.reserve(tx, caller.key_id, key, "f", time.time() - age)
        await idempotency.remember(tx, caller.key_id, key, answer=Answer(200, {}, b"{}"))

    await home.store.write(lambda tx: remember(tx, "old", KEPT_SECONDS + 10))
    await home.store.write(lambda tx: remember(tx, "live", KEPT_SECONDS - 10))
    await prune(home.store)
    kept = await home.store.read(lambda tx: tx.fetch("SELECT idempotency_key FROM idempotency"))
    assert [row[0] for row in kept] == ["live"]
