"""An export and the changes since are the later export, whatever is written meanwhile."""

import asyncio
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.resources import RESOURCES
from tests.properties.copies import Copy, Documents, exported, whole
from tests.properties.writers import Write, do, writes
from tests.support import World, add_key

EXAMPLES = 50

LIMITS = st.sampled_from([1, 2, 3, 7, 1_000])


def drawn(data: st.DataObject, owner: str, most: int) -> list[Write]:
    return data.draw(st.lists(writes(owner), min_size=1, max_size=most))


def of_content(documents: Documents) -> Documents:
    kinds = {"trip", *(resource.kind for resource in RESOURCES)}
    return {key: document for key, document in documents.items() if key[0] in kinds}


async def do_all(world: World, trip: str, writing: list[Write]) -> None:
    for write in writing:
        await do(world.client, trip, write)


@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_an_export_and_the_changes_since_are_the_later_export(living, data):
    world = living.world
    before, after = (drawn(data, world.owner.user_id, 6) for _ in range(2))
    limit = data.draw(LIMITS)

    async def check() -> None:
        trip = f"/trips/{await world.new_trip()}"
        await do_all(world, trip, before)
        rev, documents = await exported(world.client, trip)
        copy = Copy(world.client, trip, rev, documents)
        await do_all(world, trip, after)
        await copy.catch_up(limit)
        assert of_content(copy.documents) == (await exported(world.client, trip))[1]

    living.run(check())


@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_from_nothing_it_is_all_there_is_while_others_write_between_the_pages(living, data):
    world = living.world
    before = drawn(data, world.owner.user_id, 8)
    between = data.draw(st.lists(writes(world.owner.user_id), max_size=6))
    limit = data.draw(st.sampled_from([1, 2, 3]))

    async def check() -> None:
        trip = f"/trips/{await world.new_trip()}"
        await do_all(world, trip, before)
        copy, waiting = Copy(world.client, trip), list(between)
        cursor = await copy.page(limit)
        while cursor is not None:
            if waiting:
                await do(world.client, trip, waiting.pop(0))
            cursor = await copy.page(limit, cursor)
        await do_all(world, trip, waiting)
        await copy.catch_up(limit)
        assert copy.documents == await whole(world, trip)

    living.run(check())


@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_readers_miss_nothing_of_what_many_write_at_once(living, data):
    """One reader sees messages, the other may not."""
    world = living.world
    writers = [drawn(data, world.owner.user_id, 4) for _ in range(4)]
    limit = data.draw(st.sampled_from([1, 3, 50]))

    async def check() -> None:
        trip = f"/trips/{await world.new_trip()}"
        key = await add_key(world.store, world.owner.user_id, "trips:read")
        copies = [Copy(world.client, trip), Copy(world.as_(key), trip)]
        writing = asyncio.gather(*(do_all(world, trip, each) for each in writers))
        while not writing.done():
            for copy in copies:
                await copy.catch_up(limit)
        await writing
        for copy in copies:
            await copy.catch_up(limit)
        everything = await whole(world, trip)
        assert copies[0].documents == everything
        assert copies[1].documents == of_content(everything)

    living.run(check())


@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_the_history_tells_each_step_from_one_state_to_the_next(living, data):
    """What all changesets did, one after another, is the trip."""
    world = living.world
    writing = drawn(data, world.owner.user_id, 10)

    async def check() -> None:
        trip = f"/trips/{await world.new_trip()}"
        await do_all(world, trip, writing)
        state: dict[str, Any] = {}
        entries = [e for page in await world.client.pages(f"{trip}/history", 3) for e in page]
        assert [e["rev"] for e in entries] == list(range(len(entries), 0, -1))
        for entry in reversed(entries):
            items = [
                item
                for page in await world.client.pages(f"{trip}/history/{entry['rev']}", 2)
                for item in page
            ]
            counted = sum(sum(counts.values()) for counts in entry["summary"].values())
            assert counted == len(items)
            for item in items:
                step(state, item)
        everything = await whole(world, trip)
        assert state.keys() == {row_id for _, row_id in everything}
        assert state == {
            document["_id"]: document for document in map(msgspec.json.decode, everything.values())
        }

    living.run(check())


def step(state: dict[str, Any], item: Any) -> None:
    """Applies what happened to a row, which fits what it was until then."""
    row_id, document, before = item["_id"], item["document"], state.get(item["_id"], {})
    match item["op"]:
        case "created":
            assert not before
            state[row_id] = document
        case "deleted":
            assert state.pop(row_id) == document
        case "updated":
            for name, change in item["changes"].items():
                assert before.get(name) == change["from"]
                assert document.get(name) == change["to"]
            state[row_id] = document
