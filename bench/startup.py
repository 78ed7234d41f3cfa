"""How soon a server answers, and what memory it holds, with the packages a server has."""

import functools
import statistics
import time
from pathlib import Path

from bench import locked
from bench.figures import Figure, Scale, at_most, spread
from bench.servers import Make, Server, carnet
from examples import demo
from examples.client import Client

START = "start-up to the first answer, in ms"
MEMORY = "resident memory, server and worker, after importing {} airports, in MiB"
START_GOAL_MS = 700
MEMORY_GOAL_MIB = 88


async def measure(folder: Path, scale: Scale) -> list[Figure]:
    """The figures of this module."""
    python = locked.interpreter()
    if python is None:
        why = "not available: the packages of requirements.lock could not be installed"
        return [Figure(claim, why) for claim in (START, MEMORY.format("all"))]
    environment = {"PYTHONPATH": str(locked.ROOT)}
    make = functools.partial(Server, python=str(python), environment=environment)
    return [_start(folder, scale, make), await _memory(folder, make)]


def _start(folder: Path, scale: Scale, make: Make) -> Figure:
    """How long it takes from the command to an answer."""
    starts = []
    (folder / "starts").mkdir()
    server = make(folder / "starts")
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
    return at_most(START, statistics.median(starts), START_GOAL_MS, spread(starts, ".0f", " ms"))


async def _memory(folder: Path, make: Make) -> Figure:
    """What is held at the start, and after the import of all airports."""
    async with carnet(folder / "carnet", make=make) as ours:
        before = ours.server.resident_bytes()
        airports = demo.airport_pins()
        trip = await ours.new_trip()
        await ours.caller.send(
            ours.request("POST", f"{trip}/sync", {"mapPins": airports}), expect=200
        )
        after = ours.server.resident_bytes()
    claim = MEMORY.format(f"{len(airports):,}")
    if before is None or after is None:
        return Figure(claim, "not available on this system")
    told = f"{after / 2**20:,.0f} MiB; {before / 2**20:,.0f} MiB before"
    return at_most(claim, after / 2**20, MEMORY_GOAL_MIB, told)
