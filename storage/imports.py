"""Applies a batch or a sync within a transaction: the same for a request and for a worker."""

from domain import imports
from domain.errors import NotFound
from domain.imports import ImportRequest, ItemLists
from domain.plan import Plan
from domain.resources import BY_KIND
from storage import items
from storage.ids import new_id
from storage.store import Tx


async def apply(
    tx: Tx, trip_id: str, request: ImportRequest, lists: ItemLists, now: str
) -> tuple[int, bytes]:
    """Diff-merges items into a trip, unless it is a dry run; the response's status and body.

    Raises `NotFound` when a batch's parent row is gone.
    """
    await require_parent(tx, trip_id, request)
    plan = Plan(trip_id, now=now, new_id=new_id, dry_run=request.dry_run)
    await items.load(tx, plan, imports.needs_of(lists))
    status, body = imports.run(plan, request, lists)
    if not request.dry_run:
        await items.apply(tx, plan)
    return status, body


async def require_parent(tx: Tx, trip_id: str, request: ImportRequest) -> None:
    """`NotFound` unless the row a batch's items belong to exists."""
    if not request.parent_id:
        return
    parent = BY_KIND[request.resource].parent
    assert parent is not None
    if not await items.exists(tx, trip_id, parent.kind, request.parent_id):
        raise NotFound(f"There is no such {parent.kind}")
