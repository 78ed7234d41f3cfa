"""Undo: done at once, or by a job."""

from domain.undo import UndoRequest
from operations import undo as operation
from server import job_replies
from server.preferences import preferences_of
from server.query import DRY_RUN, FORCE
from server.route import Call, Queued, Reply
from storage.store import Tx


async def undo(tx: Tx, call: Call) -> Reply | Queued:
    """Takes back what a changeset did, or, in a dry run, tells what that would come to."""
    query = call.request.query
    request = UndoRequest(
        call.rev,
        dry_run=query.get(DRY_RUN.name) == "true",
        force=query.get(FORCE.name) == "true",
    )
    inline = call.services.settings.imports.inline_items
    taken = await operation.take_back(
        tx,
        call.cause,
        call.trip_id,
        request,
        call.precondition,
        messages=call.may_read_messages(),
        inline_rows=0 if preferences_of(call.request).respond_async else inline,
        due_at=call.unix_seconds,
    )
    if isinstance(taken, str):
        return await job_replies.queued(tx, call, taken)
    return Reply(*operation.response(taken))
