"""Applies a batch or a sync within a transaction: the same for a request and for a worker."""

import dataclasses
from typing import Final

from domain import imports
from domain.errors import NotFound
from domain.imports import ImportRequest, ItemLists, Run
from domain.plan import Plan
from domain.resources import BY_KIND
from runtime.ids import new_id
from storage import items, trips
from storage.store import Tx

STREAMED_FROM: Final = 1_000
"""Items from which it pays to store rows while others are still planned."""


@dataclasses.dataclass
class PlannedImport:
    """What an import comes to, while the trip is at a revision."""

    rev: int
    plan: Plan
    running: Run
    count: int
    """How many items it has."""
    streamed: bool
    """Whether the items are planned while their rows are stored, and not before."""
    used: bool = False


async def plan(
    tx: Tx, trip_id: str, request: ImportRequest, lists: ItemLists, now: str
) -> PlannedImport:
    """Diff-merges items with what is stored, and writes nothing.

    Where a database stores rows while the next ones are planned, and there are only new ones,
    that is left to `apply`. Raises `NotFound` when a batch's parent row is gone.
    """
    # Read first: what is loaded later can only be newer, and then the revision tells.
    rev = await trips.revision(tx, trip_id)
    await _require_parent(tx, trip_id, request)
    made = Plan(trip_id, now=now, new_id=new_id, dry_run=request.dry_run)
    await items.load(tx, made, imports.needs_of(lists))
    count = sum(len(listed) for _, listed in lists)
    streams = tx.dialect.streams and count >= STREAMED_FROM
    planned = PlannedImport(rev, made, Run(made, request, lists), count, streams and made.only_new)
    if not planned.streamed:
        planned.running.finish()
    return planned


async def apply(
    tx: Tx,
    trip_id: str,
    request: ImportRequest,
    lists: ItemLists,
    now: str,
    ahead: PlannedImport | None = None,
) -> tuple[int, bytes]:
    """Diff-merges items into a trip, unless it is a dry run; the response's status and body.

    A plan made `ahead` is used if the trip has not changed since.
    """
    planned = ahead
    if planned is None or planned.used or planned.rev != await trips.revision(tx, trip_id):
        planned = await plan(tx, trip_id, request, lists, now)
    planned.used = True
    if planned.streamed:
        rows = planned.running.new_rows()
        await items.stream(tx, planned.plan, rows, count=planned.count, rev=planned.rev + 1)
    elif not request.dry_run:
        await items.apply(tx, planned.plan)
    return planned.running.answer()


async def _require_parent(tx: Tx, trip_id: str, request: ImportRequest) -> None:
    """`NotFound` unless the row a batch's items belong to exists."""
    if not request.parent_id:
        return
    parent = BY_KIND[request.resource].parent
    assert parent is not None
    if not await items.exists(tx, trip_id, parent.kind, request.parent_id):
        raise NotFound(f"There is no such {parent.kind}")
