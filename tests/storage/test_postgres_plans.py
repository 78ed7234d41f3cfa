"""Postgres looks clientRefs up by their index, also in a table it knows nothing of yet.

Statistics come a minute after the rows. Until then several indexes look as good to the planner,
and one that goes through all rows of a trip for each clientRef makes an import quadratic.
"""

import functools
import re

import pytest

from domain.plan import Needs, Plan
from domain.resources import BY_KIND
from domain.row import Row
from domain.undo import UndoRequest
from operations import undo
from operations.undo import PlannedUndo
from runtime.ids import new_id
from storage import changes, items, open_store
from storage.migrate import migrate
from storage.store import Tx
from tests.storage.home import Home, Statement, new_home, pin, watch
from tests.support import now

ROWS = 3_000


@pytest.fixture
async def unknown(database):
    """A home with a trip of many pins, in a table without statistics."""
    store = await open_store(database)
    await migrate(store, now())
    for table in ("items", "links", "prior_rows"):
        await store.write(functools.partial(_without_statistics, table))
    home = await new_home(store)
    pins = [pin(clientRef=f"pin-{n}", notes="n" * 300) for n in range(ROWS)]
    await home.sync({"mapPins": pins})
    yield home
    await store.close()


async def _without_statistics(table: str, tx: Tx) -> None:
    await tx.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")


async def plan_of(home: Home, statement: Statement) -> str:
    async def explain(tx: Tx) -> str:
        rows = await tx.fetch(f"EXPLAIN {statement.sql}", *statement.args)
        return "\n".join(row[0] for row in rows)

    return await home.store.read(explain)


async def loading(home: Home, count: int) -> str:
    """How Postgres goes about finding so many of the trip's pins."""
    needs = Needs()
    needs.add(BY_KIND["mapPin"], [pin(clientRef=f"pin-{n}") for n in range(count)])
    plan = Plan(home.trip_id, now=now(), new_id=new_id)
    _, statements = await watch(home.store.read, lambda tx: items.load(tx, plan, needs))
    return await plan_of(home, statements[-1])


async def test_an_imports_rows_are_found_by_their_client_refs(unknown):
    found = await loading(unknown, 500)
    assert "items_by_client_ref" in found, found
    assert "Subquery Scan on found" in found, found
    assert "items_pkey" not in found, found


async def test_rows_that_are_most_of_a_trip_are_found_in_one_pass(unknown):
    found = await loading(unknown, ROWS)
    assert "hashed SubPlan" in found, found
    assert "Join" not in found, found
    assert "Loop" not in found, found


async def test_what_an_undo_looks_for_is_found_by_indexes(unknown):
    """Where all rows have been changed since: most of what came later is one of them."""
    where = unknown.trip_id
    changed = [{"clientRef": f"pin-{n}", "notes": "x"} for n in range(ROWS)]
    await unknown.sync({"mapPins": changed})
    one_pass = []
    for request in (UndoRequest(2), UndoRequest(2, force=True), UndoRequest(4)):
        planning = functools.partial(_plan, where, request)
        _, statements = await watch(unknown.store.read, planning)
        for statement in statements:
            found = await plan_of(unknown, statement)
            assert not re.search("Seq Scan on (items|prior_rows|links)", found), found
            one_pass += ["hashed SubPlan" in found] * ("SELECT id, rev, deleted" in statement.sql)
        if request.force:
            await unknown.store.write(
                lambda tx: undo.apply(tx, unknown.cause, where, UndoRequest(2, force=True))
            )
    assert one_pass == [True, True]


async def _plan(trip_id: str, request: UndoRequest, tx: Tx) -> PlannedUndo:
    return await undo.plan(tx, trip_id, request, now())


async def test_a_creates_client_ref_is_looked_for_by_its_index(unknown):
    row = Row("mapPin", new_id(), "", '{"name":"A","clientRef":"pin-7"}', client_ref="pin-7")
    stored, (create,) = await watch(
        unknown.store.write,
        lambda tx: changes.commit_new_row(tx, unknown.trip_id, row, unknown.cause, None),
    )
    assert stored is None

    async def explain(tx: Tx) -> str:
        rows = await tx.fetch(f"EXPLAIN {create.sql}", *create.args)
        return "\n".join(row[0] for row in rows)

    found = await unknown.store.write(explain)
    assert "items_by_client_ref" in found, found
    assert "items_pkey" not in found, found
