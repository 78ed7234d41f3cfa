"""What the revisions of a trip tell, and the order that they give to lists."""

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from domain.resources import ACTION_ITEM, BY_KIND, COMMITMENT, LEG, MAP_PIN, STAY
from operations import messages, rows
from operations import trips as trip_operations
from operations.rows import Collection
from runtime import ids
from storage import trips
from storage.page import Page
from tests.storage.home import Home, leg, pin, stay
from tests.storage.journal import changesets, revs
from tests.support import SAMPLES


async def test_a_message_leaves_the_contents_revision_as_it_is(home):
    await home.create("mapPin", pin())
    assert await revs(home.store, home.trip_id) == (2, 2, 1, 1)
    await home.send("Hello")
    assert await revs(home.store, home.trip_id) == (3, 2, 3, 1)
    await home.sync({"legs": [leg()]})
    assert await revs(home.store, home.trip_id) == (4, 4, 3, 1)


@pytest.mark.parametrize("resource", [LEG, MAP_PIN, ACTION_ITEM, COMMITMENT], ids=lambda r: r.kind)
async def test_rows_of_every_kind_are_content(home, resource):
    made = await home.create(resource.kind, SAMPLES[resource.kind])
    assert await revs(home.store, home.trip_id) == (2, 2, 1, 1)
    await home.change(resource.kind, made.id, {"clientRef": "new"})
    assert await revs(home.store, home.trip_id) == (3, 3, 1, 1)
    await home.delete(resource.kind, made.id)
    assert await revs(home.store, home.trip_id) == (4, 4, 1, 1)


async def test_a_stay_is_content(home):
    (tokyo,) = await home.make("legs", leg())
    await home.create(STAY.kind, stay(), tokyo)
    assert await revs(home.store, home.trip_id) == (3, 3, 1, 1)


async def test_the_trips_own_document_has_a_revision_of_its_own(home):
    await home.create("mapPin", pin())
    await home.store.write(lambda tx: trip_operations.archive(tx, home.cause, home.trip_id))
    assert await revs(home.store, home.trip_id) == (3, 3, 1, 3)
    await home.send("Hello")
    await home.create("mapPin", pin())
    assert await revs(home.store, home.trip_id) == (5, 5, 4, 3)


async def seen(home: Home) -> tuple[int, int, int, int]:
    """The revisions as entity tags tell them."""
    found = await home.store.read(lambda tx: trips.revisions(tx, home.trip_id))
    return found.rev, found.content, found.messages, found.doc


async def by_an_older_server(home: Home) -> None:
    """A write by a server from before there were several revisions."""
    raise_rev = "UPDATE trips SET rev = rev + 1 WHERE id = $1"
    await home.store.write(lambda tx: tx.execute(raise_rev, home.trip_id))


@pytest.mark.parametrize("after", ["content", "message", "trip", "batch"])
async def test_what_an_older_server_raised_may_have_touched_anything(home, after):
    await home.create("mapPin", pin())
    await home.send("Hello")
    assert await seen(home) == (3, 2, 3, 1)
    await by_an_older_server(home)
    assert await seen(home) == (4, 4, 4, 4)
    await by_an_older_server(home)
    assert await seen(home) == (5, 5, 5, 5)
    if after == "content":
        await home.create("mapPin", pin())
        expected = (6, 6, 5, 5)
    elif after == "message":
        await home.send("Hello again")
        expected = (6, 5, 6, 5)
    elif after == "trip":
        await home.store.write(lambda tx: trip_operations.archive(tx, home.cause, home.trip_id))
        expected = (6, 6, 5, 6)
    else:
        await home.sync({"mapPins": [pin(), pin()]})
        expected = (6, 6, 5, 5)
    assert await seen(home) == expected
    assert await revs(home.store, home.trip_id) == expected
    assert [each["rev"] for each in await changesets(home.store, home.trip_id)] == [1, 2, 3, 6]


# Age


@pytest.fixture
def backwards(monkeypatch):
    """A clock that goes back with every look at it, of which ids are made."""
    moments = iter(range(2**52, 0, -1_000_000))

    def time_ns() -> int:
        monkeypatch.setattr(ids, "_last", 0)
        return next(moments) * 1_000

    monkeypatch.setattr(ids, "time", SimpleNamespace(time_ns=time_ns))


async def pages(page: Any) -> list[str]:
    """The ids of a list, read one by one."""
    found: list[str] = []
    after = None
    while True:
        part: Page = await page(after)
        found += [msgspec.json.decode(text).get("_id") or text for text in part.documents]
        if part.next is None:
            return found
        after = part.next


@pytest.mark.parametrize("kind", ["mapPin", "actionItem", "leg", "commitment"])
async def test_lists_by_age_follow_the_commits_although_ids_go_back(home, backwards, kind):
    made = [(await home.create(kind, SAMPLES[kind])).id for _ in range(5)]
    assert made == sorted(made, reverse=True)
    where = Collection(BY_KIND[kind], home.trip_id)
    listed = await pages(
        lambda after: home.store.read(lambda tx: rows.list_rows(tx, where, after, 1))
    )
    assert listed == made


async def test_messages_are_listed_by_their_commits_although_ids_go_back(home, backwards):
    made = [await home.send(f"{n}") for n in range(4)]
    assert made == sorted(made, reverse=True)
    channel_id = await home.channel()
    listed = await pages(
        lambda after: home.store.read(
            lambda tx: messages.list_messages(tx, home.trip_id, channel_id, after, 1)
        )
    )
    assert listed == made[::-1]


async def test_a_row_that_comes_later_is_not_missed_by_an_older_cursor(home, backwards):
    first = await home.create("mapPin", pin())
    second = await home.create("mapPin", pin())
    where = Collection(MAP_PIN, home.trip_id)
    page = await home.store.read(lambda tx: rows.list_rows(tx, where, None, 1))
    third = await home.create("mapPin", pin())
    assert third.id < second.id < first.id
    rest = await home.store.read(lambda tx: rows.list_rows(tx, where, page.next, 9))
    assert [msgspec.json.decode(text)["_id"] for text in rest.documents] == [second.id, third.id]


async def test_an_export_has_rows_by_age_although_ids_go_back(home, backwards):
    made = [(await home.create("mapPin", pin(name=name))).id for name in "abc"]
    assert [each["_id"] for each in await home.rows("mapPins")] == made


async def test_trips_are_listed_by_age_although_ids_go_back(home, backwards):
    made = [home.trip_id, *[await home.new_trip() for _ in range(4)]]
    assert made[1:] == sorted(made[1:], reverse=True)
    actor = home.cause.actor
    listed = await pages(
        lambda after: home.store.read(lambda tx: trip_operations.list_trips(tx, actor, after, 1))
    )
    assert listed == made


async def test_members_are_listed_as_they_came_although_ids_go_back(home, backwards):
    made = [await home.join(name) for name in ("ann", "ben", "cat")]
    assert made == sorted(made, reverse=True)
    listed = await pages(
        lambda after: home.store.read(
            lambda tx: trips.members_page(tx, home.trip_id, after=after, limit=1)
        )
    )
    assert [msgspec.json.decode(text)["userId"] for text in listed] == [home.user_id, *made]
