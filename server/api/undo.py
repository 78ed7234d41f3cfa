"""Undo: done at once, or by a job."""

from domain.undo import UndoRequest
from operations import imports
from operations import undo as operation
from server import job_replies
from server.preferences import preferences_of
from server.query import DRY_RUN, FORCE
from server.route import Call, Queued, Reply
from storage import jobs
from storage.store import Tx


async def undo(tx: Tx, call: Call) -> Reply | Queued:
    """Takes back what a changeset did, or, in a dry run, tells what that would come to."""
    query = call.request.query
    request = UndoRequest(
        call.rev,
        dry_run=query.get(DRY_RUN.name) == "true",
        force=query.get(FORCE.name) == "true",
    )
    entry = await operation.require_entry(
        tx, call.trip_id, call.rev, messages=call.may_read_messages()
    )
    few = entry.rows <= call.services.settings.imports.inline_items
    if few and not preferences_of(call.request).respond_async:
        result = await operation.apply(tx, call.cause, call.trip_id, request, call.precondition)
        return Reply(*operation.response(result))
    await imports.require(tx, call.trip_id, call.precondition)
    operation.require_undoable(entry, force=request.force)
    job_id = await imports.enqueue(
        tx,
        call.cause,
        call.trip_id,
        request,
        jobs.pack(b""),
        total=entry.rows,
        due_at=call.unix_seconds,
        precondition=call.precondition,
    )
    return await job_replies.queued(tx, call, job_id)
