"""Processor time that reading a file of many points takes, by format."""

import time
from pathlib import Path

from bench.figures import Figure, Scale, at_most, spread
from formats.found import Document, Reading, Row
from formats.reading import read
from formats.writers import WRITERS

SUFFIXES = ("kml", "gpx", "csv", "geojson")
GOAL_SECONDS = 3.0
"""For 100,000 points."""


async def measure(folder: Path, scale: Scale) -> list[Figure]:
    """The figures of this module."""
    points = scale.large_trip
    figures = []
    for suffix in SUFFIXES:
        path = folder / f"points.{suffix}"
        path.write_bytes(b"".join(WRITERS[suffix](_export(points))))
        seconds = _read(path, points, scale.repetitions)
        told = f"{spread(seconds, '.2f', ' s')}; {path.stat().st_size / 2**20:.0f} MiB"
        claim = f"reading {points:,} points, {suffix}: processor time"
        figures.append(at_most(claim, min(seconds), GOAL_SECONDS * points / 100_000, told))
    return figures


def _read(path: Path, points: int, times: int) -> list[float]:
    """Of each time, the seconds."""
    seconds = []
    for _ in range(min(times, 5)):
        started = time.process_time()
        with path.open("rb") as file:
            rows = sum(isinstance(each, Row) for each in read(file, path.name, Reading()))
        seconds.append(time.process_time() - started)
        assert rows == points, f"{rows:,} of {points:,}"
    return seconds


def _export(points: int) -> Document:
    """A trip of pins all over the world."""
    pins = [
        {
            "_id": f"pin{number}",
            "name": f"Place {number}",
            "lat": round(-60 + number % 120 + number / 1e6, 6),
            "lng": round(-170 + number % 340 + number / 1e6, 6),
            "category": "Food",
            "notes": f"Some words, about number {number}",
        }
        for number in range(points)
    ]
    return {"trip": {"title": "Points"}, "legs": [], "stays": [], "mapPins": pins}
