"""Trips made of files by jobs: each with all that it has in one transaction."""

import dataclasses

import msgspec

from domain.file_import import NewTripRequest
from operations import file_imports, new_trip_imports
from operations.file_imports import Gathered
from operations.new_trip_imports import PlannedTrip
from storage import jobs
from storage.job_claims import Claim
from storage.store import Tx
from workers.imports import cause_of


@dataclasses.dataclass(frozen=True)
class NewTripImport:
    """What such a job is to do."""

    request: NewTripRequest
    file: Gathered
    planned: PlannedTrip | None = None


def decode(claim: Claim) -> NewTripImport:
    """The import from its job, with the file read; raises what `file_imports.gather` does."""
    request = msgspec.json.decode(claim.params, type=NewTripRequest)
    raw, asked = jobs.unpack(claim.payload), request.file
    return NewTripImport(request, file_imports.gather(raw, asked.filename, "", asked.max_items))


async def plan(tx: Tx, claim: Claim, job: NewTripImport) -> NewTripImport:
    """The import with its plan, made beside other writers: they wait for the writing only."""
    planned = await new_trip_imports.plan(tx, cause_of(claim), job.request, job.file)
    return dataclasses.replace(job, planned=planned)


async def run(tx: Tx, claim: Claim, job: NewTripImport) -> tuple[int, bytes]:
    """Makes the trip; the response's status and body."""
    outcome = await new_trip_imports.apply(tx, cause_of(claim), job.request, job.file, job.planned)
    return new_trip_imports.response(outcome)
