"""What workers do is counted: jobs, deliveries and schedules by what became of them."""

import asyncio

import pytest

from domain.errors import Unavailable
from runtime import measured
from runtime.settings import Settings
from storage.job_claims import LEASE_SECONDS
from tests.measuring import counted, number
from tests.storage.home import pin, soon
from tests.waiting import until
from tests.workers.work import claim, queue, run_next
from workers.kinds import HOUR, KINDS, Schedule
from workers.loop import JobLoop

SYNC = KINDS["sync"]


@pytest.mark.parametrize(
    ("body", "outcome", "timed"), [({"mapPins": [pin()]}, "succeeded", 1), (["none"], "failed", 0)]
)
async def test_a_job_by_its_outcome(home, signals, body, outcome, timed):
    await queue(home, body)
    took = sum(measured.JOB_SECONDS.row(("sync",))[:-1])
    with (
        counted(measured.JOB_ATTEMPTS, "sync"),
        counted(measured.JOBS_ENDED, "sync", outcome),
        counted(measured.JOBS_ENDED, "sync", "abandoned", times=0),
    ):
        assert await run_next(home.store, signals, KINDS)
    assert sum(measured.JOB_SECONDS.row(("sync",))[:-1]) - took == timed


async def test_a_job_whose_workers_die_of_it_is_abandoned(home, signals, clock):
    await queue(home, {"mapPins": [pin()]})
    for _ in range(SYNC.attempts):
        await claim(home, clock.moment)
        clock.moment += LEASE_SECONDS + 1
    with (
        counted(measured.JOB_ATTEMPTS, "sync", times=0),
        counted(measured.JOBS_ENDED, "sync", "abandoned"),
    ):
        assert await run_next(home.store, signals, KINDS)


async def test_deliveries_and_the_webhook_that_fails_for_good(home, desk):
    await desk.hook("trip.changed")
    await home.create("mapPin", pin())
    with counted(measured.DELIVERIES, "succeeded"), counted(measured.WEBHOOKS_DISABLED, times=0):
        await desk.work()
    desk.answer = lambda _sent: 500
    await home.create("mapPin", pin())
    before = number(measured.DELIVERIES, "failed")
    with counted(measured.WEBHOOKS_DISABLED):
        while sent := await desk.work():
            before += len(sent)
            desk.moment += 24 * HOUR
    assert number(measured.DELIVERIES, "failed") == before


@pytest.mark.parametrize("error", [Unavailable(), ZeroDivisionError()])
async def test_a_schedule_that_fails_and_is_done_again(home, signals, error):
    wrong = [error]
    again = asyncio.Event()

    async def do(*_: object) -> None:
        if wrong:
            raise wrong.pop()
        again.set()

    measured.SCHEDULE_LAST_SUCCESS.forget()
    schedule = Schedule("prune_jobs", 0, do)
    with counted(measured.SCHEDULE_FAILURES, "prune_jobs"):
        worker = JobLoop(home.store, signals, Settings(), KINDS, [schedule])
        worker.start()
        await soon(again.wait())
        await until(lambda: number(measured.SCHEDULE_LAST_SUCCESS, "prune_jobs") > 0)
        await soon(worker.stop())
