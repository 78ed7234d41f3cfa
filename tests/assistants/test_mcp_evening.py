"""An evening with an assistant: each task is solved from what results say, ids above all."""

import re

import pytest

from domain.scopes import Role
from tests.assistants.speaking import Speaker, speaker
from tests.support import SAMPLES


@pytest.fixture
async def evening(world, mcp):
    """The owner's assistant; Ann has planned something too."""
    ann = speaker(world, (await world.person("Ann", Role.EDITOR)).key)
    await world.client.patch(world.trip, {"title": "Japan in July"})
    await ann.do(
        "sync_trip",
        trip="Japan in July",
        dryRun=False,
        legs=[
            {**SAMPLES["leg"], "clientRef": "tokyo",
             "accommodation": {"name": "Hotel Gracery", "address": "Kabukicho 1-19-1"}},
            {**SAMPLES["leg"], "clientRef": "kyoto", "order": 1, "title": "Kyoto",
             "startDate": "2026-07-20", "endDate": "2026-07-22", "timezone": "Asia/Tokyo"},
        ],
        stays=[{"name": "Ryokan Yachiyo", "legRef": "kyoto", "doorCode": "4711",
                "checkInDate": "2026-07-20", "checkOutDate": "2026-07-22"}],
        commitments=[{"title": "Dinner at Narisawa", "startDate": "2026-07-16",
                      "startTime": "19:00", "category": "dinner", "legRef": "tokyo"}],
    )  # fmt: skip
    return mcp


def ids_in(text: str) -> set[str]:
    return set(re.findall(r"\(([a-z0-9]{20,32})\b", text))


async def test_where_am_i_staying_on_tuesday(evening: Speaker):
    trips = await evening.do("list_trips")
    (trip,) = [each["_id"] for each in trips["items"] if each["title"] == "Japan in July"]
    day = await evening.call("get_day", trip=trip, date="2026-07-21")
    (night,) = [each for each in day.data["items"] if each["what"] == "night"]
    assert (night["name"], night["doorCode"]) == ("Ryokan Yachiyo", "4711")
    assert 'sleeps at "Ryokan Yachiyo"' in day.text
    # On the day one leaves, one does not sleep there any more.
    last = await evening.do("get_day", trip=trip, date="2026-07-22")
    assert [each["what"] for each in last["items"]] == ["checkOut", "leg"]
    between = await evening.do("get_day", trip=trip, date="2026-07-20")
    assert [(each["what"], each["name"]) for each in between["items"][:2]] == [
        ("night", "Ryokan Yachiyo"),
        ("checkOut", "Hotel Gracery"),
    ]
    nothing = await evening.call("get_day", trip=trip, date="2027-01-01")
    assert "Nothing is planned" in nothing.text


async def test_move_the_dinner_to_the_next_day(evening: Speaker):
    found = await evening.call("find_in_trip", trip="Japan in July", query="dinner")
    (dinner,) = ids_in(found.text)
    items = [{"_id": dinner, "startDate": "2026-07-17"}]
    dry = await evening.call("upsert_commitments", trip="Japan in July", items=items, dryRun=True)
    assert dry.data["results"][0]["changes"] == {
        "startDate": {"from": "2026-07-16", "to": "2026-07-17"}
    }
    await evening.do("upsert_commitments", trip="Japan in July", items=items)
    day = await evening.call("get_day", trip="Japan in July", date="2026-07-17")
    assert 'commitment "Dinner at Narisawa"' in day.text
    assert '"19:00"' in day.text


async def test_add_these_ten_places(evening: Speaker):
    places = [
        {"name": f"Place {n}", "lat": 35.6 + n / 100, "lng": 139.7, "clientRef": f"place-{n}"}
        for n in range(10)
    ]
    first = await evening.do("upsert_pins", trip="japan in july", items=places)
    assert first["created"] == 10
    again = await evening.do("upsert_pins", trip="japan in july", items=places)
    assert again["unchanged"] == 10
    listed = await evening.all("list_items", trip="japan in july", kind="mapPin")
    assert [each["_id"] for each in listed] == [each["_id"] for each in first["results"]]


async def test_what_did_ann_change_and_take_that_back(world, evening: Speaker):
    history = await evening.call("history", trip="Japan in July")
    (by_ann,) = [each for each in history.data["items"] if each["by"]["name"] == "Ann"]
    assert f'rev {by_ann["rev"]}: "Ann"' in history.text
    did = await evening.call("history", trip="Japan in July", rev=by_ann["rev"])
    assert {(each["status"], each["name"]) for each in did.data["items"]} == {
        ("created", "Tokyo"),
        ("created", "Kyoto"),
        ("created", "Ryokan Yachiyo"),
        ("created", "Dinner at Narisawa"),
    }
    undone = await evening.do("undo", trip="Japan in July", rev=by_ann["rev"])
    assert (await evening.do("get_trip", trip="Japan in July"))["counts"]["legs"] == 0
    await evening.do("undo", trip="Japan in July", rev=undone["rev"])
    assert (await evening.do("get_trip", trip="Japan in July"))["counts"]["legs"] == 2
