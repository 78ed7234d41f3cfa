"""Contract section 6: what holds of every kind of row; map pins."""

from typing import Any

import pytest

from tests.contract.kinds import (
    BY_NAME,
    KINDS,
    NAMES,
    filled_body,
    listed,
    rows_path,
    snapshot,
)
from tests.support import SAMPLES

LEG, PIN = SAMPLES["leg"], SAMPLES["mapPin"]

every_kind = pytest.mark.parametrize("kind", KINDS, ids=NAMES)


# Every kind.


@every_kind
async def test_every_field_is_kept_and_shown(world, kind):
    path = await rows_path(world, kind)
    body = await filled_body(world, kind)
    made = await world.client.post(path, body)
    assert made.status == 201, made.raw
    own = {"_id", "tripId", "createdAt", "updatedAt", *kind.above}
    assert set(made.json) == set(body) | own
    assert {name: made.json[name] for name in body} == body
    assert made.json["tripId"] == world.trip_id
    assert await listed(world, path) == [made.json]
    assert (await snapshot(world))[kind.snapshot] == [made.json]


@every_kind
async def test_each_required_field_is_required_alone(world, kind):
    path = await rows_path(world, kind)
    for missing in kind.required:
        body = {k: v for k, v in kind.sample.items() if k != missing}
        refused = await world.client.post(path, body)
        assert (refused.status, refused.details) == (400, [(missing, "required")])


@every_kind
async def test_rows_of_equal_order_are_listed_by_age(world, kind):
    path = await rows_path(world, kind)
    made = [(await world.client.post(path, kind.sample)).json for _ in range(4)]
    await world.client.patch(f"{path}/{made[0]['_id']}", {kind.text: "Changed last"})
    assert [row["_id"] for row in await listed(world, path)] == [row["_id"] for row in made]


LIMITS = [
    ("leg", "title", 200),
    ("leg", "destination", 200),
    ("leg", "accommodation.name", 200),
    ("leg", "accommodation.checkInInstructions", 10_000),
    ("leg", "accommodation.notes", 10_000),
    ("leg", "rentalCar.notes", 10_000),
    ("stay", "name", 200),
    ("stay", "checkInInstructions", 10_000),
    ("stay", "notes", 10_000),
    ("mapPin", "name", 200),
    ("mapPin", "notes", 10_000),
    ("actionItem", "text", 10_000),
    ("commitment", "title", 200),
    ("commitment", "notes", 10_000),
]


@pytest.mark.parametrize(("kind", "path", "limit"), LIMITS)
async def test_texts_have_their_limits_in_characters(world, kind, path, limit):
    rows = await rows_path(world, BY_NAME[kind])
    outer, _, inner = path.partition(".")
    for length, status in ((limit, 201), (limit + 1, 400)):
        text = "é" * length
        body = {**SAMPLES[kind], outer: {inner: text} if inner else text}
        answer = await world.client.post(rows, body)
        assert answer.status == status
        if status == 400:
            assert answer.details == [(path, "too_long")]
        else:
            kept = answer.json[outer]
            assert (kept[inner] if inner else kept) == text


OVERSIZED: dict[str, dict[str, Any]] = {
    "leg": {"accommodation": {"extra": "x" * 65_536}},
    "stay": {"url": "x" * 65_536},
    "mapPin": {"category": "x" * 65_536},
}
"""The kinds whose single fields may pass the limit: those of the others are all bounded."""


@pytest.mark.parametrize("name", OVERSIZED)
async def test_one_item_has_64_kib_at_most(world, name):
    kind = BY_NAME[name]
    path = await rows_path(world, kind)
    body = {**kind.sample, **OVERSIZED[name]}
    refused = await world.client.post(path, body)
    assert refused.status == 400
    assert ("", "too_long") in refused.details
    answer = await world.client.post(f"{path}:batch", {"items": [kind.sample, body]})
    assert (answer.status, answer.json["created"], answer.json["errors"]) == (207, 1, 1)


async def test_an_item_just_within_64_kib_is_taken_and_cannot_grow_beyond(world):
    made = await world.make("/legs", {**LEG, "accommodation": {"extra": "x" * 65_000}})
    row = f"{world.trip}/legs/{made['_id']}"
    refused = await world.client.patch(row, {"rentalCar": {"extra": "x" * 1_000}})
    assert (refused.status, refused.details) == (400, [("", "too_long")])
    assert await listed(world, f"{world.trip}/legs") == [made]


# Map pins.


async def test_coordinates_reach_to_the_poles_and_the_date_line(world):
    for lat, lng in ((90, 180), (-90, -180), (0, 0), (35.7148, 139.7967), (-0.5, 1e-7)):
        made = await world.make("/map-pins", {**PIN, "lat": lat, "lng": lng})
        assert (made["lat"], made["lng"]) == (lat, lng)
    for lat, lng in ((90.0001, 180.0001), (-91, -181), (1e300, -1e300)):
        refused = await world.client.post(f"{world.trip}/map-pins", {**PIN, "lat": lat, "lng": lng})
        assert refused.details == [("lat", "out_of_range"), ("lng", "out_of_range")]
