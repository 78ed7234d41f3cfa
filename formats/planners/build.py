"""Rows out of what planners have in common: an event, a place to sleep, a place, a task."""

import datetime
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from domain.fields import is_date, is_datetime, is_time_zone
from formats.found import Document, Found, Position, Reject, Row
from formats.pins import pin
from formats.rows import lines, one_line, row, telling, titled
from formats.values import number, split


def event(
    *,
    title: str,
    start: str,
    end: str = "",
    zone: str = "",
    category: str = "activity",
    notes: str = "",
    ref: str,
    pin_ref: str = "",
    at: Position,
    raw: Any,
) -> Row | Reject:
    """A commitment from `start` to `end`, dates or times as the clock there shows them."""
    (date, time), (end_date, end_time) = split(start), split(end)
    if not date:
        return undated(title, at, raw)
    document = titled("title", title, notes) | {
        "category": category,
        "startDate": date,
        "startTime": time,
        "isAllDay": None if time else True,
        "timezone": zone if time else "",
        "clientRef": ref,
        "mapPinRef": pin_ref,
    }
    if end_date > date:
        document |= {"endDate": end_date, "endTime": end_time if time else ""}
    elif end_date == date and end_time > time > "":
        document["endTime"] = end_time
    return row("commitments", document, at, raw, title=title)


def undated(title: str, at: Position, raw: Any) -> Reject:
    """What has no date and needs one."""
    reason = "it has no date: give it one where it was planned, or add it by hand"
    return Reject(reason=reason, row=telling(raw), name=one_line(telling(title)), at=at)


def stay(
    *,
    name: str,
    start: str,
    end: str,
    notes: str,
    ref: str,
    at: Position,
    raw: Any,
    **members: Any,
) -> Row | Reject:
    """A place to sleep, whose leg is found by its dates."""
    if not start and not end:
        return undated(name, at, raw)
    (check_in, in_time), (check_out, out_time) = split(start), split(end)
    lat, lng = number(members.pop("lat", None)), number(members.pop("lng", None))
    document: Document = titled("name", name, notes) | members
    document |= {"checkInDate": check_in, "checkInTime": in_time, "clientRef": ref}
    document |= {"checkOutDate": check_out, "checkOutTime": out_time}
    if lat and lng:
        document |= {"lat": lat, "lng": lng}
    return row("stays", document, at, raw, title=name)


def task(text: str, *, done: bool, ref: str, at: Position, raw: Any) -> Row | Reject:
    """An action item."""
    document: Document = {"text": text.strip(), "urgency": "before_trip", "clientRef": ref}
    if done:
        document["isCompleted"] = True
    return row("actionItems", document, at, raw, title=text)


def place(
    name: str, lat: Any, lng: Any, *, category: str, notes: str, at: Position, raw: Any
) -> Row | Reject:
    """A pin, by its name and position: planners give their places other ids each time."""
    latitude, longitude = number(lat), number(lng)
    if latitude is None or longitude is None:
        reason = f"no coordinates; {one_line(telling(notes), 80)}".rstrip("; ")
        return Reject(reason=reason, row=telling(raw), name=one_line(telling(name)), at=at)
    return pin(
        name,
        latitude,
        longitude,
        at=at,
        row=lambda: telling(raw),
        category=one_line(category),
        notes=notes,
    )


class Pins:
    """The pins of one file: what several things are at is told once."""

    def __init__(self) -> None:
        self._refs: set[str] = set()

    def found(self, pin: Row | Reject) -> Iterator[Found]:
        """The pin, the first time."""
        if ref_of(pin) not in self._refs:
            if ref := ref_of(pin):
                self._refs.add(ref)
            yield pin


def ref_of(found: Row | Reject) -> str:
    """The clientRef of a row."""
    return str(found.document["clientRef"]) if isinstance(found, Row) else ""


def clock(written: str, zone: str) -> str:
    """A time with an offset by the clock of a zone; dates, and times without one, as they are."""
    if not is_datetime(written) or not is_time_zone(zone):
        return written
    moment = datetime.datetime.fromisoformat(written)
    if moment.tzinfo is None:
        return written
    try:
        return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")
    except (OverflowError, ValueError):
        return written


def wall(written: str) -> str:
    """A time without the offset that it is written with."""
    return written[:16] if is_datetime(written) else written


def day(written: str) -> str:
    """The date of a time."""
    return written[:10] if is_datetime(written) or is_date(written) else ""


def labelled(*pairs: tuple[str, str]) -> str:
    """Lines of notes, each with what it tells."""
    return lines(*(f"{label}: {value}" for label, value in pairs if value))
