"""What pages show of trips: all of a user's, each with its plan; one whole, with its talk."""

from collections.abc import Collection
from typing import Any, Final, NamedTuple

import msgspec

from domain.cursor import Position
from domain.merge import Document
from domain.message import CHANNEL, MESSAGE
from domain.resources import ACTION_ITEM, COMMITMENT, LEG, MAP_PIN, STAY
from domain.trip import Times, in_order
from storage import items, plans, snapshots, trips
from storage.page import Page
from storage.plans import StoredPlan
from storage.store import Tx
from storage.trips import Member

TRIPS_A_PAGE: Final = 50
MESSAGES_A_PAGE: Final = 50
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

    channel_id: str
    messages: list[Document]
    """Oldest first."""
    older: Position | None
    """Where the page before this one begins."""


class Whole(NamedTuple):
    """A trip as its members see it, read from one moment but for pins and messages."""

    trip: Document
    rows: dict[str, list[Document]]
    """By kind; of the pins only those that something links to."""
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
    rows = {
        resource.kind: msgspec.json.decode(f"[{snapshot.rows[resource.kind]}]", type=list[Document])
        for resource in _SHOWN
    }
    linked = {each["mapPinId"] for each in rows[COMMITMENT.kind] if "mapPinId" in each}
    rows[MAP_PIN.kind] = await _pins(tx, trip_id, linked)
    trip: Document = msgspec.json.decode(snapshot.trip)
    return Whole(trip, rows, snapshot.members, await _talk(tx, trip_id, older))


async def _pins(tx: Tx, trip_id: str, ids: Collection[str]) -> list[Document]:
    found = await items.by_ids(tx, trip_id, ids) if ids else []
    return [row.document for row in found]


async def _talk(tx: Tx, trip_id: str, older: Position | None) -> Talk:
    channels = await items.page(tx, trip_id, CHANNEL.kind, after=None, limit=1)
    channel: dict[str, Any] = msgspec.json.decode(channels.documents[0])
    page: Page = await items.page(
        tx,
        trip_id,
        MESSAGE.kind,
        channel["_id"],
        after=older,
        limit=MESSAGES_A_PAGE,
        newest_first=True,
    )
    messages = [msgspec.json.decode(document) for document in reversed(page.documents)]
    return Talk(channel["_id"], messages, page.next)
