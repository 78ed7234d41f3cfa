"""What requests cost in databases of up to a million items, beside one that is all but empty.

The items are in trips of 100 pins, and each request for a trip there is for one taken at random.
"""

import contextlib
import itertools
import random
import sqlite3
import statistics
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.figures import Figure, Scale, at_most, quartiles
from bench.load import Response
from bench.overhead import PIN
from bench.servers import Carnet, carnet, connected, pin, pins
from runtime.ids import new_id

PINS = 100
"""Of a trip."""
BULK, POST, PAGE = "sync of {:,} new pins", "single write (POST)", "list page of 100"
EXPORT, BATCH = f"export of a trip of {PINS} pins", "batch of 50 (updates)"
GOALS = {BULK: 1.5, POST: 1.3, PAGE: 1.3, EXPORT: 1.3, BATCH: 1.3}


class Database:
    """A server under the same requests as another; each leaves its database as large as it was."""

    def __init__(self, ours: Carnet, trips: Sequence[str]) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self._ours = ours
        self._trips = trips
        self._dice = random.Random(1)
        self._numbers = itertools.count()

    async def bulk(self, items: Sequence[object]) -> None:
        """A sync into a new trip, whose items are gone afterwards."""
        trip = await self._ours.new_trip()
        await self._send(BULK, 200, "POST", f"{trip}/sync", {"mapPins": items})
        with _opened(self._ours.server.database) as database:
            database.execute("DELETE FROM items WHERE trip_id = ?", [_id(trip)])

    async def turn(self) -> None:
        """One of each other request."""
        there = f"{self._any()}/map-pins"
        number = next(self._numbers)
        key = f"turn-{number}"
        made = await self._send(POST, 201, "POST", there, PIN, Idempotency_Key=key)
        # After a write: an export that is still true is not read again.
        await self._send(EXPORT, 200, "GET", f"{self._any()}/export")
        await self._send(PAGE, 200, "GET", f"{self._any()}/map-pins?limit=100")
        batch = {"items": [pin(n, f"Changed {number} times") for n in range(50)]}
        await self._send(BATCH, 200, "POST", f"{self._any()}/map-pins:batch", batch)
        gone = self._ours.request("DELETE", f"{there}/{made.json['_id']}")
        await self._ours.caller.send(gone, expect=204)

    def _any(self) -> str:
        return self._dice.choice(self._trips)

    async def _send(self, name: str, expect: int, *request: Any, **headers: str) -> Response:
        sent = self._ours.request(*request, **headers)
        response = await self._ours.caller.send(sent, expect=expect)
        self.seconds[name].append(response.seconds)
        return response


async def measure(folder: Path, scale: Scale) -> list[Figure]:
    """The figures of this module."""
    figures = []
    for size in scale.database_sizes:
        (folder / str(size)).mkdir()
        figures += await _compare(folder / str(size), scale, size)
    return figures


async def _compare(folder: Path, scale: Scale, size: int) -> list[Figure]:
    async with carnet(folder / "large") as begun:
        trip = await _new_trip(begun)
    trips = _fill(begun.server.database, trip, size // PINS)
    async with carnet(folder / "empty") as ours, _again(begun) as theirs:
        small, large = Database(ours, [await _new_trip(ours)]), Database(theirs, trips)
        items = pins(scale.import_items)
        for database in (small, large):
            await database.bulk(items)
            await database.turn()
            database.seconds.clear()
        for turn in range(scale.imports):
            for database in (small, large) if turn % 2 else (large, small):
                await database.bulk(items)
        for turn in range(scale.repetitions):
            for database in (small, large) if turn % 2 else (large, small):
                await database.turn()
    return [
        _figure(
            name.format(scale.import_items),
            size,
            GOALS[name],
            large.seconds[name],
            small.seconds[name],
        )
        for name in GOALS
    ]


async def _new_trip(ours: Carnet) -> str:
    trip = await ours.new_trip()
    await ours.sync(trip, pins(PINS))
    return trip


@contextlib.asynccontextmanager
async def _again(begun: Carnet) -> AsyncIterator[Carnet]:
    """A server that was stopped, on its database."""
    begun.server.start()
    try:
        async with connected(begun.server, begun.key) as ours:
            yield ours
    finally:
        begun.server.stop()


def _fill(file: Path, trip: str, count: int) -> list[str]:
    """Copies a trip and what is in it, each row under an id of its own; the paths of `count`."""
    old = _id(trip)
    with _opened(file) as database:
        of_trip = database.execute("SELECT group_id, rev, doc FROM trips").fetchone()
        of_items = database.execute(
            "SELECT kind, parent_id, sort_key, client_ref, rev, doc, id FROM items"
        ).fetchall()
        ids = [new_id() for _ in range(count - 1)]

        def copies() -> Iterator[Sequence[Any]]:
            for new in ids:
                for *columns, doc, row_id in of_items:
                    fresh = new_id()
                    yield new, *columns, doc.replace(old, new).replace(row_id, fresh), fresh

        database.executemany(
            "INSERT INTO trips (id, group_id, rev, doc) VALUES (?, ?, ?, ?)",
            ((new, *of_trip[:2], of_trip[2].replace(old, new)) for new in ids),
        )
        database.executemany(
            "INSERT INTO items (trip_id, kind, parent_id, sort_key, client_ref, rev, doc, id)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            copies(),
        )
    return [trip, *(f"/trips/{new}" for new in ids)]


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    """A database, in one transaction."""
    with contextlib.closing(sqlite3.connect(file)) as database, database:
        yield database


def _id(trip: str) -> str:
    return trip.rpartition("/")[2]


def _figure(
    what: str, size: int, goal: float, above: Sequence[float], below: Sequence[float]
) -> Figure:
    ratio = statistics.median(above) / statistics.median(below)
    claim = f"{what}: database of {size:,} items / all but empty"
    return at_most(claim, ratio, goal, f"{ratio:.2f}: {quartiles(above)} / {quartiles(below)}")
