"""Batches, syncs, files, and trips made of files: done at once, or by a job."""

from typing import Final

from domain.file_import import FileImportRequest, NewTripRequest
from domain.imports import ImportRequest
from operations import file_imports, imports, new_trip_imports, trips
from server import job_replies
from server.query import DRY_RUN, FILENAME
from server.route import Call, Queued, Reply, Upload
from storage.store import Tx

FILE_DESCRIPTION: Final = (
    "The file is the body, as it is and of any media type: Carnet's own JSON and NDJSON, CSV,"
    " GeoJSON, GPX, KML, KMZ, ICS, mails, boarding passes, exports of other planners, and ZIPs of"
    " these, told apart by content. The same file a second time changes nothing."
)


async def sync(tx: Tx, call: Call) -> Reply | Queued:
    """A diff-merge of a whole snapshot, or, in a dry run, what it would come to."""
    dry_run = call.request.query.get(DRY_RUN.name) == "true"
    return await run_import(tx, call, ImportRequest("sync", dry_run=dry_run))


async def import_file(tx: Tx, call: Call) -> Reply | Queued:
    """A diff-merge of what a file holds, or, in a dry run, what it would come to."""
    query = call.request.query
    dry_run = query.get(DRY_RUN.name) == "true"
    return await run_file_import(tx, call, query.get(FILENAME.name, ""), dry_run)


async def run_file_import(tx: Tx, call: Call, filename: str, dry_run: bool) -> Reply | Queued:
    """Imports a file that `take_file` has taken: a small one here and now, a large one by a job."""
    request = _request(call, filename, dry_run=dry_run)
    if upload := await _for_a_job(tx, call):
        return await _enqueue(tx, call, request, upload)
    outcome = await file_imports.apply(
        tx, call.cause, call.trip_id, request, call.body, call.precondition
    )
    return Reply(*file_imports.response(outcome))


async def run_new_trip_import(
    tx: Tx, call: Call, trip: dict[str, str], filename: str, *, dry_run: bool
) -> Reply | Queued:
    """Makes a trip, with what is told of it, of a file that `take_file` has taken."""
    upload = call.upload
    assert upload is not None
    if upload.refusal is not None:
        raise upload.refusal
    request = NewTripRequest(_request(call, filename, dry_run=dry_run), trip)
    if upload.packed is None:
        outcome = await new_trip_imports.apply(tx, call.cause, request, call.body)
        return Reply(*new_trip_imports.response(outcome))
    await trips.require_editor(tx, call.actor, trip["groupId"])
    job_id = await imports.queue(
        *(tx, call.cause, None, request, upload.packed),
        total=upload.total,
        due_at=call.unix_seconds,
    )
    return await job_replies.queued(tx, call, job_id)


def _request(call: Call, filename: str, *, dry_run: bool) -> FileImportRequest:
    most = call.services.settings.imports.max_items
    return FileImportRequest(filename, dry_run=dry_run, max_items=most)


async def run_import(tx: Tx, call: Call, request: ImportRequest) -> Reply | Queued:
    """Applies a small import here and now, and queues a large one for a worker."""
    if upload := await _for_a_job(tx, call):
        return await _enqueue(tx, call, request, upload)
    result = await imports.apply(
        tx, call.cause, call.trip_id, request, call.body, call.precondition
    )
    return Reply(*imports.response(result))


async def _for_a_job(tx: Tx, call: Call) -> Upload | None:
    """The request's body where it is for a job; raises what is wrong with it as a whole."""
    upload = call.upload
    assert upload is not None
    if upload.refusal is not None:
        await imports.require(tx, call.trip_id, call.precondition)
        raise upload.refusal
    return upload if upload.packed is not None else None


async def _enqueue(
    tx: Tx, call: Call, request: ImportRequest | FileImportRequest, upload: Upload
) -> Queued:
    assert upload.packed is not None
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
