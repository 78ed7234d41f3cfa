"""Exports and syncs undo each other (contract section 5)."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.resources import BY_KIND, RESOURCES
from tests.properties.generate import bodies, snapshots
from tests.properties.test_laws import rfc_7396
from tests.support import SAMPLES, Response, World


async def filled(world: World, snapshot: Any) -> str:
    """A new trip's path, with what a snapshot makes in it."""
    trip = f"/trips/{await world.new_trip()}"
    answer = await sync(world, trip, snapshot)
    for name, listed in snapshot.items():
        assert answer.json[name]["created"] == len(listed)
    return trip


async def sync(world: World, trip: str, snapshot: Any, query: str = "") -> Response:
    data = snapshot if isinstance(snapshot, bytes) else msgspec.json.encode(snapshot)
    answer = await world.client.post(f"{trip}/sync{query}", data=data)
    assert answer.status == 200, answer.raw
    return answer


async def export(world: World, trip: str) -> bytes:
    answer = await world.client.get(f"{trip}/export")
    assert answer.status == 200, answer.raw
    return answer.raw


def counts(answer: Response, status: str) -> dict[str, int]:
    return {name: part[status] for name, part in answer.json.items() if name != "dryRun"}


def all_of(raw: bytes) -> dict[str, int]:
    document = msgspec.json.decode(raw)
    return {resource.snapshot: len(document[resource.snapshot]) for resource in RESOURCES}


@settings(max_examples=25)
@given(st.data())
def test_an_export_applied_as_a_sync_changes_nothing(living, data):
    snapshot = data.draw(snapshots(living.world.owner.user_id))

    async def check() -> None:
        world = living.world
        trip = await filled(world, snapshot)
        before = await export(world, trip)
        dry = await sync(world, trip, before, "?dryRun=true")
        assert counts(dry, "unchanged") == all_of(before)
        real = await sync(world, trip, before)
        assert counts(real, "unchanged") == all_of(before)
        assert await export(world, trip) == before

    living.run(check())


@settings(max_examples=25)
@given(st.data())
def test_what_was_sent_is_what_is_exported(living, data):
    """Unknown members of open objects are kept as they came, whatever JSON they are."""
    snapshot = data.draw(snapshots(living.world.owner.user_id, most=2))

    async def check() -> None:
        trip = await filled(living.world, snapshot)
        stored = msgspec.json.decode(await export(living.world, trip))
        for resource in RESOURCES:
            placed = {link.field for link in (*resource.links, resource.parent_link) if link}
            sent = [kept(body, placed) for body in snapshot[resource.snapshot]]
            found = [
                {name: value for name, value in row.items() if name not in {*OURS, *placed}}
                for row in stored[resource.snapshot]
            ]
            assert sorted(map(CANONICAL, found)) == sorted(map(CANONICAL, sent))

    living.run(check())


OURS = {"_id", "tripId", "createdAt", "updatedAt", "completedAt"}

CANONICAL = msgspec.json.Encoder(order="deterministic").encode


def kept(body: dict[str, Any], placed: set[str]) -> dict[str, Any]:
    """What the contract says of a body that is created: nulls go, and all-day events' times."""
    document = rfc_7396({}, {n: v for n, v in body.items() if n not in {"_id", *placed}})
    assert isinstance(document, dict)
    if document.get("isAllDay"):
        document.pop("startTime", None)
        document.pop("endTime", None)
    return document


@settings(max_examples=25)
@given(st.data())
def test_a_snapshot_into_another_trip_twice(living, data):
    snapshot = data.draw(snapshots(living.world.owner.user_id))

    async def check() -> None:
        world = living.world
        source = await export(world, await filled(world, snapshot))
        other = f"/trips/{await world.new_trip()}"
        first = await sync(world, other, source)
        assert counts(first, "created") == all_of(source)
        second = await sync(world, other, source)
        rows = msgspec.json.decode(source)
        for resource in RESOURCES:
            for row, result in zip(
                rows[resource.snapshot], second.json[resource.snapshot]["items"], strict=True
            ):
                assert result["status"] == ("unchanged" if "clientRef" in row else "created")
        await assert_links_stay_inside(world, other)

    living.run(check())


async def assert_links_stay_inside(world: World, trip: str) -> None:
    """Every link names a row of the same trip and the right kind."""
    document = msgspec.json.decode(await export(world, trip))
    ids = {
        resource.kind: {row["_id"] for row in document[resource.snapshot]} for resource in RESOURCES
    }
    for resource in RESOURCES:
        links = [link for link in resource.links if link.kind in BY_KIND]
        links += [resource.parent_link] if resource.parent_link else []
        for row in document[resource.snapshot]:
            assert f"/trips/{row['tripId']}" == trip
            for link in links:
                assert row.get(link.field) is None or row[link.field] in ids[link.kind]


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.kind)
@settings(max_examples=12)
@given(st.data())
def test_a_row_sent_back_as_it_was_read_changes_nothing(living, resource, data):
    body = data.draw(bodies(resource))
    if data.draw(st.booleans()):
        body = {**body, "clientRef": "mine"}

    async def check() -> None:
        world = living.world
        trip = f"/trips/{await world.new_trip()}"
        rows = f"{trip}{await path_of(world, trip, resource)}"
        made = await world.client.post(rows, body)
        assert made.status == 201, made.raw
        patched = await world.client.patch(f"{rows}/{made.json['_id']}", data=made.raw)
        assert (patched.status, patched.raw) == (200, made.raw)
        again = await world.client.post(rows, data=made.raw)
        assert again.status == (200 if "clientRef" in body else 201)
        if "clientRef" in body:
            assert again.raw == made.raw

    living.run(check())


async def path_of(world: World, trip: str, resource: Any) -> str:
    """A collection's path below the trip, with a parent that exists."""
    if resource.parent is None:
        return str(resource.path)
    above = await path_of(world, trip, resource.parent)
    parent = await world.client.post(f"{trip}{above}", SAMPLES[resource.parent.kind])
    return f"{above}/{parent.json['_id']}/{resource.collection}"


@pytest.mark.parametrize("depth", [100, *range(190, 204)])
def test_nesting_that_a_create_takes_a_sync_of_the_export_takes_too(living, depth):
    nested: Any = "end"
    for _ in range(depth):
        nested = [nested]

    async def check() -> None:
        world = living.world
        trip = f"/trips/{await world.new_trip()}"
        body = {**SAMPLES["leg"], "accommodation": {"rooms": nested}}
        made = await world.client.post(f"{trip}/legs", body)
        if made.status == 400:
            assert made.code == "VALIDATION_ERROR"
            return
        assert counts(await sync(world, trip, await export(world, trip)), "unchanged") == {
            resource.snapshot: int(resource.kind == "leg") for resource in RESOURCES
        }

    living.run(check())
