"""What metrics cost: an observation, and what a scrape holds an event loop up."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

import server.app
import workers.kinds
from bench.figures import Figure, Scale
from carnet.exposition import TEXT, rendered
from carnet.messages import Message
from runtime.measured import FAMILIES, REQUEST_SECONDS, RESPONSES
from runtime.metrics import Snapshot, added_up, snapshot

SAY_LABELS: Final = (server.app, workers.kinds)
"""Modules with the tables that values of labels come from."""
OBSERVATIONS: Final = 200_000
TIMES: Final = 20
PROCESSES: Final = 4


async def measure(_folder: Path, _scale: Scale) -> list[Figure]:
    """The figures of this module."""
    route = "GET", "/api/v1/trips/{tripId}"
    observe = _best(lambda: REQUEST_SECONDS.observe(0.02, *route), OBSERVATIONS)
    count = _best(lambda: RESPONSES.add("GET", "2xx"), OBSERVATIONS)
    for labels in REQUEST_SECONDS.foreseen:
        REQUEST_SECONDS.observe(0.02, *labels)
    ours = snapshot(FAMILIES)
    parts = [ours] * PROCESSES
    steps: dict[str, Callable[[], object]] = {
        "a process tells": lambda: Message(measured=snapshot(FAMILIES)).line(),
        "its parent reads that": lambda: msgspec.json.decode(
            msgspec.json.encode(ours), type=Snapshot
        ),
        f"{PROCESSES} processes are added up": lambda: added_up(FAMILIES, parts),
        "the text, in a thread": lambda: rendered(FAMILIES, ours, TEXT),
    }
    return [
        _micro("metrics: an observation of a histogram", observe),
        _micro("metrics: a count", count),
        *(_milli(f"metrics: a scrape of all routes: {name}", step) for name, step in steps.items()),
    ]


def _best(do: Callable[[], object], times: int) -> float:
    """Seconds that it takes, at best: the rest is other programs' doing."""
    best = float("inf")
    for _ in range(TIMES):
        started = time.perf_counter()
        for _ in range(times // TIMES):
            do()
        best = min(best, (time.perf_counter() - started) / (times // TIMES))
    return best


def _micro(claim: str, seconds: float) -> Figure:
    return Figure(claim, f"{seconds * 1e6:.2f} µs", "≤ 1 µs", seconds <= 1e-6)


def _milli(claim: str, step: Callable[[], object]) -> Figure:
    seconds = _best(step, TIMES)
    return Figure(claim, f"{seconds * 1e3:.2f} ms", "≤ 5 ms", seconds <= 5e-3)
