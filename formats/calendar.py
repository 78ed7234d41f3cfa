"""A calendar of trips (RFC 5545, 7986).

It shows what stands in the documents it is given, so a calendar for others is made from documents
that hold nothing else. No code of a door or a network goes into any: calendars are copied to other
services.
"""

import datetime
from collections.abc import Iterable, Iterator
from typing import Final
from zoneinfo import ZoneInfo

from formats.content_lines import line, text
from formats.degrees import digits
from formats.events import Event, Plan, events_of
from formats.found import Document
from formats.timezones import basic, vtimezone

MEDIA_TYPE: Final = "text/calendar; charset=utf-8"

_HEAD: Final = (
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//Carnet//Carnet//EN",
    "CALSCALE:GREGORIAN",
    "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
    # What was there before RFC 7986.
    "X-PUBLISHED-TTL:PT1H",
)

_DETAILS: Final = (
    ("checkInTime", "Check-in: "),
    ("checkOutTime", "Check-out: "),
    ("confirmationNumber", "Confirmation: "),
    ("seat", "Seat: "),
    ("checkInInstructions", ""),
    ("notes", ""),
)
"""What a description tells, a line each."""


def write_calendar(name: str, url: str, plans: Iterable[Plan]) -> Iterator[bytes]:
    """The lines of a calendar of trips; the same documents give the same bytes."""
    events = [(event, plan.url) for plan in plans for event in events_of(plan)]
    for head in _HEAD:
        yield line(head)
    yield line(f"NAME:{text(name)}")
    yield line(f"X-WR-CALNAME:{text(name)}")
    yield line(f"URL:{url}")
    for zone, years in _zones(event for event, _ in events).items():
        yield from vtimezone(zone, years)
    for event, page in events:
        yield from _vevent(event, page)
    yield line("END:VCALENDAR")


def _zones(events: Iterable[Event]) -> dict[str, set[int]]:
    """The years in which each zone is used."""
    found: dict[str, set[int]] = {}
    for event in events:
        for moment in (event.start, event.end):
            if isinstance(moment, datetime.datetime) and isinstance(moment.tzinfo, ZoneInfo):
                found.setdefault(moment.tzinfo.key, set()).add(moment.year)
    return dict(sorted(found.items()))


def _vevent(event: Event, page: str) -> Iterator[bytes]:
    changed = basic(datetime.datetime.fromisoformat(max(row.updated_at for row in event.rows)))
    yield line("BEGIN:VEVENT")
    yield line(f"UID:{event.uid}@carnet")
    # Of a calendar that is published, when it was last revised (section 3.8.7.2).
    yield line(f"DTSTAMP:{changed}Z")
    yield line(f"LAST-MODIFIED:{changed}Z")
    yield line(f"SEQUENCE:{max(row.rev for row in event.rows)}")
    yield line(_time("DTSTART", event.start))
    if event.end is not None:
        yield line(_time("DTEND", event.end))
    yield line(f"SUMMARY:{text(event.summary)}")
    if event.location:
        yield line(f"LOCATION:{text(event.location)}")
    if event.position and {"lat", "lng"} <= event.position.keys():
        yield line(f"GEO:{digits(event.position['lat'])};{digits(event.position['lng'])}")
    if description := _description(event.details or {}):
        yield line(f"DESCRIPTION:{text(description)}")
    if event.category:
        yield line(f"CATEGORIES:{text(event.category)}")
    if not event.takes_time:
        yield line("TRANSP:TRANSPARENT")
    yield line(f"URL:{page}")
    yield line("END:VEVENT")


def _time(name: str, value: datetime.date) -> str:
    if not isinstance(value, datetime.datetime):
        return f"{name};VALUE=DATE:{basic(value)}"
    match value.tzinfo:
        case None:
            return f"{name}:{basic(value)}"
        case ZoneInfo(key=key):
            return f"{name};TZID={key}:{basic(value)}"
        case _:
            return f"{name}:{basic(value)}Z"


def _description(document: Document) -> str:
    return "\n".join(f"{label}{document[n]}" for n, label in _DETAILS if document.get(n))
