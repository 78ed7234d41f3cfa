"""Single durable writes through Carnet, beside SQLite alone committing a row at a time.

Both wait for the disk the same way (`synchronous = FULL`) and write rows of the same size; Carnet
writes the remembered answer and the trip's revision too. Its writers share commits.
"""

import asyncio
import sqlite3
import statistics
import time
from pathlib import Path

from bench.figures import Figure, Scale, at_least, spread
from bench.imports import PRAGMAS
from bench.load import drive
from bench.overhead import PIN, numbered
from bench.servers import carnet

GOAL = 0.8
CLIENTS = 32
DOCUMENT = "x" * 300


async def measure(folder: Path, scale: Scale) -> list[Figure]:
    """The figures of this module."""
    alone, ours_rates = [], []
    async with carnet(folder / "carnet") as ours:
        trip = await ours.new_trip()
        post = ours.request("POST", f"{trip}/map-pins", PIN, Idempotency_Key="<key>")
        requests = numbered(post)
        for turn in range(scale.rounds + 1):
            load = await drive(
                ours.port,
                requests,
                expect=201,
                connections=CLIENTS,
                seconds=scale.round_seconds,
            )
            seconds = scale.round_seconds / 2
            rate = await asyncio.to_thread(_commit, folder / f"{turn}.db", seconds)
            if turn:  # the first is to warm up
                ours_rates.append(load.rate)
                alone.append(rate)
    ratios = [a / b for a, b in zip(ours_rates, alone, strict=True)]
    return [
        at_least(
            f"POST map-pin of {CLIENTS} clients / single-row commits of sqlite3 alone",
            statistics.median(ratios),
            GOAL,
            f"{spread(ratios)}; {spread(ours_rates, ',.0f')}/s / {spread(alone, ',.0f')}/s",
        )
    ]


def _commit(path: Path, seconds: float) -> float:
    """Durable commits of one row a second."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, doc TEXT)")
    started, count, elapsed = time.perf_counter(), 0, 0.0
    while elapsed < seconds:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO rows (doc) VALUES (?)", (DOCUMENT,))
        connection.execute("COMMIT")
        count += 1
        elapsed = time.perf_counter() - started
    connection.close()
    return count / elapsed
