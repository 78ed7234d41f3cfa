"""Rows of a trip: pages, lookups, links, and what a plan writes."""

import itertools
from typing import Any

import msgspec
import pytest

from domain.changes import ChangeSet
from domain.message import CHANNEL, MESSAGE
from domain.plan import Needs, Plan
from domain.resources import MAP_PIN
from domain.row import Row
from runtime.ids import new_id
from storage import items
from storage.page import Page
from storage.store import Tx
from tests.storage.home import Home, event, leg, pin, stay, watch
from tests.support import now, told


async def listed(home: Home, kind: str, limit: int, parent_id: str = "", **options):
    """A list's rows over pages of `limit`, and the sizes of the pages."""
    rows, sizes, after = [], [], None
    while True:

        async def read(tx: Tx, after=after) -> Page:
            return await items.page(
                tx, home.trip_id, kind, parent_id, after=after, limit=limit, **options
            )

        page = await home.store.read(read)
        rows += [msgspec.json.decode(text) for text in page.documents]
        sizes.append(len(page.documents))
        if page.next is None:
            return rows, sizes
        after = page.next


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6, 7, 100])
async def test_legs_go_by_order_then_age(home, limit):
    orders = [3, 1, 2.5, 1, 0, 10]
    ids = await home.make("legs", *(leg(order=order, title=str(order)) for order in orders))
    rows, sizes = await listed(home, "leg", limit)
    assert [row["order"] for row in rows] == sorted(orders)
    assert [row["_id"] for row in rows] == [ids[n] for n in (4, 1, 3, 2, 0, 5)]
    assert sizes == [limit] * (6 // limit) + ([6 % limit] if 6 % limit else [])


@pytest.mark.parametrize("limit", [1, 4, 100])
async def test_commitments_go_by_day_and_time_then_age(home, limit):
    starts: list[dict[str, Any]] = [
        {"startDate": "2026-07-16", "startTime": "09:00"},
        {"startDate": "2026-07-15", "startTime": "23:59"},
        {"startDate": "2026-07-16", "isAllDay": True},
        {"startDate": "2026-07-16", "startTime": "00:00"},
        {"startDate": "2026-07-16"},
        {"startDate": "2026-07-16", "startTime": "09:00"},
    ]
    ids = await home.make("commitments", *(event(**start) for start in starts))
    rows, _ = await listed(home, "commitment", limit)
    assert [row["_id"] for row in rows] == [ids[n] for n in (1, 2, 4, 3, 0, 5)]


@pytest.mark.parametrize("kind", ["mapPin", "message"])
@pytest.mark.parametrize("limit", [1, 3, 4, 10])
async def test_lists_by_age(home, kind, limit):
    ids = [new_id() for _ in range(7)]
    for row_id in ids:
        await home.commit(ChangeSet([Row(kind, row_id, "c", f'{{"_id":"{row_id}"}}')]))
    oldest_first, _ = await listed(home, kind, limit, "c")
    assert [row["_id"] for row in oldest_first] == ids
    newest_first, _ = await listed(home, kind, limit, "c", newest_first=True)
    assert [row["_id"] for row in newest_first] == ids[::-1]


async def test_an_empty_list_is_one_empty_page(home):
    assert await listed(home, "leg", 10) == ([], [0])


async def test_a_list_has_its_own_rows_only(home):
    tokyo, kyoto = await home.make("legs", leg(), leg(order=1))
    (ryokan,) = await home.make("stays", stay(legId=tokyo))
    (hotel,) = await home.make("stays", stay(legId=kyoto))
    other = await home.new_trip()
    await home.sync({"legs": [leg(title="Elsewhere")], "mapPins": [pin()]}, other)
    assert [row["_id"] for row in (await listed(home, "stay", 10, tokyo))[0]] == [ryokan]
    assert [row["_id"] for row in (await listed(home, "stay", 10, kyoto))[0]] == [hotel]
    assert [row["_id"] for row in (await listed(home, "leg", 10))[0]] == [tokyo, kyoto]
    assert await listed(home, "mapPin", 10) == ([], [0])
    assert await listed(home, "stay", 10) == ([], [0])


async def test_a_row_is_found_in_its_trip_and_kind_only(home):
    (tokyo,) = await home.make("legs", leg())
    other = await home.new_trip()

    async def look(tx: Tx):
        found = []
        for trip_id, kind, row_id in itertools.product(
            (home.trip_id, other, ""), ("leg", "mapPin"), (tokyo, "", "x")
        ):
            row = await items.get(tx, trip_id, kind, row_id)
            there = await items.exists(tx, trip_id, kind, row_id)
            assert there == (row is not None)
            if row:
                found.append((trip_id, row.kind, row.id, row.document["title"], row.parent_id))
        return found

    assert await home.store.read(look) == [(home.trip_id, "leg", tokyo, "Tokyo", "")]


async def test_a_write_counts_once_and_no_change_not_at_all(home):
    before = await home.rev()
    snapshot = {"legs": [leg(clientRef="a"), leg(clientRef="b")], "mapPins": [pin(clientRef="p")]}
    await home.sync(snapshot)
    assert await home.rev() == before + 1
    await home.sync(snapshot)
    assert await home.rev() == before + 1
    await home.sync({"mapPins": [{"clientRef": "p", "notes": "x"}]})
    assert await home.rev() == before + 2
    await home.sync({"mapPins": [pin()], "legs": [{"clientRef": "a", "title": "x"}]}, dry_run=True)
    assert await home.rev() == before + 2


async def test_a_dry_run_writes_nothing(home):
    await home.sync({"mapPins": [pin(clientRef="p")]})
    stored = await home.rows("mapPins")
    snapshot = {"mapPins": [{"clientRef": "p", "notes": "new"}, pin(clientRef="q")]}
    dry = await home.sync(snapshot, dry_run=True)
    assert (dry["mapPins"]["created"], dry["mapPins"]["updated"]) == (1, 1)
    assert await home.rows("mapPins") == stored
    real = await home.sync(snapshot)
    assert {k: v for k, v in real["mapPins"].items() if k != "items"} == {
        k: v for k, v in dry["mapPins"].items() if k != "items"
    }


async def test_a_row_moves_in_its_list_when_its_place_changes(home):
    first, second = await home.make("legs", leg(order=1), leg(order=2))
    await home.sync({"legs": [{"_id": first, "order": 3}]})
    rows, _ = await listed(home, "leg", 1)
    assert [row["_id"] for row in rows] == [second, first]
    assert len(await home.rows("legs")) == 2


async def test_rows_hand_their_refs_on_in_one_write(home):
    await home.sync({"mapPins": [pin(name=name, clientRef=name) for name in "abc"]})
    ids = {row["name"]: row["_id"] for row in await home.rows("mapPins")}
    answer = await home.sync(
        {
            "mapPins": [
                {"_id": ids["a"], "clientRef": "x"},
                {"_id": ids["b"], "clientRef": "a"},
                {"_id": ids["c"], "clientRef": "b"},
                {"_id": ids["a"], "clientRef": "c"},
                pin(name="d", clientRef="x"),
            ]
        }
    )
    assert answer["mapPins"]["errors"] == 0
    refs = {row["name"]: row["clientRef"] for row in await home.rows("mapPins")}
    assert refs == {"a": "c", "b": "a", "c": "b", "d": "x"}
    again = await home.sync({"mapPins": [{"clientRef": "a", "notes": "n"}]})
    assert again["mapPins"]["items"][0]["_id"] == ids["b"]


async def test_a_stay_moves_to_another_leg_with_its_ref(home):
    tokyo, kyoto = await home.make("legs", leg(), leg(order=1))
    (ryokan,) = await home.make("stays", stay(legId=tokyo, clientRef="s"))
    await home.sync({"stays": [{"_id": ryokan, "legId": kyoto}]})
    assert await listed(home, "stay", 10, tokyo) == ([], [0])
    rows, _ = await listed(home, "stay", 10, kyoto)
    assert [(row["_id"], row["legId"], row["clientRef"]) for row in rows] == [(ryokan, kyoto, "s")]
    again = await home.sync({"stays": [stay(legId=tokyo, clientRef="s")]})
    assert again["stays"]["created"] == 1


async def links_of(home: Home):
    records = await home.store.read(
        lambda tx: tx.fetch("SELECT target_id, source_id FROM links ORDER BY target_id, source_id")
    )
    return [tuple(record) for record in records]


async def test_deleting_a_leg_takes_its_stays_and_clears_its_links(home):
    tokyo, kyoto = await home.make("legs", leg(), leg(order=1))
    (shrine,) = await home.make("mapPins", pin())
    await home.make("stays", stay(legId=tokyo), stay(legId=tokyo, clientRef="s"))
    (kept,) = await home.make("stays", stay(legId=kyoto, clientRef="s"))
    both, other, none = await home.make(
        "commitments",
        event(legId=tokyo, mapPinId=shrine, startTime="09:00"),
        event(legId=kyoto),
        event(title="Free"),
    )
    before, untouched = await home.rev(), await home.rows("commitments")
    moment = "2099-01-01T00:00:00.000Z"
    await home.delete("leg", tokyo, at=moment)

    assert [row["_id"] for row in await home.rows("legs")] == [kyoto]
    assert [row["_id"] for row in await home.rows("stays")] == [kept]
    rows = {row["_id"]: row for row in await home.rows("commitments")}
    assert "legId" not in rows[both]
    assert (rows[both]["mapPinId"], rows[both]["updatedAt"]) == (shrine, moment)
    assert [rows[other], rows[none]] == [row for row in untouched if row["_id"] != both]
    assert await home.rev() == before + 1
    assert await links_of(home) == sorted([(shrine, both), (kyoto, other)])
    assert (await home.sync({"stays": [stay(legId=kyoto, clientRef="s")]}))["stays"][
        "unchanged"
    ] == 1


async def test_deleting_a_pin_clears_its_links(home):
    (shrine,) = await home.make("mapPins", pin())
    (dinner,) = await home.make("commitments", event(mapPinId=shrine))
    await home.delete("mapPin", shrine)
    (row,) = await home.rows("commitments")
    assert row["_id"] == dinner
    assert "mapPinId" not in row
    assert await links_of(home) == []


async def test_deleting_what_links_leaves_what_it_named(home):
    (tokyo,) = await home.make("legs", leg())
    dinner, lunch = await home.make("commitments", event(legId=tokyo), event(legId=tokyo))
    await home.delete("commitment", dinner)
    assert [row["_id"] for row in await home.rows("legs")] == [tokyo]
    assert await links_of(home) == [(tokyo, lunch)]


async def test_a_cleared_link_is_forgotten(home):
    tokyo, kyoto = await home.make("legs", leg(), leg(order=1))
    (dinner,) = await home.make("commitments", event(legId=tokyo))
    await home.sync({"commitments": [{"_id": dinner, "legId": kyoto}]})
    assert await links_of(home) == [(kyoto, dinner)]
    await home.sync({"commitments": [{"_id": dinner, "legId": None}]})
    assert await links_of(home) == []


async def test_the_same_row_may_be_named_by_one_of_another_trip(home):
    """Ids are unique; links never cross trips."""
    (tokyo,) = await home.make("legs", leg())
    other = await home.new_trip()
    answer = await home.sync({"commitments": [event(legId=tokyo)]}, other)
    assert told(answer["commitments"]["items"][0]["error"]) == [("legId", "not_found")]


async def test_an_owner_is_a_member_of_the_trips_group(home):
    answer = await home.sync(
        {
            "actionItems": [
                {"text": "x", "urgency": "now", "owner": home.user_id},
                {"text": "y", "urgency": "now", "owner": "nobody"},
            ]
        }
    )
    assert [item["status"] for item in answer["actionItems"]["items"]] == ["created", "error"]


@pytest.mark.parametrize("more", [0, 5_000])
async def test_a_thousand_client_refs_are_found_in_a_small_trip_and_in_a_large_one(home, more):
    """In one pass over the trip's rows, or one by one."""
    wanted = [pin(clientRef=f"pin-{n}", name=f"Pin {n}") for n in range(1_000)]
    others = [pin(clientRef=f"other-{n}") for n in range(more)]
    legs = [leg(clientRef=f"pin-{n}") for n in range(3)]
    await home.sync({"mapPins": wanted[::2] + others, "legs": legs})
    needs = Needs()
    needs.add(MAP_PIN, wanted)
    plan = Plan(home.trip_id, now=now(), new_id=new_id)
    _, statements = await watch(home.store.read, lambda tx: items.load(tx, plan, needs))
    in_one_pass = home.store.dialect.one_of("client_ref", "$3")
    assert (in_one_pass in statements[-1].sql) == (not more)
    outcomes = [plan.upsert(MAP_PIN, item)[0] for item in wanted]
    assert outcomes == ["unchanged", "created"] * 500


async def test_messages_belong_to_their_channel(home):
    for channel in ("c1", "c2"):
        row_id = new_id()
        json = MESSAGE.compose(
            {"content": channel},
            None,
            row_id=row_id,
            trip_id=home.trip_id,
            parent_id=channel,
            now=now(),
        )
        await home.commit(ChangeSet([Row(MESSAGE.kind, row_id, channel, json)]))
    rows, _ = await listed(home, MESSAGE.kind, 10, "c1", newest_first=True)
    assert [(row["content"], row["channelId"]) for row in rows] == [("c1", "c1")]
    assert MESSAGE.parent is CHANNEL
