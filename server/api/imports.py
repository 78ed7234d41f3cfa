"""Batches and syncs: done at once, or by a job."""

from domain.imports import ImportRequest
from operations import imports
from server import job_replies
from server.query import DRY_RUN
from server.route import Call, Queued, Reply
from storage.store import Tx


async def sync(tx: Tx, call: Call) -> Reply | Queued:
    """A diff-merge of a whole snapshot, or, in a dry run, what it would come to."""
    dry_run = call.request.query.get(DRY_RUN.name) == "true"
    return await run_import(tx, call, ImportRequest("sync", dry_run=dry_run))


async def run_import(tx: Tx, call: Call, request: ImportRequest) -> Reply | Queued:
    """Applies a small import here and now, and queues a large one for a worker."""
    upload = call.upload
    assert upload is not None
    if upload.refusal is not None:
        await imports.require(tx, call.trip_id, call.precondition)
        raise upload.refusal
    if upload.packed is None:
        result = await imports.apply(
            tx, call.cause, call.trip_id, request, call.body, call.precondition
        )
        return Reply(*imports.response(result))
    job_id = await imports.enqueue(
        tx,
        call.cause,
        call.trip_id,
        request,
        upload.packed,
        total=upload.total,
        due_at=call.unix_seconds,
        precondition=call.precondition,
    )
    return await job_replies.queued(tx, call, job_id)
