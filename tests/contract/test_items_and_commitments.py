"""Contract section 6: action items and commitments."""

import random
from typing import Any

import pytest

from domain.scopes import Role
from tests.contract.kinds import listed
from tests.support import SAMPLES

LEG, PIN, ITEM, COMMITMENT = (
    SAMPLES[name] for name in ("leg", "mapPin", "actionItem", "commitment")
)
NOBODY = "0" * 26


# Action items.


@pytest.mark.parametrize("urgency", ["now", "before_trip", "nice_to_have"])
async def test_urgency_is_one_of_three(world, urgency):
    made = await world.make("/action-items", {**ITEM, "urgency": urgency})
    assert made["urgency"] == urgency
    refused = await world.client.post(f"{world.trip}/action-items", {**ITEM, "urgency": "later"})
    assert refused.details == [("urgency", "not_allowed")]


async def test_the_owner_of_an_item_must_be_a_member_of_the_trip(world):
    viewer, outsider = await world.person("vera", Role.VIEWER), await world.person("otto", None)
    item = await world.make("/action-items", {**ITEM, "owner": viewer.user_id})
    row = f"{world.trip}/action-items/{item['_id']}"
    for owner in (outsider.user_id, NOBODY, "", viewer.email):
        for refused in (
            await world.client.post(f"{world.trip}/action-items", {**ITEM, "owner": owner}),
            await world.client.patch(row, {"owner": owner}),
        ):
            assert (refused.status, refused.details) == (400, [("owner", "not_found")])
    changed = await world.client.patch(row, {"owner": world.owner.user_id})
    assert changed.json["owner"] == world.owner.user_id
    assert "owner" not in (await world.client.patch(row, {"owner": None})).json


async def test_completed_at_is_set_and_cleared_by_the_server(world):
    item = await world.make("/action-items", ITEM)
    assert "completedAt" not in item
    row = f"{world.trip}/action-items/{item['_id']}"
    done = (await world.client.patch(row, {"isCompleted": True, "completedAt": "x"})).json
    assert item["createdAt"] <= done["completedAt"] == done["updatedAt"]
    later = (await world.client.patch(row, {"text": "Still done"})).json
    assert later["completedAt"] == done["completedAt"]
    again = (await world.client.patch(row, {"isCompleted": True})).json
    assert again["completedAt"] == done["completedAt"]
    undone = (await world.client.patch(row, {"isCompleted": False})).json
    assert (undone["isCompleted"], "completedAt" in undone) == (False, False)
    await world.client.patch(row, {"isCompleted": True})
    cleared = (await world.client.patch(row, {"isCompleted": None})).json
    assert not {"isCompleted", "completedAt"} & set(cleared)
    born_done = await world.make("/action-items", {**ITEM, "isCompleted": True})
    assert born_done["completedAt"] == born_done["createdAt"]


# Commitments.


@pytest.mark.parametrize("category", ["dinner", "activity", "birthday", "meeting", "other"])
async def test_a_commitments_category_is_one_of_five(world, category):
    assert (await world.make("/commitments", {**COMMITMENT, "category": category}))["title"]
    refused = await world.client.post(f"{world.trip}/commitments", {**COMMITMENT, "category": "x"})
    assert refused.details == [("category", "not_allowed")]


async def test_commitments_are_listed_by_date_and_time_all_day_ones_first_then_age(world):
    expected: list[dict[str, Any]] = [
        {"startDate": "2025-12-31", "startTime": "23:59"},
        {"startDate": "2026-07-16", "isAllDay": True, "startTime": "22:00"},
        {"startDate": "2026-07-16"},
        {"startDate": "2026-07-16", "isAllDay": True},
        {"startDate": "2026-07-16", "isAllDay": False},
        {"startDate": "2026-07-16", "startTime": "00:00"},
        {"startDate": "2026-07-16", "startTime": "09:00", "timezone": "America/New_York"},
        {"startDate": "2026-07-16", "startTime": "09:00", "timezone": "Asia/Tokyo"},
        {"startDate": "2026-07-16", "startTime": "10:00"},
        {"startDate": "2026-07-17", "isAllDay": True},
        {"startDate": "2026-07-17", "startTime": "08:00"},
    ]
    shuffled = list(range(len(expected)))
    random.Random(7).shuffle(shuffled)
    # Those of equal order go by age, so they are made in the order they stand in.
    ties = [[1, 2, 3, 4], [6, 7]]
    for tie in ties:
        places = sorted(shuffled.index(n) for n in tie)
        for place, n in zip(places, tie, strict=True):
            shuffled[place] = n
    for n in shuffled:
        await world.make("/commitments", {**COMMITMENT, **expected[n], "title": str(n)})
    path = f"{world.trip}/commitments"
    titles = [row["title"] for row in await listed(world, path)]
    assert titles == [str(n) for n in range(len(expected))]
    paged = [row["title"] for page in await world.client.pages(path, 2) for row in page]
    assert paged == titles


async def test_a_commitment_moves_in_the_list_with_its_time(world):
    early = await world.make("/commitments", {**COMMITMENT, "startTime": "10:00"})
    late = await world.make("/commitments", {**COMMITMENT, "startTime": "20:00"})
    path = f"{world.trip}/commitments"
    for patch in ({"startTime": "09:00"}, {"startTime": None}, {"startDate": "2026-07-01"}):
        await world.client.patch(f"{path}/{late['_id']}", patch)
        assert [row["_id"] for row in await listed(world, path)] == [late["_id"], early["_id"]]
    await world.client.patch(f"{path}/{late['_id']}", {"startDate": "2026-08-01"})
    assert [row["_id"] for row in await listed(world, path)] == [early["_id"], late["_id"]]


async def test_the_times_of_an_all_day_event_are_ignored_and_not_stored(world):
    times = {"startTime": "19:00", "endTime": "21:00"}
    path = f"{world.trip}/commitments"
    made = await world.make("/commitments", {**COMMITMENT, **times, "isAllDay": True})
    assert not set(times) & set(made)
    ignored = {"startTime": "late", "endTime": 9}
    odd = await world.client.post(path, {**COMMITMENT, **ignored, "isAllDay": True})
    assert (odd.status, set(ignored) & set(odd.json)) == (201, set())
    timed = await world.make("/commitments", {**COMMITMENT, **times})
    row = f"{path}/{timed['_id']}"
    all_day = (await world.client.patch(row, {"isAllDay": True})).json
    assert not set(times) & set(all_day)
    same = await world.client.patch(row, times)
    assert (same.status, same.json) == (200, all_day)
    back = (await world.client.patch(row, {"isAllDay": False, **times})).json
    assert {name: back[name] for name in times} == times


async def test_links_of_a_commitment_must_lead_to_rows_of_the_trip(world):
    other = await world.new_trip()
    foreign_leg = (await world.client.post(f"/trips/{other}/legs", LEG)).json["_id"]
    foreign_pin = (await world.client.post(f"/trips/{other}/map-pins", PIN)).json["_id"]
    leg, pin = await world.make("/legs", LEG), await world.make("/map-pins", PIN)
    row = await world.make("/commitments", {**COMMITMENT, "legId": leg["_id"]})
    path = f"{world.trip}/commitments"
    for leg_id, pin_id in ((foreign_leg, foreign_pin), (NOBODY, ""), (pin["_id"], leg["_id"])):
        links = {"legId": leg_id, "mapPinId": pin_id}
        for refused in (
            await world.client.post(path, {**COMMITMENT, **links}),
            await world.client.patch(f"{path}/{row['_id']}", links),
        ):
            assert refused.status == 400
            assert refused.details == [("legId", "not_found"), ("mapPinId", "not_found")]
    assert await listed(world, path) == [row]
    linked = await world.client.patch(f"{path}/{row['_id']}", {"mapPinId": pin["_id"]})
    assert linked.json["mapPinId"] == pin["_id"]
