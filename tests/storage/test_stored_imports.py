"""Batches and syncs, applied within a transaction."""

import asyncio
import dataclasses
from typing import Any

import msgspec
import pytest

from domain.errors import NotFound
from domain.imports import ImportRequest, items_of
from storage import imports, items
from storage.postgres import PostgresTx
from storage.sqlite_engine import SQLiteTx
from storage.store import Tx
from tests.storage.home import Home, event, leg, pin, soon, stay, watch
from tests.support import now


async def apply(home: Home, request: ImportRequest, body) -> tuple[int, dict[str, Any]]:
    lists = items_of(request, body)
    status, answer = await home.store.write(
        lambda tx: imports.apply(tx, home.trip_id, request, lists, now())
    )
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
        await imports.apply(tx, home.trip_id, request, lists, now())
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
    return await home.store.read(lambda tx: imports.plan(tx, home.trip_id, request, lists, now()))


async def apply_planned(home: Home, body: dict[str, Any], ahead: imports.PlannedImport):
    request = ImportRequest("sync")
    lists = items_of(request, body)

    async def operation(tx: Tx) -> tuple[int, bytes]:
        return await imports.apply(tx, home.trip_id, request, lists, now(), ahead)

    (status, answer), statements = await watch(home.store.write, operation)
    return status, msgspec.json.decode(answer), statements


SYNC = ImportRequest("sync")
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

    async def delete(tx: Tx) -> None:
        row = await items.get(tx, home.trip_id, "leg", tokyo)
        assert row is not None
        await items.delete(tx, home.trip_id, row, now())

    await home.store.write(delete)
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


# Rows stored while others are planned.

STREAMED: dict[str, dict[str, Any]] = {
    "of each kind": BODY,
    "a row that changes after it was stored": {
        "legs": [leg(clientRef="l"), leg(clientRef="m")],
        "mapPins": [pin(clientRef="a"), pin(clientRef="b"), {"clientRef": "a", "notes": "later"}],
        "commitments": [
            event(clientRef="e", legRef="l"),
            {"clientRef": "e", "legRef": "m", "notes": "moved"},
        ],
    },
    "what is refused between what is not": {"mapPins": [pin(), {"name": "x"}, "no", pin(lat=91)]},
    "many": {
        "mapPins": [pin(clientRef=f"p{n % 150}", notes=f"{n}") for n in range(200)],
        "commitments": [event(clientRef=f"e{n}", mapPinRef=f"p{n}") for n in range(150)],
    },
    "nothing that can be stored": {"mapPins": [{}, 5], "legs": []},
    "stays of new legs": {
        "legs": [leg(clientRef="l")],
        "stays": [stay(legRef="l", clientRef="s"), {"legRef": "l", "clientRef": "s", "notes": "x"}],
    },
}


@pytest.fixture(params=[False, True], ids=["planned first", "streamed"])
def streaming(request, monkeypatch, home) -> bool:
    """Whether rows are stored while others are planned, which any backend can be made to do."""
    monkeypatch.setattr(imports, "STREAMED_FROM", 1)
    tx = PostgresTx if home.store.dialect.name == "postgres" else SQLiteTx
    monkeypatch.setattr(tx, "dialect", dataclasses.replace(tx.dialect, streams=request.param))
    return bool(request.param)


def bare(row: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """A document without what differs from trip to trip; its links by the names of their rows."""
    own = {"_id", "tripId", "createdAt", "updatedAt"}
    return {name: names.get(str(v), v) for name, v in row.items() if name not in own}


@pytest.mark.parametrize("name", STREAMED)
async def test_rows_stored_while_others_are_planned_are_the_same_rows(home, streaming, name):
    ahead = await planned(home, STREAMED[name])
    assert ahead.streamed is streaming
    before = await home.rev()
    status, answer, _ = await apply_planned(home, STREAMED[name], ahead)
    other = await home.new_trip()
    expected = await home.sync(STREAMED[name], other)
    failed = sum(part["errors"] for key, part in expected.items() if key != "dryRun")
    assert status == (207 if failed else 200)
    created = sum(part["created"] for key, part in expected.items() if key != "dryRun")
    assert await home.rev() == before + (1 if created else 0)
    for kind, part in expected.items():
        if kind == "dryRun":
            continue
        for got, wanted in zip(answer[kind]["items"], part["items"], strict=True):
            assert {**got, "_id": ""} == {**wanted, "_id": ""}
        found = []
        for trip_id in (home.trip_id, other):
            targets = await home.rows("legs", trip_id) + await home.rows("mapPins", trip_id)
            names = {row["_id"]: row.get("clientRef", "") for row in targets}
            found.append([bare(row, names) for row in await home.rows(kind, trip_id)])
        assert found[0] == found[1]
    again = await home.sync(STREAMED[name])
    assert sum(part["created"] for key, part in again.items() if key != "dryRun") == sum(
        "clientRef" not in item
        for key, part in answer.items()
        if key != "dryRun"
        for item in part["items"]
        if item["status"] == "created"
    )


async def test_what_was_streamed_is_found_when_its_leg_goes(home, streaming):
    ahead = await planned(home, STREAMED["a row that changes after it was stored"])
    await apply_planned(home, STREAMED["a row that changes after it was stored"], ahead)
    first, second = (row["_id"] for row in await home.rows("legs"))
    for leg_id in (first, second):

        async def delete(tx: Tx, row_id: str = leg_id) -> None:
            row = await items.get(tx, home.trip_id, "leg", row_id)
            assert row is not None
            await items.delete(tx, home.trip_id, row, now())

        await home.store.write(delete)
    (moved,) = await home.rows("commitments")
    assert "legId" not in moved


async def test_a_plan_that_was_streamed_is_not_used_twice(home, streaming):
    """As when a conflict makes the store run the operation again."""
    ahead = await planned(home, BODY)

    async def fail_once(tx: Tx) -> None:
        await imports.apply(tx, home.trip_id, SYNC, items_of(SYNC, BODY), now(), ahead)
        raise LookupError

    with pytest.raises(LookupError):
        await home.store.write(fail_once)
    status, answer, _ = await apply_planned(home, BODY, ahead)
    assert (status, answer["mapPins"]["created"]) == (200, 2)
    assert len(await home.rows("mapPins")) == 2


async def test_an_import_into_rows_that_are_there_is_planned_first(home, streaming):
    await home.sync({"mapPins": [pin(clientRef="a")]})
    assert not (await planned(home, BODY)).streamed
    assert not (await planned_dry(home)).streamed


async def planned_dry(home: Home) -> imports.PlannedImport:
    request = ImportRequest("sync", dry_run=True)
    body = {"mapPins": [pin(clientRef="new")]}
    lists = items_of(request, body)
    return await home.store.read(lambda tx: imports.plan(tx, home.trip_id, request, lists, now()))
