"""The number of statements does not grow with the number of rows."""

from typing import Any

import msgspec
import pytest

from domain.imports import ImportRequest, items_of
from domain.resources import RESOURCES
from storage import imports, items, snapshots, trips
from storage.store import Tx
from tests.storage.home import Home, event, leg, pin, stay, watch
from tests.support import now

MOST = 12
"""More statements than this for one operation would be too many, however few rows there are."""


@pytest.fixture
async def large(home: Home) -> str:
    """A trip of 1,000 rows and more, beside the small one."""
    trip_id = await home.new_trip()
    await fill(home, trip_id, 1_000)
    await fill(home, home.trip_id, 10)
    return trip_id


async def fill(home: Home, trip_id: str, count: int) -> None:
    numbers = range(count)
    answer = await home.sync(
        {
            "legs": [leg(order=n, clientRef=f"leg{n}") for n in range(count // 10)],
            "stays": [stay(legRef=f"leg{n % (count // 10)}", clientRef=f"s{n}") for n in numbers],
            "mapPins": [pin(clientRef=f"pin{n}") for n in numbers],
            "commitments": [
                event(clientRef=f"e{n}", legRef="leg0", mapPinRef=f"pin{n}") for n in numbers
            ],
            "actionItems": [{"text": "x", "urgency": "now", "owner": home.user_id}],
        },
        trip_id,
    )
    assert sum(part["created"] for name, part in answer.items() if name != "dryRun") >= count


async def count(run, operation) -> int:
    _, statements = await watch(run, operation)
    assert len(statements) <= MOST, statements
    return len(statements)


def importing(request: ImportRequest, trip_id: str, body: Any):
    async def apply(tx: Tx) -> None:
        lists = items_of(request, body)
        status, _ = await imports.apply(tx, trip_id, request, lists, now())
        assert status == 200

    return apply


@pytest.mark.parametrize("kind", ["leg", "mapPin", "commitment"])
async def test_a_page_is_one_statement(home, large, kind):
    for trip_id in (home.trip_id, large):
        for limit in (1, 200):
            listing = await count(
                home.store.read,
                lambda tx, t=trip_id, n=limit: items.page(tx, t, kind, after=None, limit=n),
            )
            assert listing == 1


async def test_a_page_of_trips_or_members_is_one_statement(home, large):
    assert large
    assert (
        await count(
            home.store.read,
            lambda tx: trips.page(tx, home.user_id, among=None, after=None, limit=100),
        )
        == 1
    )
    assert (
        await count(
            home.store.read, lambda tx: trips.members_page(tx, home.trip_id, after=None, limit=100)
        )
        == 1
    )


async def test_an_export_is_one_statement(home, large):
    for trip_id in (home.trip_id, large):
        assert (
            await count(home.store.read, lambda tx, t=trip_id: snapshots.of_trip(tx, t, RESOURCES))
            == 1
        )


@pytest.mark.parametrize("what", ["created", "updated", "unchanged", "mixed"])
async def test_a_batch_of_50_takes_as_many_statements_as_one_of_5(home, large, what):
    def batch(size: int) -> dict[str, Any]:
        old = [{"clientRef": f"e{n}", "legId": None} for n in range(size)]
        new = [event(clientRef=f"new{n}") for n in range(size)]
        same = [{"clientRef": f"e{n}"} for n in range(size)]
        mixed = (old[: size // 2] + new)[:size]
        return {"items": {"created": new, "updated": old, "unchanged": same, "mixed": mixed}[what]}

    request = ImportRequest("batch", "commitment")
    few = await count(home.store.write, importing(request, home.trip_id, batch(5)))
    many = await count(home.store.write, importing(request, large, batch(50)))
    assert few == many


def snapshot(size: int, change: str, owner: str) -> dict[str, Any]:
    numbers = range(size)
    return {
        "legs": [leg(order=0, clientRef="leg0", title=change)],
        "stays": [stay(legRef="leg0", clientRef=f"s{n}", notes=change) for n in numbers],
        "mapPins": [pin(clientRef=f"pin{n}", notes=change) for n in numbers],
        "commitments": [
            event(clientRef=f"e{n}", legRef="leg0", mapPinRef=f"pin{n}", notes=change)
            for n in numbers
        ],
        "actionItems": [{"text": change, "urgency": "now", "owner": owner}],
    }


@pytest.mark.parametrize("dry_run", [False, True])
async def test_a_sync_of_1000_takes_one_statement_more_than_one_of_10(home, large, dry_run):
    """It asks how large the trip is."""
    counts = []
    for trip_id, size in ((home.trip_id, 10), (large, 1_000)):
        for change in ("first", "first", "second"):
            body = snapshot(size, change, home.user_id)
            request = ImportRequest("sync", dry_run=dry_run)
            counts.append(await count(home.store.write, importing(request, trip_id, body)))
    assert [few + 1 for few in counts[:3]] == counts[3:]


async def test_deleting_a_leg_takes_as_many_statements_with_1000_links_as_with_10(home, large):
    async def delete(tx: Tx, trip_id: str) -> None:
        page = await items.page(tx, trip_id, "leg", after=None, limit=1)
        leg_id = msgspec.json.decode(page.documents[0])["_id"]
        row = await items.get(tx, trip_id, "leg", leg_id)
        assert row is not None
        await items.delete(tx, trip_id, row, now())

    few = await count(home.store.write, lambda tx: delete(tx, home.trip_id))
    many = await count(home.store.write, lambda tx: delete(tx, large))
    assert few == many


async def test_the_watch_sees_statements(home):
    """Or else the tests above show nothing."""

    async def one_by_one(tx: Tx) -> None:
        for _ in range(5):
            await tx.fetchval("SELECT 1")
            await tx.fetch("SELECT 1")
        await tx.fetchrow("SELECT 1")

    _, statements = await watch(home.store.read, one_by_one)
    assert len(statements) == 11
