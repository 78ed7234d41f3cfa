"""Batches and syncs as jobs: too many items for a request, applied in one transaction."""

import dataclasses

import msgspec

from domain.imports import ImportRequest, ItemLists, items_of
from runtime.clock import now
from storage import imports, jobs, trips
from storage.imports import PlannedImport
from storage.jobs import Claim
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
    if claim.trip_id is None:
        raise ValueError("an import names its trip")
    request = msgspec.json.decode(claim.params, type=ImportRequest)
    body = msgspec.json.decode(jobs.unpack(claim.payload))
    return Import(claim.trip_id, request, items_of(request, body))


async def plan(tx: Tx, _claim: Claim, job: Import) -> Import:
    """The import with its plan, made beside other writers: they wait for the writing only."""
    planned = await imports.plan(tx, job.trip_id, job.request, job.lists, now())
    return dataclasses.replace(job, planned=planned)


async def run(tx: Tx, _claim: Claim, job: Import) -> tuple[int, bytes]:
    """Applies the import; the response's status and body."""
    await trips.lock(tx, job.trip_id)
    return await imports.apply(tx, job.trip_id, job.request, job.lists, now(), job.planned)
