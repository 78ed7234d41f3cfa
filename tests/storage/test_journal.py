"""What is dropped of the journal, and what of it must stay."""

import asyncio

from domain.changes import ChangeSet
from domain.resources import MAP_PIN
from storage import changes, items, journal
from storage.store import Store, Tx
from tests.storage.home import Home, leg, pin, stay
from tests.support import now

LATER = "9999-01-01T00:00:00.000Z"


async def revs(store: Store, table: str) -> list[tuple[str, int]]:
    found = await store.read(
        lambda tx: tx.fetch(f"SELECT DISTINCT trip_id, rev FROM {table} ORDER BY trip_id, rev")
    )
    return [(trip_id, rev) for trip_id, rev in found]


async def pruned_rev(home: Home, trip_id: str) -> int:
    rev: int = await home.store.read(
        lambda tx: tx.fetchval("SELECT pruned_rev FROM trips WHERE id = $1", trip_id)
    )
    return rev


async def change(home: Home, number: int) -> None:
    """A changeset that updates ten pins."""
    pins = [pin(name=f"{number}", clientRef=f"{n}") for n in range(10)]
    await home.sync({"mapPins": pins})


async def test_the_oldest_go_first_and_the_trip_tells_up_to_where(home):
    for number in range(6):
        await change(home, number)
    all_of_them = await revs(home.store, "changesets")
    assert len(all_of_them) == 7
    dropped = await home.store.write(lambda tx: journal.prune(tx, LATER, 25))
    assert dropped == 25
    left = await revs(home.store, "changesets")
    gone = [each for each in all_of_them if each not in left]
    assert gone == all_of_them[: len(gone)]
    assert gone
    # What is dropped in part is gone already.
    assert await pruned_rev(home, home.trip_id) >= gone[-1][1]
    assert await pruned_rev(home, home.trip_id) >= min(
        rev for _, rev in await revs(home.store, "prior_rows")
    )


async def test_all_goes_in_the_end_and_never_more_than_asked_for_at_a_time(home):
    for number in range(5):
        await change(home, number)
    other = await home.new_trip()
    while dropped := await home.store.write(lambda tx: journal.prune(tx, LATER, 7)):
        assert dropped <= 7
    assert await revs(home.store, "changesets") == []
    assert await revs(home.store, "prior_rows") == []
    assert await pruned_rev(home, home.trip_id) == await home.rev()
    assert await pruned_rev(home, other) == 1


async def test_what_is_not_old_stays(home):
    await change(home, 1)
    before = await revs(home.store, "changesets")
    assert await home.store.write(lambda tx: journal.prune(tx, "2000-01-01T00:00:00.000Z", 99)) == 0
    assert await revs(home.store, "changesets") == before
    assert await pruned_rev(home, home.trip_id) == 0


async def test_several_at_once_never_drop_more_than_the_trip_tells(home):
    trips = [home.trip_id, *[await home.new_trip() for _ in range(3)]]
    for number in range(8):
        await change(home, number)
    await asyncio.gather(
        *(home.store.write(lambda tx: journal.prune(tx, LATER, 5)) for _ in range(12))
    )
    left = await revs(home.store, "changesets")
    for trip_id in trips:
        kept = [rev for of_trip, rev in left if of_trip == trip_id]
        first = min(kept, default=10_000)
        assert await pruned_rev(home, trip_id) >= min(
            first - 1, await home.store.read(lambda tx, t=trip_id: rev_of(tx, t))
        )


async def rev_of(tx: Tx, trip_id: str) -> int:
    rev: int = await tx.fetchval("SELECT rev FROM trips WHERE id = $1", trip_id)
    return rev


async def test_a_trip_that_is_being_written_is_left_and_holds_nothing_up(home):
    """Where writers do not wait in line: on SQLite pruning comes after the write."""
    other = await home.new_trip()
    began, go_on = asyncio.Event(), asyncio.Event()
    if home.store.dialect.skip_locked:

        async def busy(tx: Tx) -> None:
            await changes.begin(tx, home.trip_id)
            began.set()
            await go_on.wait()

        writing = asyncio.ensure_future(home.store.write(busy))
        await began.wait()
        await home.store.write(lambda tx: journal.prune(tx, LATER, 100))
        assert {trip_id for trip_id, _ in await revs(home.store, "changesets")} == {home.trip_id}
        go_on.set()
        await writing
    await home.store.write(lambda tx: journal.prune(tx, LATER, 100))
    assert await revs(home.store, "changesets") == []
    assert await pruned_rev(home, other) == 1


async def test_what_a_server_of_before_did_the_journal_says_it_does_not_know(home):
    await change(home, 1)
    await home.store.write(
        lambda tx: tx.execute("UPDATE trips SET rev = rev + 1 WHERE id = $1", home.trip_id)
    )
    unknown = await home.rev()
    assert await pruned_rev(home, home.trip_id) == 0
    await home.make("mapPins", pin())
    assert await pruned_rev(home, home.trip_id) == unknown
    await home.make("mapPins", pin())
    assert await pruned_rev(home, home.trip_id) == unknown


async def test_rows_of_an_attempt_that_was_undone_are_as_old_as_the_one_that_was_not(home):
    """A plan that was made ahead is stored by whichever attempt is not undone."""
    from domain.plan import Plan
    from runtime.ids import new_id

    plan = Plan(home.trip_id, now=now(), new_id=new_id)
    row = plan.upsert(MAP_PIN, pin())[1]

    async def undone(tx: Tx) -> None:
        trip = await changes.begin(tx, home.trip_id)
        await changes.commit(tx, trip, plan.changes, home.cause)
        raise ZeroDivisionError

    async def done(tx: Tx) -> int:
        trip = await changes.begin(tx, home.trip_id)
        return await changes.commit(tx, trip, plan.changes, home.cause)

    try:
        await home.store.write(undone)
    except ZeroDivisionError:
        await home.sync({"legs": [leg()]})
    rev = await home.store.write(done)
    found = await home.store.read(lambda tx: items.get(tx, home.trip_id, "mapPin", row.id))
    assert found is not None
    assert (found.created_rev, found.rev) == (rev, rev)
    assert ChangeSet().summary() == {}


async def test_a_stay_that_moves_to_where_its_client_ref_is_taken_is_a_duplicate(home):
    first, second = await home.make("legs", leg(clientRef="1"), leg(clientRef="2", order=1))
    there = {"legId": first}, {"legId": second}
    one, _ = await home.make("stays", *(stay(clientRef="x", **where) for where in there))
    moved = {"_id": one, "legId": second}
    for dry_run in (True, False):
        answer = await home.sync({"stays": [moved], "mapPins": [pin()]}, dry_run=dry_run)
        (result,) = answer["stays"]["items"]
        assert result["status"] == "error"
        assert result["error"]["details"][0]["reason"] == "duplicate"
        assert answer["mapPins"]["created"] == 1
