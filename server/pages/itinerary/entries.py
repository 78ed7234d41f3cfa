"""What is on in a trip, each with the days it is on."""

import datetime
from collections.abc import Iterator, Sequence
from typing import Final, Literal, NamedTuple

from domain.day import ends_next_day, places, stay_dates
from domain.merge import Document
from server.pages.itinerary import clocks
from server.pages.itinerary.clocks import Moment
from server.pages.itinerary.flights import flights_of
from server.pages.itinerary.model import Car, Event, Row

_ICONS: Final = {
    "dinner": "utensils",
    "activity": "ticket",
    "birthday": "cake",
    "meeting": "users",
}
_OTHER_ICON: Final = "calendar"
_DAY: Final = datetime.timedelta(days=1)


class Entry(NamedTuple):
    """A row, on one day or on several."""

    first: datetime.date
    last: datetime.date
    row: Row
    at: Moment | None = None
    """None for what has no time."""
    lands: Moment | None = None
    """When a flight ends, from which on one is at another place."""


class Sleep(NamedTuple):
    """A place to sleep, from the first night to the last."""

    first: datetime.date
    last: datetime.date
    place: Document


def entries_of(
    legs: Sequence[Document], pins: Sequence[Document], commitments: Sequence[Document]
) -> Iterator[Entry]:
    """All but where one sleeps."""
    zones = {leg["_id"]: leg["timezone"] for leg in legs}
    names = {pin["_id"]: pin["name"] for pin in pins}
    for leg in legs:
        for flight in flights_of(leg):
            yield Entry(flight.date, flight.date, flight.card, flight.at, flight.lands)
            if flight.landing and flight.lands:
                arrival = flight.lands.wall.date()
                yield Entry(arrival, arrival, flight.landing, flight.lands)
        yield from _car(leg)
    for commitment in commitments:
        zone = commitment.get("timezone") or zones.get(commitment.get("legId"), "")
        yield from _commitment(commitment, zone, names.get(commitment.get("mapPinId"), ""))


def sleeps_of(legs: Sequence[Document], stays: Sequence[Document]) -> Iterator[Sleep]:
    """All places to sleep; one that begins and ends on a day has that night."""
    for leg, place in places({leg["_id"]: leg for leg in legs}, stays):
        first, left = map(datetime.date.fromisoformat, stay_dates(leg, place))
        yield Sleep(first, left - _DAY if left > first else first, place)


def _car(leg: Document) -> Iterator[Entry]:
    car = leg.get("rentalCar") or {}
    has_return = car.get("dropoffTime") or car.get("dropoffLocation")
    if car:
        yield _car_event(leg, car, "pickup", leg["startDate"])
    if has_return:
        yield _car_event(leg, car, "dropoff", leg["endDate"])


def _car_event(
    leg: Document, car: Document, event: Literal["pickup", "dropoff"], day: str
) -> Entry:
    """One that has no time is on a day of its leg."""
    text = car.get(f"{event}Time")
    at = clocks.written(text, leg["timezone"]) if text else None
    date = at.wall.date() if at else datetime.date.fromisoformat(day)
    row = Car(
        event,
        at.time if at else "",
        car.get("vehicle") or "",
        car.get("company") or "",
        car.get(f"{event}Location") or "",
        car.get("confirmationNumber") or "",
        (car.get("notes") or "") if event == "pickup" else "",
    )
    return Entry(date, date, row, at)


def _commitment(document: Document, zone: str, pin: str) -> Iterator[Entry]:
    """An entry for its first day, one for all between, and one for its last."""
    first = datetime.date.fromisoformat(document["startDate"])
    last = datetime.date.fromisoformat(document.get("endDate") or document["startDate"])
    begins, ends = document.get("startTime") or "", document.get("endTime") or ""
    row = Event(
        title=document["title"],
        time="",
        end="",
        ends_next_day=False,
        all_day=document.get("isAllDay") is True,
        elsewhere="",
        icon=_ICONS.get(document["category"], _OTHER_ICON),
        place="" if pin in document["title"] else pin,
        notes=document.get("notes") or "",
    )
    if last <= first:
        next_day = bool(begins and ends) and ends_next_day(document)
        row = row._replace(time=begins, end="" if ends == begins else ends, ends_next_day=next_day)
        yield Entry(first, first, row, _at(first, begins, zone))
        return
    yield Entry(first, first, row._replace(time=begins), _at(first, begins, zone))
    if last - first > _DAY:
        yield Entry(first + _DAY, last - _DAY, row._replace(all_day=True))
    yield Entry(last, last, row._replace(end=ends, all_day=row.all_day or not ends))


def _at(date: datetime.date, time: str, zone: str) -> Moment | None:
    if not time:
        return None
    return clocks.in_zone(datetime.datetime.fromisoformat(f"{date}T{time}"), zone)
