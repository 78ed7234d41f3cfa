"""A new trip made of a file: planned, and then stored with all that the file has for it."""

from typing import Any

import msgspec

from domain.changes import Cause
from domain.file_import import NewTripRequest
from domain.merge import Document
from formats.survey import survey
from operations import file_imports, imports, trips
from operations.file_imports import Gathered, Outcome, PlannedFile
from storage.store import Tx


class PlannedTrip(msgspec.Struct, frozen=True):
    """A trip that is not stored yet, and what a file comes to in it."""

    trip: Document
    file: PlannedFile


class NewTripOutcome(msgspec.Struct, frozen=True):
    """What an import into a new trip came to."""

    trip: dict[str, str]
    """Its title and days; its `_id` too where it was made."""
    file: Outcome


async def plan(tx: Tx, cause: Cause, request: NewTripRequest, file: Gathered) -> PlannedTrip:
    """Finds what the trip would be and have; writes nothing.

    `ValidationFailed` for a trip that cannot be, `Forbidden` where its maker may make none.
    """
    trip = trips.composed(cause, {**_suggested(cause, request, file), **request.trip})
    await trips.require_editor(tx, cause.actor, trip["groupId"])
    planned = await file_imports.plan_new(tx, trip["_id"], request.file, file, cause.now)
    return PlannedTrip(trip, planned)


async def apply(
    tx: Tx,
    cause: Cause,
    request: NewTripRequest,
    file: Gathered,
    ahead: PlannedTrip | None = None,
) -> NewTripOutcome:
    """Makes the trip and its rows, unless it is a dry run or the file has nothing for it.

    They are two changesets of one transaction: the second can be undone.
    """
    if ahead is None:
        ahead = await plan(tx, cause, request, file)
    planned, trip = ahead.file.planned, ahead.trip
    told = {name: trip[name] for name in ("title", "startDate", "endDate")}
    if planned.plan.changed and not request.file.dry_run:
        through = msgspec.structs.replace(cause, via="import")
        # In a new trip there is nothing to update.
        made = await trips.add(tx, through, trip, planned.plan.changes.created)
        told["_id"] = made.id
        imports.count(tx, file_imports.as_sync(request.file), planned.result)
    return NewTripOutcome(told, Outcome(planned.result, ahead.file.others))


def response(outcome: NewTripOutcome) -> tuple[int, bytes]:
    """The status and the body of the response: of an import, and the `trip` that it is in."""
    status, answer = file_imports.answer_of(outcome.file)
    return status, msgspec.json.encode({"trip": outcome.trip, **answer})


def _suggested(cause: Cause, request: NewTripRequest, file: Gathered) -> dict[str, Any]:
    """What the file tells of its trip; where nothing has dates, it is for today."""
    seen = survey([*file.rows, *file.others])
    today = cause.now[: len("2026-07-15")]
    return {
        "title": seen.title(request.file.filename),
        "startDate": seen.first or today,
        "endDate": seen.last or today,
    }
