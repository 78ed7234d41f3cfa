"""Contract section 1: what is by age stays so when clocks go back, and cursors hold across that."""

import datetime
import types

import aiohttp
import pytest

from runtime import clock, ids
from tests.contract.kinds import KINDS, NAMES, channel_path, listed, rows_path
from tests.support import SAMPLES, TRIP, Client, run_server

NOON = datetime.datetime(2026, 7, 1, 12, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)

every_kind = pytest.mark.parametrize("kind", KINDS, ids=NAMES)


@pytest.fixture
def at(monkeypatch):
    """Sets the clock, as it is for a process that starts then."""

    def start(moment):
        seen = types.SimpleNamespace(time_ns=lambda: int(moment.timestamp() * 1e9))
        monkeypatch.setattr(clock, "unix_ns", seen.time_ns)
        monkeypatch.setattr(ids, "time", seen)
        # Ids of one process sort as they are made; another process knows nothing of that.
        monkeypatch.setattr(ids, "_last", 0)

    return start


@pytest.fixture
async def both(world, settings):
    """Two servers on one database."""
    async with run_server(world.store, settings) as second, aiohttp.ClientSession() as session:
        yield world.client, Client(session, second.base, world.owner.key)


AHEAD_AND_BEHIND = [NOON + 2 * HOUR, NOON, NOON + 2 * HOUR, NOON - HOUR, NOON]
"""The moments of writes one after another: by two servers, one of which is then restarted."""


async def written(at, both, path, bodies):
    """Rows made by the two servers in turn, in the order in which they were committed."""
    made = []
    for number, (moment, body) in enumerate(zip(AHEAD_AND_BEHIND, bodies, strict=True)):
        at(moment)
        answer = await both[number % 2].post(path, body)
        assert answer.status == 201, answer.raw
        made.append(answer.json["_id"])
    assert sorted(made) != made
    return made


def found(pages):
    return [row["_id"] for page in pages for row in page]


@every_kind
async def test_rows_are_listed_in_the_order_in_which_they_were_committed(world, both, at, kind):
    path = await rows_path(world, kind)
    rows = await written(at, both, path, [kind.sample] * 5)
    for limit in (1, 2, 200):
        assert found(await world.client.pages(path, limit)) == rows
    exported = (await world.client.get(f"{world.trip}/export")).json[kind.snapshot]
    assert [row["_id"] for row in exported if row["_id"] in rows] == rows


async def test_messages_are_newest_first_whatever_the_clocks_said(world, both, at):
    path = await channel_path(world)
    sent = await written(at, both, path, [{"content": str(n)} for n in range(5)])
    assert found(await world.client.pages(path, 2)) == sent[::-1]


async def test_trips_are_listed_in_the_order_in_which_they_were_made(world, both, at):
    made = await written(at, both, "/trips", [{"groupId": world.group_id, **TRIP}] * 5)
    for limit in (1, 2, 200):
        assert found(await world.client.pages("/trips", limit)) == [world.trip_id, *made]


@every_kind
async def test_an_older_cursor_misses_nothing_that_comes_later(world, both, at, kind):
    path = await rows_path(world, kind)
    rows = []
    for moment in (NOON + 2 * HOUR, NOON + 2 * HOUR):
        at(moment)
        rows.append((await both[0].post(path, kind.sample)).json["_id"])
    first = (await world.client.get(f"{path}?limit=1")).json
    at(NOON)
    rows.append((await both[1].post(path, kind.sample)).json["_id"])
    rest = await world.client.get(f"{path}?cursor={first['nextCursor']}")
    assert found([first["items"], rest.json["items"]]) == rows


@every_kind
async def test_nothing_is_updated_before_it_was_created(world, both, at, kind):
    path = await rows_path(world, kind)
    at(NOON + 2 * HOUR)
    row = (await both[0].post(path, {**kind.sample, "clientRef": "a"})).json
    assert row["createdAt"] == row["updatedAt"] == "2026-07-01T14:00:00.000Z"
    at(NOON)
    changed = (await both[1].patch(f"{path}/{row['_id']}", {kind.text: "New"})).json
    assert changed["updatedAt"] >= changed["createdAt"] == row["createdAt"]
    at(NOON + 3 * HOUR)
    merged = (await both[1].post(path, {"clientRef": "a", kind.text: "Newer"})).json
    assert merged["updatedAt"] == "2026-07-01T15:00:00.000Z"
    assert await listed(world, path) == [merged]


async def test_nor_is_a_trip(world, both, at):
    at(NOON + 2 * HOUR)
    trip = (await both[0].post("/trips", {"groupId": world.group_id, **TRIP})).json
    at(NOON)
    changed = (await both[1].patch(f"/trips/{trip['_id']}", {"title": "New"})).json
    assert changed["updatedAt"] >= changed["createdAt"] == trip["createdAt"]
    archived = (await both[0].delete(f"/trips/{trip['_id']}")).json
    assert archived["updatedAt"] >= archived["createdAt"]


async def test_nor_is_a_row_whose_link_is_cleared(world, both, at):
    at(NOON + 2 * HOUR)
    pin = await world.make("/map-pins", SAMPLES["mapPin"])
    linking = {**SAMPLES["commitment"], "mapPinId": pin["_id"]}
    row = await world.make("/commitments", linking)
    at(NOON)
    await both[1].delete(f"{world.trip}/map-pins/{pin['_id']}")
    [left] = await listed(world, f"{world.trip}/commitments")
    assert "mapPinId" not in left
    assert left["updatedAt"] >= left["createdAt"] == row["createdAt"]
