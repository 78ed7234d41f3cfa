"""A clock that is set back, or was an hour ahead on another machine, makes no job wait for it."""

import pytest

from storage import jobs
from storage.jobs import FURTHEST_SECONDS, LEASE_SECONDS
from tests.storage.home import pin
from tests.support import now
from tests.workers.work import claim, queue, run_next, show
from workers.kinds import KINDS

HOUR = 3600.0


async def test_a_job_that_was_queued_before_is_done_at_once(home, signals, clock):
    job_id = await queue(home, {"mapPins": [pin()]}, due_at=clock.moment)
    clock.moment -= HOUR
    assert await run_next(home.store, signals, KINDS)
    assert (await show(home, job_id))["status"] == "succeeded"


async def test_two_workers_clocks_apart_take_a_job_from_each_other_once_only(home, signals, clock):
    """One takes the lease of the other to have run out; that one leaves it what it has."""
    job_id = await queue(home, {"mapPins": [pin()]}, due_at=clock.moment)
    await claim(home, clock.moment)
    ahead = await claim(home, clock.moment + 70)
    assert not await run_next(home.store, signals, KINDS)
    await home.store.write(lambda tx: jobs.renew(tx, ahead, clock.moment + 71))
    assert (await show(home, job_id))["attempts"] == 2


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
async def test_none_of_our_own_pauses_is_taken_for_that(home, signals, clock, kind):
    pauses = [kind.backoff(attempt) for attempt in range(1, kind.attempts)]
    assert max(*pauses, LEASE_SECONDS) < FURTHEST_SECONDS


async def test_a_job_that_is_to_wait_does(home, signals, clock):
    await queue(home, {"mapPins": [pin()]}, due_at=clock.moment + FURTHEST_SECONDS)
    assert not await run_next(home.store, signals, KINDS)
    later = await home.store.write(
        lambda tx: jobs.claim_next(tx, "sync", now(), clock.moment + FURTHEST_SECONDS)
    )
    assert later is not None
