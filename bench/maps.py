"""What a map costs: processor time beside the JSON of the same trip, bytes, and memory."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from bench.figures import Figure, Scale, at_most, ratio
from server.pages.map import Stop, draw, stops_of

EXAMPLE: Final = Path(__file__).parent.parent / "operations" / "sample" / "japan.json"
GOAL_MS: Final = 2.0
GOAL_RATIO: Final = 15.0
GOAL_MEMORY_MIB: Final = 4.0
MEMORY: Final = "maps of the whole world, large and small: resident memory, in MiB"

TRIPS: Final = {
    "Europe": (("Amsterdam", 52.4, 4.9), ("Berlin", 52.5, 13.4), ("Roma", 41.9, 12.5)),
    "the USA": (("New York", 40.7, -74.0), ("Denver", 39.7, -105.0), ("Seattle", 47.6, -122.3)),
    "the world": (("London", 51.5, -0.1), ("Sydney", -33.9, 151.2), ("Lima", -12.0, -77.0)),
    "one city": (("Lisbon", 38.72, -9.14),),
}
"""Beside Japan; names, latitudes and longitudes of stops."""

_GROWTH = """
import os
from server.pages.map import Stop, draw

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

before = resident()
for lng in range(-180, 180, 20):
    for lat in range(-80, 81, 20):
        for far in (0, 10, 60):
            draw([Stop("A", lat, lng, 1), Stop("B", lat, min(lng + far, 180), 2)])
print(resident() - before)
"""


async def measure(folder: Path, scale: Scale) -> list[Figure]:
    """The figures of this module."""
    content = EXAMPLE.read_bytes()
    japan = stops_of([{**leg, "_id": ""} for leg in msgspec.json.decode(content)["legs"]])

    def again() -> bytes:
        read: Any = msgspec.json.decode(content)
        return msgspec.json.encode(read)

    drawn, decoded = [], []
    for _ in range(max(scale.repetitions, 2)):
        drawn.append(_seconds(lambda: draw(japan)))
        decoded.append(_seconds(again))
    return [
        _figure("Japan", japan, scale),
        ratio(
            at_most,
            "  beside decoding and encoding the JSON of that trip",
            drawn,
            decoded,
            GOAL_RATIO,
        ),
        *(
            _figure(name, [Stop(*place, n) for n, place in enumerate(places, 1)], scale)
            for name, places in TRIPS.items()
        ),
        _memory(),
    ]


def _figure(name: str, stops: list[Stop], scale: Scale) -> Figure:
    """Processor time and size of a map."""
    milliseconds = min(_seconds(lambda: draw(stops)) for _ in range(scale.repetitions)) * 1000
    told = f"{milliseconds:.2f} ms, {len(draw(stops) or '') / 1000:.1f} kB"
    return at_most(f"a map of {name}: CPU in ms", milliseconds, GOAL_MS, told)


def _seconds(work: Callable[[], object]) -> float:
    """Processor time of one of ten, one after another."""
    started = time.process_time()
    for _ in range(10):
        work()
    return (time.process_time() - started) / 10


def _memory() -> Figure:
    """By how much a process grows that draws everything there is."""
    if not Path("/proc/self/statm").exists():
        return Figure(MEMORY, "not available on this system")
    grown = int(subprocess.check_output([sys.executable, "-c", _GROWTH])) / 2**20
    return at_most(MEMORY, grown, GOAL_MEMORY_MIB, f"{grown:.1f} MiB more")
