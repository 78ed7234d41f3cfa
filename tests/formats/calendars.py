"""Calendars of made-up trips, and programs that read them."""

import json
import subprocess
from pathlib import Path
from typing import Any

import icalendar

from formats.calendar import write_calendar
from formats.events import Dated, Plan

SCRIPT = Path(__file__).parent / "read_calendar.mjs"
PAGE = "https://carnet.example/trips/t"

LEG: dict[str, Any] = {
    "_id": "leg",
    "title": "Tokyo",
    "destination": "Tokyo, Japan",
    "startDate": "2027-07-15",
    "endDate": "2027-07-20",
    "timezone": "Asia/Tokyo",
}
COMMITMENT: dict[str, Any] = {
    "_id": "dinner",
    "title": "Dinner",
    "startDate": "2027-07-16",
    "category": "dinner",
}


def dated(document: dict[str, Any], rev: int = 3, updated_at: str = "") -> Dated:
    return Dated(document, rev, updated_at or "2026-11-28T15:47:11.250Z")


def plan(
    *,
    legs: Any = (),
    stays: Any = (),
    pins: Any = (),
    commitments: Any = (),
    url: str = PAGE,
) -> Plan:
    """Of documents, or of such as have their revision already."""
    lists = [
        [row if isinstance(row, Dated) else dated(row) for row in rows]
        for rows in (legs, stays, pins, commitments)
    ]
    return Plan(url, *lists)


def written(*plans: Plan, name: str = "Japan") -> bytes:
    return b"".join(write_calendar(name, PAGE, plans))


def of_icalendar(data: bytes) -> list[Any]:
    """The events that the library reads; nothing in them is broken."""
    calendar = icalendar.Calendar.from_ical(data)
    assert not calendar.errors
    events: list[Any] = calendar.walk("VEVENT")
    assert not any(event.errors for event in events)
    return events


def event_of(**lists: Any) -> Any:
    """The one event of a commitment or of a leg."""
    [event] = of_icalendar(written(plan(**lists)))
    return event


def of_ical_js(data: bytes, zone: str = "UTC") -> list[dict[str, Any]]:
    """The events that ical.js reads, with times as one reads them in a zone."""
    done = subprocess.run(
        ["node", SCRIPT],
        input=data,
        capture_output=True,
        check=True,
        env={"TZ": zone, "PATH": "/usr/local/bin:/usr/bin:/bin"},
    )
    events: list[dict[str, Any]] = json.loads(done.stdout)
    return events
