"""Times by the clocks of places, and how those clocks differ.

A time is shown as the clock at its place shows it: it is never converted to another zone.
"""

import datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from formats.airports import ZONES

_HOUR: Final = 60
_NOON: Final = datetime.time(12)


class Moment(NamedTuple):
    """A time by the clock of a place."""

    wall: datetime.datetime
    """Without a zone."""
    offset: datetime.timedelta | None
    """Of that clock from UTC; None where it is not known."""
    place: str = ""
    """Whose clock it is; empty where that is not known."""
    is_utc: bool = False
    """Whether it was written in UTC, whatever the clock of the place shows."""

    @property
    def time(self) -> str:
        """HH:mm."""
        return f"{self.wall:%H:%M}"

    def until(self, other: "Moment") -> datetime.timedelta | None:
        """How long it is to another moment, where both clocks are known."""
        if self.offset is None or other.offset is None:
            return None
        return (other.wall - self.wall) - (other.offset - self.offset)


def in_zone(wall: datetime.datetime, zone: str, place: str = "") -> Moment:
    """A time by the clock of a zone, if it has one; `place` is called by its city else."""
    if not zone:
        return Moment(wall, None)
    return Moment(wall, ZoneInfo(zone).utcoffset(wall), place or city_of(zone))


def noon(date: datetime.date, zone: str, place: str) -> Moment:
    """The middle of a day."""
    return in_zone(datetime.datetime.combine(date, _NOON), zone, place)


def written(text: str, zone: str) -> Moment:
    """What is written in ISO 8601: its own offset tells more than the zone of its place."""
    moment = datetime.datetime.fromisoformat(text)
    wall = moment.replace(tzinfo=None)
    there = in_zone(wall, zone)
    if moment.tzinfo is None:
        return there
    offset = moment.utcoffset()
    is_utc = text.endswith("Z") and bool(there.offset or not zone)
    return Moment(wall, offset, there.place if there.offset == offset else "", is_utc)


def zone_of_airport(code: str) -> str:
    """The zone of an IATA code; empty where it is not known."""
    return ZONES.get(code.strip().upper(), "")


def city_of(zone: str) -> str:
    """The city that an IANA zone is named after: `Buenos Aires`."""
    return zone.rpartition("/")[2].replace("_", " ")


def span(length: datetime.timedelta) -> str:
    """`13 h 50`, `8 h`, `45 min`: the same in both languages."""
    hours, minutes = divmod(abs(round(length.total_seconds() / _HOUR)), _HOUR)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {minutes:02}" if minutes else f"{hours} h"


def utc(offset: datetime.timedelta) -> str:
    """`UTC+5:30`."""
    hours, minutes = divmod(abs(round(offset.total_seconds() / _HOUR)), _HOUR)
    if not hours and not minutes:
        return "UTC"
    sign = "+" if offset > datetime.timedelta() else "\N{MINUS SIGN}"
    return f"UTC{sign}{hours}" + (f":{minutes:02}" if minutes else "")
