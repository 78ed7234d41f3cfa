"""No result is larger than assistants take, and by its cursors nothing is lost or told twice."""

import pytest

from domain.resources import BY_KIND
from tests.assistants.speaking import speaker
from tests.support import SAMPLES

ROWS = 250
"""Of each of four kinds."""
LONG = "ü" * 10_000
LEGS = [
    {**SAMPLES["leg"], "clientRef": f"l{n}", "order": n, "startDate": "2026-07-15",
     "accommodation": {"name": f"Hotel {n}", "notes": "n" * 200}}
    for n in range(ROWS)
]  # fmt: skip
PINS = [
    {**SAMPLES["mapPin"], "name": f"Pin {n}", "notes": f"needle {'x' * (n * 10)}"}
    for n in range(ROWS)
]
ITEMS = [{**SAMPLES["actionItem"], "text": f"Do {n}"} for n in range(ROWS)]
EVENTS = [{**SAMPLES["commitment"], "title": f"Dinner {n}"} for n in range(ROWS)]


@pytest.fixture
async def large(world, mcp):
    """The assistant of a trip of 1,000 rows."""
    body = {"legs": LEGS, "mapPins": PINS, "actionItems": ITEMS, "commitments": EVENTS}
    made = await world.client.post(f"{world.trip}/sync", body)
    assert made.json["commitments"]["created"] == ROWS
    return mcp


@pytest.mark.parametrize("kind", ["leg", "mapPin", "actionItem", "commitment"])
async def test_lists(world, large, kind):
    rows = await large.all("list_items", trip=world.trip_id, kind=kind)
    path = BY_KIND[kind].path
    pages = await world.client.pages(f"{world.trip}{path}", 200)
    assert [each["_id"] for each in rows] == [each["_id"] for page in pages for each in page]


async def test_a_day_and_what_is_found(world, large):
    on = await large.all("get_day", trip=world.trip_id, date="2026-07-16")
    told = [each["what"] for each in on]
    assert [told.count(what) for what in ("night", "leg", "commitment")] == [ROWS] * 3
    assert len({(each["what"], each.get("_id", each.get("legId"))) for each in on}) == 3 * ROWS
    found = await large.all("find_in_trip", trip=world.trip_id, query="needle")
    assert len({each["_id"] for each in found}) == len(found) == ROWS


async def test_a_trip_its_legs_and_its_history(world, large):
    legs = await large.all("get_trip", "legs", trip=world.trip_id)
    assert [each["order"] for each in legs] == list(range(ROWS))
    (rev, *_) = [each["rev"] for each in await large.all("history", trip=world.trip_id)]
    rows = await large.all("history", trip=world.trip_id, rev=rev)
    assert len({each["_id"] for each in rows}) == len(rows) == 4 * ROWS


async def test_rows_that_change_meanwhile_make_no_other_appear_twice(world, large):
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await large.do("list_items", trip=world.trip_id, kind="commitment", **cursor)
        seen += [each["_id"] for each in page["items"]]
        if "left" not in page:
            break
        cursor = {"cursor": page["nextCursor"]}
        await large.do("delete_items", trip=world.trip_id, ids=[page["items"][-1]["_id"]])
        await large.do(
            "upsert_commitments",
            trip=world.trip_id,
            items=[{**SAMPLES["commitment"], "startDate": "2026-07-15"}],
        )
    assert len(seen) == len({*seen}) == ROWS


async def test_many_trips(world, mcp):
    for _ in range(120):
        await world.new_trip()
    assert len({each["_id"] for each in await mcp.all("list_trips")}) == 121
    listed = await mcp.ask("resources/list")
    rest = await mcp.ask("resources/list", {"cursor": listed["nextCursor"]})
    uris = [each["uri"] for page in (listed, rest) for each in page["resources"]]
    assert len({*uris}) == len(uris) == 121
    assert "nextCursor" not in rest
    refused = await mcp.call("get_trip", trip="Atlantis")
    assert "and 116 more" in refused.text


async def test_long_messages(world, mcp):
    for n in range(12):
        await mcp.do("post_message", trip=world.trip_id, content=f"{n} {LONG[:9_000]}")
    listed = await mcp.all("list_messages", trip=world.trip_id)
    assert [each["content"].split()[0] for each in listed] == [str(n) for n in reversed(range(12))]


async def test_many_changesets(world, mcp):
    for n in range(130):
        await mcp.do("update_trip", trip=world.trip_id, title=f"Title {n}")
    revs = [each["rev"] for each in await mcp.all("history", trip=world.trip_id)]
    assert revs == list(range(131, 0, -1))


async def test_what_is_too_large_for_a_result_is_shortened_and_named(world, mcp):
    stay = dict.fromkeys(("notes", "checkInInstructions", "address"), LONG[:9000])
    leg = {
        **SAMPLES["leg"],
        "clientRef": "l",
        "accommodation": {**stay, **{f"own{n}": "x" for n in range(500)}},
        "flights": [{"notes": LONG[:2_000]}],
    }
    await mcp.do("upsert_legs", trip=world.trip_id, items=[leg])
    (row,) = await mcp.all("list_items", trip=world.trip_id, kind="leg")
    assert row["shortened"] == ["accommodation"]
    assert row["title"] == "Tokyo"
    on = await mcp.all("get_day", trip=world.trip_id, date="2026-07-16")
    assert on[0]["what"] == "night"
    assert set(on[0]["shortened"]) <= stay.keys()
    for text in ("ü" * 1_000, "own499"):
        assert (await mcp.do("find_in_trip", trip=world.trip_id, query=text[:900]))["found"] in (
            0,
            1,
        )
    read = await mcp.ask("resources/read", {"uri": f"carnet://trips/{world.trip_id}"})
    assert LONG[:9_000] in read["contents"][0]["text"]
    changed = {"_id": row["_id"], "accommodation": {"notes": "short"}}
    dry = await mcp.do("upsert_legs", trip=world.trip_id, items=[changed], dryRun=True)
    assert dry["results"][0]["changes"].keys() == {"accommodation"}


@pytest.mark.parametrize("wrong", [{"x" * 200 + str(n): n for n in range(90)}, {"name": 7}])
async def test_fifty_items_that_are_all_wrong_are_all_told(world, mcp, wrong):
    refused = await mcp.call("upsert_stays", trip=world.trip_id, items=[wrong] * 50)
    assert refused.failed
    assert [each["index"] for each in refused.data["results"]] == list(range(50))
    assert all(each["error"]["message"] for each in refused.data["results"])


async def test_fifty_items_that_change_in_all_fields_are_all_told(world, mcp):
    items = [
        {**SAMPLES["mapPin"], "clientRef": f"{'r' * 200}{n}", "name": "n" * 200, "notes": LONG}
        for n in range(50)
    ]
    for dry_run in (True, False):
        told = await mcp.do("upsert_pins", trip=world.trip_id, items=items, dryRun=dry_run)
        assert [each["index"] for each in told["results"]] == list(range(50))
    items = [{**item, "notes": "n" * 9_000, "lat": 1} for item in items]
    told = await mcp.do("upsert_pins", trip=world.trip_id, items=items, dryRun=True)
    assert [each["status"] for each in told["results"]] == ["updated"] * 50
    assert all({"notes", "lat"} <= {*each["changes"]} for each in told["results"])


async def test_a_dry_sync_is_paged(world, mcp):
    pins = [{**SAMPLES["mapPin"], "name": f"p{n}"} for n in range(150)]
    pins += [{"name": f"wrong {n}"} for n in range(10)]
    results = await mcp.all("sync_trip", "results", trip=world.trip_id, mapPins=pins)
    assert [each["status"] for each in results] == ["error"] * 10 + ["created"] * 150
    assert len({each["name"] for each in results}) == 160


async def test_wrong_arguments_without_number(world, mcp):
    refused = await mcp.call("get_trip", **{f"wrong{n}": n for n in range(3_000)})
    assert refused.error["details"]
    refused = await speaker(world).call("get_trip", trip="x" * 1_000_000)
    assert refused.failed
