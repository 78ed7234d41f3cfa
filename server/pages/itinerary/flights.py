"""The flights of a leg: when they depart and land by the clocks there, and how long they take."""

import datetime
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from domain.merge import Document
from server.pages.itinerary import clocks
from server.pages.itinerary.clocks import Moment
from server.pages.itinerary.model import End, Flight, Landing

_CODE: Final = re.compile(r"[A-Z]{3,4}")
"""Of an airport, by IATA or ICAO; others call it by its name."""
_LONGEST: Final = datetime.timedelta(hours=30)
"""No flight takes longer: its times, or the zones they are taken for, are wrong."""


class Flown(NamedTuple):
    """A flight, and when it is."""

    date: datetime.date
    """Of its departure by the clock there; where that is not known, of its arrival."""
    card: Flight
    at: Moment | None
    lands: Moment | None
    landing: Landing | None
    """Where it lands on a later day."""


def flights_of(leg: Document) -> Iterator[Flown]:
    """The flights of a leg; one without times is on the leg's first day."""
    for flight in leg.get("flights") or ():
        departs, arrives = _moment(flight, "departure"), _moment(flight, "arrival")
        known = departs or arrives
        date = known.wall.date() if known else datetime.date.fromisoformat(leg["startDate"])
        later = (arrives.wall.date() - date).days if arrives else 0
        card = Flight(
            airline=flight.get("airline") or "",
            number=flight.get("flightNumber") or "",
            departs=_end(flight, "departure", departs, 0),
            arrives=_end(flight, "arrival", arrives, later),
            duration=_duration(departs, arrives),
            seat=flight.get("seat") or "",
            confirmation=flight.get("confirmationNumber") or "",
            notes=flight.get("notes") or "",
        )
        landing = None
        if arrives and later > 0:
            number = card.number or card.airline
            landing = Landing(arrives.time, card.arrives.airport, number, card.departs.airport)
        yield Flown(date, card, departs or arrives, arrives, landing)


def _moment(flight: Document, event: str) -> Moment | None:
    text = flight.get(f"{event}Time")
    return clocks.written(text, clocks.zone_of_airport(_airport(flight, event))) if text else None


def _airport(flight: Document, event: str) -> str:
    return (flight.get(f"{event}Airport") or "").strip()


def _end(flight: Document, event: str, moment: Moment | None, later: int) -> End:
    airport = _airport(flight, event)
    return End(
        airport,
        _CODE.fullmatch(airport) is not None,
        moment.time if moment else "",
        bool(moment and moment.is_utc),
        later,
    )


def _duration(departs: Moment | None, arrives: Moment | None) -> str:
    length = departs.until(arrives) if departs and arrives else None
    if length is None or not datetime.timedelta() < length <= _LONGEST:
        return ""
    return clocks.span(length)
