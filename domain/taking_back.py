"""What becomes of one row when what a changeset did to it is taken back."""

import itertools
from collections.abc import Iterable, Sequence, Set
from typing import Final, NamedTuple

import msgspec

from domain import details
from domain.errors import Detail
from domain.fields import words
from domain.merge import Document, same
from domain.resource import SERVER_MEMBERS, Resource
from domain.resources import BY_KIND
from domain.row import Row
from domain.three_way import Changed, Path, changed_paths, put_back, to_the_letter
from domain.trip import TRIP, compose_trip

_STAMPED: Final = frozenset(name for each in BY_KIND.values() for name in each.stamped)
_KEPT: Final = SERVER_MEMBERS - _STAMPED
"""Members that no change of a row is about."""


class Version(NamedTuple):
    """A row as it was until a later changeset."""

    rev: int
    """The later changeset, which updated or deleted the row."""
    deleted: bool
    was_rev: int
    """The changeset that had written this version."""
    json: str
    """Empty where nobody looks into it."""


class Deed(msgspec.Struct, eq=False, gc=False):
    """What a changeset did to a row, and what became of that since."""

    kind: str
    id: str
    before: Row | None
    """The row as it was before; None where the changeset created it."""
    deleted: bool
    """Whether the changeset deleted it."""
    now: Row | None
    """The row as it is now."""
    later: Sequence[Version] = ()
    """Its versions that later changesets replaced, in their order."""


class Step(msgspec.Struct, eq=False, gc=False):
    """A row on its way back: what it is, and what it becomes."""

    kind: str
    id: str
    was: Row | None
    becomes: Row | None
    """The very row that it `was` where it stays as it is."""
    conflicts: tuple[Detail, ...] = ()

    @property
    def goes(self) -> bool:
        """Whether the row is deleted."""
        return self.was is not None and self.becomes is None

    @property
    def comes(self) -> bool:
        """Whether the row is there again."""
        return self.was is None and self.becomes is not None


def step_of(deed: Deed, passed_over: Set[int], now: str, *, force: bool) -> Step:
    """What becomes of a row by itself; other rows may stand in the way (`domain.undo`).

    `passed_over` are the later changesets that do not count, being undone themselves or undoing
    others that are. With `force` none counts.
    """
    step = Step(deed.kind, deed.id, deed.now, deed.now)
    counted = [] if force else [each for each in deed.later if each.rev not in passed_over]
    if deed.before is None:
        _take_away(step, counted)
    elif deed.deleted:
        step.becomes = deed.now or deed.before
    elif deed.now is not None:
        _change_back(step, deed, deed.before, deed.now, {each.rev for each in counted}, now)
    elif not force:
        # It counts even where it is undone: then the row could not come back.
        where = (
            f"revision {deed.later[-1].rev} has deleted it: undo that one first, or send force=true"
            " to leave it at that"
        )
        what = f"{words(deed.kind)} has the _id"
        step.conflicts += (details.not_found("", what, deed.id, where),)
    return step


def _take_away(step: Step, counted: Sequence[Version]) -> None:
    if not counted:
        step.becomes = None
    elif step.was is not None:
        step.conflicts += (_changed_since("", counted[-1].rev),)


def _changed_since(path: str, rev: int) -> Detail:
    return details.fixed(
        path,
        f"revision {rev} has changed it since: undo that one first, or send force=true to take"
        " this back too",
    )


def _change_back(
    step: Step, deed: Deed, before: Row, present: Row, counted: Set[int], now: str
) -> None:
    if not deed.later or (
        not counted and _updated(deed.later[0].json, now) == _updated(present.json, now)
    ):
        # Nothing else has changed, so nothing has to be looked into.
        step.becomes = before.copy()
        step.becomes.rewrite(_updated(before.json, now), before.client_ref)
        return
    after: Document = msgspec.json.decode(deed.later[0].json)
    changed = _changed_later(deed, present, counted)
    free = []
    for path in _paths(changed_paths(before.document, after, to_the_letter)):
        if (rev := changed.rev_of(path)) is None:
            free.append(path)
        else:
            step.conflicts += (_changed_since(".".join(path), rev),)
    members: Document = msgspec.json.decode(present.json)
    put_back(members, before.document, free)
    row, problems = _composed(present, members, now)
    if problems:
        step.conflicts += tuple(problems)
    elif row.json != _updated(present.json, now):
        step.becomes = row


def _paths(paths: Iterable[Path]) -> list[Path]:
    return [path for path in paths if path[0] not in _KEPT]


def _changed_later(deed: Deed, present: Row, counted: Set[int]) -> Changed:
    """What the later changesets that count have changed."""
    changed = Changed()
    versions = [*deed.later, Version(0, False, present.rev, present.json)]
    for version, following in itertools.pairwise(versions):
        if version.rev not in counted:
            continue
        # Of one that deleted it, what was written next is another's.
        wrote = following.json if following.was_rev == version.rev else "{}"
        before, after = msgspec.json.decode(version.json), msgspec.json.decode(wrote)
        changed.add(version.rev, _paths(changed_paths(before, after, same)))
    return changed


def _composed(row: Row, members: Document, now: str) -> tuple[Row, list[Detail]]:
    """A row with other members, and what is wrong with them together."""
    resource = BY_KIND.get(row.kind, TRIP)
    fields, problems = resource.merge(resource.fields_of(members), {})
    if problems:
        return row, problems
    composed = row.copy()
    if resource is TRIP:
        trip = compose_trip(fields, members, trip_id=row.id, created_by="", now=now)
        composed.rewrite(msgspec.json.encode(trip).decode(), None)
        return composed, []
    parent = resource.parent_link
    composed.parent_id = members[parent.field] if parent else ""
    composed.sort_key = resource.sort_key(fields)
    json = resource.compose(
        fields,
        members,
        row_id=row.id,
        trip_id=members["tripId"],
        parent_id=composed.parent_id,
        now=now,
    )
    composed.rewrite(json, fields.get("clientRef"))
    return composed, []


def _updated(json: str, now: str) -> str:
    """A document to the letter, but for when it was updated."""
    head, name, _ = json.rpartition('"updatedAt":"')
    created = head.rpartition('"createdAt":"')[2].removesuffix('",')
    # A clock may have been set back since.
    return f'{head}{name}{max(created, now)}"}}'


class Place(NamedTuple):
    """Where a row is found by its clientRef: no two rows have the same."""

    kind: str
    parent_id: str
    client_ref: str


def place_of(row: Row) -> Place | None:
    """A row's place, if it has a clientRef."""
    return None if row.client_ref is None else Place(row.kind, row.parent_id, row.client_ref)


def at_its_place(row: Row, present: Row, now: str) -> Row:
    """A row that has to stay where it is found at present."""
    resource: Resource = BY_KIND[row.kind]
    members = {**row.document}
    put_back(members, present.document, [("clientRef",)])
    if resource.parent_link is not None:
        members[resource.parent_link.field] = present.parent_id
    stays, problems = _composed(row, members, now)
    return present if problems or stays.json == _updated(present.json, now) else stays
