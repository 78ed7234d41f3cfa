"""Syncs of map pins, at the job and over HTTP, beside SQLite alone: the same rows, tables, fsync.

At the job is from its claim to its commit, as the worker's `job_succeeded` tells: it includes
decoding the body and what is read for the plan.
"""

import dataclasses
import sqlite3
import time
from collections import defaultdict
from pathlib import Path

from bench.figures import Figure, Scale, at_least, at_most, quartiles, ratio
from bench.servers import Carnet, carnet, pin, pins
from bench.services import duration, durations

JOB_GOAL = 0.65
CALL_GOAL = 0.42
UNCHANGED_GOAL = 0.5
PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "temp_store = MEMORY", "foreign_keys = ON")
NEW, UNCHANGED, CHANGED = "new", "unchanged", "1 % changed"


class Alone:
    """A database like a server's, with nothing around it."""

    def __init__(self, source: Path, target: Path) -> None:
        self._source = sqlite3.connect(source, isolation_level=None)
        self._target = sqlite3.connect(target, isolation_level=None)
        for pragma in PRAGMAS:
            self._target.execute(f"PRAGMA {pragma}")
        schema = self._source.execute(
            "SELECT sql FROM sqlite_schema WHERE tbl_name IN ('groups', 'trips', 'items')"
            " AND sql IS NOT NULL ORDER BY type DESC"  # tables, then their indexes
        )
        for (statement,) in schema.fetchall():
            self._target.execute(statement)
        self._copy("groups", "TRUE")

    def insert(self, trip: str) -> float:
        """Seconds to write the pins that a trip of the server has, in one durable commit."""
        trip_id = trip.rpartition("/")[2]
        self._copy("trips", "id = ?", trip_id)
        return self._copy("items", "trip_id = ? AND kind = 'mapPin'", trip_id)

    def _copy(self, table: str, condition: str, *arguments: str) -> float:
        query = f"SELECT * FROM {table} WHERE {condition}"  # noqa: S608 - all ours
        rows = self._source.execute(query, arguments).fetchall()
        marks = ", ".join("?" * len(rows[0]))
        statement = f"INSERT INTO {table} VALUES ({marks})"  # noqa: S608
        started = time.perf_counter()
        self._target.execute("BEGIN IMMEDIATE")
        self._target.executemany(statement, rows)
        self._target.execute("COMMIT")
        return time.perf_counter() - started

    def close(self) -> None:
        """Closes both databases."""
        self._source.close()
        self._target.close()


class Syncs:
    """Syncs of one size, turn after turn; each turn has a trip of its own. Times in seconds."""

    def __init__(self, ours: Carnet, alone: Alone, size: int) -> None:
        self.size = size
        self.raw: list[float] = []
        self.jobs: dict[str, list[float]] = defaultdict(list)
        self.calls: dict[str, list[float]] = defaultdict(list)
        self._ours = ours
        self._alone = alone
        first = pins(size)
        changed = [pin(n, "Seen") if n % 100 == 0 else first[n] for n in range(size)]
        self._bodies = {NEW: first, UNCHANGED: first, CHANGED: changed}

    async def turn(self) -> None:
        """One of each kind, and the same rows alone."""
        trip = await self._ours.new_trip()
        for kind, items in self._bodies.items():
            request = self._ours.request("POST", f"{trip}/sync", {"mapPins": items})
            number = len(durations(self._ours.server.log))
            response = await self._ours.caller.send(request, expect=200)
            self.calls[kind].append(response.seconds)
            self.jobs[kind].append(await duration(self._ours.server.log, number))
        self.raw.append(self._alone.insert(trip))

    async def warm_up(self) -> None:
        """A turn that does not count."""
        await self.turn()
        self.raw.clear()
        self.jobs.clear()
        self.calls.clear()


async def measure(folder: Path, scale: Scale) -> list[Figure]:
    """The figures of this module."""
    figures: list[Figure] = []
    async with carnet(folder / "carnet") as ours:
        alone = Alone(ours.server.database, folder / "alone.db")
        for size in scale.sync_sizes:
            syncs = Syncs(ours, alone, size)
            await syncs.warm_up()
            for _ in range(scale.imports):
                await syncs.turn()
            told = _figures(syncs)
            figures += told if size == scale.import_items else map(_without_goal, told)
        alone.close()
    return figures


def _figures(syncs: Syncs) -> list[Figure]:
    what, alone = f"sync of {syncs.size:,} pins", "executemany of the same rows alone"
    jobs, calls, raw = syncs.jobs, syncs.calls, syncs.raw
    return [
        ratio(at_least, f"{alone} / {what}, new, at the job", raw, jobs[NEW], JOB_GOAL),
        ratio(at_least, f"{alone} / {what}, new, over HTTP", raw, calls[NEW], CALL_GOAL),
        ratio(
            at_most,
            f"{what}, at the job: unchanged / new",
            jobs[UNCHANGED],
            jobs[NEW],
            UNCHANGED_GOAL,
        ),
        Figure(
            f"{what}, {CHANGED}",
            f"{quartiles(jobs[CHANGED])} at the job, {quartiles(calls[CHANGED])} over HTTP",
        ),
        Figure(f"{what}, {UNCHANGED}, over HTTP", quartiles(calls[UNCHANGED])),
    ]


def _without_goal(figure: Figure) -> Figure:
    return dataclasses.replace(figure, goal="", met=None)
