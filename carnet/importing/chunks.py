"""Rows in chunks that one request can take, what is linked to before what links to it."""

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from carnet.client.uploads import CHUNK_BYTES, CHUNK_ROWS
from domain.merge import Document
from domain.resources import BY_KIND, RESOURCES
from formats.found import Found, Part, Position, Row

_LINKS: Final = {
    resource.snapshot: [
        (link.field, link.ref, BY_KIND[link.kind].snapshot)
        for link in (*resource.links, *([resource.parent_link] if resource.parent_link else []))
        if link.kind in BY_KIND
    ]
    for resource in RESOURCES
}
"""Of the lists of a sync: a link's field by id, that by clientRef, and the list it leads to."""


@dataclasses.dataclass(frozen=True)
class Sending:
    """A row as it is sent: encoded, so that many take little room."""

    list: str
    raw: bytes
    at: Position
    links: bool

    @property
    def document(self) -> Document:
        """The row again."""
        document: Document = msgspec.json.decode(self.raw)
        return document


@dataclasses.dataclass
class Chunk:
    """What goes by one request, and what else was found until then."""

    rows: list[Sending] = dataclasses.field(default_factory=list)
    others: list[Found] = dataclasses.field(default_factory=list)
    size: int = 0
    number: int = 0
    """How many rows go before it."""

    @property
    def links(self) -> bool:
        """Whether its rows link to others, which have to be there before."""
        return any(row.links for row in self.rows)

    def lists(self) -> dict[str, list[Sending]]:
        """The rows by list."""
        lists: dict[str, list[Sending]] = {}
        for row in self.rows:
            lists.setdefault(row.list, []).append(row)
        return lists


class Chunker:
    """Makes chunks of what is found; what belongs to an itinerary is held, to be placed last."""

    def __init__(self, *, dry_run: bool) -> None:
        self._dry_run = dry_run
        self.itinerary: list[Found] = []
        """Legs, stays and parts."""
        self._linking: list[Row] = []
        self._refs: dict[tuple[str, Any], str] = {}
        """clientRefs of rows that came with an `_id`, by list and that."""
        self._passed: set[tuple[str, Any]] = set()
        """In a dry run, what rows may link to by clientRef and the server will not have."""

    def pass_on(self, found: Iterable[Found]) -> Iterator[Chunk]:
        """Chunks of the rows that stand for themselves, in the order in which they come."""
        chunk = Chunk()
        for each in found:
            if isinstance(each, Part) or (isinstance(each, Row) and each.list in ("legs", "stays")):
                self.itinerary.append(each)
            elif not isinstance(each, Row):
                chunk.others.append(each)
            elif _is_linking(each):
                self._linking.append(each)
            else:
                if _is_full(chunk):
                    yield chunk
                    chunk = Chunk()
                self._add(chunk, each)
        yield chunk

    def the_rest(self, placed: Iterable[Found]) -> Iterator[Chunk]:
        """Chunks of the itinerary as it was placed, and of what links to something."""
        chunk = Chunk()
        for each in (*placed, *self._linking):
            if not isinstance(each, Row):
                chunk.others.append(each)
                continue
            if _is_full(chunk) and not self._dry_run:
                yield chunk
                chunk = Chunk()
            self._add(chunk, each)
        yield chunk

    def _add(self, chunk: Chunk, row: Row) -> None:
        document = row.document
        if "_id" in document and "clientRef" in document:
            self._refs[row.list, document["_id"]] = document["clientRef"]
        if self._dry_run and row.list == "mapPins":
            self._passed.add((row.list, document.get("clientRef")))
        raw = msgspec.json.encode(self._linked_by_ref(row))
        chunk.rows.append(Sending(row.list, raw, row.at, _is_linking(row)))
        chunk.size += len(raw)

    def _linked_by_ref(self, row: Row) -> Document:
        """Ids of the file mean nothing in another request than that of the row that has them."""
        document = row.document
        for field, ref, target in _LINKS[row.list]:
            known = self._refs.get((target, document.get(field)))
            if known is not None:
                document = {name: value for name, value in document.items() if name != field}
                document[ref] = known
            if (target, document.get(ref)) in self._passed:
                document = {name: value for name, value in document.items() if name != ref}
        return document


def _is_linking(row: Row) -> bool:
    return any(field in row.document or ref in row.document for field, ref, _ in _LINKS[row.list])


def _is_full(chunk: Chunk) -> bool:
    return len(chunk.rows) >= CHUNK_ROWS or chunk.size >= CHUNK_BYTES
