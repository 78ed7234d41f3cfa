"""Large imports over HTTP, beside SQLite alone: the same rows, the same tables, the same fsync."""

import contextlib
import sqlite3
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.figures import Figure, Scale, quartiles
from bench.servers import carnet, pins

_COLUMNS = "trip_id, kind, parent_id, sort_key, id, client_ref, rev, doc"


async def measure(folder: Path, scale: Scale) -> list[Figure]:
    """The figures of this module."""
    new, unchanged, raw = [], [], []
    async with carnet(folder / "carnet") as ours:
        body = {"mapPins": pins(scale.import_items)}
        for turn in range(scale.imports + 1):
            trip = await ours.new_trip()
            request = ours.request("POST", f"{trip}/sync", body)
            first = await ours.caller.send(request, expect=200)
            again = await ours.caller.send(request, expect=200)
            alone = _insert_alone(ours.server.database, trip, folder / f"raw-{turn}.db")
            if turn:  # the first is to warm up
                new.append(first.seconds)
                unchanged.append(again.seconds)
                raw.append(alone)
    ratio = statistics.median(new) / statistics.median(raw)
    what = f"import of {scale.import_items:,} pins over HTTP"
    return [
        Figure(f"{what}, all new", f"{quartiles(new)}; {ratio:.1f} times SQLite alone"),
        Figure(f"{what}, all unchanged", quartiles(unchanged)),
        Figure("  the same rows, sqlite3 executemany alone", quartiles(raw)),
    ]


def _insert_alone(source: Path, trip: str, target: Path) -> float:
    """Seconds to write a trip's rows into empty tables like Carnet's, in one durable commit."""
    trip_id = trip.rpartition("/")[2]
    with contextlib.closing(sqlite3.connect(source)) as database:
        query = f"SELECT {_COLUMNS} FROM items WHERE trip_id = ? AND kind = 'mapPin'"  # noqa: S608
        rows = database.execute(query, [trip_id]).fetchall()
        schema = database.execute(
            "SELECT sql FROM sqlite_schema WHERE tbl_name = 'items' AND sql IS NOT NULL"
            " ORDER BY type DESC"  # tables, then their indexes
        ).fetchall()
    with contextlib.closing(sqlite3.connect(target, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        for (statement,) in schema:
            database.execute(statement)
        seconds = _write_rows(database, rows)
    target.unlink()
    return seconds


def _write_rows(database: sqlite3.Connection, rows: Sequence[Any]) -> float:
    started = time.perf_counter()
    database.execute("BEGIN IMMEDIATE")
    database.executemany(
        f"INSERT INTO items ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        rows,
    )
    database.execute("COMMIT")
    return time.perf_counter() - started
