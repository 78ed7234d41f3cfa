"""Contract section 6: trips, legs, stays."""

import pytest

from domain.scopes import Role
from tests.contract.kinds import (
    ACCOMMODATION,
    BY_NAME,
    FLIGHT,
    RENTAL_CAR,
    listed,
    rows_path,
    snapshot,
)
from tests.support import SAMPLES, TRIP

LEG, PIN, STAY, COMMITMENT = (SAMPLES[name] for name in ("leg", "mapPin", "stay", "commitment"))


# Trips.


async def test_a_trip_has_its_fields_and_starts_as_a_draft(world):
    body = {"groupId": world.group_id, **TRIP}
    made = await world.client.post("/trips", body)
    assert made.status == 201
    assert made.json == {
        **body,
        "status": "draft",
        "createdBy": world.owner.user_id,
        **{name: made.json[name] for name in ("_id", "createdAt", "updatedAt")},
    }
    assert (await world.client.get(f"/trips/{made.json['_id']}")).json == made.json
    assert (await listed(world, "/trips"))[1] == made.json


async def test_a_trip_may_be_created_with_another_status(world):
    body = {"groupId": world.group_id, **TRIP, "status": "active"}
    assert (await world.client.post("/trips", body)).json["status"] == "active"


@pytest.mark.parametrize("status", ["draft", "active", "completed"])
async def test_a_trips_status_is_one_of_three(world, status):
    changed = await world.client.patch(world.trip, {"status": status})
    assert (changed.status, changed.json["status"]) == (200, status)
    for wrong, reason in (("lost", "not_allowed"), ("Draft", "not_allowed"), (1, "wrong_type")):
        refused = await world.client.patch(world.trip, {"status": wrong})
        assert (refused.status, refused.details) == (400, [("status", reason)])


async def test_a_trips_fields_can_be_changed(world):
    before = (await world.client.get(world.trip)).json
    patch = {"title": "Kyoto", "startDate": "2027-01-01", "endDate": "2027-01-01"}
    changed = (await world.client.patch(world.trip, patch)).json
    assert changed == {**before, **patch, "updatedAt": changed["updatedAt"]}
    for name in ("title", "startDate", "endDate"):
        refused = await world.client.patch(world.trip, {name: None})
        assert refused.details == [(name, "required")]


async def test_a_trips_title_has_200_characters_at_most(world):
    assert (await world.client.patch(world.trip, {"title": "t" * 200})).status == 200
    refused = await world.client.patch(world.trip, {"title": "t" * 201})
    assert refused.details == [("title", "too_long")]


async def test_a_trip_or_leg_may_not_end_before_it_starts(world):
    dates = {"startDate": "2026-07-15", "endDate": "2026-07-14"}
    for path, body in (
        ("/trips", {"groupId": world.group_id, **TRIP}),
        (f"{world.trip}/legs", LEG),
    ):
        refused = await world.client.post(path, {**body, **dates})
        assert (refused.status, refused.details) == (400, [("endDate", "out_of_range")])
        one_day = {**body, **dates, "endDate": "2026-07-15"}
        assert (await world.client.post(path, one_day)).status == 201


async def test_trips_are_those_of_all_ones_groups_by_age(world):
    second = await world.new_trip()
    editor = await world.person("ed", Role.EDITOR)
    trips = await world.as_(editor.key).get("/trips")
    assert [trip["_id"] for trip in trips.json["items"]] == [world.trip_id, second]


async def test_a_completed_trip_is_still_listed(world):
    archived = (await world.client.delete(world.trip)).json
    assert await listed(world, "/trips") == [archived]


# Legs.


async def test_legs_are_listed_by_order_then_age(world):
    orders = [10, 2, 0, 2.5, 1e300, 1e-9, 2, 100, 0.0, 9]
    made = [await world.make("/legs", {**LEG, "order": order}) for order in orders]
    by_order = sorted(made, key=lambda leg: leg["order"])  # stable: equal ones stay by age
    assert await listed(world, f"{world.trip}/legs") == by_order
    pages = await world.client.pages(f"{world.trip}/legs", 3)
    assert [leg for page in pages for leg in page] == by_order
    moved = {"order": 2.25}
    await world.client.patch(f"{world.trip}/legs/{made[0]['_id']}", moved)
    shown = [leg["order"] for leg in await listed(world, f"{world.trip}/legs")]
    assert shown == sorted(shown)
    assert 2.25 in shown


async def test_an_order_is_a_number_of_at_least_0(world):
    for order, reason in ((-1, "out_of_range"), (-0.001, "out_of_range"), ("0", "wrong_type")):
        refused = await world.client.post(f"{world.trip}/legs", {**LEG, "order": order})
        assert (refused.status, refused.details) == (400, [("order", reason)])
    assert (await world.make("/legs", {**LEG, "order": 1.5}))["order"] == 1.5


@pytest.mark.parametrize(
    ("field", "known"),
    [("accommodation", ACCOMMODATION), ("flights", FLIGHT), ("rentalCar", RENTAL_CAR)],
)
async def test_each_member_of_a_legs_objects_is_optional_and_checked(world, field, known):
    def wrap(value):
        return [value] if field == "flights" else value

    await world.make("/legs", {**LEG, field: wrap({})})
    for name, value in known.items():
        made = await world.make("/legs", {**LEG, field: wrap({name: value})})
        assert made[field] == wrap({name: value})
        refused = await world.client.post(f"{world.trip}/legs", {**LEG, field: wrap({name: []})})
        place = f"flights[0].{name}" if field == "flights" else f"{field}.{name}"
        assert (refused.status, refused.details) == (400, [(place, "wrong_type")])


async def test_deleting_a_leg_deletes_its_stays_and_clears_the_links_to_it(world):
    leg, other = await world.make("/legs", LEG), await world.make("/legs", LEG)
    pin = await world.make("/map-pins", PIN)
    for at in (leg, other):
        await world.make(f"/legs/{at['_id']}/stays", STAY)
    links = [{"legId": leg["_id"], "mapPinId": pin["_id"]}, {"legId": other["_id"]}]
    linked, safe = [await world.make("/commitments", {**COMMITMENT, **link}) for link in links]
    assert (await world.client.delete(f"{world.trip}/legs/{leg['_id']}")).status == 204
    assert (await world.client.get(f"{world.trip}/legs/{leg['_id']}/stays")).status == 404
    exported = await snapshot(world)
    assert [stay["legId"] for stay in exported["stays"]] == [other["_id"]]
    cleared = {k: v for k, v in linked.items() if k != "legId"}
    [first, second] = exported["commitments"]
    assert first == {**cleared, "updatedAt": first["updatedAt"]}
    assert second == safe


async def test_deleting_a_pin_clears_the_links_to_it(world):
    pin, leg = await world.make("/map-pins", PIN), await world.make("/legs", LEG)
    body = {**COMMITMENT, "mapPinId": pin["_id"], "legId": leg["_id"]}
    for n in range(3):
        await world.make("/commitments", {**body, "title": str(n)})
    assert (await world.client.delete(f"{world.trip}/map-pins/{pin['_id']}")).status == 204
    rows = await listed(world, f"{world.trip}/commitments")
    assert [(row["title"], row["legId"], "mapPinId" in row) for row in rows] == [
        (str(n), leg["_id"], False) for n in range(3)
    ]


async def test_a_link_that_was_moved_or_cleared_is_left_alone_by_a_delete(world):
    first, second = await world.make("/legs", LEG), await world.make("/legs", LEG)
    row = await world.make("/commitments", {**COMMITMENT, "legId": first["_id"]})
    path = f"{world.trip}/commitments/{row['_id']}"
    moved = (await world.client.patch(path, {"legId": second["_id"]})).json
    await world.client.delete(f"{world.trip}/legs/{first['_id']}")
    assert await listed(world, f"{world.trip}/commitments") == [moved]
    await world.client.delete(f"{world.trip}/legs/{second['_id']}")
    assert "legId" not in (await listed(world, f"{world.trip}/commitments"))[0]


# Stays.


async def test_stays_belong_to_their_leg(world):
    paths = [await rows_path(world, BY_NAME["stay"]) for _ in range(2)]
    made = [(await world.client.post(path, STAY)).json for path in paths]
    for path, stay in zip(paths, made, strict=True):
        assert stay["legId"] == path.split("/")[-2]
        assert await listed(world, path) == [stay]


async def test_the_leg_of_a_stay_is_read_only(world):
    first, second = [await rows_path(world, BY_NAME["stay"]) for _ in range(2)]
    other = second.split("/")[-2]
    stay = (await world.client.post(first, {**STAY, "legId": other})).json
    changed = (await world.client.patch(f"{first}/{stay['_id']}", {"legId": other})).json
    assert stay["legId"] == changed["legId"] == first.split("/")[-2]
    assert await listed(world, second) == []


async def test_stays_are_closed_objects_with_the_checks_of_an_accommodation(world):
    path = await rows_path(world, BY_NAME["stay"])
    body = {"name": "n" * 201, "lat": 91, "checkInTime": "3pm", "checkOutDate": "x", "sauna": True}
    refused = await world.client.post(path, body)
    assert sorted(refused.details) == [
        ("checkInTime", "malformed"),
        ("checkOutDate", "malformed"),
        ("lat", "out_of_range"),
        ("name", "too_long"),
        ("sauna", "unknown_field"),
    ]
