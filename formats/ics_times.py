"""Dates and times of calendars, and the zones they are in (RFC 5545 sections 3.3.4 to 3.3.6)."""

import datetime
import functools
import re
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from domain import zones
from domain.fields import is_time_zone

UTC: Final = "Etc/UTC"

_VALUE: Final = re.compile(
    r"(\d{4})(\d\d)(\d\d)(?:T([01]\d|2[0-3])([0-5]\d)([0-5]\d|60)?(Z)?)?", re.ASCII
)
_DURATION: Final = re.compile(
    r"([+-]?)P(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,8})S)?)?",
    re.ASCII,
)
_OFFSET: Final = re.compile(r"^\s*\((?:UTC|GMT)\s*([+-]\d\d:?\d\d)?\)\s*")


class Wrong(ValueError):
    """What is no date or time; its text is a reason for a person."""


class Moment(NamedTuple):
    """A day, or a time by the clock of a zone."""

    day: datetime.date
    time: datetime.time | None
    """None for a whole day."""
    zone: str = ""
    """"" for one that is the same by any clock, a floating one."""

    @property
    def clock(self) -> datetime.datetime:
        """As a clock shows it."""
        return datetime.datetime.combine(self.day, self.time or datetime.time())

    def at(self, clock: datetime.datetime) -> "Moment":
        """Another one of the same kind."""
        return Moment(clock.date(), None if self.time is None else clock.time(), self.zone)

    def within(self, zone: str) -> "Moment":
        """The same moment by the clock of a zone, where both are known."""
        if not self.zone or not zone or self.zone == zone or self.time is None:
            return self
        try:
            clock = self.clock.replace(tzinfo=ZoneInfo(self.zone)).astimezone(ZoneInfo(zone))
        except OverflowError:
            return self
        return Moment(clock.date(), clock.time(), zone)

    @property
    def key(self) -> str:
        """The same for the same moment in any zone."""
        moment = self.within(UTC)
        if moment.time is None:
            return f"{moment.day:%Y%m%d}"
        return f"{moment.clock:%Y%m%dT%H%M}{'Z' if moment.zone else ''}"


def moment(name: str, value: str, zone: str) -> Moment:
    """A DATE or DATE-TIME; `zone` is where it has no Z."""
    found = _VALUE.fullmatch(value.strip())
    if found is None:
        expected = "a date such as 20270510 or a time such as 20270510T093000"
        raise Wrong(f"{name} {value[:40]!r} is not {expected}")
    year, month, day, hour, minute, _, utc = found.groups()
    try:
        date = datetime.date(int(year), int(month), int(day))
    except ValueError as error:
        raise Wrong(f"{name} {value[:40]!r} is no day there is") from error
    if hour is None:
        return Moment(date, None)
    return Moment(date, datetime.time(int(hour), int(minute)), UTC if utc else zone)


def duration(value: str) -> datetime.timedelta:
    """A DURATION, such as `PT1H30M`."""
    found = _DURATION.fullmatch(value.strip())
    if found is None or value.strip().endswith(("P", "T")):
        raise Wrong(f"DURATION {value[:40]!r} is not one such as PT1H30M")
    weeks, days, hours, minutes, seconds = (int(each or 0) for each in found.groups()[1:])
    length = datetime.timedelta(
        weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds
    )
    if found[1] == "-" and length:
        raise Wrong(f"DURATION {value[:40]!r} is below zero")
    return length


@functools.lru_cache(maxsize=1_000)
def zone_of(tzid: str, location: str = "") -> str:
    """The IANA zone that a TZID stands for; "" where that is not to be told.

    `location` is the X-LIC-LOCATION of its VTIMEZONE. A TZID is a zone's name, alone or at the end
    of a path, or Windows's (by the table of CLDR), or what Windows shows: an offset and cities.
    """
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

    tzid = tzid.strip().strip('"')
    for name in (tzid, location.strip(), *_ends(tzid)):
        if is_time_zone(name):
            return UTC if name in ("UTC", "GMT", "Zulu", "Etc/GMT", "Etc/UTC") else name
        if (known := WINDOWS_TO_OLSON.get(name)) and is_time_zone(known):
            return UTC if known == "Etc/GMT" else known
    return _of_cities(tzid)


def _ends(tzid: str) -> list[str]:
    """`Europe/Berlin` of `/freeassociation.sourceforge.net/Tzfile/Europe/Berlin`."""
    parts = tzid.split("/")
    return ["/".join(parts[-count:]) for count in (3, 2) if len(parts) > count]


def _of_cities(tzid: str) -> str:
    """Of `(UTC+01:00) Amsterdam, Berlin, Rome`: a zone of one of them that has this offset."""
    offset = _OFFSET.match(tzid)
    if offset is None:
        named = zones.meant(tzid) if tzid.endswith(" Time") else []
        return named[0] if named else ""
    shown = tzid[offset.end() :]
    if shown.startswith("Coordinated Universal Time"):
        return UTC
    for name in [shown.partition(" (")[0], *shown.split(",")]:
        for zone in zones.meant(name.strip()):
            if _standard_offset(zone) == (offset[1] or "+00:00").replace(":", ""):
                return zone
    return ""


def _standard_offset(zone: str) -> str:
    """Outside of summer time, on either half of the earth: the lesser of the two."""
    winter, summer = (datetime.datetime(2026, month, 1, tzinfo=ZoneInfo(zone)) for month in (1, 7))
    lesser = min((winter, summer), key=lambda each: each.utcoffset() or datetime.timedelta())
    return lesser.strftime("%z")
