"""Rows of Carnet's own exports, in whatever format they come back."""

from typing import Final

from domain.resources import RESOURCES
from formats.found import Document, Position, Reading, Reject, Row

LISTS: Final = tuple(resource.snapshot for resource in RESOURCES)
"""The lists of a sync."""

KINDS: Final = {name: each.snapshot for each in RESOURCES for name in (each.snapshot, each.kind)}
"""The same, also by what one row is called."""

NO_ROWS: Final = frozenset({"trip", "members", "rev"})
"""Members of an export that a sync ignores."""


def own_row(name: str, document: Document, reading: Reading, at: Position) -> Row | Reject:
    """A row as the API gave it, of the list or kind `name`.

    Its `_id` stays, since other rows of the file may link to it. Where that is no id of the trip
    the rows are for, it also is what the row is known by, unless it has a clientRef.
    """
    if name not in KINDS:
        reason = f"no list {name[:40]!r}: one of {', '.join(LISTS)}"
        return Reject(reason=reason, row=document, at=at)
    row_id = document.get("_id")
    at_home = reading.trip_id and document.get("tripId") == reading.trip_id
    if isinstance(row_id, str) and row_id and not document.get("clientRef") and not at_home:
        document = document | {"clientRef": f"carnet:{row_id}"}
    return Row(list=KINDS[name], document=document, at=at)
