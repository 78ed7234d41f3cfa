"""What was done to a trip, and taking it back."""

import re
from typing import Any, Final, NamedTuple

import msgspec

from domain.errors import NotFound, ValidationFailed
from domain.history import Entry
from domain.undo import CATEGORIES, UndoRequest, UndoResult
from operations import history, trips, undo
from server import job_replies
from server.mcp.results import name_of
from server.pages.changesets import changes_of
from server.pages.visit import Document, Redirect, Visit
from server.route import Queued
from storage import items
from storage.store import Tx

_A_PAGE: Final = 50
_REV: Final = re.compile(r"[1-9]\d{0,14}", re.ASCII)
_NAMED: Final = 10
"""Of what stayed as it was, so much is called by its name."""


class Outcome(NamedTuple):
    """What became of an undo that met conflicts."""

    nothing_done: bool
    names: list[str]
    more: int
    """How many others stayed as they were."""


async def show(visit: Visit) -> Document:
    """A page of what was done, latest first."""
    before = visit.query.get("before")
    if before is not None and not _REV.fullmatch(before):
        raise NotFound("There is no such page of the history")
    return await _page(visit, before=int(before) if before else None)


async def take_back(visit: Visit) -> Document | Redirect:
    """Takes back what a changeset did; what was changed again since stays, and is told."""
    call = visit.call
    imports = call.services.settings.imports

    async def write(tx: Tx) -> UndoResult | str:
        return await undo.take_back(
            tx,
            call.cause,
            call.trip_id,
            UndoRequest(call.rev),
            messages=True,
            inline_rows=imports.inline_items,
            due_at=call.unix_seconds,
        )

    try:
        taken = await visit.write(write)
    except ValidationFailed:
        return await _page(visit, refused=True)
    if isinstance(taken, str):
        reply = await job_replies.finish(call, Queued(taken, imports.wait_seconds))
        if reply.status == 202:
            return Redirect(f"/trips/{call.trip_id}/history?done=undone_later")
        if reply.status >= 400:
            return await _page(visit, refused=True)
        answer = msgspec.json.decode(reply.body)
    else:
        answer = msgspec.to_builtins(taken.answer)
    outcome = await _outcome(visit, answer)
    if outcome is None:
        return Redirect(f"/trips/{call.trip_id}/history?done=undone")
    return await _page(visit, outcome=outcome)


async def _outcome(visit: Visit, answer: dict[str, Any]) -> Outcome | None:
    """What met conflicts; None where nothing did."""
    told = [
        item
        for category in CATEGORIES
        for item in answer.get(category.snapshot, {}).get("items", ())
    ]
    stayed = [item["_id"] for item in told if item["status"] == "error"]
    if not stayed:
        return None
    trip_id = visit.call.trip_id
    rows = await visit.read(lambda tx: items.by_ids(tx, trip_id, stayed[:_NAMED]))
    names = [name for row in rows if (name := name_of(row.document))]
    return Outcome(len(stayed) == len(told), names, len(stayed) - len(names))


async def _page(
    visit: Visit,
    *,
    before: int | None = None,
    outcome: Outcome | None = None,
    refused: bool = False,
) -> Document:
    trip_id = visit.call.trip_id

    async def read(tx: Tx) -> tuple[str, list[Entry], int | None]:
        trip = (await trips.show(tx, trip_id)).document
        return trip["title"], *await history.entries(tx, trip_id, before, _A_PAGE, messages=True)

    title, entries, following = await visit.read(read)
    context = {
        "trip_id": trip_id,
        "title": title,
        "changes": changes_of(visit.words, entries),
        "following": following,
        "may_write": visit.may_write,
        "outcome": outcome,
        "refused": refused,
    }
    return Document(template="history.html", context=context, status=400 if refused else 200)
