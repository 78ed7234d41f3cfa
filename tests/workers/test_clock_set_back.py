"""A clock that is set back, or was an hour ahead on another machine, makes nothing wait for it."""

import pytest

from runtime.settings import Settings
from storage import job_claims
from storage.job_claims import FURTHEST_SECONDS, LEASE_SECONDS
from storage.webhook_claims import LEASE_SECONDS as LEASE
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
from workers.runner import bring_forward

HOUR = 3600.0


@pytest.fixture
async def working(home, signals, monkeypatch):
    """A worker that does jobs."""
    monkeypatch.setattr(loop, "SWEEP_SECONDS", 0.01)
    jobs = JobLoop(home.store, signals, Settings(), schedules=())
    jobs.start()
    yield
    await soon(jobs.stop())


async def has_succeeded(home, job_id: str) -> bool:
    return bool((await show(home, job_id))["status"] == "succeeded")


async def due_at(home) -> float:
    found = await home.store.read(lambda tx: job_claims.next_due(tx, ["sync"]))
    return float(found["sync"])


async def test_a_job_that_was_queued_before_is_done_at_once(home, clock, working):
    job_id = await queue(home, {"mapPins": [pin()]}, due_at=clock.moment + 1)
    clock.moment -= HOUR
    await until(lambda: has_succeeded(home, job_id))


async def test_a_job_whose_worker_died_before_is_done_when_its_lease_could_have_run_out(
    home, clock, working
):
    job_id = await queue(home, {"mapPins": [pin()]}, due_at=clock.moment + 1)
    await claim(home, clock.moment + 1)
    clock.moment -= HOUR

    async def is_cut() -> bool:
        return bool(await due_at(home) == clock.moment + LEASE_SECONDS)

    await until(is_cut)
    clock.moment += LEASE_SECONDS
    await until(lambda: has_succeeded(home, job_id))
    assert (await show(home, job_id))["attempts"] == 2


async def test_no_job_is_taken_from_a_worker_that_lives_and_whose_clock_is_ahead(
    home, signals, clock
):
    job_id = await queue(home, {"mapPins": [pin()]}, due_at=clock.moment)
    ahead = await claim(home, clock.moment + HOUR)
    for _ in range(9):
        await bring_forward(home.store)
        assert not await run_next(home.store, signals, KINDS)
        clock.moment += LEASE_SECONDS / 3
        moment = clock.moment + HOUR
        await home.store.write(lambda tx, moment=moment: job_claims.renew(tx, ahead, moment))
    assert (await show(home, job_id))["attempts"] == 1


async def test_two_workers_clocks_apart_take_a_job_from_each_other_once_only(home, signals, clock):
    """One takes the lease of the other to have run out; that one leaves it what it has."""
    job_id = await queue(home, {"mapPins": [pin()]}, due_at=clock.moment)
    await claim(home, clock.moment)
    ahead = await claim(home, clock.moment + 70)
    assert not await run_next(home.store, signals, KINDS)
    await home.store.write(lambda tx: job_claims.renew(tx, ahead, clock.moment + 71))
    assert (await show(home, job_id))["attempts"] == 2


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
async def test_none_of_our_own_pauses_is_taken_for_that(home, signals, clock, kind):
    pauses = [kind.backoff(attempt) for attempt in range(1, kind.attempts)]
    assert max(*pauses, LEASE_SECONDS) < FURTHEST_SECONDS


async def test_a_job_that_is_to_wait_does(home, signals, clock):
    await queue(home, {"mapPins": [pin()]}, due_at=clock.moment + FURTHEST_SECONDS)
    await bring_forward(home.store)
    assert not await run_next(home.store, signals, KINDS)
    later = await home.store.write(
        lambda tx: job_claims.claim_next(tx, "sync", now(), clock.moment + FURTHEST_SECONDS)
    )
    assert later is not None


@pytest.mark.parametrize("worker", ["died", "had told it all"])
async def test_a_webhook_is_told_when_the_lease_of_before_could_have_run_out(
    home, desk, monkeypatch, worker
):
    monkeypatch.setattr(delivery_loop, "SWEEP_SECONDS", 0.01)
    async with receiving() as receiver:
        hook = await desk.hook("trip.changed", url=receiver.url)
        await home.create("mapPin", pin())
        before = await desk.claim()
        if worker != "died":
            await desk.next(before)
            await desk.release(before)
        desk.moment -= HOUR
        await home.create("mapPin", pin(lat=1))
        telling = DeliveryLoop(home.store, PRIVATE, clock=lambda: desk.moment)
        telling.start()

        async def is_cut() -> bool:
            sql = "SELECT leased_until FROM webhooks WHERE id = $1"
            leased: float = await home.store.read(lambda tx: tx.fetchval(sql, hook.id))
            return bool(leased == desk.moment + LEASE)

        await until(is_cut)
        assert receiver.received == []
        desk.moment += LEASE
        await receiver.has(2 if worker == "died" else 1)
        await soon(telling.stop())
