"""An undo in the database: how many statements it takes, and what it reads ahead."""

from typing import Any

import msgspec
import pytest

from domain.undo import UndoRequest
from operations import undo
from tests.storage.home import Home, event, leg, pin, stay, watch
from tests.storage.journal import everything, prior_rows, stored_items
from tests.support import now

MOST = 24
"""More statements than this for one undo would be too many, however few rows there are."""


def snapshot(count: int, **change: Any) -> dict[str, Any]:
    """A sync of rows of most kinds that belong together."""
    numbers = range(count)
    return {
        "legs": [leg(clientRef=f"l{n}", order=n) for n in numbers],
        "stays": [stay(legRef=f"l{n}", clientRef=f"s{n}", **change) for n in numbers],
        "mapPins": [pin(clientRef=f"p{n}", **change) for n in numbers],
        "commitments": [
            event(clientRef=f"e{n}", legRef=f"l{n}", mapPinRef=f"p{n}", **change) for n in numbers
        ],
    }


async def answer(home: Home, request: UndoRequest, ahead: Any = None) -> dict[str, Any]:
    """What an undo answers."""
    result = await home.store.write(
        lambda tx: undo.apply(tx, home.cause, home.trip_id, request, ahead=ahead)
    )
    decoded: dict[str, Any] = msgspec.json.decode(undo.response(result)[1])
    return decoded


async def statements(home: Home, request: UndoRequest) -> int:
    """How many statements an undo takes."""
    _, seen = await watch(
        home.store.write, lambda tx: undo.apply(tx, home.cause, home.trip_id, request)
    )
    assert len(seen) <= MOST, seen
    return len(seen)


async def test_the_number_of_statements_does_not_grow_with_the_rows(home):
    counts = []
    for size in (3, 300):
        rev = await home.rev()
        await home.sync(snapshot(size))
        await home.sync(snapshot(size, notes="1"))
        await home.sync(snapshot(size, notes="2"))
        requests = [
            UndoRequest(rev + 1, dry_run=True),
            UndoRequest(rev + 2),
            UndoRequest(rev + 2, force=True),
            UndoRequest(rev + 3, force=True),
            UndoRequest(rev + 1, force=True),
            UndoRequest(rev + 6),
            UndoRequest(rev + 7),
        ]
        made = []
        for request in requests:
            if request == UndoRequest(rev + 2):
                # All of it is in conflict, so that nothing is written.
                assert (await answer(home, request))["mapPins"]["errors"] == size
            made.append(await statements(home, request))
        counts.append(made)
        assert await home.rows("legs") == []
    assert counts[0] == counts[1]


async def test_a_plan_made_ahead_holds_while_the_trips_content_has_not_changed(home):
    first, second = await home.make("mapPins", pin(), pin())
    request = UndoRequest(2)

    async def ahead():
        return await home.store.read(lambda tx: undo.plan(tx, home.trip_id, request, now()))

    planned = await ahead()
    await home.change("mapPin", first, {"notes": "x"})
    told = await answer(home, request, planned)
    assert [item["status"] for item in told["mapPins"]["items"]] == ["error", "deleted"]
    assert [row["_id"] for row in await home.rows("mapPins")] == [first]
    planned = await home.store.read(lambda tx: undo.plan(tx, home.trip_id, UndoRequest(4), now()))
    await home.send("A message changes no content")
    _, seen = await watch(
        home.store.write,
        lambda tx: undo.apply(tx, home.cause, home.trip_id, UndoRequest(4), ahead=planned),
    )
    assert not [each.sql for each in seen if each.verb == "fetch"], "nothing is read again"
    assert [row["_id"] for row in await home.rows("mapPins")] == [first, second]


async def test_a_dry_run_writes_nothing(home):
    await home.sync(snapshot(2))
    before = await home.store.read(everything)
    for force in (True, False):
        assert (await answer(home, UndoRequest(2, dry_run=True, force=force)))["dryRun"] is True
    assert await home.store.read(everything) == before


@pytest.mark.parametrize("age", [0, 2])
async def test_rows_that_come_back_have_the_age_they_had(home, age):
    await home.sync(snapshot(1))
    await home.store.write(lambda tx: tx.execute("UPDATE items SET created_rev = $1", age))
    before = await stored_items(home.store, home.trip_id)
    for rev in (2, 3):
        await answer(home, UndoRequest(rev))
    after = await stored_items(home.store, home.trip_id)
    assert after == {
        row_id: {**row, "rev": 4} if row["kind"] != "channel" else row
        for row_id, row in before.items()
    }
    assert {prior["created_rev"] for prior in await prior_rows(home.store, home.trip_id)} == {age}
