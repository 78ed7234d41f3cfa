"""A worker on its own, woken by arq.

arq's queue only tells that there is something to do; what there is, and whether it is done,
stands in the jobs table. So a lost queue loses nothing: a sweep finds the same jobs.
"""

import asyncio
import contextlib
from typing import Any, Final

import structlog
from arq.worker import Worker, func

from domain.errors import Unavailable
from runtime.heartbeat import BEAT_SECONDS, Heartbeat
from runtime.redis_signals import (
    GONE,
    JOB_FUNCTION,
    QUEUE,
    RedisSignals,
    connect,
    deserialize,
    end,
    serialize,
)
from runtime.settings import Settings
from storage.store import Store
from workers.loops import WorkerLoops

POLL_SECONDS: Final = 0.02
"""How often arq looks into its queue: half of it is a job's average wait."""
REBUILD_SECONDS: Final = 1.0

_log = structlog.get_logger("carnet.worker")


async def run_worker(store: Store, settings: Settings, stopping: asyncio.Event) -> None:
    """Works until `stopping` is set, then finishes the jobs at hand.

    A Redis that goes away ends arq's worker: it is made anew until Redis is back, and the
    sweep does the jobs meanwhile.
    """
    url = settings.queue.url
    signals = RedisSignals(url)
    store.on_commit = signals.trip_changed
    working = asyncio.create_task(_work(store, signals, settings, stopping))
    beating = asyncio.create_task(_beat(store, url))
    try:
        while not stopping.is_set():
            await _run_until_broken(signals, url, stopping)
    finally:
        stopping.set()
        await end(beating)
        await working
        await signals.stop()


async def _work(
    store: Store, signals: RedisSignals, settings: Settings, stopping: asyncio.Event
) -> None:
    """Does jobs, and begins no more once told to stop, however long Redis takes to close."""
    loops = WorkerLoops(store, signals, settings)
    loops.start()
    await stopping.wait()
    await loops.stop()


async def _beat(store: Store, url: str) -> None:
    """Tells servers that a worker is there, as long as the database answers it."""
    heartbeat = Heartbeat(url)
    try:
        while True:
            try:
                await store.read(lambda tx: tx.fetchval("SELECT 1"))
                await heartbeat.beat()
            except (Unavailable, *GONE):
                pass  # who looks after them tells of it
            except Exception:  # noqa: BLE001 - without beats the worker would be taken for gone
                _log.exception("heartbeat_failed")
            await asyncio.sleep(BEAT_SECONDS)
    finally:
        await heartbeat.close()


async def _run_until_broken(signals: RedisSignals, url: str, stopping: asyncio.Event) -> None:
    worker = _build(signals, url)
    running = asyncio.create_task(_run(worker, signals))
    stop = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({running, stop}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stop.cancel()
        await _end(worker, running, signals)
    if not stopping.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), REBUILD_SECONDS)


async def _run(worker: Worker, signals: RedisSignals) -> None:
    await worker.pool.ping()
    signals.note_success()
    await worker.async_run()


def _build(signals: RedisSignals, url: str) -> Worker:
    async def work(_context: dict[Any, Any], _job_id: str) -> None:
        signals.wake()

    return Worker(
        functions=[func(work, name=JOB_FUNCTION, keep_result=0, max_tries=1)],  # type: ignore[arg-type]  # arq wants a __qualname__ in the type
        queue_name=QUEUE,
        redis_pool=connect(url),
        job_serializer=serialize,
        job_deserializer=deserialize,
        poll_delay=POLL_SECONDS,
        health_check_interval=10,
        handle_signals=False,
    )


async def _end(worker: Worker, running: asyncio.Task[None], signals: RedisSignals) -> None:
    """Closes a worker that was stopped, or whose Redis has gone."""
    await end(running)
    gone = None if running.cancelled() else running.exception()
    pool = worker.pool
    for closing in (worker.close(), pool.aclose(close_connection_pool=True)):
        try:
            await closing
        except GONE as error:
            gone = error
        except asyncio.CancelledError:
            pass
    if isinstance(gone, GONE):
        signals.note_failure(gone)
    elif gone is not None:
        raise gone
