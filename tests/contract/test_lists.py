"""Contract section 1, lists: pages, limits, cursors."""

import pytest

from domain.scopes import Role
from tests.contract.kinds import BY_NAME, KINDS, NAMES, channel_path, rows_path
from tests.support import SAMPLES, gather

PIN, COMMITMENT = SAMPLES["mapPin"], SAMPLES["commitment"]

every_kind = pytest.mark.parametrize("kind", KINDS, ids=NAMES)


async def add_pins(world, count):
    """Pins in one go, by batches of 50, named by their number."""
    for start in range(0, count, 50):
        items = [{**PIN, "name": str(n)} for n in range(start, min(start + 50, count))]
        assert (await world.client.post(f"{world.trip}/map-pins:batch", {"items": items})).json[
            "created"
        ] == len(items)


def names(page):
    return [item["name"] for item in page.json["items"]]


@every_kind
async def test_a_list_is_items_and_a_cursor_that_is_null_at_the_end(world, kind):
    path = await rows_path(world, kind)
    assert (await world.client.get(path)).json == {"items": [], "nextCursor": None}
    made = [(await world.client.post(path, kind.sample)).json for _ in range(3)]
    first = (await world.client.get(f"{path}?limit=2")).json
    assert first["items"] == made[:2]
    assert isinstance(first["nextCursor"], str)
    second = (await world.client.get(f"{path}?limit=2&cursor={first['nextCursor']}")).json
    assert second == {"items": made[2:], "nextCursor": None}


@every_kind
async def test_the_last_page_has_no_cursor_though_it_is_full(world, kind):
    path = await rows_path(world, kind)
    for _ in range(4):
        await world.client.post(path, kind.sample)
    assert [len(page) for page in await world.client.pages(path, 2)] == [2, 2]


async def test_lists_show_100_rows_by_default_and_200_at_most(world):
    await add_pins(world, 203)
    path = f"{world.trip}/map-pins"
    for query, shown in (
        ("", 100),
        ("?limit=200", 200),
        ("?limit=201", 200),
        ("?limit=9999999", 200),
    ):
        page = await world.client.get(path + query)
        assert names(page) == [str(n) for n in range(shown)]
        rest = await world.client.get(f"{path}?limit=200&cursor={page.json['nextCursor']}")
        assert names(rest) == [str(n) for n in range(shown, 203)]


async def test_messages_show_50_by_default_and_100_at_most(world):
    path = await channel_path(world)
    await gather(*(world.client.post(path, {"content": str(n)}) for n in range(102)))
    for query, shown in (("", 50), ("?limit=100", 100), ("?limit=101", 100), ("?limit=200", 100)):
        page = (await world.client.get(path + query)).json
        assert len(page["items"]) == shown
        assert page["nextCursor"] is not None


@pytest.mark.parametrize(
    ("limit", "reasons"),
    [
        ("0", ("out_of_range",)),
        ("-1", ("out_of_range",)),
        # In a query all is text, so the contract leaves open which of the two it is.
        ("1.5", ("malformed", "wrong_type")),
        ("ten", ("malformed", "wrong_type")),
        ("", ("malformed", "wrong_type")),
    ],
)
async def test_a_limit_below_1_or_not_an_integer_is_400(world, limit, reasons):
    paths = ["/trips", *(f"{world.trip}/{name}" for name in ("legs", "members", "channels"))]
    for path in (*paths, await channel_path(world)):
        refused = await world.client.get(f"{path}?limit={limit}")
        assert (refused.status, refused.code) == (400, "VALIDATION_ERROR")
        [(where, reason)] = refused.details
        assert where == "limit"
        assert reason in reasons


async def cursor_of(world, path):
    found = (await world.client.get(f"{path}?limit=1")).json["nextCursor"]
    assert found is not None
    return found


async def test_a_forged_cursor_is_400(world):
    await add_pins(world, 3)
    path = f"{world.trip}/map-pins"
    cursor = await cursor_of(world, path)
    assert (await world.client.get(f"{path}?cursor={cursor}")).status == 200
    flipped = ("A" if cursor[0] != "A" else "B") + cursor[1:]
    last = cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB")
    for forged in ("x", "0", flipped, last, cursor[:-4], f"{cursor}AAAA", "%00", "%C3%A9"):
        refused = await world.client.get(f"{path}?cursor={forged}")
        assert (refused.status, refused.details) == (400, [("cursor", "malformed")]), forged


async def test_a_cursor_of_another_list_is_400(world):
    """Of another kind, another trip, another leg's stays, another channel."""
    other_trip = await world.new_trip()
    lists = ["/trips"]
    for trip_id in (world.trip_id, other_trip):
        for kind in KINDS:
            path = await rows_path(world, kind, trip_id)
            await gather(*(world.client.post(path, kind.sample) for _ in range(2)))
            lists.append(path)
        messages = await channel_path(world, trip_id)
        await gather(*(world.client.post(messages, {"content": "x"}) for _ in range(2)))
        lists.append(messages)
    second_stays = await rows_path(world, BY_NAME["stay"])
    await gather(*(world.client.post(second_stays, SAMPLES["stay"]) for _ in range(2)))
    lists.append(second_stays)
    cursors = {path: await cursor_of(world, path) for path in lists}
    for path in lists:
        for origin, cursor in cursors.items():
            response = await world.client.get(f"{path}?cursor={cursor}")
            assert response.status == (200 if origin == path else 400), (path, origin)


async def test_rows_added_or_removed_meanwhile_shift_no_other_row(world):
    await add_pins(world, 6)
    path = f"{world.trip}/map-pins"
    first = await world.client.get(f"{path}?limit=3")
    seen = first.json["items"]
    await world.client.delete(f"{path}/{seen[0]['_id']}")
    await world.client.delete(f"{path}/{seen[2]['_id']}")  # the row the cursor stands on
    await add_pins(world, 1)
    rest = await world.client.get(f"{path}?limit=200&cursor={first.json['nextCursor']}")
    assert names(first) + names(rest) == ["0", "1", "2", "3", "4", "5", "0"]


async def test_rows_of_equal_order_neither_repeat_nor_vanish_between_pages(world):
    body = {**COMMITMENT, "startTime": "19:00"}
    made = [await world.make("/commitments", {**body, "title": str(n)}) for n in range(5)]
    pages = await world.client.pages(f"{world.trip}/commitments", 2)
    assert [row for page in pages for row in page] == made


async def test_newest_first_pages_hold_while_messages_arrive(world):
    path = await channel_path(world)
    for n in range(5):
        await world.client.post(path, {"content": str(n)})
    first = (await world.client.get(f"{path}?limit=2")).json
    await world.client.post(path, {"content": "late"})
    second = (await world.client.get(f"{path}?limit=9&cursor={first['nextCursor']}")).json
    contents = [m["content"] for page in (first, second) for m in page["items"]]
    assert contents == ["4", "3", "2", "1", "0"]


async def test_a_page_may_change_its_limit_between_cursors(world):
    await add_pins(world, 6)
    path = f"{world.trip}/map-pins"
    first = await world.client.get(f"{path}?limit=1")
    second = await world.client.get(f"{path}?limit=2&cursor={first.json['nextCursor']}")
    third = await world.client.get(f"{path}?cursor={second.json['nextCursor']}")
    assert (names(first), names(second), names(third)) == (["0"], ["1", "2"], ["3", "4", "5"])


async def test_trips_and_members_are_paged_too(world):
    trips = [world.trip_id, await world.new_trip(), await world.new_trip()]
    pages = await world.client.pages("/trips", 1)
    assert [[trip["_id"] for trip in page] for page in pages] == [[trip] for trip in trips]
    people = [await world.person(name, Role.EDITOR) for name in ("ada", "ben")]
    pages = await world.client.pages(f"{world.trip}/members", 2)
    assert [len(page) for page in pages] == [2, 1]
    shown = {member["userId"] for page in pages for member in page}
    assert shown == {world.owner.user_id, *(person.user_id for person in people)}
