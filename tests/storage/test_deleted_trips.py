"""Nothing outlives its trip, whoever asks for it while the trip is deleted.

No foreign key sees to it: the lock of the trip does.
"""

import asyncio
import threading

import pytest

from domain.errors import NotFound
from domain.imports import ImportRequest
from operations import imports, shares
from storage import inspection, removal
from storage.jobs import pack
from tests.storage.home import SECRET, event, leg, soon
from tests.storage.schema import TABLES
from tests.waiting import until

_WAITED_FOR = (
    "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted"
    " AND transactionid = pg_current_xact_id()::xid)"
)


async def one_inside_the_other(store, first, second):
    """What two writes come to, of which the second begins before the first is committed."""
    done = threading.Event()

    async def holding(tx):
        await first(tx)
        done.set()
        # SQLite has one writer: there the second one waits before it begins.
        if tx.dialect.lock:
            await until(lambda: tx.fetchval(_WAITED_FOR))

    holds = asyncio.ensure_future(store.write(holding))
    await until(lambda: done.is_set() or holds.done())
    return await soon(asyncio.gather(holds, store.write(second), return_exceptions=True))


def share(home):
    return lambda tx: shares.share(tx, home.cause, home.trip_id, SECRET)


def enqueue(home):
    request, body = ImportRequest("sync"), pack(b"{}")
    return lambda tx: imports.enqueue(
        tx, home.cause, home.trip_id, request, body, total=1, due_at=0.0
    )


def delete(home):
    return lambda tx: removal.delete_group(tx, home.group_id)


OF_TRIPS = {table for table, _, other in inspection.REFERENCES if other == "trips"}


async def left(home):
    """How many rows there are of trips and of what names them, by their tables."""

    async def look(tx):
        return {
            table: count
            for table in ("trips", *OF_TRIPS)
            if (count := await tx.fetchval(f"SELECT count(*) FROM {table}"))
        }

    return await home.store.read(look)


@pytest.mark.parametrize("asked", [share, enqueue])
async def test_what_is_asked_for_while_its_trip_is_deleted_is_refused(home, asked):
    deleted, refused = await one_inside_the_other(home.store, delete(home), asked(home))
    assert deleted is None
    assert isinstance(refused, NotFound)
    assert await left(home) == {}


@pytest.mark.parametrize("asked", [share, enqueue])
async def test_what_was_asked_for_before_its_trip_is_deleted_goes_with_it(home, asked):
    outcomes = await one_inside_the_other(home.store, asked(home), delete(home))
    assert outcomes == [None, None]
    assert await left(home) == {}


async def test_all_of_a_trip_goes_with_it_and_nothing_else(home):
    told = {name for name, table in TABLES.items() if "trip_id" in table.columns}
    assert told - OF_TRIPS == {"webhooks", "deliveries"}
    (leg_id,) = await home.make("legs", leg())
    await home.make("commitments", event(legId=leg_id))
    await home.change("leg", leg_id, {"title": "Other"})
    await home.store.write(share(home))
    await home.store.write(enqueue(home))
    full = await left(home)
    assert full.keys() == {"trips"} | OF_TRIPS
    await home.store.write(lambda tx: removal.delete_group(tx, "another"))
    assert await left(home) == full
    await home.store.write(delete(home))
    assert await left(home) == {}
