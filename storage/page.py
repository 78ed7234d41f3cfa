"""A page of a list."""

import dataclasses
from collections.abc import Sequence
from typing import Final

from domain.cursor import Position
from storage.store import Record

BEFORE_ALL: Final[Position] = ("", -1, "")
AFTER_ALL: Final[Position] = ("\x7f", 0, "")
"""Sorts after every sort key, which are ASCII."""


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """JSON documents, and where the next page starts (None after the last)."""

    documents: list[str]
    next: Position | None

    @classmethod
    def of(cls, records: Sequence[Record], limit: int) -> "Page":
        """The page in up to `limit` + 1 records `(sort_key, age, id, document)`."""
        shown = records[:limit]
        following = None
        if len(records) > limit:
            sort_key, age, row_id, _ = shown[-1]
            following = (sort_key, age, row_id)
        return cls([record[3] for record in shown], following)
