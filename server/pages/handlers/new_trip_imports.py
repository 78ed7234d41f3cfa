"""A file made into a new trip: tried, and then applied."""

from typing import Final

from domain.errors import ValidationFailed
from runtime.ids import new_id
from server.api.imports import run_new_trip_import
from server.pages import sent_files
from server.pages.handlers import trips
from server.pages.sent_files import CameTo
from server.pages.visit import Document, Visit
from server.route import Call, Queued, Reply
from storage.store import Tx

_TOLD: Final = ("title", "startDate", "endDate")
"""What the file tells of its trip, unless the form does."""


async def show(visit: Visit) -> Document:
    """The form to choose a file in."""
    return await _page(visit, {}, CameTo())


async def run(visit: Visit) -> Document:
    """What trip a file would make, or has made; the same form sent twice makes one."""
    trip = _typed(visit)
    trip["groupId"] = visit.form.get("groupId") or (await trips.writable_groups(visit))[0].id

    async def importer(tx: Tx, call: Call, filename: str, dry_run: bool) -> Reply | Queued:
        return await run_new_trip_import(tx, call, trip, filename, dry_run=dry_run)

    told = (trip.get(name, "") for name in ("groupId", *_TOLD))
    form = (visit.form.get("clientRef") or new_id(), *told)
    return await _page(visit, trip, await sent_files.run(visit, importer, form))


def _typed(visit: Visit) -> dict[str, str]:
    """What was typed; the rest stands as an earlier file told it, and this one may tell more."""
    form = visit.form
    return {
        name: form[name]
        for name in _TOLD
        if form.get(name) and form[name] != form.get(f"{name}-told")
    }


async def _page(visit: Visit, typed: dict[str, str], came_to: CameTo) -> Document:
    wrong = [each for each in came_to.details if each.path in (*_TOLD, "groupId")]
    if wrong:
        came_to = came_to._replace(refused="")
    sent = came_to.trip or {name: visit.form.get(name, "") for name in _TOLD}
    context = {
        "action": "import",
        "came_to": came_to,
        "trip_path": f"/trips/{came_to.trip['_id']}" if "_id" in came_to.trip else "",
        "groups": await trips.writable_groups(visit),
        "sent": {**sent, "groupId": typed.get("groupId")},
        "told": {name: "" if name in typed else sent[name] for name in _TOLD},
        "problems": trips.problems(visit, ValidationFailed(wrong)) if wrong else {},
        "client_ref": visit.form.get("clientRef") or new_id(),
    }
    return Document(template="import-new.html", context=context, status=came_to.status)
