"""Bar coded boarding passes (IATA resolution 792, version 7): the text within the code."""

import datetime
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from formats.found import Document

_LEG: Final = re.compile(
    r"(?P<pnr>.{7})(?P<start>[A-Z]{3})(?P<end>[A-Z]{3})(?P<carrier>.{3})(?P<number>.{5})"
    r"(?P<day>[0-9]{3}| {3})(?P<cabin>.)(?P<seat>.{4})(?P<sequence>.{5})(?P<status>.)"
    r"(?P<size>[0-9A-Fa-f]{2})",
    re.DOTALL,
)
_HEAD: Final = 23
"""Characters of the format, the number of legs, the passenger's name and the ticket's kind."""


class Leg(NamedTuple):
    """A flight of a pass."""

    flight: Document
    """Without its date."""
    day: int
    """Of the year, which the code does not tell."""


def legs_of(code: str) -> Iterator[Leg]:
    """The legs of a code; none where it is another one."""
    if not re.match(r"M[1-4]", code):
        return
    passenger = _name(code[2:22])
    at = _HEAD
    for _ in range(int(code[1])):
        found = _LEG.match(code, at)
        if found is None:
            return
        # Behind each leg stand as many characters as it says, for airlines.
        at = found.end() + int(found["size"], 16)
        number, seat = found["number"].strip().lstrip("0"), found["seat"].strip().lstrip("0")
        flight: Document = {
            "flightNumber": found["carrier"].strip() + number,
            "departureAirport": found["start"],
            "arrivalAirport": found["end"],
            "confirmationNumber": found["pnr"].strip(),
            "seat": seat if re.fullmatch(r"\d+[A-Z]", seat) else "",
            "notes": f"Passenger: {passenger}" if passenger else "",
        }
        yield Leg(flight, int(found["day"].strip() or 0))


def nearest(day: int, known: str) -> str:
    """The date of a day of the year that is nearest to a date that is known; "" for no such day."""
    near = datetime.date.fromisoformat(known)
    found = []
    for year in {max(1, near.year - 1), near.year, min(9999, near.year + 1)}:
        date = datetime.date(year, 1, 1) + datetime.timedelta(days=day - 1) if day else None
        # Half a year at most: of the 366th day another year's would be taken.
        if date and date.year == year and abs(date - near).days <= 183:
            found.append(date)
    return min(found, key=lambda each: abs(each - near)).isoformat() if found else ""


def _name(text: str) -> str:
    """`EVA MUSTER` of `MUSTER/EVA`."""
    last, _, first = text.strip().partition("/")
    return f"{first} {last}".strip()
