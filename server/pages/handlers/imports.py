"""A file imported into a trip: tried, and then applied."""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

from domain.errors import Detail, ErrorInfo, Forbidden, PayloadTooLarge, ValidationFailed
from operations import trips
from server.api.imports import run_file_import
from server.bodies import take_file
from server.pages.imports import Outcome, outcome_of
from server.pages.visit import Document, Visit
from server.writes import run_write

_APPLY: Final = "apply"
_PREVIEW: Final = "preview"


async def show(visit: Visit) -> Document:
    """The form to choose a file in."""
    if not visit.may_write:
        raise Forbidden("You are a viewer of this trip")
    return await _page(visit)


async def run(visit: Visit) -> Document:
    """What a file would change, or has changed."""
    call = visit.call
    applies = visit.form.get("do") == _APPLY
    if visit.file is None or not visit.file.name:
        return await _page(visit, status=400, nothing_chosen=True)
    filename, call.raw = visit.file
    # Its bytes are the call's now, which lets them go when they are a job's.
    visit.file = None
    try:
        await take_file(call, filename)
        reply = await run_write(
            call,
            lambda tx, call: run_file_import(tx, call, filename, dry_run=not applies),
            visit.account,
        )
    except (ValidationFailed, PayloadTooLarge) as error:
        return await _page(visit, status=error.status, refused=_why(error.message, error.details))
    if reply.status == 202:
        return await _page(visit, later=_APPLY if applies else _PREVIEW)
    answer = await asyncio.to_thread(msgspec.json.decode, reply.body)
    if reply.status >= 400:
        told = msgspec.convert(answer["error"], ErrorInfo)
        why = _why(told.message, told.details or ())
        return await _page(visit, status=reply.status, refused=why)
    outcome = await asyncio.to_thread(outcome_of, visit.words, answer, filename)
    return await _page(visit, outcome=outcome)


def _why(message: str, details: Sequence[Detail]) -> str:
    """Why a file was refused: a page has no body that a message could name."""
    return "; ".join(detail.message for detail in details) or message


async def _page(
    visit: Visit,
    *,
    status: int = 200,
    nothing_chosen: bool = False,
    refused: str = "",
    later: str = "",
    outcome: Outcome | None = None,
) -> Document:
    trip_id = visit.call.trip_id
    trip = await visit.read(lambda tx: trips.show(tx, trip_id))
    context = {
        "trip_id": trip_id,
        "title": trip.document["title"],
        "nothing_chosen": nothing_chosen,
        "refused": refused,
        "later": later,
        "outcome": outcome,
    }
    return Document(template="import.html", context=context, status=status)
