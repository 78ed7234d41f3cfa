"""How long others wait while large imports run: reads and writes of another trip.

Requests start at fixed times, whether the one before has its answer or not, and count from
when they should have started: a server that stands still cannot hide it.
"""

import asyncio
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from bench.figures import Figure, Scale
from bench.load import Caller
from bench.servers import Carnet, carnet, pins

PER_SECOND = 200
CALLERS = 16


async def measure(folder: Path, scale: Scale) -> list[Figure]:
    """The figures of this module."""
    async with carnet(folder / "carnet") as ours:
        trip = await ours.new_trip()
        body = {"name": "A", "lat": 1, "lng": 2}
        made = await ours.caller.send(ours.request("POST", f"{trip}/map-pins", body), expect=201)
        pin = f"{trip}/map-pins/{made.json['_id']}"
        read = ours.request("GET", trip)

        def write(number: int) -> bytes:
            return ours.request("PATCH", pin, {"notes": f"Change {number}"})

        return [
            await _compare(ours, scale, "GET trip", lambda _: read),
            await _compare(ours, scale, "PATCH map-pin", write),
        ]


async def _compare(
    ours: Carnet, scale: Scale, name: str, request: Callable[[int], bytes]
) -> Figure:
    await _paced(ours.port, request, scale.latency_seconds / 8)  # to warm up
    quiet = await _paced(ours.port, request, scale.latency_seconds)
    imports = _Imports(ours, scale.import_items)
    async with asyncio.TaskGroup() as group:
        group.create_task(imports.run())
        busy = await _paced(ours.port, request, scale.latency_seconds)
        imports.stop()
    took = f"{len(imports.seconds)} imports of {statistics.median(imports.seconds):.2f} s"
    return Figure(
        f"{name} of another trip while {scale.import_items:,}-item imports run",
        f"{_told(busy)} ({took}); quiet: {_told(quiet)}",
    )


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

    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(round(seconds * PER_SECOND)):
            due = started + number / PER_SECOND
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(one(number, due))
    for caller in callers:
        caller.close()
    return latencies


class _Imports:
    """Imports of new pins, one after another, each into a trip of its own."""

    def __init__(self, ours: Carnet, items: int) -> None:
        self._ours = ours
        self._body = {"mapPins": pins(items)}
        self._stopping = False
        self.seconds: list[float] = []

    async def run(self) -> None:
        """Imports until stopped."""
        caller = await Caller.open(self._ours.port)
        template = self._ours.request("POST", "/trips/<id>/sync", self._body)
        while not self._stopping:
            trip = await self._ours.new_trip()
            request = template.replace(b"/trips/<id>", trip.encode(), 1)
            self.seconds.append((await caller.send(request, expect=200)).seconds)
        caller.close()

    def stop(self) -> None:
        """Lets the import that runs be the last."""
        self._stopping = True


def _told(seconds: list[float]) -> str:
    cuts = statistics.quantiles(seconds, n=100)
    return f"p50 {cuts[49] * 1000:.2f} ms, p99 {cuts[98] * 1000:.2f} ms"
