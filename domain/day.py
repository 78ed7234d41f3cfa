"""One day of a trip: where one sleeps, and what is on."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from domain.merge import Document
from domain.resource import Resource
from domain.resources import LEG, RESOURCES, STAY

_STARTS: Final = "startDate"
_OF_A_LEG: Final = ("accommodation", "flights", "rentalCar")
"""Members of a leg that have days of their own."""

DATED: Final[tuple[Resource, ...]] = (
    LEG,
    STAY,
    *(each for each in RESOURCES if each is not LEG and _STARTS in each.fields),
)
"""What a day is made of."""


def day_of(date: str, rows: Mapping[str, Sequence[Document]]) -> list[Document]:
    """What is on at a date, each with the member `what`: nights come first.

    `rows` has the documents of each kind in `DATED`. `what` is `night`, `checkOut`, `flight`,
    `pickup`, `dropoff`, or the kind of a row that lasts over the date.
    """
    legs = {leg["_id"]: leg for leg in rows[LEG.kind]}
    found = [
        {"what": what, **place, **_of_leg(leg)}
        for leg, place in places(legs, rows[STAY.kind])
        if (what := _night(date, leg, place))
    ]
    found.sort(key=lambda each: each["what"] != "night")
    for leg in legs.values():
        found += _moves(date, leg)
    for resource in DATED:
        if resource is not STAY:
            found += [
                {"what": resource.kind, **_without(row, _OF_A_LEG)}
                for row in rows[resource.kind]
                if row[_STARTS] <= date <= (row.get("endDate") or row[_STARTS])
            ]
    return found


def _of_leg(leg: Document) -> Document:
    return {"legId": leg["_id"], "legTitle": leg["title"], "timezone": leg["timezone"]}


def stay_dates(leg: Document, place: Document) -> tuple[str, str]:
    """The days of check-in and check-out; dates that a place does not have are its leg's."""
    return place.get("checkInDate") or leg["startDate"], place.get("checkOutDate") or leg["endDate"]


def ends_next_day(commitment: Document) -> bool:
    """Whether a commitment with both times ends after midnight, though it has no `endDate`."""
    last = commitment.get("endDate") or commitment[_STARTS]
    return bool(last == commitment[_STARTS] and commitment["endTime"] < commitment["startTime"])


def places(
    legs: Mapping[str, Document], stays: Sequence[Document]
) -> Iterator[tuple[Document, Document]]:
    """All places to sleep, each with its leg."""
    for leg in legs.values():
        if "accommodation" in leg:
            yield leg, leg["accommodation"]
    for stay in stays:
        yield legs[stay["legId"]], _without(stay, ("legId",))


def _night(date: str, leg: Document, place: Document) -> str:
    """Whether one sleeps in a place on a date, or leaves it then; "" for neither.

    One that begins and ends on a day has that night.
    """
    first, last = stay_dates(leg, place)
    last = max(first, last)
    if first <= date < last or date == first == last:
        return "night"
    return "checkOut" if date == last else ""


def _moves(date: str, leg: Document) -> Iterator[Document]:
    """Flights and the rental car of a leg, at a date; times are as they were written."""
    for flight in leg.get("flights", ()):
        if date in (_date(flight, "departureTime"), _date(flight, "arrivalTime")):
            yield {"what": "flight", **flight, **_of_leg(leg)}
    car: Any = leg.get("rentalCar", {})
    for what in ("pickup", "dropoff"):
        if date == _date(car, f"{what}Time"):
            yield {"what": what, **car, **_of_leg(leg)}


def _date(members: Document, name: str) -> str:
    return str(members.get(name, ""))[: len("2026-07-15")]


def _without(document: Document, names: Sequence[str]) -> Document:
    return {name: value for name, value in document.items() if name not in names}
