"""Where a trip stops: the places of its legs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

INKS: Final = 6
"""How many colours there are for legs (`--leg-0` and so on in the style sheet)."""

Document = Mapping[str, Any]


class Stop(NamedTuple):
    """The place of a leg."""

    name: str
    lat: float
    """In degrees, -90 to 90; `lng` -180 to 180."""
    lng: float
    number: int
    """Which leg of the trip it is, from 1."""

    @property
    def ink(self) -> int:
        """Which of the colours the leg has."""
        return (self.number - 1) % INKS


def stops_of(
    legs: Sequence[Document], stays: Iterable[Document] = (), pins: Iterable[Document] = ()
) -> list[Stop]:
    """The stops of the legs whose place is known, in the order of the legs.

    A leg is where its accommodation is, else where its first stay with a place is, else where a
    pin is that has the name of its destination. What documents lack is not looked at.
    """
    slept: dict[str, Document] = {}
    for stay in filter(_has_place, stays):
        slept.setdefault(stay.get("legId", ""), stay)
    named: dict[str, Document] = {}
    for pin in filter(_has_place, pins):
        named.setdefault(pin.get("name", "").casefold(), pin)
    return [
        Stop(place_name(leg), at["lat"], at["lng"], number)
        for number, leg in enumerate(legs, 1)
        if (at := next(filter(_has_place, _places(leg, slept, named)), None))
    ]


def _places(
    leg: Document, slept: Mapping[str, Document], named: Mapping[str, Document]
) -> Iterator[Document]:
    yield leg.get("accommodation") or {}
    yield slept.get(leg["_id"], {})
    yield named.get(leg["destination"].casefold(), {})
    yield named.get(place_name(leg).casefold(), {})


def _has_place(document: Document) -> bool:
    return document.get("lat") is not None and document.get("lng") is not None


def place_name(leg: Document) -> str:
    """The first part of a leg's destination: "Kyoto" of "Kyoto, Japan"."""
    destination: str = leg["destination"]
    return destination.partition(",")[0].strip() or destination
