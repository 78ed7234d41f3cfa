"""How soon a server answers, and what memory it holds."""

import statistics
import time
from pathlib import Path

from bench.figures import Figure, Scale, at_most, spread
from bench.servers import carnet
from examples import demo
from examples.client import Client
from examples.local_server import LocalServer

START_GOAL_MS = 700
MEMORY_GOAL_MIB = 88


async def measure(folder: Path, scale: Scale) -> list[Figure]:
    """The figures of this module."""
    starts = []
    (folder / "starts").mkdir()
    server = LocalServer(folder / "starts")
    server.set_up()
    key = server.create_key(requests_per_minute=60)
    for _ in range(scale.starts):
        started = time.perf_counter()
        server.start()
        try:
            Client(server.url, key).get("/me")
            starts.append((time.perf_counter() - started) * 1000)
        finally:
            server.stop()
    return [
        at_most(
            "start-up to the first answer, in ms",
            statistics.median(starts),
            START_GOAL_MS,
            spread(starts, ".0f", " ms"),
        ),
        await _memory(folder),
    ]


async def _memory(folder: Path) -> Figure:
    """What is held at the start, and after the import of all airports."""
    async with carnet(folder / "carnet") as ours:
        before = ours.server.resident_bytes()
        airports = demo.airport_pins()
        trip = await ours.new_trip()
        await ours.caller.send(
            ours.request("POST", f"{trip}/sync", {"mapPins": airports}), expect=200
        )
        after = ours.server.resident_bytes()
    claim = (
        f"resident memory, server and worker, after importing {len(airports):,} airports, in MiB"
    )
    if before is None or after is None:
        return Figure(claim, "not available on this system")
    told = f"{after / 2**20:,.0f} MiB; {before / 2**20:,.0f} MiB before"
    return at_most(claim, after / 2**20, MEMORY_GOAL_MIB, told)
