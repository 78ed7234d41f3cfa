"""What is dropped when its time is over, and in how many transactions."""

import datetime
import itertools
import time

import pytest

from domain.account import key_hash
from domain.clock import timestamp
from domain.errors import Unavailable
from domain.scopes import Role
from domain.sign_in import WINDOW_SECONDS
from runtime.ids import new_id
from runtime.settings import Retention, Settings
from storage import (
    challenges,
    credentials,
    idempotency,
    invites,
    job_claims,
    jobs,
    keys,
    sessions,
    sign_in_failures,
    users,
    webhooks,
)
from storage.idempotency import Answer, Protection
from storage.store import Store, Tx
from tests.storage.home import Home, pin
from tests.support import now
from tests.workers.desk import Desk
from workers import pruning
from workers.kinds import KINDS, SCHEDULES
from workers.pruning import FEWEST, MOST, in_batches

MANY = 6_000
DEFAULTS = Retention()
LONG = Retention(jobs_days=14, idempotency_hours=48, deliveries_days=60, sessions_days=60)
"""Each twice as long as by default."""


async def prune(store: Store, retention: Retention = DEFAULTS) -> None:
    """All that a worker does by the clock."""
    for schedule in SCHEDULES:
        await schedule.run(store, Settings(retention=retention))


@pytest.fixture
def pauses(monkeypatch) -> list[float]:
    """The pauses between transactions, which take no time."""
    found: list[float] = []

    async def pause(seconds: float) -> None:
        found.append(seconds)

    monkeypatch.setattr(pruning, "sleep", pause)
    return found


async def insert_job(
    tx: Tx, home: Home, job_id: str, *, kind: str = "sync", due_at: float = 0.0
) -> None:
    await jobs.insert(
        tx,
        job_id=job_id,
        user_id=home.user_id,
        trip_id=home.trip_id,
        kind=kind,
        params="{}",
        payload=b"{}",
        total=0,
        now="2001-01-01T00:00:00.000Z",
        due_at=due_at,
    )


async def end_job(home: Home, days_ago: float) -> str:
    """The id of a job that ended so many days ago."""
    moment = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=days_ago)
    job_id = new_id()

    async def end(tx: Tx) -> None:
        await insert_job(tx, home, job_id)
        claim = await job_claims.claim_next(tx, "sync", timestamp(moment), 1.0)
        assert claim is not None
        await job_claims.succeed(tx, claim, timestamp(moment), 200, b"{}")

    await home.store.write(end)
    return job_id


async def key_of(home: Home) -> str:
    caller = await home.store.read(lambda tx: keys.authenticate(tx, key_hash(home.key), ""))
    assert caller is not None
    return caller.actor.idempotency_scope


@pytest.mark.parametrize("retention", [DEFAULTS, LONG])
async def test_ended_jobs_are_kept_for_a_while(home, retention):
    old = await end_job(home, retention.jobs_days + 0.01)
    recent = await end_job(home, retention.jobs_days - 0.01)
    await prune(home.store, retention)
    kept = await home.store.read(lambda tx: tx.fetch("SELECT id FROM jobs"))
    assert old != recent
    assert [row[0] for row in kept] == [recent]


async def test_a_job_that_has_not_ended_is_kept_however_old_it_is(home):
    for number in (1, 2):
        await home.store.write(
            lambda tx, n=number: insert_job(tx, home, f"job{n}", due_at=float(n))
        )
    assert await home.store.write(lambda tx: job_claims.claim_next(tx, "sync", now(), 1.0))
    await prune(home.store)
    states = await home.store.read(lambda tx: tx.fetch("SELECT status FROM jobs ORDER BY id"))
    assert [row[0] for row in states] == ["running", "queued"]


@pytest.mark.parametrize("retention", [DEFAULTS, LONG])
async def test_answers_are_kept_for_their_time(home, retention):
    key_id, seconds = await key_of(home), retention.idempotency_hours * 3600

    async def remember(tx: Tx, key: str, age: float) -> None:
        protection = Protection(key_id, key, "f", time.time() - age, 0.0)
        await idempotency.remember(tx, protection, Answer(200, {}, b"{}"))

    await home.store.write(lambda tx: remember(tx, "old", seconds + 10))
    await home.store.write(lambda tx: remember(tx, "live", seconds - 10))
    await prune(home.store, retention)
    kept = await home.store.read(lambda tx: tx.fetch("SELECT idempotency_key FROM idempotency"))
    assert [row[0] for row in kept] == ["live"]


@pytest.mark.parametrize("retention", [DEFAULTS, LONG])
async def test_what_people_sign_in_by_is_kept_for_its_time(home, retention):
    user_id, hour = home.user_id, datetime.timedelta(hours=1)
    moment = datetime.datetime.now(datetime.UTC)
    before, after = timestamp(moment - hour), timestamp(moment + hour)
    long_ago = timestamp(moment - datetime.timedelta(days=retention.sessions_days) - hour)
    other = await home.store.write(
        lambda tx: users.create(tx, email="b@example.org", name="B", now=before)
    )

    async def fill(tx: Tx) -> None:
        for at in (before, long_ago):
            await sessions.create(tx, user_id=user_id, used_from="here", now=at)
        for owner, end in ((user_id, before), (other, after)):
            await credentials.create_reset(tx, owner, now=long_ago, expires_at=end)
            await invites.create(
                tx,
                group_id=home.group_id,
                role=Role.VIEWER,
                user_id=owner,
                expires_at=end,
                now=long_ago,
            )
        for age in (WINDOW_SECONDS + 60.0, WINDOW_SECONDS - 60.0):
            await sign_in_failures.add(tx, "here", "account", time.time() - age)
            await challenges.begin(tx, "passkey", f"held {age}", "", time.time() - age / 3)

    await home.store.write(fill)
    await prune(home.store, retention)

    async def kept(tx: Tx) -> list[int]:
        tables = ("sessions", "resets", "invites", "sign_in_failures", "challenges")
        return [await tx.fetchval(f"SELECT count(*) FROM {table}") for table in tables]

    assert await home.store.read(kept) == [1] * 5


@pytest.mark.parametrize("retention", [DEFAULTS, LONG])
async def test_deliveries_are_kept_for_a_while_after_their_end(home, retention):
    desk = await Desk.of(home)
    hook, gone = await desk.hook(), await desk.hook()
    for _ in range(3):
        await home.create("mapPin", pin())
    await desk.work()
    old, recent, _ = await desk.listed(hook.id)

    async def set_back(tx: Tx) -> None:
        kept = retention.deliveries_days
        for row, days in ((old, kept + 0.01), (recent, kept - 0.01)):
            await tx.execute(
                "UPDATE deliveries SET finished_at = $1 WHERE id = $2", ago(days), row["_id"]
            )
        await webhooks.delete(tx, home.user_id, gone.id, ago(1 / 24 + 0.001))

    await home.store.write(set_back)
    await prune(home.store, retention)
    assert old not in await desk.listed(hook.id)
    assert len(await desk.listed(hook.id)) == 2
    assert await desk.listed(gone.id) == []
    left = await home.store.read(lambda tx: tx.fetch("SELECT id FROM webhooks"))
    assert [row[0] for row in left] == [hook.id]


def ago(days: float) -> str:
    return timestamp(datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=days))


async def test_a_job_of_a_kind_that_no_worker_knows_fails_after_a_day(home, logged):
    key_id = await key_of(home)
    moment = time.time() - pruning.UNKNOWN_SECONDS

    async def insert(tx: Tx) -> None:
        await insert_job(tx, home, "old", kind="later", due_at=moment - 1)
        await insert_job(tx, home, "young", kind="later", due_at=moment + 60)
        await insert_job(tx, home, "known", due_at=moment - 1)
        await idempotency.remember(tx, Protection(key_id, "i", "f", time.time(), 0.0), None, "old")

    await home.store.write(insert)
    await pruning.fail_unknown_jobs(home.store, KINDS)
    stored = await home.store.read(lambda tx: tx.fetch("SELECT id, status, error FROM jobs"))
    found = {job_id: (status, error) for job_id, status, error in stored}
    assert (found["young"], found["known"]) == (("queued", None), ("queued", None))
    status, error = found["old"]
    assert status == "failed"
    assert "No worker" in error
    record = await home.store.read(lambda tx: idempotency.find(tx, key_id, "i", 0.0))
    assert record is None, "a failure is not remembered"
    assert [line["jobs"] for line in logged if line["event"] == "unknown_jobs_failed"] == [1]


class Batches:
    """Remembers how many rows each transaction has dropped."""

    def __init__(self) -> None:
        self.rows: list[int] = []

    def counted(self, drop: pruning.Drop) -> pruning.Drop:
        async def count(tx: Tx, limit: int) -> int:
            dropped = await drop(tx, limit)
            assert dropped <= limit
            self.rows.append(dropped)
            return dropped

        return count


async def test_many_records_are_dropped_in_small_transactions(home, pauses):
    key_id, moment = await key_of(home), time.time()
    rows = [(key_id, f"k{n}", "f", moment - 1 - n) for n in range(MANY)]
    rows.append((key_id, "live", "f", moment))
    columns = ("api_key_id", "idempotency_key", "fingerprint", "created_at")
    await home.store.write(lambda tx: tx.insert("idempotency", columns, rows))
    batches = Batches()
    drop = batches.counted(lambda tx, limit: idempotency.prune(tx, moment - 1, limit))
    assert await in_batches(home.store, drop) == MANY
    assert sum(batches.rows) == MANY
    assert batches.rows[0] == FEWEST
    assert max(batches.rows) <= MOST
    assert len(pauses) == len(batches.rows) - 1, "a pause between two transactions"
    assert min(pauses) > 0
    kept = await home.store.read(lambda tx: tx.fetch("SELECT idempotency_key FROM idempotency"))
    assert [row[0] for row in kept] == ["live"]


async def test_many_jobs_are_dropped_in_small_transactions(home, pauses):
    ended_at = "2001-01-01T00:00:00.000Z"
    columns = ("user_id", "id", "kind", "params", "status", "due_at", "created_at", "finished_at")
    states = ("succeeded", "failed")
    rows = [
        (home.user_id, f"j{n}", "sync", "{}", states[n % 2], 0.0, ended_at, ended_at)
        for n in range(MANY)
    ]
    rows.append((home.user_id, "live", "sync", "{}", "succeeded", 0.0, now(), now()))
    await home.store.write(lambda tx: tx.insert("jobs", columns, rows))
    batches = Batches()
    drop = batches.counted(lambda tx, limit: jobs.prune(tx, "2002", limit))
    assert await in_batches(home.store, drop) == MANY
    assert sum(batches.rows) == MANY
    assert max(batches.rows) <= MOST
    kept = await home.store.read(lambda tx: tx.fetch("SELECT id FROM jobs"))
    assert [row[0] for row in kept] == ["live"]


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still but for what a test makes a transaction take."""

    class Clock:
        moment = 0.0

        def perf_counter(self) -> float:
            return self.moment

    clock = Clock()
    monkeypatch.setattr(pruning, "time", clock)
    return clock


@pytest.mark.parametrize(
    ("seconds_for_a_row", "expected"),
    [(0.0000001, MOST), (pruning.BATCH_SECONDS / 100, 100), (1.0, FEWEST)],
)
async def test_a_batch_is_as_large_as_its_time_allows(
    home, pauses, clock, seconds_for_a_row, expected
):
    left, sizes = 20_000, []

    async def drop(_tx: Tx, limit: int) -> int:
        nonlocal left
        dropped = min(limit, left)
        clock.moment += dropped * seconds_for_a_row
        left -= dropped
        sizes.append(limit)
        return dropped

    assert await in_batches(home.store, drop) == 20_000
    assert sizes[0] == FEWEST
    assert sizes[-1] == pytest.approx(expected, abs=1)
    assert all(later <= 2 * earlier for earlier, later in itertools.pairwise(sizes))
    assert pauses[-1] == pytest.approx(pruning.REST * sizes[-2] * seconds_for_a_row, rel=0.02)


async def test_a_database_that_goes_away_ends_the_pruning(home, pauses):
    calls = 0

    async def drop(_tx: Tx, limit: int) -> int:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise Unavailable
        return limit

    with pytest.raises(Unavailable):
        await in_batches(home.store, drop)
    assert calls == 3
