"""The one road by which a trip's rows and revision change, and the journal of it.

A write begins by taking the trip (`begin`), and ends by committing a `ChangeSet` (`commit`). A
commit raises the trip's revision by one and writes one row of the journal (`changesets`), with
the rows that it updates or deletes as they were before (`prior_rows`).
"""

import functools
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from domain.access import NO_TRIP
from domain.changes import MESSAGES, Cause, ChangeSet, Summary, event_of
from domain.deletion import link_fields, named_by
from domain.errors import NotFound
from domain.revisions import Revisions
from domain.row import Row
from runtime.ids import new_id
from storage.idempotency import Answer, Protection, key_is_taken, remember_from
from storage.store import Tx
from storage.webhooks import tell, tell_from

_ITEM_COLUMNS: Final = (
    *("trip_id", "kind", "parent_id", "sort_key", "created_rev", "id", "client_ref", "rev", "doc"),
)
_CHANGESET_COLUMNS: Final = (
    *("trip_id", "rev", "at", "user_id", "key_id", "session_id", "via", "request_id", "job_id"),
    *("undoes", "summary"),
)
_PRIOR_COLUMNS: Final = (
    *("trip_id", "rev", "id", "kind", "deleted", "parent_id", "sort_key", "created_rev"),
    *("client_ref", "was_rev", "doc"),
)


class TripTaken:
    """A trip whose other writers wait until this transaction ends."""

    def __init__(self, trip_id: str, revs: Revisions) -> None:
        self.trip_id = trip_id
        self.revs = revs


async def begin(tx: Tx, trip_id: str) -> TripTaken:
    """Takes a trip for writing; `NotFound` for one that was deleted since the request was let in.

    It comes first of all that a transaction locks: else two of them could wait in a circle. The
    trip stays until the transaction ends, and so whatever names it may be stored.
    """
    record = await tx.fetchrow(
        f"SELECT rev, content_rev, message_rev, doc_rev FROM trips WHERE id = $1 {tx.dialect.lock}",
        trip_id,
    )
    if record is None:
        raise NotFound(NO_TRIP)
    return TripTaken(trip_id, Revisions.stored(*record))


async def commit(tx: Tx, trip: TripTaken, changes: ChangeSet, cause: Cause) -> int:
    """Writes a change set that is not empty; the trip's new revision.

    The number of statements does not grow with the number of rows, new, restored or deleted; of
    updated ones, each is one execution of the same statement.
    """
    trip_id, summary = trip.trip_id, changes.summary()
    rev = await _raise(tx, trip, changes, summary, cause)
    if changes.before or changes.deleted:
        await _insert_prior_rows(tx, trip_id, changes, rev)
    if changes.trip is not None:
        changes.trip.rev = rev
    if changes.deleted:
        await _delete(tx, trip_id, changes.deleted)
    if changes.updated:
        await _update(tx, trip_id, changes, rev)
    if changes.restored:
        await _insert(tx, trip_id, changes.restored, rev, aged=True)
    if changes.created:
        await _insert(tx, trip_id, changes.created, rev)
    await tell(tx, trip_id, event_of(summary), cause.now)
    tx.trip_changed(trip_id, rev)
    return rev


async def _raise(
    tx: Tx, trip: TripTaken, changes: ChangeSet, summary: Summary, cause: Cause
) -> int:
    """Raises the trip's revision, and writes the journal's row; the new revision."""
    trip.revs = revs = trip.revs.after(
        content=bool(summary.keys() - {MESSAGES}),
        messages=MESSAGES in summary,
        doc=changes.trip is not None,
    )
    trip_id, rev = trip.trip_id, revs.rev
    document = changes.trip.json if changes.trip else None
    await tx.execute(_RAISE, trip_id, rev, revs.content, revs.messages, revs.doc, document)
    await tx.insert("changesets", _CHANGESET_COLUMNS, [_changeset(trip_id, rev, cause, summary)])
    return rev


async def commit_new_trip(
    tx: Tx,
    group_id: str,
    trip: Row,
    created: Sequence[Row],
    cause: Cause,
    imported: Sequence[Row] = (),
) -> None:
    """Stores a new trip with its first rows; what is imported into it is a second changeset."""
    rev = 1
    trip.rev = rev
    if imported:
        # They may be many, and come first: from when this trip has its age, other new ones wait
        # until this transaction ends.
        await _insert(tx, trip.id, imported, rev + 1)
    age = await tx.fetchval(
        "UPDATE counters SET value = value + 1 WHERE name = 'trips' RETURNING value"
    )
    await tx.execute(
        "INSERT INTO trips (id, group_id, age, rev, content_rev, message_rev, doc_rev, doc)"
        " VALUES ($1, $2, $3, $4, $4, $4, $4, $5)",
        trip.id,
        group_id,
        age,
        rev,
        trip.json,
    )
    summary = ChangeSet(created=list(created), trip=trip).summary()
    await tx.insert("changesets", _CHANGESET_COLUMNS, [_changeset(trip.id, rev, cause, summary)])
    await _insert(tx, trip.id, created, rev)
    await tell(tx, trip.id, "trip.created", cause.now)
    if imported:
        changes = ChangeSet(created=[*imported])
        summary, taken = changes.summary(), TripTaken(trip.id, Revisions(rev, rev, rev, rev))
        rev = await _raise(tx, taken, changes, summary, cause)
        await tell(tx, trip.id, event_of(summary), cause.now)
    tx.trip_changed(trip.id, rev)


async def commit_new_row(
    tx: Tx, trip_id: str, row: Row, cause: Cause, protection: Protection | None
) -> int | None:
    """Stores one new row that names no other row, unless its clientRef is taken: then None.

    What most writes are. Where a database can do it in one statement, that is the whole
    transaction, and with it the request's Idempotency-Key is recorded (`Protection.recorded`): then
    None also where the key is taken.
    """
    if tx.dialect.one_statement:
        return await _commit_in_one_statement(tx, trip_id, row, cause, protection)
    raised = await tx.fetchval(_RAISE_FOR_NEW_ROW, trip_id, row.kind, row.parent_id, row.client_ref)
    if raised is None:
        return None
    rev: int = raised
    summary = ChangeSet(created=[row]).summary()
    await tx.insert("changesets", _CHANGESET_COLUMNS, [_changeset(trip_id, rev, cause, summary)])
    await _insert(tx, trip_id, [row], rev)
    await tell(tx, trip_id, event_of(summary), cause.now)
    tx.trip_changed(trip_id, rev)
    return rev


_UNKNOWN: Final = "rev > content_rev AND rev > message_rev"
"""That a server from before there were several has raised the revision (`Revisions.stored`): the
journal does not know of it, and so begins after it."""

_RAISE: Final = (
    "UPDATE trips SET rev = $2, content_rev = $3, message_rev = $4, doc_rev = $5,"
    f" pruned_rev = CASE WHEN {_UNKNOWN} THEN rev ELSE pruned_rev END, doc = coalesce($6, doc)"
    " WHERE id = $1"
)

_SAME_REF: Final = (
    "SELECT 1 FROM items WHERE trip_id = $1 AND kind = $2 AND parent_id = $3 AND client_ref = $4"
)
"""A clientRef that is null equals none."""

_RAISE_UNLESS_TAKEN: Final = (
    "UPDATE trips SET rev = rev + 1, content_rev = rev + 1,"
    f" message_rev = CASE WHEN {_UNKNOWN} THEN rev ELSE message_rev END,"
    f" doc_rev = CASE WHEN {_UNKNOWN} THEN rev ELSE doc_rev END,"
    f" pruned_rev = CASE WHEN {_UNKNOWN} THEN rev ELSE pruned_rev END"
    f" WHERE id = $1 AND NOT EXISTS ({_SAME_REF})"
)
_RAISE_FOR_NEW_ROW: Final = f"{_RAISE_UNLESS_TAKEN} RETURNING rev"


def _changeset(trip_id: str, rev: int, cause: Cause, summary: Summary) -> Sequence[Any]:
    actor = cause.actor
    return (
        *(trip_id, rev, cause.now, actor.user_id, actor.key_id, actor.session_id, cause.via),
        *(cause.request_id, cause.job_id, cause.undoes, msgspec.json.encode(summary).decode()),
    )


async def _insert_prior_rows(tx: Tx, trip_id: str, changes: ChangeSet, rev: int) -> None:
    prior = [_prior(trip_id, rev, row, deleted=0) for row in changes.before.values()]
    prior += [_prior(trip_id, rev, row, deleted=1) for row in changes.deleted]
    await tx.insert("prior_rows", _PRIOR_COLUMNS, prior)


def _prior(trip_id: str, rev: int, row: Row, *, deleted: int) -> Sequence[Any]:
    return (
        *(trip_id, rev, row.id, row.kind, deleted, row.parent_id, row.sort_key, row.created_rev),
        *(row.client_ref, row.rev, row.json),
    )


async def _insert(
    tx: Tx, trip_id: str, rows: Sequence[Row], rev: int, *, aged: bool = False
) -> None:
    """Stores rows; those that are `aged` have been there before."""
    records = []
    for row in rows:
        row.rev = rev
        # It is not written into the row: this transaction may be undone and its rows be stored at
        # a later revision.
        age = row.created_rev if aged else rev
        key = (trip_id, row.kind, row.parent_id, row.sort_key, age, row.id)
        records.append(key + (row.client_ref, rev, row.json))  # noqa: RUF005 - half the time
    await tx.insert("items", _ITEM_COLUMNS, records)
    await _insert_links(tx, trip_id, rows)


async def _update(tx: Tx, trip_id: str, changes: ChangeSet, rev: int) -> None:
    rows = changes.updated
    rekeyed = [row for row in rows if _key(row) != _key(changes.before[row.id])]
    if rekeyed:
        # Rows may hand a clientRef on to each other, and uniqueness is checked row by row.
        await tx.executemany(
            "UPDATE items SET client_ref = NULL WHERE trip_id = $1 AND id = $2",
            [(trip_id, row.id) for row in rekeyed],
        )
    for row in rows:
        row.rev = rev
    await tx.executemany(
        "UPDATE items SET parent_id = $1, sort_key = $2, client_ref = $3, rev = $4, doc = $5"
        " WHERE trip_id = $6 AND id = $7",
        [
            (row.parent_id, row.sort_key, row.client_ref, row.rev, row.json, trip_id, row.id)
            for row in rows
        ],
    )
    linking = [row for row in rows if link_fields(row.kind)]
    if linking:
        await delete_links(tx, trip_id, [row.id for row in linking])
        await _insert_links(tx, trip_id, linking)


def _key(row: Row) -> tuple[str, str | None]:
    return row.parent_id, row.client_ref


async def _delete(tx: Tx, trip_id: str, rows: Sequence[Row]) -> None:
    ids = [row.id for row in rows]
    await tx.execute(
        f"DELETE FROM items WHERE trip_id = $1 AND id {tx.dialect.among('$2')}",
        trip_id,
        json_array(ids),
    )
    await delete_links(tx, trip_id, ids)


async def delete_links(tx: Tx, trip_id: str, sources: Iterable[str]) -> None:
    """Drops the links of rows that are gone, or are about to be written again."""
    await tx.execute(
        f"DELETE FROM links WHERE trip_id = $1 AND source_id {tx.dialect.among('$2')}",
        trip_id,
        json_array(sources),
    )


async def _insert_links(tx: Tx, trip_id: str, rows: Sequence[Row]) -> None:
    links = {(trip_id, target, row.id) for row in rows for target in named_by(row)}
    if links:
        await tx.insert("links", ("trip_id", "target_id", "source_id"), sorted(links))


def json_array(values: Iterable[str]) -> str:
    """Strings as the parameter of a dialect's conditions."""
    return msgspec.json.encode(list(values)).decode()


async def _commit_in_one_statement(
    tx: Tx, trip_id: str, row: Row, cause: Cause, protection: Protection | None
) -> int | None:
    """What `begin` and `commit` do, and `idempotency.remember`, for one new row."""
    summary = ChangeSet(created=[row]).summary()
    changeset = _changeset(trip_id, 0, cause, summary)
    arguments = [trip_id, row.kind, row.parent_id, row.client_ref, row.sort_key, row.id, row.json]
    arguments += [*changeset[2:], new_id(), event_of(summary)]
    if protection is not None:
        arguments += protection.columns(Answer(201, {}, row.json.encode()))
    rev: int | None = await tx.autocommit(_one_statement(protection is not None), *arguments)
    if rev is not None:
        row.rev = rev
        tx.trip_changed(trip_id, rev)
        if protection is not None:
            protection.recorded = True
    return rev


@functools.cache
def _one_statement(protected: bool) -> str:
    """Steps that read each other by name: Postgres runs them as one statement.

    What others store in between is for the unique indexes to find: then the operation is run again.
    """
    journal = ", ".join(f"${n}" for n in range(8, 17))
    first = 19
    steps = [
        f"raised AS ({_RAISE_UNLESS_TAKEN}"
        + (f" AND NOT EXISTS ({key_is_taken(first)})" if protected else "")
        + " RETURNING rev, group_id)",
        f"journal AS (INSERT INTO changesets ({', '.join(_CHANGESET_COLUMNS)})"
        f" SELECT $1, rev, {journal} FROM raised)",
        f"stored AS (INSERT INTO items ({', '.join(_ITEM_COLUMNS)})"
        " SELECT $1, $2, $3, $5, rev, $6, $4, rev, $7 FROM raised)",
        f"told AS ({tell_from('raised', prefix=17, event=18, at=8)})",
    ]
    if protected:
        steps.append(f"remembered AS ({remember_from('raised', first)})")
    return f"WITH {', '.join(steps)} SELECT rev FROM raised"
