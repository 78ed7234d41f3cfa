"""Taking back what one changeset did (contract section 11)."""

import dataclasses

import msgspec

from domain import details, undo
from domain.changes import MESSAGES, SNAPSHOT_NAMES, Cause
from domain.errors import ValidationFailed
from domain.history import Entry
from domain.precondition import Precondition
from domain.trip import TRIP
from domain.undo import UndoRequest, UndoResult
from domain.undo_plan import UndoPlan
from operations import history, imports
from storage import changes, jobs, trips
from storage import history as journal
from storage import undo as stored
from storage.store import Tx


@dataclasses.dataclass(frozen=True, slots=True)
class PlannedUndo:
    """What an undo comes to, while the trip's content is at a revision."""

    rev: int
    plan: UndoPlan


async def plan(tx: Tx, trip_id: str, request: UndoRequest, now: str) -> PlannedUndo:
    """Takes a changeset back in a plan, and writes nothing; refuses what `apply` refuses."""
    # Read first: what is loaded afterwards can only be newer, and then the revision tells.
    rev = (await trips.revisions(tx, trip_id)).content
    return await _plan_at(tx, rev, trip_id, request, now)


async def _plan_at(tx: Tx, rev: int, trip_id: str, request: UndoRequest, now: str) -> PlannedUndo:
    entry = await history.require_entry(tx, trip_id, request.rev)
    require_undoable(entry, force=request.force)
    undos = await journal.undos(tx, trip_id, request.rev)
    made = UndoPlan(now, force=request.force, passed_over=undo.passed_over(request.rev, undos))
    made.add(await stored.deeds(tx, trip_id, request.rev))
    made.settle(await stored.surroundings(tx, trip_id, made.needs, made.ids))
    # Read last: what was dropped between the statements of a read would be missing. And where a
    # server from before there was a journal has written since, that is not in it.
    kept = await journal.kept(tx, trip_id)
    if request.rev <= kept.pruned_rev:
        raise history.not_kept(kept)
    if entry.undone_by is not msgspec.UNSET and not made.changed:
        raise _undone(entry.rev, entry.undone_by)
    return PlannedUndo(rev, made)


async def apply(
    tx: Tx,
    cause: Cause,
    trip_id: str,
    request: UndoRequest,
    precondition: Precondition = Precondition.NONE,
    ahead: PlannedUndo | None = None,
) -> UndoResult:
    """Takes a changeset back by another one, unless it is a dry run.

    A plan made `ahead` of the transaction holds if the trip's content has not changed since.
    """
    trip = await changes.begin(tx, trip_id)
    rev = trip.revs.content
    precondition.check(rev)
    planned = ahead
    if planned is None or planned.rev != rev:
        planned = await _plan_at(tx, rev, trip_id, request, cause.now)
    if planned.plan.changed and not request.dry_run:
        undoing = msgspec.structs.replace(cause, via="undo", undoes=request.rev)
        await changes.commit(tx, trip, planned.plan.changes, undoing)
    return undo.result(planned.plan.steps, trip.revs.rev, dry_run=request.dry_run)


async def take_back(
    tx: Tx,
    cause: Cause,
    trip_id: str,
    request: UndoRequest,
    precondition: Precondition = Precondition.NONE,
    *,
    messages: bool,
    inline_rows: int,
    due_at: float,
) -> UndoResult | str:
    """Takes a changeset back at once, or, of more than `inline_rows` rows, by a job: its id.

    `messages` is whether who asks may read them, `due_at` in Unix seconds.
    """
    entry = await require_entry(tx, trip_id, request.rev, messages=messages)
    if entry.rows <= inline_rows:
        return await apply(tx, cause, trip_id, request, precondition)
    await imports.require(tx, trip_id, precondition)
    require_undoable(entry, force=request.force)
    return await imports.enqueue(
        tx,
        cause,
        trip_id,
        request,
        jobs.pack(b""),
        total=entry.rows,
        due_at=due_at,
        precondition=precondition,
    )


async def require_entry(tx: Tx, trip_id: str, rev: int, *, messages: bool) -> Entry:
    """A changeset, as they see it who may or may not read `messages`."""
    entry = await history.require_entry(tx, trip_id, rev)
    if not messages and entry.without_messages() is None:
        raise history.no_changeset(rev)
    return entry


def require_undoable(entry: Entry, *, force: bool) -> None:
    """`ValidationFailed` for what cannot be undone, or is undone already.

    With `force`, something may be left of one that is undone, which conflicts have kept.
    """
    if entry.summary.get(SNAPSHOT_NAMES[TRIP.kind], {}).get("created"):
        raise _refused("this changeset created the trip: PATCH or DELETE the trip instead")
    if MESSAGES in entry.summary:
        raise _refused("this changeset is a message, and messages are not undone")
    if entry.undone_by is not msgspec.UNSET and not force:
        raise _undone(entry.rev, entry.undone_by)


def _undone(rev: int, undone_by: int) -> ValidationFailed:
    return _refused(
        f"revision {rev} is undone already, by revision {undone_by}: undo that one to bring it"
        " back, or send force=true to take back what conflicts have kept of it"
    )


def _refused(why: str) -> ValidationFailed:
    return ValidationFailed([details.fixed("rev", why)])


def response(result: UndoResult) -> tuple[int, bytes]:
    """The status and the body of the response to the request that asked for an undo."""
    return 207 if result.failed else 200, msgspec.json.encode(result.answer)
