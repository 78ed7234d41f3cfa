"""A file that a form sends to be tried or applied, whatever trip it is for."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from domain.errors import Detail, ErrorInfo, PayloadTooLarge, ValidationFailed
from server.bodies import fingerprint, take_file
from server.pages.imports import Outcome, outcome_of
from server.pages.sent_twice import reference
from server.pages.visit import Visit
from server.route import Call, Queued, Reply
from server.writes import run_protected, run_write
from storage.store import Tx

_APPLY: Final = "apply"
_PREVIEW: Final = "preview"

Importer = Callable[[Tx, Call, str, bool], Awaitable[Reply | Queued]]
"""Imports the file that the call has, by its name; whether that is a dry run."""


class CameTo(NamedTuple):
    """What became of a file."""

    status: int = 200
    nothing_chosen: bool = False
    refused: str = ""
    """Why nothing was done, in English."""
    details: Sequence[Detail] = ()
    """The same, one by one."""
    later: str = ""
    """What was asked for, `apply` or `preview`, where the page did not wait for its end."""
    outcome: Outcome | None = None
    trip: Mapping[str, str] = {}
    """Of an import into a new one: its title and days, and its `_id` where it was made."""

    @property
    def is_applied(self) -> bool:
        """Whether the file has its trip, or will have it."""
        return self.later == _APPLY or "_id" in self.trip


async def run(visit: Visit, importer: Importer, form: Sequence[str] = ()) -> CameTo:
    """Tries or applies the file.

    `form` tells which form it is, and what was typed into it: the same file that was applied with
    the same is answered as it was.
    """
    call = visit.call
    applies = visit.form.get("do") == _APPLY
    if visit.file is None or not visit.file.name:
        return CameTo(400, nothing_chosen=True)
    filename, call.raw = visit.file
    # Its bytes are the call's now, which lets them go when they are a job's.
    visit.file = None

    async def handle(tx: Tx, call: Call) -> Reply | Queued:
        return await importer(tx, call, filename, not applies)

    try:
        await take_file(call, filename)
        if form and applies:
            key = reference(*form, filename, await fingerprint(call))
            reply = await run_protected(call, handle, key, visit.account)
        else:
            reply = await run_write(call, handle, visit.account)
    except (ValidationFailed, PayloadTooLarge) as error:
        return _refusal(error.status, error.message, error.details)
    if reply.status == 202:
        return CameTo(later=_APPLY if applies else _PREVIEW)
    answer = await asyncio.to_thread(msgspec.json.decode, reply.body)
    if reply.status >= 400:
        told = msgspec.convert(answer["error"], ErrorInfo)
        return _refusal(reply.status, told.message, told.details or ())
    outcome = await asyncio.to_thread(outcome_of, visit.words, answer, filename)
    return CameTo(outcome=outcome, trip=answer.get("trip", {}))


def _refusal(status: int, message: str, details: Sequence[Detail]) -> CameTo:
    """A page has no body that a message could name: it tells the details."""
    why = "; ".join(detail.message for detail in details) or message
    return CameTo(status, refused=why, details=details)
