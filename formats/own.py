"""Rows of Carnet's own exports, in whatever format they come back."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from domain.resources import RESOURCES
from domain.shape import members_of
from formats.found import About, Document, Found, Notice, Position, Reading, Reject, Row
from formats.pins import identity
from formats.rows import digest, no_text, telling
from formats.values import first

LISTS: Final = tuple(resource.snapshot for resource in RESOURCES)
"""The lists of a sync."""

KINDS: Final = {name: each.snapshot for each in RESOURCES for name in (each.snapshot, each.kind)}
"""The same, also by what one row is called."""

NO_ROWS: Final = frozenset({"trip", "members", "rev"})
"""Members of an export that a sync ignores."""

_NAMES: Final = (
    *("_id", "tripId", "clientRef"),
    *("legId", "legRef", "mapPinId", "mapPinRef", "owner"),
)
"""Members that name a row, or another one."""

_KNOWN_BY: Final = ("name", "title", "text", "startDate", "startTime", "checkInDate")
"""What tells rows without an id or a clientRef apart."""

_REQUIRED: Final = {
    resource.snapshot: {
        member.name for member in members_of(resource.struct).by_name.values() if member.required
    }
    for resource in RESOURCES
}


def list_of(document: Document) -> str | None:
    """The list that a row is of by what it has: that which requires the most."""
    fits = [(len(names), name) for name, names in _REQUIRED.items() if names <= document.keys()]
    return max(fits)[1] if fits else None


def about(trip: Any, file: str) -> Iterator[About]:
    """What an export says of its trip."""
    if isinstance(trip, dict) and (title := first(trip, "title")):
        start, end = first(trip, "startDate"), first(trip, "endDate")
        yield About(title=title, start=start, end=end, at=Position(file=file))


class OwnRows:
    """Takes the rows of one file as the API gave them.

    Their `_id`s stay, since other rows of the file may link to them. Where they are no ids of the
    trip the rows are for, they also are what the rows are known by, unless these have clientRefs.
    """

    def __init__(self, reading: Reading) -> None:
        self._trip_id = reading.trip_id
        self._owners_told = False
        self._refs: Counter[str] = Counter()

    def take(self, name: str, document: Any, at: Position) -> Iterator[Found]:
        """A row of the list or kind `name`."""
        if reason := _wrong(name, document):
            yield Reject(reason=reason, row=telling(document), at=at)
            return
        snapshot, row_id = KINDS[name], document.get("_id")
        if row_id and self._trip_id and document.get("tripId") == self._trip_id:
            yield Row(list=snapshot, document=document, at=at)
            return
        if document.get("owner") and not self._owners_told:
            self._owners_told = True
            text = "owners of action items are left out: they are members of another trip"
            yield Notice(text=text, at=at)
        document = {field: value for field, value in document.items() if field != "owner"}
        if not document.get("clientRef"):
            document["clientRef"] = f"carnet:{row_id or self._identity(snapshot, document)}"
        yield Row(list=snapshot, document=document, at=at)

    def _identity(self, snapshot: str, document: Document) -> str:
        """By what it is called and when or where it is; a twin is numbered."""
        lat, lng = document.get("lat"), document.get("lng")
        place = ""
        if isinstance(lat, int | float) and isinstance(lng, int | float):
            place = identity("", lat, lng)
        known_by = (str(document.get(field, "")) for field in _KNOWN_BY)
        ref = digest(snapshot, place, *known_by)
        self._refs[ref] += 1
        return ref if self._refs[ref] == 1 else f"{ref}-{self._refs[ref]}"


def _wrong(name: str, document: Any) -> str:
    if name not in KINDS:
        return f"no list {telling(name)[:40]!r}: one of {', '.join(LISTS)}"
    if not isinstance(document, dict):
        return f"a row of {name} that is no object"
    for field in _NAMES:
        if not isinstance(document.get(field, ""), str | None):
            return f"{field}: a string, not {telling(document[field])!r:.40}"
    return no_text(document)
