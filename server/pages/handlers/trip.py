"""A trip as its members see it: plan, map, checklist, messages."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from domain.resources import ACTION_ITEM, LEG, MAP_PIN, STAY
from operations import overview
from operations.overview import Whole
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
    older = talk.place(visit.query.get("before", ""))
    whole = await visit.read(lambda tx: overview.of_trip(tx, visit.call.trip_id, older))
    context = {
        **await asyncio.to_thread(_shown, visit, whole),
        "trip_id": visit.call.trip_id,
        "is_latest": older is None,
        "may_write": visit.may_write,
        "client_ref": new_id(),
        "problems": problems or {},
        "sent": sent,
        "urgencies": URGENCIES,
    }
    return Document(template="trip.html", context=context, status=status)


def _shown(visit: Visit, whole: Whole) -> dict[str, Any]:
    """What the page shows of a trip, which takes a while where there is much."""
    words, rows = visit.words, whole.rows
    persons = people.people_of(whole.members)
    legs = rows[LEG.snapshot]
    return {
        "head": head_of(words, whole.trip, legs, visit.call.now),
        "itinerary": itinerary_of({"trip": whole.trip, **rows}),
        "map": draw(stops_of(legs, rows[STAY.snapshot], rows[MAP_PIN.snapshot]), id="map-title"),
        "people": persons,
        "names": people.listed(words, [person.name for person in persons.values()]),
        "checklist": checklist_of(rows[ACTION_ITEM.snapshot], persons),
        "talk": talk.said(words, whole.talk, persons),
        "older": talk.written(whole.talk.older),
    }
