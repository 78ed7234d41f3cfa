"""Rows of a trip's resources: list, create, change, delete."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from domain.changes import Cause, ChangeSet
from domain.cursor import Position
from domain.deletion import unlink
from domain.errors import NotFound, ValidationFailed
from domain.fields import words
from domain.plan import Needs, Plan, Status
from domain.precondition import Precondition
from domain.resource import Resource
from domain.resources import BY_KIND
from domain.row import Row
from runtime.ids import new_id
from storage import changes, items
from storage.idempotency import Protection
from storage.page import Page
from storage.store import Tx


@dataclasses.dataclass(frozen=True, slots=True)
class Collection:
    """The rows of one resource in a trip, or of a row in it, which their parent is."""

    resource: Resource
    trip_id: str
    parent_id: str = ""
    """"" where the resource has no parent."""


class Written(NamedTuple):
    """A row that a write created, changed, or found as it was to be."""

    status: Status
    row: Row


async def list_rows(tx: Tx, collection: Collection, after: Position | None, limit: int) -> Page:
    """A page, in the resource's order; `NotFound` when the parent is none."""
    await require_parent(tx, collection)
    return await items.page(
        tx,
        collection.trip_id,
        collection.resource.kind,
        collection.parent_id,
        after=after,
        limit=limit,
    )


async def create(
    tx: Tx,
    cause: Cause,
    collection: Collection,
    body: Any,
    precondition: Precondition = Precondition.NONE,
    protection: Protection | None = None,
) -> Written:
    """A new row, or a merge into the one with the same clientRef.

    Most creates find nothing in their way, so that is tried first (`changes.commit_new_row`).
    """
    if precondition is Precondition.NONE:
        row = _new_row(cause, collection, body)
        if row is not None and await changes.commit_new_row(
            tx, collection.trip_id, row, cause, protection
        ):
            return Written("created", row)
    trip = await changes.begin(tx, collection.trip_id)
    await require_parent(tx, collection)
    plan = await _plan(tx, cause, collection, body)
    merged = plan.find(collection.resource, body, collection.parent_id)
    precondition.check(merged.rev if merged else None)
    status, row, _ = plan.upsert(collection.resource, body, collection.parent_id)
    if plan.changed:
        await changes.commit(tx, trip, plan.changes, cause)
    return Written(status, row)


def _new_row(cause: Cause, collection: Collection, body: Any) -> Row | None:
    """The row that a create makes if it makes one; None where stored rows decide that."""
    needs = Needs()
    needs.add(collection.resource, [body])
    if collection.resource.parent is not None or needs.ids or needs.members:
        return None
    plan = Plan(collection.trip_id, now=cause.now, new_id=new_id)
    try:
        return plan.upsert(collection.resource, body)[1]
    except ValidationFailed:
        # Of a row that exists this may be a valid change.
        return None


async def change(
    tx: Tx,
    cause: Cause,
    collection: Collection,
    row_id: str,
    body: Any,
    precondition: Precondition = Precondition.NONE,
) -> Written:
    """A merge into one row."""
    trip = await changes.begin(tx, collection.trip_id)
    row = await _row(tx, collection, row_id)
    precondition.check(row.rev)
    plan = await _plan(tx, cause, collection, body, row)
    status, row, _ = plan.patch(collection.resource, row, body)
    if plan.changed:
        await changes.commit(tx, trip, plan.changes, cause)
    return Written(status, row)


async def delete(
    tx: Tx,
    cause: Cause,
    collection: Collection,
    row_id: str,
    precondition: Precondition = Precondition.NONE,
) -> None:
    """Removes one row with its children, and clears the links to them."""
    trip = await changes.begin(tx, collection.trip_id)
    row = await _row(tx, collection, row_id)
    precondition.check(row.rev)
    await changes.commit(tx, trip, await _deletion(tx, cause, collection.trip_id, [row]), cause)


async def delete_named(tx: Tx, cause: Cause, trip_id: str, ids: Iterable[str]) -> list[Row]:
    """Removes those of these rows that there are, of whatever resource, in one changeset."""
    trip = await changes.begin(tx, trip_id)
    named = [row for row in await items.by_ids(tx, trip_id, ids) if row.kind in BY_KIND]
    if named:
        await changes.commit(tx, trip, await _deletion(tx, cause, trip_id, named), cause)
    return named


async def _deletion(tx: Tx, cause: Cause, trip_id: str, rows: Sequence[Row]) -> ChangeSet:
    """What goes with rows: their children; what links to any of them is changed."""
    deleted = {row.id: row for row in rows}
    for row in rows:
        deleted |= {each.id: each for each in await items.children(tx, trip_id, row)}
    ids = deleted.keys()
    linking = [each for each in await items.linking_to(tx, trip_id, ids) if each.id not in ids]
    before = {each.id: each.copy() for each in linking}
    for each in linking:
        unlink(each, set(ids), cause.now)
    return ChangeSet(deleted=list(deleted.values()), updated=linking, before=before)


async def require_parent(tx: Tx, collection: Collection) -> None:
    """`NotFound` unless the row exists that the collection belongs to."""
    parent = collection.resource.parent
    if parent is None:
        return
    if not await items.exists(tx, collection.trip_id, parent.kind, collection.parent_id):
        raise _no_row(parent)


async def _row(tx: Tx, collection: Collection, row_id: str) -> Row:
    await require_parent(tx, collection)
    kind = collection.resource.kind
    row = await items.get(tx, collection.trip_id, kind, row_id)
    if row is None or row.parent_id != collection.parent_id:
        raise _no_row(collection.resource)
    return row


def _no_row(resource: Resource) -> NotFound:
    what, rows = words(resource.kind), f"/trips/{{tripId}}{resource.path}"
    return NotFound(f"No {what} with this _id is in this trip: GET {rows} lists them")


async def _plan(tx: Tx, cause: Cause, collection: Collection, body: Any, *stored: Row) -> Plan:
    plan = Plan(collection.trip_id, now=cause.now, new_id=new_id)
    plan.add_stored(stored)
    needs = Needs()
    needs.add(collection.resource, [body])
    await items.load(tx, plan, needs)
    return plan
