"""Laws of undo (contract section 11), for any history."""

import itertools
import re
from collections.abc import Iterator
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.resources import RESOURCES
from tests.properties.editing import NUMBER, Trip, check_tables, writes

FEW = settings(max_examples=30)

Path = tuple[str, ...]


def letters(raw: bytes) -> str:
    """An export but for its revision and the moments of updates."""
    text = re.sub(r'"updatedAt":"[^"]*"', '"updatedAt":"-"', raw.decode())
    return re.sub(r'"rev":\d+\}$', "}", text)


def rows_of(raw: bytes) -> dict[str, dict[Path, str]]:
    """The rows of an export and the trip, by id: the ends of their paths, as JSON."""
    export = msgspec.json.decode(raw)
    listed = [export["trip"], *(row for each in RESOURCES for row in export[each.snapshot])]
    return {row["_id"]: dict(ends(row, ())) for row in listed}


def ends(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from ends(inner, (*path, name))
    elif path[-1] != "updatedAt":
        yield path, msgspec.json.encode(value).decode()


def differ(before: dict[Path, str], after: dict[Path, str]) -> set[Path]:
    return {path for path in {**before, **after} if before.get(path) != after.get(path)}


def touches(a: Path, b: Path) -> bool:
    return a[: len(b)] == b[: len(a)]


def history(data: st.DataObject, living: Any, *, undos: bool, least: int = 2) -> list[Any]:
    owner = living.world.owner.user_id
    about = data.draw(st.lists(st.sampled_from(RESOURCES), min_size=1, max_size=2, unique=True))
    return data.draw(st.lists(writes(owner, about, undos=undos), min_size=least, max_size=8))


@FEW
@given(st.data())
def test_the_undo_of_the_latest_gives_back_what_was_and_its_undo_what_came(living, data):
    wanted = history(data, living, undos=True)

    async def check() -> None:
        trip = await Trip.new(living.world)
        for write in wanted:
            await trip.write(write)
        latest = trip.rev
        states = [trip.states[latest - 1], trip.states[latest]]
        for turn in range(3):
            answer = await trip.undo(trip.rev)
            assert answer.status == 200, answer.raw
            assert letters(trip.states[trip.rev]) == letters(states[turn % 2])
            await check_tables(trip)

    living.run(check())


@FEW
@given(st.data())
def test_undone_one_by_one_a_trip_is_what_it_was_at_each_revision(living, data):
    wanted = history(data, living, undos=True)

    async def check() -> None:
        trip = await Trip.new(living.world)
        for write in wanted:
            await trip.write(write)
        for rev in range(trip.rev, 1, -1):
            answer = await trip.undo(rev)
            assert answer.status == 200, answer.raw
            assert letters(trip.states[trip.rev]) == letters(trip.states[rev - 1])
        await check_tables(trip)

    living.run(check())


@FEW
@given(st.data())
def test_the_undo_of_an_older_one_leaves_what_later_ones_wrote(living, data):
    wanted, number = history(data, living, undos=False, least=3), data.draw(NUMBER)

    async def check() -> None:
        trip = await Trip.new(living.world)
        for write in wanted:
            await trip.write(write)
        undone, last = trip.rev - number % (trip.rev - 1), trip.rev
        states = {rev: rows_of(raw) for rev, raw in trip.states.items()}
        await trip.undo(undone)
        before, now = states[last], rows_of(trip.states[trip.rev])
        for row_id in {**before, **now}:
            versions = [states[rev].get(row_id, {}) for rev in range(undone, last + 1)]
            was = states[undone - 1].get(row_id)
            if row_id not in now:
                assert was is None, "what goes was created"
                assert all(version == versions[0] for version in versions), "and left alone since"
            elif row_id not in before:
                assert was is not None, "what comes was there"
                assert not versions[0]
            else:
                later = {
                    path
                    for a, b in itertools.pairwise(versions)
                    for path in differ(a, b)
                    if "{}" not in (a.get(path), b.get(path))
                }
                for path in differ(before[row_id], now[row_id]):
                    went = now[row_id].get(path)
                    cleared = went is None and path[-1] in ("legId", "mapPinId", "completedAt")
                    assert cleared or went == (was or {}).get(path), path
                    if path != ("completedAt",):
                        assert not any(touches(path, each) for each in later), path
        await check_tables(trip)

    living.run(check())


@FEW
@given(st.data())
def test_with_force_nothing_of_it_is_left(living, data):
    wanted, number = history(data, living, undos=True, least=3), data.draw(NUMBER)

    async def check() -> None:
        trip = await Trip.new(living.world)
        for write in wanted:
            await trip.write(write)
        undone = trip.rev - number % (trip.rev - 1)
        answer = await trip.undo(undone, "?force=true")
        await check_tables(trip)
        if answer.status == 400:
            assert "undone already" in answer.json["error"]["message"]
            return
        refused = {
            item["_id"]
            for part in answer.json.values()
            if isinstance(part, dict)
            for item in part["items"]
            if item["status"] == "error"
        }
        before, after = (rows_of(trip.states[rev]) for rev in (undone - 1, undone))
        now = rows_of(trip.states[trip.rev])
        for row_id in {**before, **after}.keys() - refused:
            was, became = before.get(row_id), after.get(row_id)
            if was is None and became is not None:
                assert row_id not in now
            elif became is None:
                assert row_id in now
            elif row_id in now:
                assert was is not None
                for path in differ(was, became):
                    went = now[row_id].get(path)
                    stamped = path[-1] in ("legId", "mapPinId", "completedAt")
                    assert went == was.get(path) or (went is None and stamped), path

    living.run(check())


@FEW
@given(st.data())
def test_links_and_client_refs_of_rows_that_came_back_work(living, data):
    wanted = history(data, living, undos=True)

    async def check() -> None:
        trip = await Trip.new(living.world)
        for write in wanted:
            await trip.write(write)
        whole = trip.states[trip.rev]
        state = msgspec.json.decode(whole)
        client = living.world.client
        for name in ("legs", "map-pins"):
            for row in state["legs" if name == "legs" else "mapPins"]:
                gone = await client.delete(f"{trip.path}/{name}/{row['_id']}")
                assert gone.status == 204
        first = await trip.look()
        for rev in range(first, first - len(state["legs"]) - len(state["mapPins"]), -1):
            assert (await trip.undo(rev)).status == 200
        assert letters(trip.states[trip.rev]) == letters(whole)
        for row in state["legs"]:
            if "clientRef" in row:
                merged = await client.post(f"{trip.path}/legs", {"clientRef": row["clientRef"]})
                assert (merged.status, merged.json["_id"]) == (200, row["_id"])
            await client.delete(f"{trip.path}/legs/{row['_id']}")
        left = msgspec.json.decode(await trip.export())
        assert left["stays"] == []
        assert not [each for each in left["commitments"] if "legId" in each]
        await check_tables(trip)

    living.run(check())
