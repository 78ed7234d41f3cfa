"""A whole trip, read from one moment."""

import asyncio
import itertools

import msgspec

from domain.resources import LEG, MAP_PIN, RESOURCES
from storage import shares, snapshots
from storage.store import Tx
from tests.storage.home import SECRET, Home, event, leg, pin, soon, stay
from tests.support import now


async def whole(home: Home, trip_id: str = ""):
    return await home.store.read(
        lambda tx: snapshots.of_trip(tx, trip_id or home.trip_id, RESOURCES)
    )


async def test_a_trip_with_nothing_in_it(home):
    snapshot = await whole(home)
    assert msgspec.json.decode(snapshot.trip)["_id"] == home.trip_id
    assert snapshot.rows == {resource.kind: "" for resource in RESOURCES}
    assert [(m.user_id, m.name, m.email, m.role) for m in snapshot.members] == [
        (home.user_id, "Olga", "owner@example.org", "owner")
    ]


async def test_lists_are_in_their_own_orders(home):
    tokyo, kyoto = await home.make("legs", leg(order=2), leg(order=1))
    stays = await home.make("stays", *(stay(name=f"{n}", legId=tokyo) for n in range(3)))
    elsewhere = await home.make("stays", stay(legId=kyoto))
    pins = await home.make("mapPins", *(pin(name=f"{n}") for n in range(20)))
    late, early = await home.make("commitments", event(startTime="19:00"), event(startTime="08:00"))
    assert [row["_id"] for row in await home.rows("legs")] == [kyoto, tokyo]
    assert [row["_id"] for row in await home.rows("stays")] == [*stays, *elsewhere]
    assert [row["_id"] for row in await home.rows("mapPins")] == pins
    assert [row["_id"] for row in await home.rows("commitments")] == [early, late]


async def test_other_trips_are_not_in_it(home):
    other = await home.new_trip()
    await home.sync({"mapPins": [pin()]}, other)
    assert (await whole(home)).rows["mapPin"] == ""
    assert (await whole(home, other)).rows["mapPin"] != ""


async def test_only_what_is_asked_for(home):
    await home.make("mapPins", pin())
    found = await home.store.read(lambda tx: snapshots.of_trip(tx, home.trip_id, (LEG,)))
    assert found.rows == {"leg": ""}


async def test_awkward_text_survives(home):
    texts = ["},{", '"', "a,b", "\\", "é🗼", "\n", "[]", "\x7f"]
    await home.make("mapPins", *(pin(name=text, notes=text) for text in texts))
    assert [row["name"] for row in await home.rows("mapPins")] == texts


async def test_a_share_shows_its_trip_while_it_is_active(home):
    share = await home.store.write(lambda tx: shares.create(tx, home.trip_id, SECRET, now()))
    found = await home.store.read(lambda tx: snapshots.of_share(tx, share.token, RESOURCES))
    assert msgspec.json.decode(found.trip)["_id"] == home.trip_id
    for token in ("", "x", share.token[:-1], share.token.swapcase()):
        assert (
            await home.store.read(lambda tx, token=token: snapshots.of_share(tx, token, (LEG,)))
            is None
        )
    await home.store.write(lambda tx: shares.revoke(tx, home.trip_id))
    revoked = await home.store.read(lambda tx: snapshots.of_share(tx, share.token, (LEG,)))
    assert revoked is None


async def test_everything_is_from_one_moment(home):
    """A writer keeps a pin and a leg equal; whoever reads the trip finds them so."""
    await home.sync({"legs": [leg(clientRef="l", order=0)], "mapPins": [pin(clientRef="p", lat=0)]})
    stop = asyncio.Event()

    async def write() -> int:
        for number in itertools.count(1):
            if stop.is_set():
                return number
            order, lat = number, number / 1000
            await home.sync(
                {
                    "legs": [{"clientRef": "l", "order": order}],
                    "mapPins": [{"clientRef": "p", "lat": lat}],
                }
            )
        raise AssertionError

    async def read(tx: Tx) -> tuple[float, float]:
        snapshot = await snapshots.of_trip(tx, home.trip_id, (MAP_PIN, LEG))
        pin_row = msgspec.json.decode(snapshot.rows["mapPin"])
        leg_row = msgspec.json.decode(snapshot.rows["leg"])
        return leg_row["order"], round(pin_row["lat"] * 1000)

    writing = asyncio.create_task(write())
    seen: set[tuple[float, float]] = set()
    while len(seen) < 20:
        assert not writing.done()
        pairs = await soon(asyncio.gather(*(home.store.read(read) for _ in range(4))))
        assert all(order == lat for order, lat in pairs)
        seen.update(pairs)
    stop.set()
    assert await soon(writing) > 10
