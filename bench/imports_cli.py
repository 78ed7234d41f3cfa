"""`carnet import` of a large table, beside a loop that sends the same bodies of syncs."""

import asyncio
import csv
import os
import sys
import time
from pathlib import Path
from typing import Final

import aiohttp
import msgspec

from bench.figures import Figure, Scale, at_most, ratio
from bench.servers import Carnet, carnet
from carnet.importing.chunks import Chunker
from carnet.importing.sources import Sources
from formats.found import Reading

TIME_GOAL: Final = 1.5
MEMORY_GOAL: Final = 150
"""MB."""
_TURNS: Final = 3


async def measure(folder: Path, scale: Scale) -> list[Figure]:
    """The figures of this module."""
    table = folder / "pins.csv"
    _write(table, scale.large_trip)
    bodies = _bodies(table)
    by_command, by_loop, peaks = [], [], []
    async with carnet(folder / "carnet") as ours:
        for _ in range(min(_TURNS, scale.imports)):
            by_loop.append(await _loop(ours, await ours.new_trip(), bodies))
            trip = await ours.new_trip()
            seconds, peak = await asyncio.to_thread(_command, ours, trip, table)
            by_command.append(seconds)
            peaks.append(peak)
    what = f"carnet import of {scale.large_trip:,} pins from CSV"
    peak = max(peaks)
    return [
        ratio(at_most, f"{what} / the same syncs in a loop", by_command, by_loop, TIME_GOAL),
        at_most(f"{what}, peak memory", peak, MEMORY_GOAL, f"{peak:.0f} MB"),
    ]


def _write(table: Path, rows: int) -> None:
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["name", "lat", "lng", "category", "notes"])
        for number in range(rows):
            lat, lng = number * 7919 % 170_000 / 1000 - 85, number * 7907 % 358_000 / 1000 - 179
            writer.writerow([f"Place number {number}", lat, lng, "sight", "Worth going"])


def _bodies(table: Path) -> list[bytes]:
    """What the command sends."""
    found = Sources([table], Reading()).found()
    return [
        msgspec.json.encode({"mapPins": [msgspec.Raw(row.raw) for row in chunk.rows]})
        for chunk in Chunker(dry_run=False).pass_on(found)
    ]


async def _loop(ours: Carnet, trip: str, bodies: list[bytes]) -> float:
    """Seconds to send all, one after the other."""
    headers = {"Authorization": f"Bearer {ours.key}", "Content-Type": "application/json"}
    url = f"{ours.server.url}/api/v1{trip}/sync"
    started = time.perf_counter()
    async with aiohttp.ClientSession(headers=headers) as session:
        for body in bodies:
            async with session.post(url, data=body) as response:
                assert response.status == 200
                msgspec.json.decode(await response.read())
    return time.perf_counter() - started


def _command(ours: Carnet, trip: str, table: Path) -> tuple[float, float]:
    """Seconds from start to end of the program, and the most memory it had, in MB."""
    trip_id = trip.rpartition("/")[2]
    arguments = ("-m", "carnet", "import", str(table), "--trip", trip_id, "--json")
    where = {"CARNET_URL": ours.server.url, "CARNET_API_KEY": ours.key}
    started = time.perf_counter()
    quiet = (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)
    pid = os.posix_spawn(
        sys.executable, [sys.executable, *arguments], os.environ | where, file_actions=[quiet]
    )
    _, status, usage = os.wait4(pid, 0)
    assert status == 0
    return time.perf_counter() - started, usage.ru_maxrss / 1024
