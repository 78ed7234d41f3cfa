"""The page of a trip: what it shows, the checklist, messages: by forms, on every backend."""

import pytest

from domain.scopes import Role
from storage import groups
from tests.server.trip_pages.visitor import member
from tests.support import SAMPLES


@pytest.fixture
def page(world):
    """The path of the trip's page."""
    return f"/trips/{world.trip_id}"


async def items(world):
    """What the checklist has: texts, each with whether it is done."""
    listed = (await world.client.get(f"{world.trip}/action-items")).json["items"]
    return {item["text"]: item.get("isCompleted", False) for item in listed}


async def messages(world):
    """What was said, latest first."""
    return (await world.client.get(f"{await channel(world)}/messages")).json["items"]


async def channel(world):
    found = (await world.client.get(f"{world.trip}/channels")).json["items"]
    return f"{world.trip}/channels/{found[0]['_id']}"


async def test_members_see_what_there_is(world, olga, page):
    await world.person("Sam", Role.EDITOR)
    await world.person("Mika", Role.VIEWER)
    place = {"name": "Ryokan", "doorCode": "4711#", "wifiPassword": "in the clear"}
    flight = {"flightNumber": "JL44", "seat": "41A", "confirmationNumber": "DEMO-1"}
    leg = await world.make("/legs", {**SAMPLES["leg"], "accommodation": place, "flights": [flight]})
    pin = await world.make("/map-pins", SAMPLES["mapPin"])
    linked = {"legId": leg["_id"], "mapPinId": pin["_id"]}
    await world.make("/commitments", {**SAMPLES["commitment"], **linked})
    shown = await olga.get(page)
    assert shown.headers["Cache-Control"] == "no-store"
    for text in ("4711#", "in the clear", "41A", "DEMO-1", "Sensoji", "7 nights", "1 stop"):
        assert text in shown.text
    assert 'aria-label="Olga, Sam and Mika"' in shown.html


async def test_a_leg_without_a_place_is_where_a_pin_of_its_name_is(world, olga, page):
    await world.make("/legs", SAMPLES["leg"])
    assert "smap" not in (await olga.get(page)).html
    await world.make("/map-pins", {**SAMPLES["mapPin"], "name": "Tokyo"})
    assert "smap" in (await olga.get(page)).html


async def test_an_item_is_added_once(world, olga, page):
    sent = {
        "text": "Pack",
        "urgency": "now",
        "clientRef": (await olga.get(page)).value("clientRef"),
    }
    for _ in range(2):
        added = await olga.post(f"{page}/checklist/items", sent)
        assert (added.status, added.location) == (303, f"{page}?done=added#checklist")
    assert await items(world) == {"Pack": False}
    # A browser that goes back has the form as it was.
    await olga.post(f"{page}/checklist/items", {**sent, "text": "Unpack"})
    assert await items(world) == {"Pack": False, "Unpack": False}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"text": ""}, "Please fill this in."),
        ({"text": "x" * 10_001}, "This is too long."),
        ({"urgency": "whenever"}, "This is not one of the choices."),
    ],
)
async def test_an_item_that_is_wrong_is_told(world, olga, page, changed, told):
    refused = await olga.post(f"{page}/checklist/items", {"text": "A", "urgency": "now"} | changed)
    assert refused.status == 400
    assert told in refused.text
    assert await items(world) == {}


async def test_items_are_ticked_and_unticked_in_one_changeset(world, olga, page):
    made = [await world.make("/action-items", {**SAMPLES["actionItem"], "text": t}) for t in "abc"]
    a, b, c = (item["_id"] for item in made)
    await world.client.patch(f"{world.trip}/action-items/{c}", {"isCompleted": True})
    rev = (await world.client.get(f"{world.trip}/changes")).json["rev"]
    # Somebody else has ticked b since: that is not taken back.
    await world.client.patch(f"{world.trip}/action-items/{b}", {"isCompleted": True})
    ticked = await olga.post(f"{page}/checklist", {"done": [a], "was": [c]})
    assert (ticked.status, ticked.location) == (303, f"{page}?done=saved#checklist")
    assert await items(world) == {"a": True, "b": True, "c": False}
    assert (await world.client.get(f"{world.trip}/changes")).json["rev"] == rev + 2
    shown = await olga.get(page)
    assert f'value="{a}" checked' in shown.html
    assert f'value="{c}" checked' not in shown.html
    assert "2 of 3" in shown.text
    again = await olga.post(f"{page}/checklist", {"done": [a, b], "was": [a, b]})
    assert again.status == 303
    assert (await world.client.get(f"{world.trip}/changes")).json["rev"] == rev + 2


async def test_items_of_another_trip_cannot_be_ticked(world, olga, page):
    own = (await world.make("/action-items", SAMPLES["actionItem"]))["_id"]
    other = await world.new_trip()
    made = await world.client.post(f"/trips/{other}/action-items", SAMPLES["actionItem"])
    theirs = made.json["_id"]
    for tampered in (theirs, "x", "' OR 1=1", "../" + theirs, "é" * 300):
        assert (await olga.post(f"{page}/checklist", {"done": tampered})).status == 404
    partly = await olga.post(f"{page}/checklist", {"done": [own, theirs]})
    assert partly.location == f"{page}?done=saved_in_part#checklist"
    assert await items(world) == {"Book the train": True}
    stored = await world.client.get(f"/trips/{other}/action-items")
    assert "isCompleted" not in stored.json["items"][0]
    leg = (await world.make("/legs", SAMPLES["leg"]))["_id"]
    assert (await olga.post(f"{page}/checklist", {"done": leg})).status == 404


async def test_a_message_is_sent_once(world, olga, page):
    sent = {"content": "Hello\r\nthere", "clientRef": (await olga.get(page)).value("clientRef")}
    for _ in range(2):
        answer = await olga.post(f"{page}/messages", sent)
        assert (answer.status, answer.location) == (303, f"{page}#messages")
    await olga.post(f"{page}/messages", {**sent, "content": "Something else"})
    assert [each["content"] for each in await messages(world)] == ["Something else", "Hello\nthere"]
    shown = (await olga.get(page)).text
    assert shown.index("Hello\nthere") < shown.index("Something else")
    assert " UTC" in shown


@pytest.mark.parametrize(
    ("content", "told"),
    [("", "Please fill this in."), ("  \n", "Please fill this in."), ("x" * 10_001, "too long")],
)
async def test_a_message_that_is_wrong_is_told(world, olga, page, content, told):
    refused = await olga.post(f"{page}/messages", {"content": content})
    assert refused.status == 400
    assert told in refused.text
    assert await messages(world) == []


async def test_older_messages_are_a_page_away(world, olga, page):
    path = f"{await channel(world)}/messages"
    for number in range(51):
        await world.client.post(path, {"content": f"No. {number:02}."})
    latest = await olga.get(page)
    assert "No. 50." in latest.text
    assert "No. 00." not in latest.text
    link = latest.html.split("?before=")[1].split("#")[0]
    older = await olga.get(f"{page}?before={link}")
    assert "No. 00." in older.text
    assert "No. 01." not in older.text
    assert "Latest messages" in older.text
    for tampered in ("x", "1", "9-", "99999999999999999999-a", "1-%27", "-1-a"):
        assert "No. 50." in (await olga.get(f"{page}?before={tampered}")).text


async def test_whoever_is_gone_has_no_name(world, olga, page):
    sam = await world.person("Sam", Role.EDITOR)
    client = world.as_(sam.key)
    await client.post(f"{await channel(world)}/messages", {"content": "Bye"})
    owned = {**SAMPLES["actionItem"], "owner": sam.user_id}
    await world.make("/action-items", owned)
    assert "Sam" in (await olga.get(page)).text
    await world.store.write(
        lambda tx: groups.remove_member(tx, group_id=world.group_id, user_id=sam.user_id)
    )
    shown = (await olga.get(page)).text
    assert "Sam" not in shown
    assert "Former member" in shown
    assert "Bye" in shown


async def test_viewers_see_all_and_have_no_forms(world, page):
    mika = await member(world, "Mika", Role.VIEWER)
    item = await world.make("/action-items", SAMPLES["actionItem"])
    shown = await mika.get(page)
    assert "Book the train" in shown.text
    assert f'value="{item["_id"]}" disabled' in shown.html
    main = shown.html[shown.html.index("<main") :]
    assert "<form" not in main
    assert "/edit" not in main


async def test_words_dates_and_plurals_are_the_readers(world, olga, page):
    await world.make("/action-items", SAMPLES["actionItem"])
    french = (await olga.get(page, **{"Accept-Language": "fr"})).text
    for text in ("Du 15 au 22 juillet 2026", "Terminé le 22 juillet 2026", "7 nuits", "0 sur 1"):
        assert text in french
