"""What the history of a year adds to a database.

The year is that of a family: a trip a month, each begun by the import of the example itinerary and
then planned for a month, which is `WRITES` single writes at even intervals. What is older than
`history.days` is dropped in the end, as the worker does. Counted is the size of the SQLite file
after `VACUUM`, with the journal and without its two tables.
"""

import contextlib
import datetime
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from bench.figures import Figure, Scale, at_most
from domain.actor import Actor
from domain.changes import Cause
from domain.clock import timestamp
from domain.imports import ImportRequest, items_of
from domain.resources import ACTION_ITEM, COMMITMENT, MAP_PIN
from domain.row import Row
from domain.scopes import BASE_SCOPES, Scopes
from operations import imports, messages, rows, trips
from operations.rows import Collection
from runtime.settings import Settings
from storage import accounts, journal, open_store
from storage.migrate import migrate
from storage.store import Store, Tx

GOAL = 15.0
"""Percent."""
TRIPS, DAYS_EACH = 12, 30
WRITES = {"change": 60, "create": 20, "delete": 6, "message": 100}
"""Of a trip, after its import."""
EXAMPLE = Path(__file__).parent.parent / "operations" / "sample" / "japan.json"
START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


class Year:
    """A family, and what it does."""

    def __init__(self, store: Store, actor: Actor, group_id: str) -> None:
        self._store = store
        self._actor = actor
        self._group_id = group_id
        self._dice = random.Random(1)

    async def trip(self, begun: datetime.datetime) -> None:
        """A trip, from its first day to the end of its planning."""
        moments = self._moments(begun)
        body = {
            "groupId": self._group_id,
            "title": "Japan",
            "startDate": "2027-04-01",
            "endDate": "2027-04-15",
        }
        cause = self._cause(next(moments))
        trip = await self._store.write(lambda tx: trips.create(tx, cause, body))
        request = ImportRequest("sync")
        lists = items_of(request, msgspec.json.decode(EXAMPLE.read_bytes()))
        await self._store.write(lambda tx: imports.apply(tx, cause, trip.id, request, lists))
        kinds = [kind for kind, count in WRITES.items() for _ in range(count)]
        self._dice.shuffle(kinds)
        for kind in kinds:
            await self._write(kind, trip.id, self._cause(next(moments)))

    def _moments(self, begun: datetime.datetime) -> Iterator[datetime.datetime]:
        step = datetime.timedelta(days=DAYS_EACH) / (sum(WRITES.values()) + 1)
        while True:
            yield begun
            begun += step

    def _cause(self, moment: datetime.datetime) -> Cause:
        request_id = "req_00000000-0000-4000-8000-000000000000"
        return Cause(self._actor, timestamp(moment), request_id=request_id)

    async def _write(self, kind: str, trip_id: str, cause: Cause) -> None:
        resource = self._dice.choice([MAP_PIN, ACTION_ITEM, COMMITMENT])
        where = Collection(resource, trip_id)
        note = self._dice.randbytes(30).hex()
        body: Any = {"text": note} if resource is ACTION_ITEM else {"notes": note}
        if kind == "create":
            new = {"name": "Somewhere", "lat": 35.5, "lng": 139.5, "notes": note}
            pins = Collection(MAP_PIN, trip_id)
            await self._store.write(lambda tx: rows.create(tx, cause, pins, new))
            return
        if kind == "message":
            await self._store.write(lambda tx: _send(tx, cause, trip_id, note))
            return
        page = await self._store.read(lambda tx: rows.list_rows(tx, where, None, 200))
        row_id = msgspec.json.decode(self._dice.choice(page.documents))["_id"]
        if kind == "delete":
            await self._store.write(lambda tx: rows.delete(tx, cause, where, row_id))
        else:
            await self._store.write(lambda tx: rows.change(tx, cause, where, row_id, body))


async def _send(tx: Tx, cause: Cause, trip_id: str, text: str) -> Row:
    channels = await messages.list_channels(tx, trip_id, None, 1)
    channel_id = msgspec.json.decode(channels.documents[0])["_id"]
    return (await messages.send(tx, cause, trip_id, channel_id, {"content": text})).row


async def measure(folder: Path, _scale: Scale) -> list[Figure]:
    """The figures of this module."""
    file = folder / "carnet.db"
    store = await open_store(f"sqlite:///{file}")
    try:
        await migrate(store, timestamp(START))
        first = await store.write(
            lambda tx: accounts.set_up(
                tx, email="a@example.org", name="A", group="A", now=timestamp(START)
            )
        )
        actor = Actor(first.user_id, "A", "a@example.org", Scopes(BASE_SCOPES), key_id="k" * 24)
        year = Year(store, actor, first.group_id)
        for number in range(TRIPS):
            await year.trip(START + number * datetime.timedelta(days=DAYS_EACH))
        days = Settings().history.days
        end = START + datetime.timedelta(days=TRIPS * DAYS_EACH - days)
        whole = _size(file)
        while await store.write(lambda tx: journal.prune(tx, timestamp(end), 1_000)):
            pass
    finally:
        await store.close()
    kept, bare = _size(file), _size(file, "changesets", "prior_rows")
    claim = "history of a year of normal use, kept for {} days: disk it adds, in %"
    return [
        at_most(
            claim.format(days),
            _percent(kept, bare),
            GOAL,
            f"{_percent(kept, bare):.0f} %: {kept / 1024:,.0f} KiB, {bare / 1024:,.0f} without",
        ),
        Figure(claim.format(TRIPS * DAYS_EACH), f"{_percent(whole, bare):.0f} %"),
    ]


def _percent(size: int, bare: int) -> float:
    return 100 * (size / bare - 1)


def _size(file: Path, *dropped: str) -> int:
    """Bytes of the database, packed, without some tables."""
    copy = file.with_suffix(".copy")
    copy.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.execute("VACUUM INTO ?", [str(copy)])
    with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as database:
        for table in dropped:
            database.execute(f"DROP TABLE {table}")
        database.execute("VACUUM")
    return copy.stat().st_size
