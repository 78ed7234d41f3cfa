"""Files imported by jobs: read, and applied in one transaction."""

import dataclasses

import msgspec

from domain.file_import import FileImportRequest
from domain.precondition import Precondition
from operations import file_imports
from operations.file_imports import Gathered, PlannedFile
from runtime.clock import now
from storage import jobs
from storage.job_claims import Claim
from storage.store import Tx
from workers.imports import cause_of, trip_of


@dataclasses.dataclass(frozen=True)
class FileImport:
    """What such a job is to do."""

    trip_id: str
    request: FileImportRequest
    file: Gathered
    planned: PlannedFile | None = None


def decode(claim: Claim) -> FileImport:
    """The import from its job, with the file read; raises what `file_imports.gather` does."""
    trip_id = trip_of(claim)
    request = msgspec.json.decode(claim.params, type=FileImportRequest)
    raw = jobs.unpack(claim.payload)
    file = file_imports.gather(raw, request.filename, trip_id, request.max_items)
    return FileImport(trip_id, request, file)


async def plan(tx: Tx, _claim: Claim, job: FileImport) -> FileImport:
    """The import with its plan, made beside other writers: they wait for the writing only."""
    planned = await file_imports.plan(tx, job.trip_id, job.request, job.file, now())
    return dataclasses.replace(job, planned=planned)


async def run(tx: Tx, claim: Claim, job: FileImport) -> tuple[int, bytes]:
    """Applies the import; the response's status and body."""
    precondition = Precondition.unchanged_since(job.request.content_rev)
    outcome = await file_imports.apply(
        tx, cause_of(claim), job.trip_id, job.request, job.file, precondition, job.planned
    )
    return file_imports.response(outcome)
