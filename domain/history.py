"""What is told of changes: deltas, live events, history (contract sections 11 and 12)."""

from collections.abc import Iterable
from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from domain.changes import SNAPSHOT_NAMES, Summary, Via
from domain.merge import Document, diff
from domain.message import CHANNEL, MESSAGE
from domain.resource import SERVER_MEMBERS

PRIVATE_KINDS: Final = frozenset({CHANNEL.kind, MESSAGE.kind})
"""Kinds of rows that only those see who may read messages."""
_PRIVATE_NAMES: Final = frozenset(SNAPSHOT_NAMES[kind] for kind in PRIVATE_KINDS)

EVENT_ROWS: Final = 100
"""Rows of the largest changeset that an event tells one by one."""

Op = Literal["created", "updated", "deleted"]


class Change(msgspec.Struct, omit_defaults=True, rename={"id": "_id"}):
    """A row that changed at a revision: its document, or that it is gone."""

    rev: int
    kind: str
    id: str
    document: msgspec.Raw | UnsetType = UNSET
    deleted: bool = False

    @classmethod
    def of(cls, rev: int, kind: str, row_id: str, document: str | None) -> "Change":
        """From columns; a row without a document is gone."""
        if document is None:
            return cls(rev, kind, row_id, deleted=True)
        return cls(rev, kind, row_id, msgspec.Raw(document.encode()))


class Author(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """Who made a change; without an id it was Carnet itself."""

    user_id: str | UnsetType = UNSET
    name: str


class ChangesetEvent(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """What one write did, as event streams and webhooks tell of it."""

    rev: int
    at: str
    by: Author
    via: Via
    items: list[Change] | UnsetType = UNSET
    more: bool = False
    """That it has more rows than an event tells, instead of them."""

    def without_messages(self) -> "ChangesetEvent | None":
        """What of it they see who may not read messages; None where that is nothing."""
        if self.items is UNSET:
            return self
        seen = [item for item in self.items if item.kind not in PRIVATE_KINDS]
        if len(seen) == len(self.items):
            return self
        return msgspec.structs.replace(self, items=seen) if seen else None


class KeyName(msgspec.Struct, rename={"id": "_id"}):
    """The API key by which a change was made."""

    id: str
    name: str


class Entry(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """What one write did to a trip, in numbers; `rev` names it."""

    rev: int
    at: str
    by: Author
    via: Via
    key: KeyName | UnsetType = UNSET
    request_id: str | UnsetType = UNSET
    job_id: str | UnsetType = UNSET
    summary: Summary
    undoes: int | UnsetType = UNSET
    """The changeset that this one took back."""
    undone_by: int | UnsetType = UNSET
    """The changeset that took this one back, and was not taken back itself."""

    @property
    def rows(self) -> int:
        """How many rows it created, updated and deleted."""
        return sum(sum(counts.values()) for counts in self.summary.values())

    def without_messages(self) -> "Entry | None":
        """What of it they see who may not read messages; None where that is nothing."""
        seen = {name: told for name, told in self.summary.items() if name not in _PRIVATE_NAMES}
        return msgspec.structs.replace(self, summary=seen) if seen else None


class EntryItem(msgspec.Struct, omit_defaults=True, rename={"id": "_id"}, kw_only=True):
    """What a changeset did to one row: its document after that, of a deleted one before."""

    kind: str
    id: str
    op: Op
    changes: dict[str, dict[str, Any]] | UnsetType = UNSET
    """Of an updated row, by field: `{"from": ..., "to": ...}`, null where it is not set."""
    document: msgspec.Raw

    @classmethod
    def of(cls, kind: str, row_id: str, before: str | None, after: str | None) -> "EntryItem":
        """From the documents before and after; one of them at least is there."""
        op: Op = "deleted" if after is None else "created" if before is None else "updated"
        changes = _field_changes(before, after) if before and after else UNSET
        document = msgspec.Raw((after or before or "").encode())
        return cls(kind=kind, id=row_id, op=op, changes=changes, document=document)


def _field_changes(before: str, after: str) -> dict[str, dict[str, Any]]:
    """The fields that differ, but for those only the server sets."""
    return diff(_fields(before), _fields(after))


def _fields(document: str) -> Document:
    decoded: Document = msgspec.json.decode(document)
    return {name: value for name, value in decoded.items() if name not in SERVER_MEMBERS}


def undone_by(undos: Iterable[tuple[int, int]]) -> dict[int, int]:
    """The changesets that are undone, each with the one that did it.

    `undos` are the changesets of a trip that undo others: revision, and revision of the other. One
    that was undone itself undoes nothing.
    """
    undone: dict[int, int] = {}
    for rev, undoes in sorted(undos, reverse=True):
        if rev not in undone:
            undone.setdefault(undoes, rev)
    return undone
