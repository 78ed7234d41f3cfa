"""How long others wait while large imports run: reads and writes of another trip.

Requests start at fixed times, whether the one before has its answer or not, and count from
when they should have started: a server that stands still cannot hide it. Who measures stands for
clients on another machine, so where it may, it takes precedence over what is measured: else it
would count its own waiting for a processor.
"""

import asyncio
import contextlib
import os
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.figures import Figure, Scale, at_most, spread
from bench.importer import importer
from bench.load import Caller
from bench.servers import Carnet, carnet

GOAL = 2
WRITE_GOALS_MS = {"SQLite": 50}
"""By database, where one has a goal."""
ROUNDS = 4
PER_SECOND = 200
CALLERS = 16


async def measure(folder: Path, scale: Scale) -> list[Figure]:
    """The figures of this module."""
    async with carnet(folder / "carnet") as ours:
        return await compare(ours, scale, "SQLite")


async def compare(ours: Carnet, scale: Scale, database: str) -> list[Figure]:
    """What imports do to a read and to a write on a server."""
    trip = await ours.new_trip()
    body = {"name": "A", "lat": 1, "lng": 2}
    made = await ours.caller.send(ours.request("POST", f"{trip}/map-pins", body), expect=201)
    pin = f"{trip}/map-pins/{made.json['_id']}"
    read = ours.request("GET", trip)

    def write(number: int) -> bytes:
        return ours.request("PATCH", pin, {"notes": f"Change {number}"})

    what = f"of another trip while {scale.import_items:,}-item imports run"
    reads = await _Rounds.of(ours, scale, lambda _: read)
    writes = await _Rounds.of(ours, scale, write)
    patch = f"PATCH map-pin {what}, {database}"
    figures = [
        at_most(f"GET trip {what}, {database}: p99 / quiet p99", reads.ratio, GOAL, str(reads)),
        Figure(f"{patch}: p99 / quiet p99", str(writes)),
    ]
    if database in WRITE_GOALS_MS:
        p99, goal = writes.p99 * 1000, WRITE_GOALS_MS[database]
        figures.append(at_most(f"{patch}: p99 in ms", p99, goal, f"{p99:.0f} ms"))
    return figures


class _Rounds:
    """Latencies of rounds with imports and without, in turns."""

    def __init__(self) -> None:
        self._quiet: list[list[float]] = []
        self._busy: list[list[float]] = []
        self._imports: list[float] = []

    @classmethod
    async def of(cls, ours: Carnet, scale: Scale, request: Callable[[int], bytes]) -> "_Rounds":
        """Measures one kind of request."""
        made = cls()
        seconds = scale.latency_seconds / ROUNDS
        async with importer(ours, scale.import_items) as imports:
            with _precedence():
                await _paced(ours.port, request, seconds)  # to warm up
                for _ in range(ROUNDS):
                    made._quiet.append(await _paced(ours.port, request, seconds))
                    async with imports.importing():
                        made._busy.append(await _paced(ours.port, request, seconds))
        made._imports = imports.seconds
        return made

    @property
    def p99(self) -> float:
        """Of all busy rounds together: of a round alone it is chance. In seconds."""
        return _p99(_all(self._busy))

    @property
    def ratio(self) -> float:
        """That by the p99 of the quiet rounds."""
        return self.p99 / _p99(_all(self._quiet))

    def __str__(self) -> str:
        took = f"{len(self._imports)} imports of {statistics.median(self._imports):.2f} s"
        return f"{self.ratio:.2f}: {_told(self._busy)} ({took}); quiet: {_told(self._quiet)}"


@contextlib.contextmanager
def _precedence() -> Iterator[None]:
    """Runs before all else, if root; what it starts does not."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    except (AttributeError, PermissionError):
        yield
        return
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


async def _paced(port: int, request: Callable[[int], bytes], seconds: float) -> list[float]:
    """Latencies of requests that start at fixed times."""
    idle: asyncio.Queue[Caller] = asyncio.Queue()
    callers = [await Caller.open(port) for _ in range(CALLERS)]
    for caller in callers:
        idle.put_nowait(caller)
    latencies: list[float] = []

    async def one(number: int, due: float) -> None:
        caller = await idle.get()
        await caller.send(request(number), expect=200)
        latencies.append(time.perf_counter() - due)
        idle.put_nowait(caller)

    loop = asyncio.get_running_loop()
    started = time.perf_counter()

    def pace() -> None:
        # A loop's own timer is late by a millisecond, which is as much as an answer takes.
        with _precedence():
            for number in range(round(seconds * PER_SECOND)):
                due = started + number / PER_SECOND
                time.sleep(max(0.0, due - time.perf_counter()))
                loop.call_soon_threadsafe(lambda *its: group.create_task(one(*its)), number, due)

    async with asyncio.TaskGroup() as group:
        await asyncio.to_thread(pace)
    for caller in callers:
        caller.close()
    return latencies


def _p99(latencies: list[float]) -> float:
    return statistics.quantiles(latencies, n=100)[98]


def _all(rounds: list[list[float]]) -> list[float]:
    return [latency for each in rounds for latency in each]


def _told(rounds: list[list[float]]) -> str:
    together = _all(rounds)
    by_round = spread([_p99(each) * 1000 for each in rounds])
    middle, p99 = statistics.median(together), _p99(together)
    p999 = statistics.quantiles(together, n=1000)[998]
    return (
        f"p50 {middle * 1000:.2f} ms, p99 {p99 * 1000:.2f} ms (by round {by_round}),"
        f" p99.9 {p999 * 1000:.2f} ms"
    )
