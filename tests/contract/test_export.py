"""Contract section 6: `GET /trips/{tripId}/export`."""

import asyncio

from tests.contract.kinds import KINDS, filled_body, listed, one_of_each, rows_path, snapshot
from tests.support import SAMPLES, gather

LEG, PIN, COMMITMENT = (SAMPLES[name] for name in ("leg", "mapPin", "commitment"))
SHAPE = {"rev", "trip", "members", *(kind.snapshot for kind in KINDS)}


async def test_an_export_of_an_empty_trip_has_every_part(world):
    exported = await snapshot(world)
    assert exported == {
        "trip": (await world.client.get(world.trip)).json,
        "rev": 1,
        **{name: [] for name in SHAPE - {"rev", "trip", "members"}},
        "members": await listed(world, f"{world.trip}/members"),
    }


async def test_an_export_shows_each_row_as_its_list_does(world):
    paths = {kind.name: await rows_path(world, kind) for kind in KINDS}
    for kind in KINDS:
        await world.client.post(paths[kind.name], await filled_body(world, kind))
        await world.client.post(paths[kind.name], kind.sample)
    exported = await snapshot(world)
    assert set(exported) == SHAPE
    for kind in KINDS:
        assert exported[kind.snapshot] == await listed(world, paths[kind.name]), kind.name
        assert len(exported[kind.snapshot]) >= 2


async def test_an_export_lists_rows_in_the_order_of_their_lists(world):
    for order in (3, 1, 2):
        await world.make("/legs", {**LEG, "order": order})
    for time in ("20:00", "08:00", "12:00"):
        await world.make("/commitments", {**COMMITMENT, "startTime": time})
    exported = await snapshot(world)
    assert [leg["order"] for leg in exported["legs"]] == [1, 2, 3]
    times = [commitment["startTime"] for commitment in exported["commitments"]]
    assert times == ["08:00", "12:00", "20:00"]


async def test_an_export_is_whole_however_large(world):
    for start in range(0, 450, 50):
        items = [{**PIN, "name": str(n)} for n in range(start, start + 50)]
        await world.client.post(f"{world.trip}/map-pins:batch", {"items": items})
    names = [pin["name"] for pin in (await snapshot(world))["mapPins"]]
    assert names == [str(n) for n in range(450)]


async def test_an_export_holds_nothing_of_other_trips(world):
    other = await world.new_trip()
    for kind in KINDS:
        await world.client.post(await rows_path(world, kind, other), kind.sample)
    exported = await snapshot(world)
    assert not [name for name in SHAPE - {"rev", "trip", "members"} if exported[name]]


async def test_an_export_is_one_consistent_snapshot(world):
    """Each sync adds one row to every part and names them in the trip's title last."""
    writing = True

    async def write():
        nonlocal writing
        for n in range(15):
            body = one_of_each(f"-{n}")
            assert (await world.client.post(f"{world.trip}/sync", body)).status == 200
        writing = False

    async def read():
        seen = set()
        while writing:
            exported = await snapshot(world)
            counts = {len(exported[kind.snapshot]) for kind in KINDS}
            assert len(counts) == 1, counts
            seen |= counts
            await asyncio.sleep(0)
        return seen

    _, *seen = await gather(write(), read(), read(), read())
    assert len(set().union(*seen)) > 1, "no export came between two writes"
