"""The legs of a trip, and whose day a day is."""

import datetime
from collections.abc import Sequence
from typing import Final

from domain.merge import Document
from server.pages.itinerary.model import Leg
from server.pages.map.stops import INKS, place_name

_WIDEST: Final = 14
"""The greatest weight of a leg: widths in a style sheet are classes, and there are so many."""


def legs_of(documents: Sequence[Document]) -> list[Leg]:
    """The legs, in the order of the documents."""
    nights = [
        max(0, (_date(each["endDate"]) - _date(each["startDate"])).days) for each in documents
    ]
    unit = max(1, max(nights, default=0) / _WIDEST)
    return [
        Leg(
            title=document["title"],
            city=place_name(document),
            start=_date(document["startDate"]),
            end=_date(document["endDate"]),
            zone=document["timezone"],
            ink=number % INKS,
            nights=count,
            weight=max(1, round(count / unit)),
        )
        for number, (document, count) in enumerate(zip(documents, nights, strict=True))
    ]


def leg_of(date: datetime.date, legs: Sequence[Leg]) -> Leg | None:
    """Whose day a date is: of those that hold it, the leg that begins last."""
    holding = [leg for leg in legs if leg.start <= date <= leg.end]
    # Of those that begin on one day, the later one in their order.
    return max(reversed(holding), key=lambda leg: leg.start, default=None)


def _date(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)
