"""What stands in the way of an undo (contract section 11)."""

import pytest

from tests.contract.kinds import snapshot
from tests.contract.undo_world import content, error_of, rev_of, told, undo
from tests.support import SAMPLES
from tests.support import told as details_of

LEG, STAY, PIN = SAMPLES["leg"], SAMPLES["stay"], SAMPLES["mapPin"]
ITEM, EVENT = SAMPLES["actionItem"], SAMPLES["commitment"]


async def patch(world, collection, row, **fields):
    answer = await world.client.patch(f"{world.trip}/{collection}/{row['_id']}", fields)
    assert answer.status == 200, answer.raw
    return answer.json


async def delete(world, collection, row):
    answer = await world.client.delete(f"{world.trip}/{collection}/{row['_id']}")
    assert answer.status == 204, answer.raw


async def the(world, name):
    """The only row of a category."""
    (row,) = (await snapshot(world))[name]
    return row


# Members


async def test_a_member_set_again_is_left_alone_and_the_rest_goes_back(world):
    pin = await world.make("/map-pins", {**PIN, "notes": "1"})
    await patch(world, "map-pins", pin, notes="2", name="Two", category="x")
    await patch(world, "map-pins", pin, notes="3", lat=1)
    answer = await undo(world, 3)
    assert (answer.status, answer.json["rev"]) == (207, 5)
    error = error_of(answer, pin["_id"])
    assert details_of(error) == [("notes", "not_allowed")]
    assert "revision 4" in error["message"]
    assert "force=true" in error["message"]
    assert "the rest of it went back" in error["message"]
    now = await the(world, "mapPins")
    assert (now["notes"], now["name"], now["lat"], "category" in now) == (
        "3",
        PIN["name"],
        1,
        False,
    )
    # What is left of it goes with force, though it is undone.
    forced = await undo(world, 3, "?force=true")
    assert told(forced) == {"mapPins": [(pin["_id"], "updated")]}
    assert (await the(world, "mapPins"))["notes"] == "1"
    assert (await undo(world, 3, "?force=true")).status == 400


async def test_force_takes_back_what_was_set_again_and_nothing_else(world):
    pin = await world.make("/map-pins", {**PIN, "notes": "1"})
    await patch(world, "map-pins", pin, notes="2", name="Two")
    await patch(world, "map-pins", pin, notes="3", lat=1)
    assert (await undo(world, 3, "?force=true")).status == 200
    now = await the(world, "mapPins")
    assert (now["notes"], now["name"], now["lat"]) == ("1", PIN["name"], 1)


async def test_objects_are_gone_into_and_arrays_are_one(world):
    leg = await world.make(
        "/legs",
        {**LEG, "accommodation": {"name": "A", "notes": "1"}, "flights": [{"seat": "1A"}]},
    )
    await patch(
        world,
        "legs",
        leg,
        accommodation={"name": "B", "notes": "2", "extra": {"deep": 1}},
        flights=[{"seat": "2B"}],
        rentalCar={"company": "Car"},
    )
    await patch(
        world,
        "legs",
        leg,
        accommodation={"notes": "3", "wifiName": "w", "extra": {"other": 2}},
        flights=[{"seat": "2B", "notes": "window"}],
    )
    answer = await undo(world, 3)
    assert details_of(error_of(answer, leg["_id"])) == [
        ("accommodation.notes", "not_allowed"),
        ("flights", "not_allowed"),
    ]
    now = await the(world, "legs")
    assert now["accommodation"] == {
        "name": "A",
        "notes": "3",
        "wifiName": "w",
        "extra": {"other": 2},
    }
    assert now["flights"] == [{"seat": "2B", "notes": "window"}]
    assert "rentalCar" not in now


@pytest.mark.parametrize("later", [None, {"url": None}])
async def test_an_object_cleared_or_gone_into_later_is_a_conflict_where_it_was_set(world, later):
    leg = await world.make("/legs", LEG)
    await patch(world, "legs", leg, accommodation={"name": "B", "url": "u"}, title="x")
    await patch(world, "legs", leg, accommodation=later)
    answer = await undo(world, 3)
    paths = [path for path, _ in details_of(error_of(answer, leg["_id"]))]
    assert "accommodation.url" in paths
    now = await the(world, "legs")
    assert now["title"] == LEG["title"]
    assert ("accommodation.name" in paths) == (later is None)
    assert "accommodation" not in now


async def test_a_row_that_would_break_a_rule_stays_as_it_is_even_with_force(world):
    leg = await world.make("/legs", LEG)
    await patch(world, "legs", leg, startDate="2026-07-01", endDate="2026-07-02", title="x")
    await patch(world, "legs", leg, endDate="2026-07-03")
    before = await the(world, "legs")
    answer = await undo(world, 3)
    assert details_of(error_of(answer, leg["_id"])) == [
        ("endDate", "not_allowed"),
        ("endDate", "out_of_range"),
    ]
    assert await the(world, "legs") == before
    assert await rev_of(world) == 4
    # With force, what would break it is another one: here the rule holds between two undos.
    await patch(world, "legs", leg, startDate="2026-07-03")
    await patch(world, "legs", leg, startDate="2026-07-10", endDate="2026-07-30")
    await patch(world, "legs", leg, startDate="2026-07-25")
    before = await the(world, "legs")
    forced = await undo(world, 4, "?force=true")
    assert details_of(error_of(forced, leg["_id"])) == [("endDate", "out_of_range")]
    assert await the(world, "legs") == before


async def test_times_that_an_all_day_event_lost_come_back(world):
    event = await world.make("/commitments", {**EVENT, "startTime": "09:00"})
    await patch(world, "commitments", event, isAllDay=True)
    await patch(world, "commitments", event, notes="x")
    assert (await undo(world, 3)).status == 200
    now = await the(world, "commitments")
    assert (now["startTime"], "isAllDay" in now, now["notes"]) == ("09:00", False, "x")


# What counts as later


async def test_what_was_undone_does_not_count_as_later(world):
    pin = await world.make("/map-pins", {**PIN, "notes": "1"})
    before = await snapshot(world)
    await patch(world, "map-pins", pin, notes="2")
    await patch(world, "map-pins", pin, notes="3")
    await undo(world, 4)
    assert (await undo(world, 3)).status == 200
    assert content(await snapshot(world)) == content(before)
    await undo(world, 6)
    # Done again it counts again.
    await undo(world, 5)
    conflict = await undo(world, 3)
    assert "revision 4" in error_of(conflict, pin["_id"])["message"]
    assert (await the(world, "mapPins"))["notes"] == "3"


async def test_the_undo_of_something_older_counts(world):
    pin = await world.make("/map-pins", {**PIN, "notes": "1"})
    await patch(world, "map-pins", pin, notes="2", name="2")
    await patch(world, "map-pins", pin, name="3", category="3")
    await undo(world, 3, "?force=true")
    answer = await undo(world, 4)
    assert details_of(error_of(answer, pin["_id"])) == [("name", "not_allowed")]
    now = await the(world, "mapPins")
    assert (now["name"], "category" in now) == (PIN["name"], False)


# Rows it created


async def test_a_row_changed_since_stays_unless_forced(world):
    pin = await world.make("/map-pins", PIN)
    await patch(world, "map-pins", pin, notes="x")
    before = await snapshot(world)
    answer = await undo(world, 2)
    error = error_of(answer, pin["_id"])
    assert details_of(error) == [("", "not_allowed")]
    assert "revision 3" in error["message"]
    assert await snapshot(world) == before
    assert told(await undo(world, 2, "?force=true")) == {"mapPins": [(pin["_id"], "deleted")]}


async def test_children_and_links_added_since_keep_a_row_unless_forced(world):
    made = await world.client.post(
        f"{world.trip}/sync",
        {
            "legs": [{**LEG, "clientRef": "a"}, {**LEG, "clientRef": "b"}],
            "mapPins": [PIN],
            "actionItems": [ITEM],
        },
    )
    a, b = (each["_id"] for each in made.json["legs"]["items"])
    pin = made.json["mapPins"]["items"][0]["_id"]
    item = made.json["actionItems"]["items"][0]["_id"]
    stay = await world.make(f"/legs/{a}/stays", STAY)
    event = await world.make("/commitments", {**EVENT, "legId": b, "mapPinId": pin})
    before = await snapshot(world)
    dry = await undo(world, 2, "?dryRun=true")
    answer = await undo(world, 2)
    assert {**dry.json, "dryRun": False, "rev": 5} == answer.json
    assert told(answer) == {
        "legs": [(a, "error"), (b, "error")],
        "mapPins": [(pin, "error")],
        "actionItems": [(item, "deleted")],
    }
    assert stay["_id"] in error_of(answer, a)["message"]
    assert "revision 3" in error_of(answer, a)["message"]
    assert event["_id"] in error_of(answer, b)["message"]
    assert content(await snapshot(world)) == content({**before, "actionItems": []})
    forced = await undo(world, 2, "?force=true")
    assert told(forced) == {
        "legs": [(a, "deleted"), (b, "deleted")],
        "stays": [(stay["_id"], "deleted")],
        "mapPins": [(pin, "deleted")],
        "actionItems": [(item, "unchanged")],
        "commitments": [(event["_id"], "updated")],
    }
    now = await snapshot(world)
    assert (now["legs"], now["stays"], now["mapPins"]) == ([], [], [])
    assert now["commitments"][0].keys() == event.keys() - {"legId", "mapPinId"}
    # That takes its children and links back as well.
    assert (await undo(world, forced.json["rev"])).status == 200
    assert content(await snapshot(world)) == content({**before, "actionItems": []})


async def test_a_leg_stays_with_its_stay_and_what_that_stays_for(world):
    sent = {
        "legs": [{**LEG, "clientRef": "a"}],
        "stays": [{**STAY, "legRef": "a"}],
        "mapPins": [PIN],
    }
    await world.client.post(f"{world.trip}/sync", sent)
    made = await snapshot(world)
    leg, stay = made["legs"][0], made["stays"][0]
    await patch(world, f"legs/{leg['_id']}/stays", stay, notes="x")
    answer = await undo(world, 2)
    assert told(answer) == {
        "legs": [(leg["_id"], "error")],
        "stays": [(stay["_id"], "error")],
        "mapPins": [(made["mapPins"][0]["_id"], "deleted")],
    }
    assert stay["_id"] in error_of(answer, leg["_id"])["message"]


async def test_links_and_children_that_go_in_the_same_undo_are_no_conflict(world):
    leg = await world.make("/legs", {**LEG, "clientRef": "old"})
    stay = await world.make(f"/legs/{leg['_id']}/stays", {**STAY, "clientRef": "s"})
    event = await world.make("/commitments", {**EVENT, "legId": leg["_id"], "clientRef": "e"})
    before = await snapshot(world)
    sent = {
        "legs": [{**LEG, "clientRef": "new"}],
        "stays": [{"_id": stay["_id"], "legRef": "new"}, {**STAY, "legRef": "new"}],
        "commitments": [{"clientRef": "e", "legRef": "new"}, {**EVENT, "legRef": "new"}],
    }
    await world.client.post(f"{world.trip}/sync", sent)
    answer = await undo(world, 5)
    assert answer.status == 200
    statuses = dict(told(answer)["stays"]) | dict(told(answer)["commitments"])
    assert (statuses[stay["_id"]], statuses[event["_id"]]) == ("updated", "updated")
    assert content(await snapshot(world)) == content(before)


async def test_what_keeps_a_link_keeps_what_it_names(world):
    event = await world.make("/commitments", {**EVENT, "clientRef": "e"})
    sent = {
        "legs": [{**LEG, "clientRef": "new"}],
        "commitments": [{"clientRef": "e", "legRef": "new", "title": "x"}],
    }
    await world.client.post(f"{world.trip}/sync", sent)
    leg = await the(world, "legs")
    await patch(world, "commitments", event, legId=None)
    await patch(world, "commitments", event, legId=leg["_id"])
    answer = await undo(world, 3)
    assert details_of(error_of(answer, event["_id"])) == [("legId", "not_allowed")]
    assert event["_id"] in error_of(answer, leg["_id"])["message"]
    now = await the(world, "commitments")
    assert (now["legId"], now["title"]) == (leg["_id"], EVENT["title"])


# Rows it updated or deleted


async def test_a_row_deleted_since_is_a_conflict_and_with_force_nothing_is_left_to_do(world):
    pin = await world.make("/map-pins", PIN)
    await patch(world, "map-pins", pin, notes="x")
    await delete(world, "map-pins", pin)
    answer = await undo(world, 3)
    error = error_of(answer, pin["_id"])
    assert details_of(error) == [("", "not_found")]
    assert "revision 4" in error["message"]
    forced = await undo(world, 3, "?force=true")
    assert told(forced) == {"mapPins": [(pin["_id"], "unchanged")]}
    await undo(world, 4)
    assert (await undo(world, 3)).status == 200


async def test_a_deleted_row_that_is_there_again_is_unchanged(world):
    pins = [await world.make("/map-pins", PIN) for _ in range(2)]
    await world.client.post(f"{world.trip}/sync", {"mapPins": [{"_id": pins[1]["_id"], "lat": 1}]})
    await delete(world, "map-pins", pins[0])
    assert (await undo(world, 2, "?dryRun=true")).json["mapPins"]["unchanged"] == 1
    await undo(world, 5)
    await undo(world, 6)
    await undo(world, 7)
    assert told(await undo(world, 6, "?dryRun=true")) == {"mapPins": [(pins[0]["_id"], "deleted")]}
    # Of an undo with conflicts, with force: what came back is there.
    assert len((await snapshot(world))["mapPins"]) == 2


@pytest.mark.parametrize("query", ["", "?force=true"])
async def test_a_client_ref_that_another_row_has_taken_is_a_conflict_even_with_force(world, query):
    legs = [await world.make("/legs", {**LEG, "clientRef": ref}) for ref in "ab"]
    stay = await world.make(f"/legs/{legs[0]['_id']}/stays", STAY)
    await delete(world, "legs", legs[0])
    await patch(world, "legs", legs[1], clientRef="c", title="x")
    takers = [await world.make("/legs", {**LEG, "clientRef": ref}) for ref in "ab"]
    answer = await undo(world, 5, query)
    error = error_of(answer, legs[0]["_id"])
    assert details_of(error) == [("clientRef", "duplicate")]
    assert takers[0]["_id"] in error["message"]
    assert details_of(error_of(answer, stay["_id"])) == [("legId", "not_found")]
    assert (await snapshot(world))["stays"] == []
    changed = await undo(world, 6, query)
    assert details_of(error_of(changed, legs[1]["_id"])) == [("clientRef", "duplicate")]
    now = next(leg for leg in (await snapshot(world))["legs"] if leg["_id"] == legs[1]["_id"])
    assert (now["clientRef"], now["title"]) == ("c", LEG["title"])


async def test_client_refs_that_are_handed_on_go_back_together(world):
    """Each has what the next one wants; where one cannot go back, none of them can."""
    pins = [await world.make("/map-pins", {**PIN, "clientRef": ref}) for ref in "abc"]
    before = await snapshot(world)
    for number, ref in enumerate(("x", "a", "b")):
        await patch(world, "map-pins", pins[number], clientRef=ref)
    moved = await snapshot(world)
    await world.client.post(
        f"{world.trip}/sync",
        {
            "mapPins": [
                {"_id": pins[number]["_id"], "clientRef": ref}
                for number, ref in enumerate(("y", "x", "a"))
            ]
        },
    )
    after = await snapshot(world)
    assert [pin["clientRef"] for pin in after["mapPins"]] == ["y", "x", "a"]
    assert (await undo(world, 8)).status == 200
    assert content(await snapshot(world)) == content(moved)
    assert (await undo(world, 9)).status == 200
    taker = await world.make("/map-pins", {**PIN, "clientRef": "b"})
    answer = await undo(world, 8, "?force=true")
    ids = [pin["_id"] for pin in pins]
    assert told(answer) == {"mapPins": [(row_id, "error") for row_id in ids]}
    assert taker["_id"] in error_of(answer, ids[2])["message"]
    assert ids[2] in error_of(answer, ids[1])["message"]
    assert [pin["clientRef"] for pin in (await snapshot(world))["mapPins"]] == ["y", "x", "a", "b"]
    assert before["rev"] == 4


async def test_a_client_ref_is_taken_from_a_row_that_goes(world):
    pin = await world.make("/map-pins", {**PIN, "clientRef": "a"})
    before = await snapshot(world)
    moved = {"_id": pin["_id"], "clientRef": "b"}
    await world.client.post(f"{world.trip}/sync", {"mapPins": [moved, {**PIN, "clientRef": "a"}]})
    taker = (await snapshot(world))["mapPins"][1]
    assert taker["clientRef"] == "a"
    await patch(world, "map-pins", taker, notes="x")
    answer = await undo(world, 3)
    assert told(answer) == {"mapPins": [(pin["_id"], "error"), (taker["_id"], "error")]}
    assert (await undo(world, 3, "?force=true")).status == 200
    assert content(await snapshot(world)) == content(before)


async def test_two_rows_that_would_meet_at_a_client_ref_do_not(world):
    """One goes back to it where it was, the other would bring it to where it has been moved."""
    legs = [await world.make("/legs", LEG) for _ in range(3)]
    a, b = [
        await world.make(f"/legs/{leg['_id']}/stays", {**STAY, "clientRef": "a"})
        for leg in (legs[0], legs[2])
    ]
    moved = {"_id": a["_id"], "legId": legs[1]["_id"], "clientRef": "x"}
    renamed = {"_id": b["_id"], "legId": legs[2]["_id"], "clientRef": "z", "notes": "x"}
    await world.client.post(f"{world.trip}/sync", {"stays": [moved, renamed]})
    again = {"_id": a["_id"], "legId": legs[2]["_id"]}
    await world.client.post(f"{world.trip}/sync", {"stays": [again]})
    answer = await undo(world, 7)
    assert dict(told(answer)["stays"])[b["_id"]] == "updated"
    assert details_of(error_of(answer, a["_id"])) == [
        ("legId", "not_allowed"),
        ("clientRef", "duplicate"),
    ]
    now = {stay["_id"]: stay for stay in (await snapshot(world))["stays"]}
    assert (now[a["_id"]]["clientRef"], now[a["_id"]]["legId"]) == ("x", legs[2]["_id"])
    assert (now[b["_id"]]["clientRef"], "notes" in now[b["_id"]]) == ("a", False)


@pytest.mark.parametrize("query", ["", "?force=true"])
async def test_a_stay_goes_back_to_its_leg_if_that_is_there(world, query):
    legs = [await world.make("/legs", {**LEG, "clientRef": ref}) for ref in "ab"]
    stay = await world.make(f"/legs/{legs[0]['_id']}/stays", {**STAY, "clientRef": "s"})
    moved = {"_id": stay["_id"], "legRef": "b", "notes": "x"}
    await world.client.post(f"{world.trip}/sync", {"stays": [moved]})
    await delete(world, "legs", legs[0])
    answer = await undo(world, 5, query)
    assert details_of(error_of(answer, stay["_id"])) == [("legId", "not_found")]
    now = await the(world, "stays")
    assert (now["legId"], "notes" in now) == (legs[1]["_id"], False)
    await undo(world, 7)
    await undo(world, 6)
    assert (await undo(world, 5)).status == 200
    assert (await the(world, "stays"))["legId"] == legs[0]["_id"]
    found = await world.client.get(f"{world.trip}/legs/{legs[0]['_id']}/stays")
    assert [each["_id"] for each in found.json["items"]] == [stay["_id"]]


@pytest.mark.parametrize("taken", [True, False])
async def test_a_stay_that_cannot_go_back_keeps_the_leg_it_is_in_even_with_force(world, taken):
    old = await world.make("/legs", LEG)
    stay = await world.make(f"/legs/{old['_id']}/stays", {**STAY, "clientRef": "s"})
    sent = {
        "legs": [{**LEG, "clientRef": "new"}],
        "stays": [{"_id": stay["_id"], "legRef": "new"}],
    }
    await world.client.post(f"{world.trip}/sync", sent)
    new = (await snapshot(world))["legs"][1]
    added = await world.make(f"/legs/{new['_id']}/stays", STAY)
    if taken:
        await world.make(f"/legs/{old['_id']}/stays", {**STAY, "clientRef": "s"})
    else:
        await delete(world, "legs", old)
    before = await snapshot(world)
    why = ("clientRef", "duplicate") if taken else ("legId", "not_found")
    for query in ("", "?force=true"):
        answer = await undo(world, 4, query)
        assert told(answer) == {
            "legs": [(new["_id"], "error")],
            "stays": [(stay["_id"], "error")],
        }
        assert details_of(error_of(answer, stay["_id"])) == [why]
        assert stay["_id"] in error_of(answer, new["_id"])["message"]
        assert await snapshot(world) == before
    assert "force" not in error_of(answer, new["_id"])["message"]
    assert added["_id"] in {each["_id"] for each in before["stays"]}


async def test_links_to_what_is_gone_stay_cleared(world):
    leg, pin = await world.make("/legs", LEG), await world.make("/map-pins", PIN)
    links = {"legId": leg["_id"], "mapPinId": pin["_id"]}
    event = await world.make("/commitments", {**EVENT, **links})
    await patch(world, "commitments", event, legId=None, notes="x")
    await delete(world, "commitments", event)
    await delete(world, "legs", leg)
    await delete(world, "map-pins", pin)
    answer = await undo(world, 6)
    assert told(answer) == {"commitments": [(event["_id"], "restored")]}
    back = await the(world, "commitments")
    assert back.keys() == event.keys() - {"legId", "mapPinId"} | {"notes"}
    assert back["updatedAt"] > event["updatedAt"]
    assert told(await undo(world, 5)) == {"commitments": [(event["_id"], "updated")]}
    assert (await the(world, "commitments")).keys() == event.keys() - {"legId", "mapPinId"}
    stored = await world.store.read(lambda tx: tx.fetch("SELECT * FROM links"))
    assert list(stored) == []


async def test_an_answer_has_a_bounded_number_of_details(world, monkeypatch):
    monkeypatch.setattr("domain.undo.MAX_DETAILS", 3)
    await world.client.post(f"{world.trip}/sync", {"mapPins": [PIN] * 5})
    pins = (await snapshot(world))["mapPins"]
    changed = [{"_id": pin["_id"], "notes": "x"} for pin in pins]
    await world.client.post(f"{world.trip}/sync", {"mapPins": changed})
    items = (await undo(world, 2)).json["mapPins"]["items"]
    assert [len(item["error"].get("details", [])) for item in items] == [1, 1, 1, 0, 0]
    assert all("revision 3" in item["error"]["message"] for item in items)
