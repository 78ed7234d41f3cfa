"""Undo: what is asked for, and what is answered (contract section 11)."""

import collections
import dataclasses
from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from domain.changes import SNAPSHOT_NAMES
from domain.errors import MAX_DETAILS, Conflict, ItemError
from domain.history import undone_by
from domain.resources import RESOURCES
from domain.taking_back import Step
from domain.trip import TRIP

CATEGORIES: Final = (TRIP, *RESOURCES)
"""What can be taken back, in the order in which it is told."""

_DESCRIBED: Final = 3
"""How many conflicts an item's message repeats."""


class UndoRequest(msgspec.Struct, omit_defaults=True):
    """What to take back; stored with a job, so that a worker can do it."""

    rev: int
    dry_run: bool = False
    force: bool = False
    content_rev: int | None = None
    """The revision of the trip's content that it was asked for with `If-Match`."""

    @property
    def kind(self) -> str:
        """The kind of the job."""
        return "undo"


class UndoneItem(msgspec.Struct, omit_defaults=True, gc=False, rename={"id": "_id"}):
    """What became of a row."""

    id: str
    status: Literal["deleted", "restored", "updated", "unchanged", "error"]
    error: ItemError | UnsetType = UNSET


class UndoneRows(msgspec.Struct):
    """What became of the rows of one kind."""

    deleted: int
    restored: int
    updated: int
    unchanged: int
    errors: int
    items: list[UndoneItem]

    @classmethod
    def of(cls, items: list[UndoneItem]) -> "UndoneRows":
        """From what became of each."""
        seen = collections.Counter(item.status for item in items)
        return cls(
            deleted=seen["deleted"],
            restored=seen["restored"],
            updated=seen["updated"],
            unchanged=seen["unchanged"],
            errors=seen["error"],
            items=items,
        )


def passed_over(rev: int, undos: Sequence[tuple[int, int]]) -> frozenset[int]:
    """The changesets after a revision that do not count as later changes.

    Those are the ones that are undone, and those that undo others of after it; `undos` are all
    after the revision that undo any: revision, and revision of the other.
    """
    return frozenset(undone_by(undos)) | {undo for undo, undoes in undos if undoes >= rev}


@dataclasses.dataclass(frozen=True, slots=True)
class UndoResult:
    """What became of an undo: the body to answer with."""

    answer: dict[str, Any]
    """`dryRun`, `rev`, and `UndoneRows` for each kind of row concerned."""
    failed: bool
    """Whether anything stood in the way of any row."""


def result(steps: Sequence[Step], rev: int, *, dry_run: bool) -> UndoResult:
    """What became of rows, while or after which the trip is at a revision."""
    told = _told(steps)
    failed = any(rows.errors for rows in told.values())
    return UndoResult({"dryRun": dry_run, "rev": rev} | told, failed)


def _told(steps: Sequence[Step]) -> dict[str, UndoneRows]:
    listed: dict[str, list[UndoneItem]] = {}
    room = MAX_DETAILS
    for step in sorted(steps, key=lambda each: each.id):
        listed.setdefault(SNAPSHOT_NAMES[step.kind], []).append(_outcome(step, room))
        room -= min(room, len(step.conflicts))
    names = [each.snapshot for each in CATEGORIES]
    return {name: UndoneRows.of(listed[name]) for name in names if name in listed}


def _outcome(step: Step, room: int) -> UndoneItem:
    if step.conflicts:
        return UndoneItem(step.id, "error", _error(step, room))
    if step.becomes is step.was:
        return UndoneItem(step.id, "unchanged")
    if step.becomes is None:
        return UndoneItem(step.id, "deleted")
    return UndoneItem(step.id, "restored" if step.was is None else "updated")


def _error(step: Step, room: int) -> ItemError:
    found = step.conflicts
    told = [f"{each.path}: {each.message}" if each.path else each.message for each in found]
    if len(told) > _DESCRIBED:
        told[_DESCRIBED:] = [f"and {len(told) - _DESCRIBED} more"]
    stayed = "it is left as it is" if step.becomes is step.was else "the rest of it went back"
    return Conflict(f"{'; '.join(told)}; {stayed}", found).for_item(room)
