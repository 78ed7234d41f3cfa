"""What pages show of trips: all of a user's, each with its plan; one whole, with its talk."""

from collections.abc import Collection
from typing import Final, NamedTuple

import msgspec

from domain.cursor import Position
from domain.merge import Document
from domain.message import CHANNEL, MESSAGE
from domain.resources import ACTION_ITEM, COMMITMENT, LEG, MAP_PIN, STAY
from domain.trip import Times, in_order
from storage import items, plans, snapshots, trips
from storage.groups import Member
from storage.plans import StoredPlan
from storage.store import Tx

TRIPS_A_PAGE: Final = 50
MESSAGES_A_PAGE: Final = 50
_PINS_BY_NAME: Final = 200
"""Among so many a leg's place is looked for: a trip may have thousands."""
_ON_CARDS: Final = (LEG, STAY)
_SHOWN: Final = (LEG, STAY, ACTION_ITEM, COMMITMENT)


class Overview(NamedTuple):
    """A page of a user's trips."""

    plans: list[StoredPlan]
    """With legs and stays."""
    pages: int
    """How many pages there are."""


class Talk(NamedTuple):
    """The messages of a trip's first channel."""

    messages: list[Document]
    """Oldest first."""
    older: Position | None
    """Where the page before this one begins."""


class Whole(NamedTuple):
    """A trip as its members see it, read from one moment but for pins and messages."""

    trip: Document
    rows: dict[str, list[Document]]
    """As an export names them; of the pins only those that something needs."""
    members: list[Member]
    talk: Talk


async def of_user(tx: Tx, user_id: str, today: str, page: int) -> Overview:
    """A page, from 0 on, of a user's trips in the order of `in_order`; two statements."""
    times = [
        msgspec.json.decode(document, type=Times) for document in await trips.documents(tx, user_id)
    ]
    pages = -(-len(times) // TRIPS_A_PAGE)
    shown = in_order(times, today)[page * TRIPS_A_PAGE : (page + 1) * TRIPS_A_PAGE]
    place = {trip.id: number for number, trip in enumerate(shown)}
    found = await plans.of_trips(tx, place, _ON_CARDS) if place else []
    return Overview(sorted(found, key=lambda plan: place[plan.trip_id]), pages)


async def of_trip(tx: Tx, trip_id: str, older: Position | None) -> Whole:
    """A trip; `older` is where the page of its messages begins."""
    snapshot = await snapshots.of_trip(tx, trip_id, _SHOWN)
    rows = {each.snapshot: _decoded(snapshot.rows[each.kind]) for each in _SHOWN}
    linked = {each["mapPinId"] for each in rows[COMMITMENT.snapshot] if "mapPinId" in each}
    placed = {each["legId"] for each in rows[STAY.snapshot] if "lat" in each}
    by_name = not all(
        each["_id"] in placed or "lat" in each.get("accommodation", ())
        for each in rows[LEG.snapshot]
    )
    rows[MAP_PIN.snapshot] = await _pins(tx, trip_id, linked, by_name=by_name)
    trip: Document = msgspec.json.decode(snapshot.trip)
    return Whole(trip, rows, snapshot.members, await _talk(tx, trip_id, older))


def _decoded(joined: str) -> list[Document]:
    return msgspec.json.decode(f"[{joined}]", type=list[Document])


async def _pins(tx: Tx, trip_id: str, linked: Collection[str], *, by_name: bool) -> list[Document]:
    """The pins that are linked to, and, for legs whose place only a name tells, the first ones."""
    pins = {row.id: row.document for row in await items.by_ids(tx, trip_id, linked)}
    if by_name:
        page = await items.page(tx, trip_id, MAP_PIN.kind, after=None, limit=_PINS_BY_NAME)
        pins |= {pin["_id"]: pin for pin in map(msgspec.json.decode, page.documents)}
    return [*pins.values()]


async def channel_of(tx: Tx, trip_id: str) -> str:
    """The id of a trip's first channel, which every trip is created with."""
    page = await items.page(tx, trip_id, CHANNEL.kind, after=None, limit=1)
    channel: Document = msgspec.json.decode(page.documents[0])
    channel_id: str = channel["_id"]
    return channel_id


async def _talk(tx: Tx, trip_id: str, older: Position | None) -> Talk:
    page = await items.page(
        tx,
        trip_id,
        MESSAGE.kind,
        await channel_of(tx, trip_id),
        after=older,
        limit=MESSAGES_A_PAGE,
        newest_first=True,
    )
    return Talk([msgspec.json.decode(each) for each in reversed(page.documents)], page.next)
