"""Trips as TREK's public API gives them: days with their places, notes and reservations.

Its backups are of its own database. What it exports as GPX, KML or a calendar is read as such.
"""

import re
from collections.abc import Iterator

from formats.found import About, Document, Found, NotImported, Position
from formats.planners.build import Pins, event, labelled, place, ref_of, stay
from formats.rows import digest, lines, ref
from formats.values import first, objects, prose


def is_document(members: frozenset[str]) -> bool:
    """By the names of its top level."""
    return {"title", "start_date", "end_date", "days", "currency"} <= members


def found_in(document: Document, at: Position) -> Iterator[Found]:
    """Places of a day are pins, and commitments where they have a time."""
    pins = Pins()
    trip = first(document, "title")
    for day in objects(document.get("days")):
        date = first(day, "date")
        for node in objects(day.get("places")):
            yield from _place(trip, date, node, pins, at)
        for node in objects(day.get("reservations")):
            yield _reservation(trip, date, node, at)
        for node in objects(day.get("day_notes")):
            called = first(node, "text") or "Note"
            yield event(
                title=called,
                start=_start(date, first(node, "time")),
                category="other",
                ref=ref("trek", "note", digest(trip, date, called)),
                at=at,
                raw=node,
            )
        if notes := prose(day, "notes"):
            yield NotImported(what="other", name=f"notes of {date}: {notes[:60]}", at=at)
    for node in objects(document.get("accommodations")):
        yield _accommodation(trip, node, at)
    start, end = first(document, "start_date")[:10], first(document, "end_date")[:10]
    yield About(title=trip, start=start, end=end, at=at)


def _start(date: str, time: str) -> str:
    """A day with the time it has, if that is one."""
    found = re.match(r"(?:\d{4}-\d\d-\d\dT)?(\d\d:\d\d)", time)
    return f"{date}T{found[1]}" if date and found else date


def _place(trip: str, date: str, node: Document, pins: Pins, at: Position) -> Iterator[Found]:
    called = first(node, "name") or "Place"
    notes = lines(prose(node, "notes"), prose(node, "address"))
    category, lat, lng = first(node, "category"), node.get("lat"), node.get("lng")
    pin = place(called, lat, lng, category=category, notes=notes, at=at, raw=node)
    yield from pins.found(pin)
    time = first(node, "time")
    if date:
        end_time = first(node, "end_time")
        yield event(
            title=called,
            start=_start(date, time),
            end=_start(date, end_time) if end_time else "",
            ref=ref("trek", "place", digest(trip, date, called)),
            pin_ref=ref_of(pin),
            at=at,
            raw=node,
        )


def _reservation(trip: str, date: str, node: Document, at: Position) -> Found:
    called, kind = first(node, "title") or "Reservation", first(node, "type")
    start, end_time = _start(date, first(node, "time")), first(node, "end_time")
    told = labelled(("Type", kind), ("Status", first(node, "status")), ("Until", end_time))
    return event(
        title=called,
        start=start,
        category="dinner" if kind == "restaurant" else "activity",
        notes=lines(prose(node, "location"), told, prose(node, "notes")),
        ref=ref("trek", "reservation", digest(trip, date, called)),
        at=at,
        raw=node,
    )


def _accommodation(trip: str, node: Document, at: Position) -> Found:
    called = first(node, "name") or "Accommodation"
    start, end = first(node, "start_date"), first(node, "end_date")
    return stay(
        name=called,
        start=_start(start, first(node, "check_in")),
        end=_start(end, first(node, "check_out")),
        notes=prose(node, "notes"),
        ref=ref("trek", "stay", digest(trip, called, start)),
        at=at,
        raw=node,
        address=first(node, "address"),
        lat=node.get("lat"),
        lng=node.get("lng"),
    )
