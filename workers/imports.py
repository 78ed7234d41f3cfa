"""Batches and syncs as jobs: too many items for a request, applied in one transaction."""

import dataclasses

import msgspec

from domain.actor import Actor
from domain.changes import Cause
from domain.imports import ImportRequest, ItemLists, read, split
from domain.precondition import Precondition
from domain.scopes import Scopes
from operations import imports
from operations.imports import PlannedImport
from runtime.clock import now
from storage import jobs
from storage.job_claims import Claim
from storage.store import Tx


@dataclasses.dataclass(frozen=True)
class Import:
    """What an import job is to do."""

    trip_id: str
    request: ImportRequest
    lists: ItemLists
    planned: PlannedImport | None = None


def decode(claim: Claim) -> Import:
    """An import from its job; `ValidationFailed` when the body is not such a request."""
    request = msgspec.json.decode(claim.params, type=ImportRequest)
    raw = jobs.unpack(claim.payload)
    return Import(trip_of(claim), request, read(request, raw, split(raw)))


async def plan(tx: Tx, _claim: Claim, job: Import) -> Import:
    """The import with its plan, made beside other writers: they wait for the writing only."""
    planned = await imports.plan(tx, job.trip_id, job.request, job.lists, now())
    return dataclasses.replace(job, planned=planned)


async def run(tx: Tx, claim: Claim, job: Import) -> tuple[int, bytes]:
    """Applies the import; the response's status and body."""
    precondition = Precondition.unchanged_since(job.request.content_rev)
    result = await imports.apply(
        tx, cause_of(claim), job.trip_id, job.request, job.lists, precondition, job.planned
    )
    return imports.response(result)


def trip_of(claim: Claim) -> str:
    """The trip that a job of this group is for."""
    if claim.trip_id is None:
        raise ValueError("a job that changes a trip names it")
    return claim.trip_id


def cause_of(claim: Claim) -> Cause:
    """The key that asked for the job: what it may do was checked then."""
    actor = Actor(claim.user_id, "", "", Scopes(()), key_id=claim.key_id)
    return Cause(actor, now(), request_id=claim.request_id, job_id=claim.job_id)
