"""Batches and syncs, applied within a transaction."""

import asyncio
from typing import Any

import msgspec
import pytest

from domain.errors import NotFound
from domain.imports import ImportRequest, items_of
from storage import imports
from storage.store import Tx
from tests.storage.home import Home, event, leg, pin, soon, stay
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
