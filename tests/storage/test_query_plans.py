"""How SQLite goes about the statements that requests and workers send."""

import re
from typing import Any

import pytest

from domain.message import CHANNEL
from domain.undo import UndoRequest
from operations import undo
from storage import (
    history,
    items,
    open_store,
)
from storage.migrate import migrate
from storage.store import Tx
from tests.storage.every_operation import fill, reads, writes
from tests.storage.home import Home, leg, new_home, pin, watch
from tests.support import now


@pytest.fixture
async def home(tmp_path):
    """A home on SQLite, with something of everything in it."""
    store = await open_store(f"sqlite:///{tmp_path}/carnet.db")
    await migrate(store, now())
    made = await new_home(store)
    await fill(made)
    yield made
    await store.close()


IN_ORDER = (
    *("first page", "later page", "page of a kind", "messages", "members"),
    "export",
)
"""Not a user's trips: those of several groups have to be sorted."""


async def plans_of(home: Home, verb: str, operation: Any) -> list[tuple[str, list[str]]]:
    """The statements of an operation, and the steps SQLite takes for each."""
    _, statements = await watch(getattr(home.store, verb), operation)
    assert statements

    async def explain(tx: Tx) -> list[tuple[str, list[str]]]:
        found = []
        for verb, sql, args in statements:
            if verb == "insert":
                continue
            given = args[0][0] if verb == "executemany" else args
            plan = await tx.fetch(f"EXPLAIN QUERY PLAN {sql}", *given)
            found.append((sql, [row[3] for row in plan]))
        return found

    plans: list[tuple[str, list[str]]] = await home.store.read(explain)
    return plans


def scanned(sql: str, plan: list[str]) -> list[str]:
    """The steps that go through a whole table or index."""
    tables = r"(?:FROM|JOIN|UPDATE|INTO|,)\s+([a-z_]+)\b(?!\.)(?:\s+(?:AS\s+)?([a-z]+)\b)?"
    named = {name for found in re.findall(tables, sql) for name in found} - {"json_each"}
    return [step for step in plan if (match := re.match(r"SCAN (\w+)", step)) and match[1] in named]


@pytest.mark.parametrize("verb", ["read", "write"])
async def test_no_statement_goes_through_a_whole_table(home, verb):
    operations = reads(home) if verb == "read" else writes(home)
    found = {}
    for name, operation in operations.items():
        for sql, plan in await plans_of(home, verb, operation):
            if steps := scanned(sql, plan):
                found[name] = (sql, steps)
    assert found == {}


@pytest.mark.parametrize("name", IN_ORDER)
async def test_lists_and_exports_come_in_order_without_sorting(home, name):
    for sql, plan in await plans_of(home, "read", reads(home)[name]):
        assert "ORDER BY" in sql
        assert not [step for step in plan if "TEMP B-TREE" in step], plan


async def test_a_page_seeks_to_its_place(home):
    """All parts of the place take part, so that rows of one sort key are not walked over."""
    for name in ("later page", "messages"):
        ((_, plan),) = await plans_of(home, "read", reads(home)[name])
        assert re.search(r"SEARCH items .*\(sort_key,created_rev,id\)[<>]\(\?,\?,\?\)", plan[0]), (
            plan
        )


async def steps_of(home: Home, operation: Any) -> int:
    """How many instructions SQLite's machine runs for an operation."""
    ran = 0

    def count() -> int:
        nonlocal ran
        ran += 1
        return 0

    async def counted(tx: Any) -> None:
        await operation(tx)
        tx._connection.set_progress_handler(count, 1)
        await operation(tx)
        tx._connection.set_progress_handler(None, 1)

    await home.store.read(counted)
    return ran


@pytest.mark.parametrize("kind", ["leg", "mapPin"])
async def test_a_page_costs_the_same_wherever_it_lies(home, kind):
    large = await home.new_trip()
    bodies = {
        "legs": [leg(order=n) for n in range(3_000)],
        "mapPins": [pin() for n in range(3_000)],
    }
    await home.sync(bodies, large)
    small = await home.new_trip()
    await home.sync({name: rows[:30] for name, rows in bodies.items()}, small)

    async def place_after(trip_id: str, count: int):
        page = await home.store.read(
            lambda tx: items.page(tx, trip_id, kind, after=None, limit=count)
        )
        return page.next

    async def cost(trip_id: str, skipped: int) -> int:
        after = await place_after(trip_id, skipped)
        return await steps_of(home, lambda tx: items.page(tx, trip_id, kind, after=after, limit=10))

    costs = [await cost(small, 10), *[await cost(large, n) for n in (10, 1_500, 2_980)]]
    assert min(costs) > 50
    assert max(costs) <= min(costs) * 1.2


async def test_a_delta_costs_what_it_tells(home):
    """Neither the size of the trip counts, nor how often its rows were changed."""
    costs = []
    for size in (30, 3_000):
        trip_id = await home.new_trip()
        await home.sync({"mapPins": [pin(clientRef=f"{n}") for n in range(size)]}, trip_id)
        for number in range(size // 10):
            await home.sync({"mapPins": [{"clientRef": "0", "lat": number / 100}]}, trip_id)
        since = 2 + size // 10
        for number in range(10):
            await home.sync({"mapPins": [{"clientRef": f"{number}", "notes": "x"}]}, trip_id)

        async def read(tx: Tx, trip_id=trip_id, rev=since):
            found = await history.delta(tx, trip_id, (rev, "x"), 200, messages=True)
            assert len(found.changes) == 10

        async def from_before_the_changes(tx: Tx, trip_id=trip_id):
            found = await history.delta(tx, trip_id, (2, "x"), 200, messages=True)
            assert len(found.changes) == 10

        costs.append([await steps_of(home, each) for each in (read, from_before_the_changes)])
    assert costs[0] == costs[1]


async def test_a_page_of_a_delta_passes_over_no_rows_that_came_back_after_it(home):
    await home.sync({"mapPins": [pin() for _ in range(600)]})
    await home.sync({"mapPins": [pin() for _ in range(2_000)]})

    async def page(tx: Tx) -> None:
        found = await history.delta(tx, home.trip_id, (1, "x"), 100, messages=True)
        assert len(found.changes) == 100

    async def undo_latest(tx: Tx) -> None:
        latest = (await history.kept(tx, home.trip_id)).rev
        await undo.apply(tx, home.cause, home.trip_id, UndoRequest(latest))

    before = await steps_of(home, page)
    for _ in range(4):
        await home.store.write(undo_latest)
    assert await steps_of(home, page) <= before * 1.2


async def test_the_watch_for_whole_tables_can_be_set_off(home):
    for sql in ("SELECT doc FROM items WHERE client_ref = $1", "SELECT 1 FROM trips t, items i"):
        arguments = ("x",) if "$1" in sql else ()

        async def operation(tx: Tx, sql=sql, arguments=arguments) -> None:
            await tx.fetch(sql, *arguments)

        ((text, plan),) = await plans_of(home, "read", operation)
        assert scanned(text, plan)


async def test_views_for_people_show_what_is_stored(home):
    async def look(tx: Tx):
        return [
            await tx.fetchval(f'SELECT {column} FROM "{view}"')
            for view, column in (
                *(("legs", "title"), ("stays", "name"), ("map_pins", "name")),
                ("commitments", "title"),
            )
        ]

    assert await home.store.read(look) == ["Tokyo", "Ryokan Sawanoya", "Sensoji", "Dinner"]
    assert CHANNEL.kind == "channel"
