"""A worker woken by arq, on a real Valkey."""

import asyncio
import contextlib
import socket

import pytest

from runtime.redis_signals import RedisSignals
from runtime.settings import Queue, Settings
from tests import servers
from tests.faults.proxy import proxy
from tests.storage.home import pin, soon
from tests.waiting import PATIENCE, until
from tests.workers.work import queue, show
from workers import arq_worker, loop, runner
from workers.arq_worker import run_worker

# arq's own way to close its connections.
pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning")


@pytest.fixture
def valkey():
    with servers.own_valkey() as server:
        yield server


@pytest.fixture
def no_sweeps(monkeypatch):
    """What is done after the start, a signal has told of."""
    monkeypatch.setattr(loop, "SWEEP_SECONDS", 3600)


@contextlib.asynccontextmanager
async def worker(store, url: str):
    """A running worker; gives the event that stops it."""
    stopping = asyncio.Event()
    running = asyncio.create_task(run_worker(store, Settings(queue=Queue(url)), stopping))
    try:
        yield stopping
    finally:
        stopping.set()
        await soon(running)


@contextlib.asynccontextmanager
async def server_signals(url: str):
    """The signals of a server process."""
    signals = RedisSignals(url)
    signals.start()
    try:
        yield signals
    finally:
        await signals.stop()


async def wait_until_polled(url: str) -> None:
    """Until a worker looks into the queue."""
    port = int(url.rpartition(":")[2].partition("/")[0])

    async def asked() -> bool:
        answer = await asyncio.to_thread(ask_port, port, "INFO commandstats")
        return b"cmdstat_zrange" in answer

    await until(asked)


def ask_port(port: int, command: str) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(f"{command}\r\n".encode())
        return connection.recv(65536)


def ended(home, job_id: str):
    async def look() -> bool:
        return bool((await show(home, job_id))["status"] == "succeeded")

    return look


def body(name: str):
    return {"mapPins": [pin(name=name)]}


async def test_jobs_that_were_queued_are_done_without_a_sweep(home, valkey, no_sweeps):
    async with worker(home.store, valkey.url), server_signals(valkey.url) as signals:
        await until(lambda: _ready(home, signals))
        for number in range(15):
            job_id = await queue(home, body(f"{number}"))
            with signals.watch_job(job_id) as watch:
                await signals.job_queued(job_id)
                while not await ended(home, job_id)():
                    await soon(watch.wait(5))
    names = {row["name"] for row in await home.rows("mapPins")}
    assert names >= {f"{number}" for number in range(15)}


async def _ready(home, signals) -> bool:
    """Whether the worker does what it is told of."""
    job_id = await queue(home, body("first"))
    await signals.job_queued(job_id)
    await until(ended(home, job_id))
    return True


async def test_a_lost_queue_and_a_restarted_redis_lose_nothing(home, valkey, monkeypatch):
    monkeypatch.setattr(arq_worker, "REBUILD_SECONDS", 0.1)
    async with worker(home.store, valkey.url), server_signals(valkey.url) as signals:
        made = []
        for number in range(30):
            made.append(await queue(home, body(f"{number}")))
            await signals.job_queued(made[-1])
            if number == 10:
                await asyncio.to_thread(valkey.ask, "FLUSHALL")
            if number == 20:
                await asyncio.to_thread(valkey.restart)
        for job_id in made:
            await until(ended(home, job_id))
    names = sorted(row["name"] for row in await home.rows("mapPins"))
    assert names == sorted(f"{number}" for number in range(30)), "each exactly once"


async def test_a_worker_listens_again_once_redis_is_back(home, valkey, no_sweeps, monkeypatch):
    monkeypatch.setattr(arq_worker, "REBUILD_SECONDS", 0.1)
    async with worker(home.store, valkey.url), server_signals(valkey.url) as signals:
        await until(lambda: _ready(home, signals))
        await asyncio.to_thread(valkey.restart)
        await wait_until_polled(valkey.url)
        await until(lambda: _ready(home, signals))


async def test_jobs_are_done_by_sweeps_while_redis_is_away_from_the_start(home, valkey):
    valkey.kill()
    async with worker(home.store, valkey.url), server_signals(valkey.url) as signals:
        for number in range(3):
            job_id = await queue(home, body(f"{number}"))
            await signals.job_queued(job_id)
            await until(ended(home, job_id))


@pytest.fixture
def slow_jobs(monkeypatch):
    """Jobs that begin, and go on when the test says so."""
    begun, go_on, do = asyncio.Event(), asyncio.Event(), runner._do

    async def slowly(*arguments):
        begun.set()
        await go_on.wait()
        return await do(*arguments)

    monkeypatch.setattr(runner, "_do", slowly)
    return begun, go_on


async def stop_while_working(home, url: str, signals: RedisSignals, slow_jobs) -> None:
    """Stops a worker that has begun a job, with another one waiting."""
    begun, go_on = slow_jobs
    stopping = asyncio.Event()
    running = asyncio.create_task(run_worker(home.store, Settings(queue=Queue(url)), stopping))
    job_id = await queue(home, body("slow"))
    await signals.job_queued(job_id)
    await soon(begun.wait())
    stopping.set()
    left = await queue(home, body("left"))
    await signals.job_queued(left)
    await asyncio.sleep(0.1)
    assert not running.done(), "it waits for the job"
    go_on.set()
    await soon(running)
    assert (await show(home, job_id))["status"] == "succeeded"
    assert (await show(home, left))["status"] == "queued", (
        "what had not begun is left to other workers"
    )
    assert [row["name"] for row in await home.rows("mapPins")] == ["slow"]


async def test_a_worker_that_stops_finishes_the_job_it_was_told_of(
    home, valkey, no_sweeps, slow_jobs
):
    async with server_signals(valkey.url) as signals:
        await stop_while_working(home, valkey.url, signals, slow_jobs)


async def test_a_worker_that_stops_finishes_the_job_it_found(home, valkey, slow_jobs):
    valkey.kill()
    async with server_signals(valkey.url) as signals:
        await stop_while_working(home, valkey.url, signals, slow_jobs)


async def test_a_redis_that_goes_does_not_stop_the_job_at_hand(home, valkey, no_sweeps, slow_jobs):
    begun, go_on = slow_jobs
    async with worker(home.store, valkey.url), server_signals(valkey.url) as signals:
        job_id = await queue(home, body("slow"))
        await signals.job_queued(job_id)
        await soon(begun.wait())
        await asyncio.to_thread(valkey.kill)
        await asyncio.sleep(0.1)
        go_on.set()
        await until(ended(home, job_id))
    assert (await show(home, job_id))["attempts"] == 1


async def test_a_worker_stops_though_redis_does_not_answer(home, valkey):
    async with proxy(valkey.port) as network:
        stopping = asyncio.Event()
        url = network.url(valkey.url)
        running = asyncio.create_task(run_worker(home.store, Settings(queue=Queue(url)), stopping))
        await wait_until_polled(valkey.url)
        network.stall()
        job_id = await queue(home, body("meanwhile"))
        await until(ended(home, job_id))
        stopping.set()
        await soon(running)


async def test_a_worker_stops_at_any_moment_of_its_start(home, valkey):
    """The client loses some of the cancellations that come while it connects."""
    for moment in range(30):
        stopping = asyncio.Event()
        running = asyncio.create_task(
            run_worker(home.store, Settings(queue=Queue(valkey.url)), stopping)
        )
        for _ in range(moment):
            await asyncio.sleep(0)
        stopping.set()
        await soon(running)
