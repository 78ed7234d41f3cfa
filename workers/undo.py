"""Undoing as a job: too many rows for a request, taken back in one transaction."""

import dataclasses

import msgspec

from domain.precondition import Precondition
from domain.undo import UndoRequest
from operations import undo
from operations.undo import PlannedUndo
from runtime.clock import now
from storage.job_claims import Claim
from storage.store import Tx
from workers.imports import cause_of, trip_of


@dataclasses.dataclass(frozen=True)
class Undo:
    """What an undo job is to take back."""

    trip_id: str
    request: UndoRequest
    planned: PlannedUndo | None = None


def decode(claim: Claim) -> Undo:
    """An undo from its job."""
    return Undo(trip_of(claim), msgspec.json.decode(claim.params, type=UndoRequest))


async def plan(tx: Tx, _claim: Claim, job: Undo) -> Undo:
    """The undo with its plan, made beside other writers: they wait for the writing only."""
    planned = await undo.plan(tx, job.trip_id, job.request, now())
    return dataclasses.replace(job, planned=planned)


async def run(tx: Tx, claim: Claim, job: Undo) -> tuple[int, bytes]:
    """Takes the changeset back; the response's status and body."""
    precondition = Precondition.unchanged_since(job.request.content_rev)
    result = await undo.apply(
        tx, cause_of(claim), job.trip_id, job.request, precondition, job.planned
    )
    return undo.response(result)
