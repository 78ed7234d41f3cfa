"""What makes two flights, or two rental cars, the same one; what people know them by."""

import re
from typing import Final

from domain.fields import is_date
from domain.merge import merge
from formats.found import Document
from formats.rows import one_line

_KEPT_TOGETHER: Final = {"seat": ", ", "confirmationNumber": ", ", "notes": "\n"}
"""Members that each traveller on a flight has for themselves, and what stands between them."""

_NUMBER: Final = re.compile(r"([A-Z]{2,3}|[A-Z]\d|\d[A-Z])0+(?=\d)")


def flight_name(flight: Document) -> str:
    """What a person knows a flight by: `XX33 2027-05-14`."""
    return dated_name(_number(flight), day_of(flight, "departure"))


def car_name(car: Document) -> str:
    """The same of a rental car."""
    return dated_name(str(car.get("company", "")), day_of(car, "pickup"))


def dated_name(name: str, date: str) -> str:
    """What a person knows a thing on a date by."""
    return one_line(f"{name} {date}")


def day_of(document: Document, event: str) -> str:
    """The date of a flight's `departure`, a car's `pickup`, as it is where that happens.

    A time is not always known: then the open object has the date alone, as `departureDate`.
    """
    date = str(document.get(f"{event}Time") or document.get(f"{event}Date") or "")[:10]
    return date if is_date(date) else ""


def identity(flight: Document) -> tuple[str, str, str]:
    """Number, airport and date of departure; without a number where it goes."""
    airport = str(flight.get("departureAirport", "")).upper()
    number = _number(flight) or f"to {str(flight.get('arrivalAirport', '')).upper()}"
    return number, airport, day_of(flight, "departure")


def same_car(one: Document, other: Document) -> bool:
    """By the numbers of the bookings where both have one, else by company and day of pickup."""
    mine, theirs = one.get("confirmationNumber"), other.get("confirmationNumber")
    if mine and theirs:
        return bool(mine == theirs)
    return (one.get("company"), day_of(one, "pickup")) == (
        other.get("company"),
        day_of(other, "pickup"),
    )


def together(present: Document, flight: Document) -> Document:
    """A flight's members merged; of what each traveller has for themselves nothing is lost."""
    merged: Document = merge(present, flight)
    for member, between in _KEPT_TOGETHER.items():
        old, new = present.get(member), flight.get(member)
        if isinstance(old, str) and isinstance(new, str) and old and new:
            known = old.split(between)
            further = [each for each in new.split(between) if each not in known]
            merged[member] = between.join([*known, *further])
    return merged


def _number(flight: Document) -> str:
    """`XX32` of `xx 032` too."""
    text = re.sub(r"[\s-]", "", str(flight.get("flightNumber", ""))).upper()
    return _NUMBER.sub(r"\1", text, count=1)
