"""Questions about a whole trip: what is on, on a day; where something is told; trips by title."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from domain import day, search
from domain.actor import Actor
from domain.cursor import Position
from domain.merge import Document
from domain.message import MESSAGE
from domain.resources import RESOURCES
from domain.search import Hit
from operations import trips
from storage import items, snapshots
from storage.store import Tx

_PAGE: Final = 500
"""Documents that are looked into at once, while other requests wait."""


class Found(NamedTuple):
    """A row that has the words of a query."""

    kind: str
    document: Document
    hit: Hit


async def find(tx: Tx, trip_id: str, query: str, *, messages: bool) -> list[Found]:
    """The rows of a trip that have all words of a query, `messages` too where they may be read."""
    words = search.words_of(query)
    found = []
    for kind in [*(each.kind for each in RESOURCES), *([MESSAGE.kind] if messages else [])]:
        after: Position | None = None
        while True:
            page = await items.page_of_kind(tx, trip_id, kind, after=after, limit=_PAGE)
            for document in _decoded(page.documents):
                hit = search.find(document, words)
                if hit is not None:
                    found.append(Found(kind, document, hit))
            if page.next is None:
                break
            after = page.next
    return found


async def day_of(tx: Tx, trip_id: str, date: str) -> list[Document]:
    """What is on in a trip at a date (`domain.day`), with the names of what that links to."""
    whole = await snapshots.of_trip(tx, trip_id, day.DATED)
    rows = {kind: msgspec.json.decode(f"[{joined}]") for kind, joined in whole.rows.items()}
    found = day.day_of(date, rows)
    links = {link.field: link for resource in day.DATED for link in resource.links}
    named = {each[field] for each in found for field in links if field in each}
    targets = {row.id: row.document for row in await items.by_ids(tx, trip_id, named)}
    for each in found:
        for field, link in links.items():
            target = targets.get(each.get(field, ""))
            if target is not None and f"{link.kind}Title" not in each:
                each[link.kind] = {
                    name: target[name] for name in ("title", "name", "lat", "lng") if name in target
                }
    return found


async def trips_titled(tx: Tx, actor: Actor, title: str) -> tuple[list[Document], list[Document]]:
    """The actor's trips of a title, and all of them; capitals and accents do not count."""
    visible: list[Document] = []
    after: Position | None = None
    while True:
        page = await trips.list_trips(tx, actor, after, _PAGE)
        visible += _decoded(page.documents)
        if page.next is None:
            break
        after = page.next
    wanted = search.words_of(title)
    return [trip for trip in visible if search.words_of(trip["title"]) == wanted], visible


def _decoded(documents: Sequence[str]) -> list[Document]:
    return [msgspec.json.decode(document) for document in documents]
