"""Imports through the queue, at the job: beside COPY of the same rows, and how soon they start."""

import asyncio
import datetime
import random
import statistics
import time
from typing import Any

import asyncpg

from bench.figures import Figure, Scale, at_least, at_most, ratio
from bench.servers import Carnet, pins
from bench.services import Services, Worker, duration, durations
from tests.waiting import until

COPY_GOAL = 0.5
UNCHANGED_GOAL = 0.6
START_GOAL_MS = 50
SMALL = 5
"""Items of a small import: fewer than any server would queue by itself."""

_COLUMNS = ("trip_id", "kind", "parent_id", "sort_key", "id", "client_ref", "rev", "doc")


async def large(ours: Carnet, there: Services, worker: Worker, scale: Scale) -> list[Figure]:
    """Large imports, new and unchanged, in turns with COPY."""
    copied, new, unchanged = [], [], []
    connection = await asyncpg.connect(there.dsn)
    body = {"mapPins": pins(scale.import_items)}
    try:
        for turn in range(scale.imports + 1):
            trip = await ours.new_trip()
            request = ours.request("POST", f"{trip}/sync", body)
            first = await _job(ours, worker, request)
            again = await _job(ours, worker, request)
            alone = await _copy(connection, trip, await ours.new_trip())
            if turn:  # the first is to warm up
                copied.append(alone)
                new.append(first)
                unchanged.append(again)
    finally:
        await connection.close()
    what = f"import of {scale.import_items:,} pins through the queue"
    return [
        ratio(at_least, f"COPY of the same rows / {what}", copied, new, COPY_GOAL),
        ratio(at_most, f"{what}: unchanged / new", unchanged, new, UNCHANGED_GOAL),
    ]


async def _job(ours: Carnet, worker: Worker, request: bytes) -> float:
    number = len(durations(worker.log))
    await ours.caller.send(request, expect=200)
    return await duration(worker.log, number)


async def _copy(connection: Any, source: str, target: str) -> float:
    """Seconds to copy a trip's rows into another trip, in one durable commit."""
    there, here = (path.rpartition("/")[2] for path in (source, target))
    found = await connection.fetch(
        f"SELECT {', '.join(_COLUMNS)} FROM items WHERE trip_id = $1 ORDER BY id",  # noqa: S608
        there,
    )
    rows = [(here, *record[1:]) for record in found]
    started = time.perf_counter()
    async with connection.transaction():
        await connection.copy_records_to_table("items", records=rows, columns=_COLUMNS)
    return time.perf_counter() - started


async def small(ours: Carnet, scale: Scale) -> Figure:
    """How long a queued import waits for its start when nothing else happens."""
    trip = await ours.new_trip()
    body = {"items": pins(SMALL)}
    request = ours.request("POST", f"{trip}/map-pins:batch", body, Prefer="respond-async")
    pauses = random.Random(1)
    waits = []
    for _ in range(scale.queued):
        # The worker looks at fixed times, so these must not be.
        await asyncio.sleep(pauses.uniform(0.01, 0.05))
        accepted = await ours.caller.send(request, expect=202)
        waits.append(await _wait(ours, accepted.json["_id"]))
    cuts = statistics.quantiles(waits, n=100)
    return at_most(
        f"start of a queued import of {SMALL} pins, nothing else running: p50 in ms",
        cuts[49],
        START_GOAL_MS,
        f"p50 {cuts[49]:.0f} ms, p99 {cuts[98]:.0f} ms (of {len(waits)})",
    )


async def _wait(ours: Carnet, job_id: str) -> float:
    """Milliseconds from a job's request to its start."""
    look = ours.request("GET", f"/jobs/{job_id}")

    async def succeeded() -> Any:
        job = (await ours.caller.send(look, expect=200)).json
        return job if job["status"] == "succeeded" else None

    job = await until(succeeded, every=0.05)
    return (_moment(job["startedAt"]) - _moment(job["createdAt"])) * 1000


def _moment(text: str) -> float:
    return datetime.datetime.fromisoformat(text).timestamp()
