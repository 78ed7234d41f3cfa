"""Batches and syncs, applied within a transaction."""

import asyncio
from typing import Any

import msgspec
import pytest

from domain.changes import ChangeSet
from domain.errors import NotFound, PreconditionFailed
from domain.imports import ImportRequest, ImportResult, items_of
from domain.message import MESSAGE
from domain.precondition import Precondition
from domain.row import Row
from operations import imports
from storage.store import Tx
from tests.storage.home import Home, event, leg, pin, soon, stay, watch


async def apply(home: Home, request: ImportRequest, body) -> tuple[int, dict[str, Any]]:
    lists = items_of(request, body)
    result = await home.store.write(
        lambda tx: imports.apply(tx, home.cause, home.trip_id, request, lists)
    )
    status, answer = imports.response(result)
    return status, msgspec.json.decode(answer)


async def test_a_batch_of_stays_needs_its_leg(home):
    body = {"items": [stay()]}
    with pytest.raises(NotFound):
        await apply(home, ImportRequest("batch", "stay", "nowhere"), body)
    (shrine,) = await home.make("mapPins", pin())
    with pytest.raises(NotFound):
        await apply(home, ImportRequest("batch", "stay", shrine), body)
    (tokyo,) = await home.make("legs", leg())
    status, answer = await apply(home, ImportRequest("batch", "stay", tokyo), body)
    assert (status, answer["created"]) == (200, 1)
    assert [row["legId"] for row in await home.rows("stays")] == [tokyo]


async def test_the_good_items_of_a_batch_are_stored_together(home):
    before = await home.rev()
    items = [pin(clientRef="a"), pin(lat=99), pin(clientRef="a", notes="x"), "?", pin(name="b")]
    status, answer = await apply(home, ImportRequest("batch", "mapPin"), {"items": items})
    assert status == 207
    assert [result["status"] for result in answer["results"]] == [
        *("created", "error", "updated", "error", "created")
    ]
    rows = await home.rows("mapPins")
    assert [(row["name"], row.get("notes")) for row in rows] == [("Sensoji", "x"), ("b", None)]
    assert await home.rev() == before + 1


async def test_a_failure_of_the_whole_undoes_all_of_it(home):
    async def fail(tx: Tx) -> None:
        request = ImportRequest("sync")
        lists = items_of(request, {"mapPins": [pin()], "legs": [leg()]})
        await imports.apply(tx, home.cause, home.trip_id, request, lists)
        raise ValueError("x")

    before = await home.rev()
    with pytest.raises(ValueError, match="x"):
        await home.store.write(fail)
    assert await home.rows("mapPins") == []
    assert await home.rev() == before


async def test_creates_with_one_ref_that_race_come_to_one_row(home):
    bodies = [{"mapPins": [pin(clientRef="a", name=f"n{n}")]} for n in range(20)]
    answers = await soon(asyncio.gather(*(home.sync(body) for body in bodies)))
    assert sum(answer["mapPins"]["created"] for answer in answers) == 1
    assert sum(answer["mapPins"]["updated"] for answer in answers) == 19
    assert len({answer["mapPins"]["items"][0]["_id"] for answer in answers}) == 1
    assert len(await home.rows("mapPins")) == 1


async def test_a_whole_trip_in_one_sync_and_back(home):
    snapshot = {
        "commitments": [event(clientRef="e", legRef="l", mapPinRef="p"), event(legRef="l")],
        "actionItems": [{"text": "x", "urgency": "now", "owner": home.user_id}],
        "mapPins": [pin(clientRef="p")],
        "stays": [stay(legRef="l", clientRef="s"), stay(legRef="l")],
        "legs": [leg(clientRef="l", accommodation={"name": "Ryokan", "pets": ["cat", None]})],
    }
    answer = await home.sync(snapshot)
    assert [answer[name]["errors"] for name in snapshot] == [0] * 5
    export = {name: await home.rows(name) for name in snapshot}
    again = await home.sync(export)
    assert [again[name]["unchanged"] for name in snapshot] == [2, 1, 1, 2, 1]
    assert {name: await home.rows(name) for name in snapshot} == export


async def test_rows_of_other_trips_are_out_of_reach(home):
    await home.sync({"mapPins": [pin(clientRef="p", name="mine")]})
    (mine,) = await home.rows("mapPins")
    other = await home.new_trip()
    answer = await home.sync({"mapPins": [{**mine, "name": "theirs"}]}, other)
    assert answer["mapPins"]["created"] == 1
    assert await home.rows("mapPins") == [mine]
    (theirs,) = await home.rows("mapPins", other)
    assert theirs["_id"] != mine["_id"]
    assert (theirs["name"], theirs["tripId"]) == ("theirs", other)


async def test_refs_with_awkward_characters(home):
    refs = ['"', "\\", "'", "a,b", "é🗼", "%", "_", " ", "\n", "$1", "]", "x" * 255]
    body = {"mapPins": [pin(clientRef=ref) for ref in refs]}
    assert (await home.sync(body))["mapPins"]["created"] == len(refs)
    assert (await home.sync(body))["mapPins"]["unchanged"] == len(refs)


async def test_refs_are_compared_to_the_letter(home):
    refs = ["a", "A", "a ", " a", "á", "a\u0301"]
    body = {"mapPins": [pin(clientRef=ref) for ref in refs]}
    assert (await home.sync(body))["mapPins"]["created"] == len(refs)


async def planned(home: Home, body: dict[str, Any]) -> imports.PlannedImport:
    request = ImportRequest("sync")
    lists = items_of(request, body)
    moment = home.cause.now
    return await home.store.read(lambda tx: imports.plan(tx, home.trip_id, request, lists, moment))


async def apply_planned(home: Home, body: dict[str, Any], ahead: imports.PlannedImport):
    request = ImportRequest("sync")
    lists = items_of(request, body)

    async def operation(tx: Tx) -> ImportResult:
        return await imports.apply(
            tx, home.cause, home.trip_id, request, lists, Precondition.NONE, ahead
        )

    result, statements = await watch(home.store.write, operation)
    status, answer = imports.response(result)
    return status, msgspec.json.decode(answer), statements


BODY: dict[str, Any] = {
    "legs": [leg(clientRef="l")],
    "mapPins": [pin(clientRef="a", notes="new"), pin(name="b")],
    "commitments": [event(clientRef="e", legRef="l", mapPinRef="a")],
}


async def test_a_plan_made_ahead_writes_nothing_until_it_is_applied(home):
    before = await home.rev()
    ahead = await planned(home, BODY)
    assert (await home.rows("mapPins"), await home.rev()) == ([], before)
    status, answer, statements = await apply_planned(home, BODY, ahead)
    assert (status, answer["mapPins"]["created"]) == (200, 2)
    assert len(await home.rows("mapPins")) == 2
    assert await home.rev() == before + 1
    (dinner,) = await home.rows("commitments")
    assert dinner["legId"] == (await home.rows("legs"))[0]["_id"]
    reading = [sql for verb, sql, _ in statements if sql.startswith("SELECT") and "items" in sql]
    assert reading == [], "what was planned is not looked up again"


async def test_a_plan_made_ahead_is_made_again_when_the_trip_has_changed(home):
    ahead = await planned(home, BODY)
    await home.sync({"mapPins": [pin(clientRef="a", notes="old")], "legs": [leg(clientRef="l")]})
    status, answer, _ = await apply_planned(home, BODY, ahead)
    assert status == 200
    assert [item["status"] for item in answer["mapPins"]["items"]] == ["updated", "created"]
    assert answer["legs"]["unchanged"] == 1
    assert [row.get("notes") for row in await home.rows("mapPins")] == ["new", None]


async def test_a_plan_made_ahead_of_a_deletion_links_to_nothing_that_is_gone(home):
    (tokyo,) = await home.make("legs", leg())
    body = {"commitments": [event(legId=tokyo)], "stays": [stay(legId=tokyo)]}
    ahead = await planned(home, body)

    await home.delete("leg", tokyo)
    status, answer, _ = await apply_planned(home, body, ahead)
    assert status == 207
    assert (answer["commitments"]["errors"], answer["stays"]["errors"]) == (1, 1)
    assert await home.rows("commitments") == await home.rows("stays") == []


async def test_of_two_plans_made_ahead_at_once_the_second_is_made_again(home):
    plans = [await planned(home, BODY) for _ in range(2)]
    outcomes = [await apply_planned(home, BODY, ahead) for ahead in plans]
    assert [answer["mapPins"]["created"] for _, answer, _ in outcomes] == [2, 1]
    assert [answer["legs"]["unchanged"] for _, answer, _ in outcomes] == [0, 1]
    assert len(await home.rows("legs")) == 1


async def test_a_plan_made_ahead_outlives_what_changes_no_content(home):
    """A message, for one: many of them would keep a large import from ever being planned."""
    ahead = await planned(home, BODY)
    await home.commit(ChangeSet([Row(MESSAGE.kind, "m1", "c", '{"_id":"m1"}')]))
    _, answer, statements = await apply_planned(home, BODY, ahead)
    assert answer["mapPins"]["created"] == 2
    reading = [sql for verb, sql, _ in statements if sql.startswith("SELECT") and "items" in sql]
    assert reading == []


async def test_an_import_holds_to_the_revision_it_was_asked_for_with(home):
    rev = await home.rev()
    request, lists = ImportRequest("sync"), items_of(ImportRequest("sync"), BODY)

    def apply_at(rev: int):
        condition = Precondition(frozenset({rev}))
        return home.store.write(
            lambda tx: imports.apply(tx, home.cause, home.trip_id, request, lists, condition)
        )

    await apply_at(rev)
    with pytest.raises(PreconditionFailed):
        await apply_at(rev)
    assert await home.rev() == rev + 1
    await apply_at(rev + 1)
