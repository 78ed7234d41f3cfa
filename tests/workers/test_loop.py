"""The loop that does job after job until it is stopped."""

import asyncio
import contextlib
import threading
import time

import pytest

from domain.errors import Unavailable
from operations import imports
from runtime.settings import Settings
from storage import job_claims, open_store
from storage.store import Tx
from tests.storage.home import busy, pin, soon
from tests.waiting import PATIENCE, until
from tests.workers.work import Clock, queue, show
from workers import loop
from workers.loop import JobLoop
from workers.runner import claim_next


@contextlib.asynccontextmanager
async def working(store, signals):
    worker = JobLoop(store, signals, Settings())
    worker.start()
    try:
        yield worker
    finally:
        await soon(worker.stop())


async def ended(home, signals, job_id: str):
    """A job's last state."""
    with signals.watch_job(job_id) as watch:
        async with asyncio.timeout(PATIENCE):
            while (job := await show(home, job_id))["status"] not in ("succeeded", "failed"):
                await watch.wait(0.05)
    return job


async def test_a_job_that_was_queued_is_done(home, signals, monkeypatch):
    monkeypatch.setattr(loop, "SWEEP_SECONDS", 3600)
    async with working(home.store, signals):
        for number in range(3):
            job_id = await queue(home, {"mapPins": [pin(name=f"{number}")]})
            await signals.job_queued(job_id)
            assert (await ended(home, signals, job_id))["status"] == "succeeded"
    assert [row["name"] for row in await home.rows("mapPins")] == ["0", "1", "2"]


async def test_jobs_from_before_the_start_are_done(home, signals, monkeypatch):
    monkeypatch.setattr(loop, "SWEEP_SECONDS", 3600)
    made = [await queue(home, {"mapPins": [pin(name=f"{n}")]}) for n in range(5)]
    async with working(home.store, signals):
        for job_id in made:
            assert (await ended(home, signals, job_id))["status"] == "succeeded"
    assert [row["name"] for row in await home.rows("mapPins")] == ["0", "1", "2", "3", "4"]


async def test_a_job_that_no_signal_told_of_is_found(home, signals, monkeypatch):
    monkeypatch.setattr(loop, "SWEEP_SECONDS", 0.01)
    async with working(home.store, signals):
        job_id = await queue(home, {"mapPins": [pin()]})
        assert (await ended(home, signals, job_id))["status"] == "succeeded"


async def test_a_job_that_crashed_is_done_when_its_wait_is_over(home, signals, monkeypatch):
    monkeypatch.setattr(loop, "SWEEP_SECONDS", 0.01)
    clock, apply, calls = Clock(monkeypatch), imports.apply, []

    async def crash_once(*arguments):
        calls.append(clock.moment)
        if len(calls) == 1:
            clock.moment += 60
            raise ZeroDivisionError
        return await apply(*arguments)

    monkeypatch.setattr(imports, "apply", crash_once)
    job_id = await queue(home, {"mapPins": [pin()]})
    async with working(home.store, signals):
        with signals.watch_job(job_id) as watch:
            async with asyncio.timeout(PATIENCE):
                # It is put back by the clock: that must not go on before.
                while not calls or (await show(home, job_id))["status"] != "queued":
                    await watch.wait(0.05)
        clock.moment += 60
        job = await ended(home, signals, job_id)
    assert (job["status"], job["attempts"], len(calls)) == ("succeeded", 2, 2)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Unavailable(), ["worker_waits", "worker_goes_on"]),
        (ZeroDivisionError(), ["worker_stumbled"] * 2),
    ],
)
async def test_the_worker_outlives_whatever_happens(
    home, signals, monkeypatch, logged, error, told
):
    monkeypatch.setattr(loop, "SWEEP_SECONDS", 0.01)
    calls: list[None] = []

    async def fail_twice(*arguments):
        calls.append(None)
        if len(calls) <= 2:
            raise error
        return await claim_next(*arguments)

    monkeypatch.setattr("workers.loop.claim_next", fail_twice)
    job_id = await queue(home, {"mapPins": [pin()]})
    async with working(home.store, signals):
        assert (await ended(home, signals, job_id))["status"] == "succeeded"
    assert len(calls) >= 3
    of_the_loop = ("worker_waits", "worker_goes_on", "worker_stumbled")
    assert [line["event"] for line in logged if line["event"] in of_the_loop] == told


async def test_a_database_that_is_read_and_not_written_to_is_told_once(
    home, signals, monkeypatch, logged
):
    monkeypatch.setattr(loop, "SWEEP_SECONDS", 0.01)
    looks = 0

    async def refused(*_arguments):
        nonlocal looks
        looks += 1
        raise Unavailable

    monkeypatch.setattr("workers.watch.Watch.look", refused)
    async with working(home.store, signals):
        await until(lambda: looks >= 3)
    of_the_loop = ("worker_waits", "worker_goes_on")
    assert [line["event"] for line in logged if line["event"] in of_the_loop] == ["worker_waits"]


async def test_stopping_finishes_the_job_at_hand_and_leaves_the_rest(home, signals, monkeypatch):
    begun, go_on, apply = threading.Event(), threading.Event(), imports.apply

    async def slow(tx: Tx, *arguments):
        begun.set()
        await busy(tx, go_on)
        return await apply(tx, *arguments)

    monkeypatch.setattr(imports, "apply", slow)
    at_hand, rest = [await queue(home, {"mapPins": [pin()]}) for _ in range(2)]
    worker = JobLoop(home.store, signals, Settings())
    worker.start()
    await asyncio.to_thread(begun.wait, PATIENCE)
    stopping = asyncio.create_task(worker.stop())
    await asyncio.wait([stopping], timeout=0.05)
    assert not stopping.done()
    go_on.set()
    await soon(stopping)
    assert (await show(home, at_hand))["status"] == "succeeded"
    assert (await show(home, rest))["status"] == "queued"
    assert len(await home.rows("mapPins")) == 1


async def test_stopping_while_idle_is_quick(home, signals, monkeypatch):
    monkeypatch.setattr(loop, "SWEEP_SECONDS", 3600)
    worker = JobLoop(home.store, signals, Settings())
    worker.start()
    await home.store.read(lambda tx: tx.fetchval("SELECT 1"))
    await soon(worker.stop())


async def test_a_worker_that_was_never_started_can_be_stopped(home, signals):
    await soon(JobLoop(home.store, signals, Settings()).stop())


async def test_several_workers_do_each_job_once(home, signals, storage_url):
    made = [await queue(home, {"mapPins": [pin(name=f"{n:02}")]}) for n in range(24)]
    others = [await open_store(storage_url, create=False) for _ in range(2)]
    async with contextlib.AsyncExitStack() as stack:
        for store in (home.store, *others):
            await stack.enter_async_context(working(store, signals))
        jobs = [await ended(home, signals, job_id) for job_id in made]
    for other in others:
        await other.close()
    assert {(job["status"], job["attempts"]) for job in jobs} == {("succeeded", 1)}
    names = [row["name"] for row in await home.rows("mapPins")]
    assert sorted(names) == [f"{n:02}" for n in range(24)]


async def test_a_job_that_takes_longer_than_its_lease_is_done_all_the_same(
    home, signals, storage_url, monkeypatch
):
    """Workers that live do not take it from each other for ever."""
    monkeypatch.setattr(job_claims, "LEASE_SECONDS", 0.2)
    monkeypatch.setattr(loop, "SWEEP_SECONDS", 0.01)
    apply = imports.apply

    async def slow(tx: Tx, *arguments):
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            await tx.fetchval("SELECT 1")
        return await apply(tx, *arguments)

    monkeypatch.setattr(imports, "apply", slow)
    job_id = await queue(home, {"mapPins": [pin()]})
    other = await open_store(storage_url, create=False)
    async with working(home.store, signals), working(other, signals):
        job = await ended(home, signals, job_id)
    await other.close()
    assert job["status"] == "succeeded"
    assert len(await home.rows("mapPins")) == 1
