"""Batches and syncs: many items diff-merged into a trip, at once or by a job."""

import dataclasses
import functools
from typing import Any

import msgspec

from domain import imports
from domain.changes import Cause
from domain.errors import PayloadTooLarge
from domain.file_import import FileImportRequest, NewTripRequest
from domain.imports import BatchResult, CategoryResult, ImportRequest, ImportResult, ItemLists
from domain.plan import Plan
from domain.precondition import Precondition
from domain.resources import BY_KIND, RESOURCES
from domain.undo import UndoRequest
from operations.rows import Collection, require_parent
from runtime import measured
from runtime.ids import new_id
from storage import changes, items, jobs, trips
from storage.store import Tx


@dataclasses.dataclass(frozen=True, slots=True)
class PlannedImport:
    """What an import comes to, while the trip's content is at a revision."""

    rev: int
    plan: Plan
    result: ImportResult


async def plan(
    tx: Tx, trip_id: str, request: ImportRequest, lists: ItemLists, now: str
) -> PlannedImport:
    """Diff-merges items with what is stored, and writes nothing.

    Raises `NotFound` when a batch's parent row is gone.
    """
    # Read first: what is loaded afterwards can only be newer, and then the revision tells.
    rev = (await trips.revisions(tx, trip_id)).content
    return await plan_at(tx, rev, trip_id, request, lists, now)


async def plan_at(
    tx: Tx, rev: int, trip_id: str, request: ImportRequest, lists: ItemLists, now: str
) -> PlannedImport:
    """The same, where the revision was read before now."""
    if request.parent_id:
        resource = BY_KIND[request.resource]
        await require_parent(tx, Collection(resource, trip_id, request.parent_id))
    made = Plan(trip_id, now=now, new_id=new_id, dry_run=request.dry_run)
    await items.load(tx, made, imports.needs_of(lists))
    return PlannedImport(rev, made, imports.apply_import(made, request, lists))


async def apply(
    tx: Tx,
    cause: Cause,
    trip_id: str,
    request: ImportRequest,
    lists: ItemLists,
    precondition: Precondition = Precondition.NONE,
    ahead: PlannedImport | None = None,
) -> ImportResult:
    """Diff-merges items into a trip, unless it is a dry run.

    A plan made `ahead` of the transaction holds if the trip's content has not changed since.
    """
    trip = await changes.begin(tx, trip_id)
    rev = trip.revs.content
    precondition.check(rev)
    planned = ahead
    if planned is None or planned.rev != rev:
        planned = await plan_at(tx, rev, trip_id, request, lists, cause.now)
    if planned.plan.changed and not request.dry_run:
        await changes.commit(tx, trip, planned.plan.changes, cause)
    count(tx, request, planned.result)
    return planned.result


def count(tx: Tx, request: ImportRequest, result: ImportResult) -> None:
    """Has the items of an import counted once it is committed, unless it is a dry run."""
    if not request.dry_run:
        tx.after_commit(functools.partial(_count, request, result.answer))


def _count(request: ImportRequest, answer: BatchResult | dict[str, Any]) -> None:
    """Counts the items of an import that was committed, by what became of them."""
    parts: dict[str, BatchResult | CategoryResult]
    if isinstance(answer, BatchResult):
        parts = {request.resource: answer}
    else:
        parts = {each.kind: answer[each.snapshot] for each in RESOURCES if each.snapshot in answer}
    for kind, part in parts.items():
        for outcome in ("created", "updated", "unchanged"):
            measured.ITEMS.add(kind, outcome, by=getattr(part, outcome))
        measured.ITEMS.add(kind, "failed", by=part.errors)


async def require(tx: Tx, trip_id: str, precondition: Precondition) -> None:
    """`PreconditionFailed` unless it holds of the trip's content."""
    precondition.check((await trips.revisions(tx, trip_id)).content)


def require_within(total: int, max_items: int) -> None:
    """`PayloadTooLarge` for an import of more items than one may have."""
    if total > max_items:
        raise PayloadTooLarge(
            f"One import may have {max_items} items at most, and this one has {total} or more:"
            " send it in several"
        )


def response(result: ImportResult) -> tuple[int, bytes]:
    """The status and the body of the response to the request that asked for an import."""
    return 207 if result.failed else 200, msgspec.json.encode(result.answer)


async def enqueue(
    tx: Tx,
    cause: Cause,
    trip_id: str,
    request: ImportRequest | FileImportRequest | UndoRequest,
    packed: bytes,
    *,
    total: int,
    due_at: float,
    precondition: Precondition = Precondition.NONE,
) -> str:
    """Queues an import, or an undo, for a worker; the job's id.

    `packed` is the body by `storage.jobs.pack`, `due_at` in Unix seconds. What must hold of the
    trip's content now must still hold when the job is done.
    """
    trip = await changes.begin(tx, trip_id)
    precondition.check(trip.revs.content)
    if precondition.revs is not None:
        request = msgspec.structs.replace(request, content_rev=trip.revs.content)
    return await queue(tx, cause, trip_id, request, packed, total=total, due_at=due_at)


async def queue(
    tx: Tx,
    cause: Cause,
    trip_id: str | None,
    request: ImportRequest | FileImportRequest | NewTripRequest | UndoRequest,
    packed: bytes,
    *,
    total: int,
    due_at: float,
) -> str:
    """Queues the same where no trip is there yet, or it is taken already; the job's id."""
    job_id = new_id()
    await jobs.insert(
        tx,
        job_id=job_id,
        user_id=cause.actor.user,
        key_id=cause.actor.key_id,
        request_id=cause.request_id,
        trip_id=trip_id,
        kind=request.kind,
        params=msgspec.json.encode(request).decode(),
        payload=packed,
        total=total,
        now=cause.now,
        due_at=due_at,
    )
    return job_id
