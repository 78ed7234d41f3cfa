"""A trip as its members see it: plan, map, checklist, messages."""

from collections.abc import Mapping
from typing import Final

from domain.resources import ACTION_ITEM, LEG, MAP_PIN, STAY
from operations import overview
from runtime.ids import new_id
from server.pages import people, talk
from server.pages.itinerary import itinerary_of
from server.pages.map import draw, stops_of
from server.pages.problems import Problems
from server.pages.todo import URGENCIES, checklist_of
from server.pages.trip_head import head_of
from server.pages.visit import Document, Visit

_NOTHING: Final[Mapping[str, str]] = {}


async def show(visit: Visit) -> Document:
    """The page of a trip."""
    return await page(visit)


async def page(
    visit: Visit,
    *,
    problems: Problems | None = None,
    sent: Mapping[str, str] = _NOTHING,
    status: int = 200,
) -> Document:
    """The same, with the form that was sent and what is wrong with it."""
    words, trip_id = visit.words, visit.call.trip_id
    older = talk.place(visit.query.get("before", ""))
    whole = await visit.read(lambda tx: overview.of_trip(tx, trip_id, older))
    rows = whole.rows
    persons = people.people_of(whole.members)
    stops = stops_of(rows[LEG.snapshot], rows[STAY.snapshot], rows[MAP_PIN.snapshot])
    context = {
        "trip_id": trip_id,
        "head": head_of(words, whole.trip, rows[LEG.snapshot], visit.call.now),
        "itinerary": itinerary_of({"trip": whole.trip, **rows}),
        "map": draw(stops, id="map-title"),
        "people": persons,
        "names": people.listed(words, [person.name for person in persons.values()]),
        "checklist": checklist_of(rows[ACTION_ITEM.snapshot], persons),
        "talk": talk.said(words, whole.talk, persons),
        "older": talk.written(whole.talk.older),
        "is_latest": older is None,
        "may_write": visit.may_write,
        "client_ref": new_id(),
        "problems": problems or {},
        "sent": sent,
        "urgencies": URGENCIES,
    }
    return Document(template="trip.html", context=context, status=status)
