"""What comes after an upgrade fits what was there before."""

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from domain.account import key_hash
from domain.changes import Cause
from domain.imports import ImportRequest, items_of
from domain.resources import ACTION_ITEM, LEG, MAP_PIN, RESOURCES
from domain.scopes import Role
from operations import imports, messages, rows
from operations import trips as trip_operations
from operations.rows import Collection
from runtime import ids
from storage import groups, items, keys, snapshots, trips, users
from storage.page import Page
from storage.store import Store, Tx
from tests.storage.releases import KEY, LATER, TRIP
from tests.support import SAMPLES
from tests.support import TRIP as TRIP_SAMPLE


@pytest.fixture
async def old_clock(monkeypatch):
    """A clock that was set back to long before all there is, of which ids are made."""
    monkeypatch.setattr(ids, "_last", 0)
    monkeypatch.setattr(ids, "time", SimpleNamespace(time_ns=lambda: 10**18))


async def cause(store: Store) -> Cause:
    caller = await store.read(lambda tx: keys.authenticate(tx, key_hash(KEY), TRIP))
    assert caller is not None
    return Cause(caller.actor, LATER)


def listed(page: Page) -> list[str]:
    return [msgspec.json.decode(text)["_id"] for text in page.documents]


async def test_later_rows_come_after_those_of_before(upgraded, old_clock):
    """Though their ids would come first."""
    by = await cause(upgraded)
    for resource in (MAP_PIN, ACTION_ITEM, LEG):
        kind = resource.kind
        body = {**SAMPLES[kind], "order": 1} if resource is LEG else SAMPLES[kind]
        before = await upgraded.read(
            lambda tx, k=kind: items.page(tx, TRIP, k, after=None, limit=100)
        )
        cut = await upgraded.read(lambda tx, k=kind: items.page(tx, TRIP, k, after=None, limit=1))
        made = [
            await upgraded.write(
                lambda tx, r=resource, b=body: rows.create(tx, by, Collection(r, TRIP), b)
            )
            for _ in range(2)
        ]
        new = [written.row.id for written in made]
        assert new[0] < new[1] < min(listed(before))
        page = await upgraded.read(
            lambda tx, k=kind: items.page(tx, TRIP, k, after=None, limit=100)
        )
        assert listed(page) == [*listed(before), *new]
        if cut.next is not None:
            rest = await upgraded.read(
                lambda tx, k=kind, c=cut: items.page(tx, TRIP, k, after=c.next, limit=100)
            )
            assert listed(rest) == [*listed(before)[1:], *new]


async def test_later_messages_come_after_those_of_before(upgraded, old_clock):
    by = await cause(upgraded)
    channels = await upgraded.read(lambda tx: messages.list_channels(tx, TRIP, None, 9))
    (channel,) = listed(channels)

    async def newest_first() -> list[str]:
        return listed(
            await upgraded.read(lambda tx: messages.list_messages(tx, TRIP, channel, None, 9))
        )

    before = await newest_first()
    sent = await upgraded.write(
        lambda tx: messages.send(tx, by, TRIP, channel, {"content": "new", "parentId": before[0]})
    )
    assert sent.row.id < min(before)
    assert await newest_first() == [sent.row.id, *before]


async def test_later_trips_and_members_come_after_those_of_before(upgraded, old_clock):
    by = await cause(upgraded)
    before = await upgraded.read(lambda tx: trip_operations.list_trips(tx, by.actor, None, 9))
    group_id = msgspec.json.decode(before.documents[0])["groupId"]
    body = {"groupId": group_id, **TRIP_SAMPLE}
    made = [await upgraded.write(lambda tx: trip_operations.create(tx, by, body)) for _ in "ab"]
    after = await upgraded.read(lambda tx: trip_operations.list_trips(tx, by.actor, None, 9))
    assert made[0].id < made[1].id < min(listed(before))
    assert listed(after) == [*listed(before), *(trip.id for trip in made)]

    async def members() -> list[str]:
        page = await upgraded.read(lambda tx: trips.members_page(tx, TRIP, after=None, limit=9))
        return [msgspec.json.decode(text)["userId"] for text in page.documents]

    olga_ben_and_vera = await members()

    async def join(tx: Tx) -> str:
        user_id = await users.create(tx, email="zoe@example.org", name="Zoe", now=LATER)
        await groups.add_member(tx, group_id=group_id, user_id=user_id, role=Role.EDITOR, now=LATER)
        return user_id

    zoe = await upgraded.write(join)
    assert zoe < min(olga_ben_and_vera)
    assert await members() == [*olga_ben_and_vera, zoe]
    assert olga_ben_and_vera == sorted(olga_ben_and_vera)


async def test_a_journal_begins_where_an_upgraded_trip_is(upgraded):
    """What was before is not in it, and `pruned_rev` says so."""
    by = await cause(upgraded)
    (tower,) = await upgraded.read(
        lambda tx: tx.fetchrow("SELECT id FROM items WHERE trip_id = $1 AND rev = 13", TRIP)
    )
    pins = Collection(MAP_PIN, TRIP)
    await upgraded.write(lambda tx: rows.change(tx, by, pins, tower, {"notes": "high"}))
    await upgraded.write(lambda tx: rows.delete(tx, by, pins, tower))

    async def look(tx: Tx) -> Any:
        pruned = await tx.fetchval("SELECT pruned_rev FROM trips WHERE id = $1", TRIP)
        changesets = await tx.fetch("SELECT rev FROM changesets WHERE trip_id = $1", TRIP)
        prior = await tx.fetch(
            "SELECT rev, was_rev, created_rev, deleted FROM prior_rows WHERE trip_id = $1"
            " AND id = $2 ORDER BY rev",
            TRIP,
            tower,
        )
        return pruned, sorted(row[0] for row in changesets), [tuple(row) for row in prior]

    assert await upgraded.read(look) == (14, [15, 16], [(15, 13, 0, 0), (16, 15, 0, 1)])


async def test_an_upgraded_trip_takes_its_own_export_as_unchanged(upgraded):
    by = await cause(upgraded)
    whole = await upgraded.read(lambda tx: snapshots.of_trip(tx, TRIP, RESOURCES))
    assert whole.rev == 14
    body = {
        resource.snapshot: msgspec.json.decode(f"[{whole.rows[resource.kind]}]")
        for resource in RESOURCES
    }
    request = ImportRequest("sync")
    lists = items_of(request, body)
    result = await upgraded.write(lambda tx: imports.apply(tx, by, TRIP, request, lists))
    assert result.answer.keys() == {"dryRun", *body}
    for name, stored in body.items():
        each = result.answer[name]
        assert (each.created, each.updated, each.errors) == (0, 0, 0)
        assert each.unchanged == len(stored)
    assert all(body[name] for name in ("legs", "stays", "mapPins", "actionItems", "commitments"))
