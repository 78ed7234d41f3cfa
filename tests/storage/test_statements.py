"""The number of statements does not grow with the number of rows."""

from typing import Any

import msgspec
import pytest

from domain.imports import ImportRequest, items_of
from domain.message import CHANNEL
from domain.resources import LEG, MAP_PIN, RESOURCES
from operations import imports, messages, rows
from operations.rows import Collection
from storage import items, snapshots, trips
from storage.store import Tx
from tests.storage.home import Home, event, leg, pin, stay, watch

MOST = 16
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


def importing(home: Home, request: ImportRequest, trip_id: str, body: Any):
    async def apply(tx: Tx) -> None:
        lists = items_of(request, body)
        result = await imports.apply(tx, home.cause, trip_id, request, lists)
        assert not result.failed

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
    few = await count(home.store.write, importing(home, request, home.trip_id, batch(5)))
    many = await count(home.store.write, importing(home, request, large, batch(50)))
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
            counts.append(await count(home.store.write, importing(home, request, trip_id, body)))
    assert [few + 1 for few in counts[:3]] == counts[3:]


async def test_deleting_a_leg_takes_as_many_statements_with_1000_links_as_with_10(home, large):
    async def delete(trip_id: str) -> int:
        page = await home.store.read(lambda tx: items.page(tx, trip_id, "leg", after=None, limit=1))
        leg_id = msgspec.json.decode(page.documents[0])["_id"]
        collection = Collection(LEG, trip_id)
        return await count(
            home.store.write, lambda tx: rows.delete(tx, home.cause, collection, leg_id)
        )

    few, many = await delete(home.trip_id), await delete(large)
    assert few == many


async def test_a_create_is_one_statement_where_the_database_can(home):
    """And few where it cannot."""

    async def create(tx: Tx) -> None:
        await rows.create(tx, home.cause, Collection(MAP_PIN, home.trip_id), pin(clientRef="a"))

    most = 1 if home.store.dialect.one_statement else 5
    assert await count(home.store.write, create) <= most


async def test_a_message_takes_few_statements(home):
    channels = await home.store.read(
        lambda tx: items.page(tx, home.trip_id, CHANNEL.kind, after=None, limit=1)
    )
    channel_id = msgspec.json.decode(channels.documents[0])["_id"]
    body = {"content": "Hello"}

    async def send(tx: Tx) -> None:
        await messages.send(tx, home.cause, home.trip_id, channel_id, body)

    assert await count(home.store.write, send) <= 6


async def test_the_watch_sees_statements(home):
    """Or else the tests above show nothing."""

    async def one_by_one(tx: Tx) -> None:
        for _ in range(5):
            await tx.fetchval("SELECT 1")
            await tx.fetch("SELECT 1")
        await tx.fetchrow("SELECT 1")

    _, statements = await watch(home.store.read, one_by_one)
    assert len(statements) == 11
