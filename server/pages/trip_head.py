"""What a trip is called, when it is, and how far off."""

import datetime
from collections.abc import Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from domain.merge import Document
from server.pages import dates
from server.pages.words import Words


class Head(NamedTuple):
    """A trip's title, and its dates in words."""

    title: str
    status: str
    countdown: str
    dates: str
    nights: int


def head_of(words: Words, trip: Document, legs: Sequence[Document], now: str) -> Head:
    """The head of a trip at a moment, by the clocks where it begins."""
    zone = ZoneInfo(legs[0]["timezone"] if legs else "UTC")
    today = datetime.datetime.fromisoformat(now).astimezone(zone).date()
    start, end = (datetime.date.fromisoformat(trip[name]) for name in ("startDate", "endDate"))
    return Head(
        trip["title"],
        trip["status"],
        dates.countdown(words, today, start, end),
        dates.date_range(words, start, end),
        (end - start).days,
    )
