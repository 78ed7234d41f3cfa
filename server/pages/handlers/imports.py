"""A file imported into a trip: tried, and then applied."""

from domain.errors import Forbidden
from operations import trips
from server.api.imports import run_file_import
from server.pages import sent_files
from server.pages.sent_files import CameTo
from server.pages.visit import Document, Visit


async def show(visit: Visit) -> Document:
    """The form to choose a file in."""
    if not visit.may_write:
        raise Forbidden("You are a viewer of this trip")
    return await _page(visit, CameTo())


async def run(visit: Visit) -> Document:
    """What a file would change, or has changed."""
    return await _page(visit, await sent_files.run(visit, run_file_import))


async def _page(visit: Visit, came_to: CameTo) -> Document:
    trip_id = visit.call.trip_id
    trip = await visit.read(lambda tx: trips.show(tx, trip_id))
    context = {
        "trip_path": f"/trips/{trip_id}",
        "title": trip.document["title"],
        "action": f"{trip_id}/import",
        "came_to": came_to,
    }
    return Document(template="import.html", context=context, status=came_to.status)
