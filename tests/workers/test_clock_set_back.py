"""Nothing waits for a clock that is set back; a worker whose clock is behind takes nothing away."""

import pytest

from runtime.settings import Settings
from storage import job_claims, leases, open_store, webhook_claims
from storage.leases import FURTHEST_SECONDS
from tests.receiver import receiving
from tests.storage.home import pin, soon
from tests.support import now
from tests.waiting import until
from tests.workers.test_delivery_loop import PRIVATE
from tests.workers.work import claim, queue, run_next, show
from workers import delivery_loop, loop
from workers.delivery_loop import DeliveryLoop
from workers.kinds import KINDS
from workers.loop import JobLoop
from workers.watch import Watch

HOUR = 3600.0
BEHIND = 70.0
LEASE = job_claims.LEASE_SECONDS
HOOK_LEASE = webhook_claims.LEASE_SECONDS
DUE = "SELECT due_at FROM jobs WHERE id = $1"


class Passed:
    """How long a process has lived, as the tests set it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def passed() -> Passed:
    return Passed()


@pytest.fixture
async def jobs(home, signals, passed, monkeypatch):
    """A worker that does jobs."""
    monkeypatch.setattr(loop, "SWEEP_SECONDS", 0.01)
    running = JobLoop(home.store, signals, Settings(), schedules=(), monotonic=passed)
    running.start()
    yield
    await soon(running.stop())


async def has_succeeded(home, job_id: str) -> bool:
    return bool((await show(home, job_id))["status"] == "succeeded")


async def passes(passed: Passed, seconds: float, done):
    """Has a process live on, a second at each look, until something is done."""

    async def one_more():
        passed.seconds += 1
        return await done()

    await until(one_more)
    assert passed.seconds >= seconds


@pytest.mark.parametrize("state", ["queued", "of a worker that died"])
async def test_a_job_of_before_is_done_when_it_has_not_changed_for_the_length_of_a_lease(
    home, clock, jobs, passed, state
):
    job_id = await queue(home, {"mapPins": [pin()]}, due_at=clock.moment + 1)
    if state != "queued":
        await claim(home, clock.moment + 1)
    clock.moment -= HOUR
    await passes(passed, LEASE, lambda: has_succeeded(home, job_id))
    assert (await show(home, job_id))["attempts"] == (1 if state == "queued" else 2)


async def test_a_worker_behind_leaves_others_their_jobs_for_as_long_as_they_live(
    home, signals, clock, passed, storage_url
):
    """Two clocks are right; the third worker's is more than a lease and a minute behind."""
    job_id = await queue(home, {"mapPins": [pin()]}, due_at=clock.moment)
    holder = await claim(home, clock.moment)
    behind = await open_store(storage_url, create=False)
    watch = Watch(job_claims.LEASES, passed)
    for _ in range(30):
        await watch.look(behind, clock.moment - BEHIND)
        assert not await run_next(home.store, signals, KINDS)
        clock.moment += LEASE / 3
        passed.seconds += LEASE / 3
        await home.store.write(lambda tx: job_claims.renew(tx, holder, clock.moment))
    assert (await show(home, job_id))["attempts"] == 1
    await watch.look(behind, clock.moment - BEHIND)
    passed.seconds += LEASE
    await watch.look(behind, clock.moment - BEHIND)
    await behind.close()
    taken = await claim(home, clock.moment - BEHIND)
    assert (taken.job_id, taken.attempt) == (job_id, 2)


async def test_a_worker_behind_leaves_others_their_webhooks_for_as_long_as_they_live(
    home, desk, passed, storage_url
):
    hook = await desk.hook("trip.changed")
    for number in range(31):
        await home.create("mapPin", pin(lat=number))
    holder = await desk.claim()
    behind = await open_store(storage_url, create=False)
    watch = Watch(webhook_claims.LEASES, passed)
    for _ in range(30):
        await watch.look(behind, desk.moment - BEHIND)
        assert await desk.claim() is None
        desk.moment += HOOK_LEASE - 1
        passed.seconds += HOOK_LEASE - 1
        assert await desk.next(holder)
    assert len({each.id for each in desk.sent}) == len(desk.sent) == 30
    assert {each["attempts"] for each in await desk.listed(hook.id)} == {0, 1}
    await watch.look(behind, desk.moment - BEHIND)
    passed.seconds += HOOK_LEASE
    await watch.look(behind, desk.moment - BEHIND)
    await behind.close()
    desk.moment -= BEHIND
    taken = await desk.claim()
    assert (taken.hook_id, taken.lease) == (hook.id, holder.lease + 1)


@pytest.mark.parametrize("change", ["renewed", "taken", "ended"])
async def test_what_has_changed_since_it_was_looked_at_is_left_alone(home, clock, passed, change):
    """Between a worker's look and its write."""
    job_id = await queue(home, {"mapPins": [pin()]}, due_at=clock.moment)
    holder = await claim(home, clock.moment + HOUR)
    (seen,) = await home.store.read(lambda tx: leases.put_off(tx, job_claims.LEASES, clock.moment))
    later = clock.moment + HOUR + 1
    if change == "renewed":
        await home.store.write(lambda tx: job_claims.renew(tx, holder, later))
    elif change == "taken":
        await claim(home, clock.moment + HOUR + LEASE)
    else:
        await home.store.write(lambda tx: job_claims.succeed(tx, holder, now(), 200, b"{}"))
    before = await home.store.read(lambda tx: tx.fetchval(DUE, job_id))
    await home.store.write(lambda tx: leases.end(tx, job_claims.LEASES, [seen], clock.moment))
    assert await home.store.read(lambda tx: tx.fetchval(DUE, job_id)) == before


async def test_two_workers_clocks_apart_take_a_job_from_each_other_once_only(home, signals, clock):
    """One takes the lease of the other to have run out; that one leaves it what it has."""
    job_id = await queue(home, {"mapPins": [pin()]}, due_at=clock.moment)
    await claim(home, clock.moment)
    ahead = await claim(home, clock.moment + BEHIND)
    assert not await run_next(home.store, signals, KINDS)
    await home.store.write(lambda tx: job_claims.renew(tx, ahead, clock.moment + BEHIND + 1))
    assert (await show(home, job_id))["attempts"] == 2


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
async def test_no_pause_of_ours_is_longer_than_what_is_waited_for(kind):
    """Nor is one cut short by a worker whose clock is behind."""
    pauses = [kind.backoff(attempt) for attempt in range(1, kind.attempts)]
    assert max(pauses, default=0.0) < LEASE < HOOK_LEASE < FURTHEST_SECONDS


async def test_a_job_that_is_to_wait_does(home, signals, clock, passed):
    await queue(home, {"mapPins": [pin()]}, due_at=clock.moment + FURTHEST_SECONDS)
    watch = Watch(job_claims.LEASES, passed)
    for _ in range(3):
        await watch.look(home.store, clock.moment)
        passed.seconds += LEASE
    assert not await run_next(home.store, signals, KINDS)
    await claim(home, clock.moment + FURTHEST_SECONDS)


@pytest.mark.parametrize("worker", ["died", "had told it all"])
async def test_a_webhook_is_told_when_its_lease_of_before_has_not_changed_for_its_length(
    home, desk, passed, monkeypatch, worker
):
    monkeypatch.setattr(delivery_loop, "SWEEP_SECONDS", 0.01)
    async with receiving() as receiver:
        await desk.hook("trip.changed", url=receiver.url)
        await home.create("mapPin", pin())
        before = await desk.claim()
        if worker != "died":
            await desk.next(before)
            await desk.release(before)
        desk.moment -= HOUR
        await home.create("mapPin", pin(lat=1))
        telling = DeliveryLoop(home.store, PRIVATE, clock=lambda: desk.moment, monotonic=passed)
        telling.start()

        async def is_told() -> bool:
            return bool(receiver.received)

        await passes(passed, HOOK_LEASE, is_told)
        await receiver.has(2 if worker == "died" else 1)
        await soon(telling.stop())
