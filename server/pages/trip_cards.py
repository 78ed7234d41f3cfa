"""Trips as cards: a map, how far off, the legs as bands."""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from markupsafe import Markup

from domain.merge import Document
from domain.resources import LEG, STAY
from server.pages.itinerary.legs import legs_of
from server.pages.itinerary.model import Leg
from server.pages.map import Stop, draw, stops_of
from server.pages.trip_head import Head, head_of
from server.pages.words import Words
from storage.plans import StoredPlan


class Card(NamedTuple):
    """A trip in short."""

    trip_id: str
    head: Head
    map: Markup | None
    """None where no leg's place is known."""
    legs: Sequence[Leg]
    places: str


def cards_of(words: Words, plans: Sequence[StoredPlan], now: str) -> list[Card]:
    """The cards of trips with their legs and stays, at a moment."""
    return [_card(words, plan, now) for plan in plans]


def _card(words: Words, plan: StoredPlan, now: str) -> Card:
    trip: Document = msgspec.json.decode(plan.trip)
    documents, stays = (_documents(plan.rows[each.kind]) for each in (LEG, STAY))
    legs = legs_of(documents)
    return Card(
        plan.trip_id,
        head_of(words, trip, documents, now),
        _map(tuple(stops_of(documents, stays)), plan.trip_id),
        legs,
        ", ".join(dict.fromkeys(leg.city for leg in legs)),
    )


def _documents(rows: str) -> list[Document]:
    return [document for _, document in msgspec.json.decode(rows, type=list[tuple[int, Document]])]


@functools.lru_cache(maxsize=128)
def _map(stops: tuple[Stop, ...], trip_id: str) -> Markup | None:
    return draw(stops, width=320, height=180, detail=2, id=f"map-{trip_id}")
