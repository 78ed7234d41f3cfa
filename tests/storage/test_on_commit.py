"""A store tells of the trips that have changed: each commit, and nothing else."""

import asyncio

import pytest

from domain.changes import ChangeSet
from operations import shares
from operations import trips as trip_operations
from storage import changes
from storage.store import Tx
from tests.storage.home import SECRET, leg, pin, soon
from tests.storage.journal import changesets, everything, row


@pytest.fixture
def told(home):
    """The trips and revisions that the store's listener was told of."""
    heard: list[tuple[str, int]] = []
    home.store.on_commit = lambda trip_id, rev: heard.append((trip_id, rev))
    return heard


async def test_the_listener_is_told_of_each_commit(home, told):
    await home.create("mapPin", pin())
    await home.sync({"legs": [leg()]})
    await home.send("Hello")
    await home.store.write(lambda tx: trip_operations.archive(tx, home.cause, home.trip_id))
    assert told == [(home.trip_id, rev) for rev in (2, 3, 4, 5)]
    other = await home.new_trip()
    assert told[4:] == [(other, 1)]


async def test_the_listener_is_told_after_the_commit(home, told):
    async def write(tx: Tx) -> list[tuple[str, int]]:
        trip = await changes.begin(tx, home.trip_id)
        await changes.commit(tx, trip, ChangeSet([row("mapPin", "p1")]), home.cause)
        await tx.fetchval("SELECT 1")
        return list(told)

    assert await home.store.write(write) == []
    assert told == [(home.trip_id, 2)]


async def test_what_is_undone_is_not_told(home, told):
    async def fail(tx: Tx) -> None:
        trip = await changes.begin(tx, home.trip_id)
        await changes.commit(tx, trip, ChangeSet([row("mapPin", "p1")]), home.cause)
        raise LookupError

    before = await home.store.read(everything)
    with pytest.raises(LookupError):
        await home.store.write(fail)
    assert told == []
    assert await home.store.read(everything) == before


async def test_of_many_writes_at_once_those_that_fail_are_not_told(home, told):
    def writing(number: int):
        async def write(tx: Tx) -> int:
            trip = await changes.begin(tx, home.trip_id)
            change_set = ChangeSet([row("mapPin", f"p{number}")])
            rev = await changes.commit(tx, trip, change_set, home.cause)
            if number % 3 == 0:
                raise LookupError
            return rev

        return home.store.write(write)

    outcomes = await soon(
        asyncio.gather(*(writing(number) for number in range(12)), return_exceptions=True)
    )
    good = [outcome for outcome in outcomes if isinstance(outcome, int)]
    assert sorted(good) == list(range(2, 10))
    assert sorted(told) == [(home.trip_id, rev) for rev in sorted(good)]
    assert [each["rev"] for each in await changesets(home.store, home.trip_id)] == [
        1,
        *sorted(good),
    ]


async def test_what_changes_nothing_is_not_told(home, told):
    await home.sync({"mapPins": [pin(clientRef="a")]})
    told.clear()
    await home.sync({"mapPins": [pin(clientRef="a")]})
    await home.sync({"mapPins": [pin()]}, dry_run=True)
    await home.store.write(lambda tx: shares.share(tx, home.cause, home.trip_id, SECRET))
    assert told == []
