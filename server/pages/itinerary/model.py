"""A trip as it is read: its days, and what each of them brings. No words of any language yet."""

import datetime
from collections.abc import Sequence
from typing import Literal, NamedTuple

from domain.merge import Document


class Leg(NamedTuple):
    """A stage of the trip."""

    title: str
    city: str
    start: datetime.date
    end: datetime.date
    zone: str
    ink: int
    """0 to 5: the colour that tells it from its neighbours."""
    nights: int
    weight: int
    """1 to 14: how wide it is beside the others."""


class Clock(NamedTuple):
    """From here on, the clocks of the place one is at show another time."""

    place: str
    """Empty where only the offset is known."""
    offset: str
    """Such as UTC+9."""
    change: str
    """Such as 8 h."""
    forward: bool
    kind: Literal["clock"] = "clock"


class Event(NamedTuple):
    """A commitment, on one of its days."""

    title: str
    time: str
    """HH:mm, by the clock of its place; empty where it has none, or has begun before."""
    end: str
    """HH:mm; empty on all days but the last."""
    ends_next_day: bool
    all_day: bool
    elsewhere: str
    """Whose clock its time is by, where that is not the clock of the day; else empty."""
    icon: str
    place: str
    """Of its pin; empty where the title tells it."""
    notes: str
    kind: Literal["event"] = "event"


class End(NamedTuple):
    """Where and when a flight begins or ends."""

    airport: str
    is_code: bool
    time: str
    """HH:mm, by the clock there."""
    is_utc: bool
    """Whether that is not the clock there, but UTC, since so it was written."""
    days_later: int
    """Than the departure, by the calendars there: -1 where the date line gives a day back."""


class Flight(NamedTuple):
    """A flight, on the day it departs."""

    airline: str
    number: str
    departs: End
    arrives: End
    duration: str
    """Such as 13 h 50; empty where it is not to be told."""
    seat: str
    confirmation: str
    notes: str
    kind: Literal["flight"] = "flight"


class Landing(NamedTuple):
    """The end of a flight that departed on an earlier day."""

    time: str
    to: str
    number: str
    origin: str
    kind: Literal["landing"] = "landing"


class Car(NamedTuple):
    """A rental car is picked up, or returned."""

    event: Literal["pickup", "dropoff"]
    time: str
    vehicle: str
    company: str
    location: str
    confirmation: str
    notes: str
    kind: Literal["car"] = "car"


Row = Clock | Event | Flight | Landing | Car


class Night(NamedTuple):
    """Where one sleeps on a day."""

    place: Document
    """The accommodation or stay; empty for a night in the air."""
    number: int
    """Of the nights there, from 1."""
    last_number: int
    """More than `number` for a stretch of days."""
    total: int


class Day(NamedTuple):
    """A day of the trip, or a long stretch of days on all of which the same is on."""

    date: datetime.date
    until: datetime.date
    year: int | None
    """Told where it is another than that of the day before, or of the trip's beginning."""
    leg: Leg | None
    """The one whose day it is; a day that two share is that of the one that begins later."""
    heads: Sequence[Leg]
    """The legs that begin here, its own last; also its own, where that goes on after another."""
    rows: Sequence[Row]
    """By the clocks of their places; what has no time comes first."""
    nights: Sequence[Night]

    @property
    def ink(self) -> str:
        """The class of style by which it has its leg's ink."""
        return "no-leg" if self.leg is None else f"leg-{self.leg.ink}"


class Itinerary(NamedTuple):
    """A trip from its first day to its last; what lies outside of its dates is there too."""

    title: str
    start: datetime.date
    end: datetime.date
    nights: int
    legs: Sequence[Leg]
    """In their order."""
    days: Sequence[Day]

    @property
    def cities(self) -> Sequence[str]:
        """Where it goes, each place once."""
        return [*dict.fromkeys(leg.city for leg in self.legs)]
