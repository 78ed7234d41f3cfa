"""A page of a list."""

import dataclasses
from collections.abc import Sequence

from domain.cursor import Position
from storage.store import Record


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """JSON documents, and where the next page starts (None after the last)."""

    documents: list[str]
    next: Position | None

    @classmethod
    def of(cls, records: Sequence[Record], limit: int) -> "Page":
        """The page in up to `limit` + 1 records `(sort_key, id, document)`."""
        shown = records[:limit]
        more = len(records) > limit
        return cls([record[2] for record in shown], (shown[-1][0], shown[-1][1]) if more else None)
