"""The journal, read: what changed after a revision, which changesets there are, what each did.

A version of a row that was written at a revision is in `items` while it is the latest, and from
then on in `prior_rows`: so what a changeset wrote can always be found, in whatever order a reader's
statements and other writers come.
"""

import dataclasses
import functools
import itertools
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import UNSET

from domain.changes import MESSAGES
from domain.history import (
    EVENT_ROWS,
    PRIVATE_KINDS,
    Author,
    Change,
    ChangesetEvent,
    Entry,
    EntryItem,
    KeyName,
    undone_by,
)
from domain.people import FORMER_MEMBER
from domain.trip import TRIP
from storage.store import Dialect, Record, Tx

Place = tuple[int, str]
"""A revision and the id of a row: what follows them in a delta is to come."""

AFTER_ALL_ROWS: Final = "\x7f"
"""Sorts after every id."""
LATEST: Final = 2**62
"""More than any revision, and as much as both databases take."""


@dataclasses.dataclass(frozen=True, slots=True)
class Kept:
    """How far the journal of a trip goes."""

    rev: int
    """The trip's revision."""
    pruned_rev: int
    """Nothing is told of changesets up to this revision."""

    @classmethod
    def of(cls, rev: int, content_rev: int, message_rev: int, pruned_rev: int) -> "Kept":
        """From their columns."""
        # A server from before there were several has written last, which the journal misses.
        unknown = rev > content_rev and rev > message_rev
        return cls(rev, rev if unknown else pruned_rev)


@dataclasses.dataclass(frozen=True, slots=True)
class Delta:
    """Rows that changed after a place, each once, as they are at one moment."""

    kept: Kept
    changes: list[Change]
    next: Place | None


async def kept(tx: Tx, trip_id: str) -> Kept:
    """How far the journal of a trip goes; the trip exists."""
    record = await tx.fetchrow(
        "SELECT rev, content_rev, message_rev, pruned_rev FROM trips WHERE id = $1", trip_id
    )
    assert record is not None
    return Kept.of(*record)


async def delta(tx: Tx, trip_id: str, after: Place, limit: int, *, messages: bool) -> Delta:
    """What changed after a place, in the order of revisions; one statement.

    It costs what is told, however large the trip is.
    """
    records = await tx.fetch(_delta(tx.dialect, messages), trip_id, *after, limit + 1, limit)
    found = [Change.of(*record[4:]) for record in records if record[4] is not None]
    following = None
    if len(found) > limit:
        del found[limit:]
        following = (found[-1].rev, found[-1].id)
    return Delta(Kept.of(*records[0][:4]), found, following)


@functools.cache
def _delta(dialect: Dialect, messages: bool) -> str:
    among = "" if messages else f" AND kind NOT IN ({', '.join(map(_quoted, _PRIVATE))})"
    later = f"trip_id = $1 AND (rev, id) > ($2, $3){among}"
    page = "ORDER BY rev, id LIMIT $4"
    # There may be any number of updates beside them.
    tombstones = dialect.by_index("prior_rows_deleted")
    # A row that was deleted may have come back, and gone again.
    came_back = "SELECT 1 FROM items i WHERE i.trip_id = $1 AND i.id = gone.id"
    went_again = (
        "SELECT 1 FROM prior_rows p WHERE p.trip_id = $1 AND p.id = gone.id AND p.rev > gone.rev"
    )
    # Where rows fill the page, what was deleted after them is not on it: there may be any number of
    # those that came back, and every page would pass over them.
    last = f"SELECT rev FROM items WHERE {later} ORDER BY rev, id LIMIT 1 OFFSET $5"
    found = " UNION ALL ".join(
        f"SELECT * FROM ({query}) AS part"
        for query in (
            f"SELECT rev, kind, id, doc FROM items WHERE {later} {page}",
            f"SELECT rev, kind, id, NULL AS doc FROM prior_rows AS gone {tombstones} WHERE {later}"
            f" AND rev <= coalesce(({last}), {LATEST}) AND deleted = 1"
            f" AND NOT EXISTS ({came_back}) AND NOT EXISTS ({went_again}) {page}",
            f"SELECT doc_rev AS rev, '{TRIP.kind}' AS kind, id, doc FROM trips WHERE id = $1"
            " AND (doc_rev, id) > ($2, $3)",
        )
    )
    return (
        "SELECT t.rev, t.content_rev, t.message_rev, t.pruned_rev, c.rev, c.kind, c.id, c.doc"
        f" FROM trips t LEFT JOIN (SELECT * FROM ({found}) AS found {page}) AS c ON true"
        " WHERE t.id = $1 ORDER BY c.rev, c.id"
    )


_PRIVATE: Final = sorted(PRIVATE_KINDS)


def _quoted(text: str) -> str:
    return f"'{text}'"


_ENTRY: Final = (
    "SELECT c.rev, c.at, c.user_id, u.name, c.via, c.key_id, k.name, c.request_id, c.job_id,"
    " c.undoes, c.summary FROM changesets c JOIN trips t ON t.id = c.trip_id"
    " LEFT JOIN users u ON u.id = c.user_id LEFT JOIN api_keys k ON k.id = c.key_id"
    # What is dropped in part is gone already.
    " WHERE c.trip_id = $1 AND c.rev > t.pruned_rev"
)
_OF_CONTENT: Final = f""" AND c.summary NOT LIKE '{{"{MESSAGES}":%'"""
"""A changeset with a message has nothing else."""


async def entries(
    tx: Tx, trip_id: str, before: int | None, limit: int, *, messages: bool
) -> tuple[list[Entry], int | None]:
    """A page of changesets before a revision, latest first, and where the next page starts."""
    records = await tx.fetch(
        f"{_ENTRY} AND c.rev < $2{'' if messages else _OF_CONTENT} ORDER BY c.rev DESC LIMIT $3",
        trip_id,
        LATEST if before is None else before,
        limit + 1,
    )
    found = await _with_undoing(tx, trip_id, [_entry(record) for record in records[:limit]])
    return found, found[-1].rev if len(records) > limit else None


async def count_before(tx: Tx, trip_id: str, before: int, *, messages: bool) -> int:
    """How many changesets `entries` has before a revision."""
    found: int = await tx.fetchval(
        "SELECT count(*) FROM changesets c JOIN trips t ON t.id = c.trip_id"
        " WHERE c.trip_id = $1 AND c.rev > t.pruned_rev AND c.rev < $2"
        f"{'' if messages else _OF_CONTENT}",
        trip_id,
        before,
    )
    return found


async def entry(tx: Tx, trip_id: str, rev: int) -> Entry | None:
    """One changeset; None where there is none of this revision, or it is not kept."""
    record = await tx.fetchrow(f"{_ENTRY} AND c.rev = $2", trip_id, rev)
    if record is None:
        return None
    (found,) = await _with_undoing(tx, trip_id, [_entry(record)])
    return found


async def undos(tx: Tx, trip_id: str, after: int) -> list[tuple[int, int]]:
    """The changesets after a revision that undo others: their revisions, and the others'."""
    records = await tx.fetch(
        "SELECT rev, undoes FROM changesets"
        " WHERE trip_id = $1 AND rev > $2 AND undoes IS NOT NULL ORDER BY rev",
        trip_id,
        after,
    )
    return [(rev, undoes) for rev, undoes in records]


async def _with_undoing(tx: Tx, trip_id: str, found: list[Entry]) -> list[Entry]:
    if found:
        undone = undone_by(await undos(tx, trip_id, min(each.rev for each in found)))
        for each in found:
            each.undone_by = undone.get(each.rev, UNSET)
    return found


def _entry(record: Record) -> Entry:
    rev, at, user_id, name, via, key_id, key_name, request_id, job_id, undoes, summary = record
    return Entry(
        rev=rev,
        at=at,
        by=_author(user_id, name),
        via=via,
        key=UNSET if key_name is None else KeyName(key_id, key_name),
        request_id=_or_unset(request_id),
        job_id=_or_unset(job_id),
        summary=msgspec.json.decode(summary),
        undoes=_or_unset(undoes),
    )


def _author(user_id: str | None, name: str | None) -> Author:
    if user_id is None:
        return Author(name="Carnet")
    return Author(user_id=user_id, name=FORMER_MEMBER if name is None else name)


def _or_unset(value: Any) -> Any:
    return UNSET if value is None else value


async def entry_items(
    tx: Tx, trip_id: str, rev: int, after_id: str, limit: int, *, messages: bool
) -> tuple[list[EntryItem], str | None]:
    """A page of what a changeset did, in the order of ids, and where the next page starts."""
    records = await _written(tx, trip_id, (rev, after_id), rev, limit + 1)
    shown = records[:limit]
    before = await tx.fetch(
        "SELECT id, doc FROM prior_rows WHERE trip_id = $1 AND rev = $2 AND id > $3"
        " ORDER BY id LIMIT $4",
        trip_id,
        rev,
        after_id,
        limit,
    )
    documents: dict[str, str] = dict(before)  # type: ignore[arg-type]  # records of two
    items = [
        EntryItem.of(kind, row_id, documents.get(row_id), document)
        for _, kind, row_id, document in shown
        if messages or kind not in PRIVATE_KINDS
    ]
    return items, shown[-1][2] if len(records) > limit else None


async def events(tx: Tx, trip_id: str, after: int, limit: int) -> list[ChangesetEvent]:
    """The next changesets after a revision, in order, each with its rows as it left them.

    Of one with more rows than `EVENT_ROWS` they are not read.
    """
    records = await tx.fetch(
        f"{_ENTRY} AND c.rev > $2 ORDER BY c.rev LIMIT $3", trip_id, after, limit
    )
    found = []
    for small, run in itertools.groupby(map(_entry, records), lambda e: e.rows <= EVENT_ROWS):
        told = list(run)
        items = await _items_of(tx, trip_id, told) if small else {}
        for each in told:
            event = ChangesetEvent(rev=each.rev, at=each.at, by=each.by, via=each.via)
            # Fewer than there were: the changeset was dropped between the statements of a read.
            if len(items.get(each.rev, ())) == each.rows:
                event.items = items[each.rev]
            else:
                event.more = True
            found.append(event)
    return found


async def _items_of(tx: Tx, trip_id: str, told: Sequence[Entry]) -> dict[int, list[Change]]:
    """What changesets that follow each other wrote, by their revisions."""
    first, last = told[0].rev, told[-1].rev
    start = (first - 1, AFTER_ALL_ROWS)
    records = await _written(tx, trip_id, start, last, sum(each.rows for each in told))
    items: dict[int, list[Change]] = {}
    for record in records:
        items.setdefault(record[0], []).append(Change.of(*record))
    return items


async def _written(tx: Tx, trip_id: str, after: Place, last: int, limit: int) -> Sequence[Record]:
    """Rows as the changesets up to `last` wrote them: revision, kind, id, and document.

    A deleted row has none.
    """
    return await tx.fetch(_WRITTEN, trip_id, *after, last, limit)


def _writings() -> str:
    parts = (
        ("rev", "doc", "items", ""),
        ("was_rev", "doc", "prior_rows", ""),
        ("rev", "NULL", "prior_rows", " AND deleted = 1"),
    )
    queries = [
        f"SELECT {rev} AS rev, kind, id, {doc} AS doc FROM {table} WHERE trip_id = $1"
        f" AND ({rev}, id) > ($2, $3) AND {rev} <= $4{condition} ORDER BY {rev}, id LIMIT $5"
        for rev, doc, table, condition in parts
    ]
    queries.append(
        f"SELECT doc_rev AS rev, '{TRIP.kind}' AS kind, id, doc FROM trips WHERE id = $1"
        " AND (doc_rev, id) > ($2, $3) AND doc_rev <= $4"
    )
    found = " UNION ALL ".join(f"SELECT * FROM ({query}) AS part" for query in queries)
    return f"SELECT rev, kind, id, doc FROM ({found}) AS found ORDER BY rev, id LIMIT $5"


_WRITTEN: Final = _writings()
