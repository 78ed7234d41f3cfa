"""Backups of AdventureLog, and its export of one collection, which leaves out every date.

Ids are of one export only, so rows are known by what they say. Times are in UTC beside the zone
by whose clock they are shown; a whole day is midnight without a zone.
"""

from collections.abc import Iterator
from typing import Final

from formats.found import Document, Found, Notice, NotImported, Position
from formats.planners.build import (
    Pins,
    clock,
    event,
    labelled,
    place,
    ref_of,
    stay,
    task,
    undated,
)
from formats.rows import digest, lines, part, ref
from formats.values import first, objects, prose, text

_LISTS: Final = {"locations", "adventures"}


def is_document(members: frozenset[str]) -> bool:
    """By the names of its top level."""
    return bool(_LISTS & members) and {"transportation", "lodging", "checklists"} <= members


def found_in(document: Document, at: Position) -> Iterator[Found]:
    """Places with their visits, then what is booked, then lists and notes."""
    if "collection" in document and "collections" not in document:
        told = (
            "AdventureLog's export of one collection leaves out all dates: import a backup of"
            " everything (its settings have it) to keep them"
        )
        yield Notice(text=told, at=at)
    for each in objects(document.get("collections")) + objects(document.get("collection")):
        if described := prose(each, "description"):
            told = f"description of {first(each, 'name')}: {described[:60]}"
            yield NotImported(what="other", name=told, at=at)
    pins = Pins()
    names = {first(each, "name"): each for each in objects(document.get("categories"))}
    for name in sorted(_LISTS):
        for location in objects(document.get(name)):
            yield from _location(location, names, pins, at)
    for node in objects(document.get("transportation")):
        yield _transportation(node, at)
    for node in objects(document.get("lodging")):
        yield _lodging(node, at)
    for checklist in objects(document.get("checklists")):
        for item in objects(checklist.get("items")):
            called = ": ".join(filter(None, (first(checklist, "name"), first(item, "name"))))
            done = item.get("is_checked", item.get("completed")) is True
            own_ref = ref("adventurelog", "item", digest(called))
            yield task(called, done=done, ref=own_ref, at=at, raw=item)
    for note in objects(document.get("notes")):
        yield _note(note, at)


def _location(
    node: Document, categories: dict[str, Document], pins: Pins, at: Position
) -> Iterator[Found]:
    called = first(node, "name")
    category = first(node, "category_name", "category")
    shown = first(categories.get(category, {}), "display_name") or category
    tags = node.get("tags")
    notes = lines(
        prose(node, "description"),
        prose(node, "location"),
        prose(node, "link"),
        labelled(("Tags", ", ".join(map(text, tags)) if isinstance(tags, list) else "")),
    )
    lat, lng = node.get("latitude"), node.get("longitude")
    pin = place(called, lat, lng, category=shown, notes=notes, at=at, raw=node)
    yield from pins.found(pin)
    for visit in objects(node.get("visits")):
        start, end, zone = _times(visit, "start_date", "end_date", "timezone")
        if not start:
            continue
        yield event(
            title=called or "Visit",
            start=start,
            end=end,
            zone=zone,
            notes=prose(visit, "notes"),
            ref=ref("adventurelog", "visit", digest(called, start)),
            pin_ref=ref_of(pin),
            at=at,
            raw=visit,
        )


def _times(node: Document, start: str, end: str, zone: str) -> tuple[str, str, str]:
    """From, to, and the zone by whose clock both are."""
    named = first(node, zone)
    return _time(first(node, start), named), _time(first(node, end), named), named


def _time(written: str, zone: str) -> str:
    if not zone and written[10:19] == "T00:00:00":
        return written[:10]
    return clock(written, zone)


def _transportation(node: Document, at: Position) -> Found:
    start = _time(first(node, "date"), first(node, "start_timezone"))
    end_zone = first(node, "end_timezone") or first(node, "start_timezone")
    end = _time(first(node, "end_date"), end_zone)
    origin, destination = first(node, "from_location"), first(node, "to_location")
    called = first(node, "name") or " → ".join(filter(None, (origin, destination)))
    notes = lines(prose(node, "description", "notes"), prose(node, "link"))
    if not start:
        return undated(called, at, node)
    if first(node, "type") == "plane":
        flight: Document = {
            "flightNumber": first(node, "flight_number").replace(" ", ""),
            "departureAirport": first(node, "start_code") or origin,
            "arrivalAirport": first(node, "end_code") or destination,
            "notes": lines(called, notes),
        }
        flight["departureTime" if "T" in start else "departureDate"] = start
        flight["arrivalTime" if "T" in end else "arrivalDate"] = end
        return part("flights", flight, at, node, title=called)
    return event(
        title=called or "Transportation",
        start=start,
        end=end if end_zone == first(node, "start_timezone") else "",
        zone=first(node, "start_timezone"),
        notes=lines(
            labelled(
                ("Type", first(node, "type")),
                ("From", origin),
                ("To", destination),
                ("Arrival", end),
            ),
            notes,
        ),
        ref=ref("adventurelog", "transportation", digest(called, start)),
        at=at,
        raw=node,
    )


def _lodging(node: Document, at: Position) -> Found:
    start, end, _ = _times(node, "check_in", "check_out", "timezone")
    called = first(node, "name") or "Lodging"
    return stay(
        name=called,
        start=start,
        end=end,
        notes=lines(prose(node, "description", "notes"), labelled(("Price", first(node, "price")))),
        ref=ref("adventurelog", "lodging", digest(called, start)),
        at=at,
        raw=node,
        address=first(node, "location"),
        confirmationNumber=first(node, "reservation_number"),
        url=first(node, "link"),
        lat=node.get("latitude"),
        lng=node.get("longitude"),
    )


def _note(node: Document, at: Position) -> Found:
    called, date = first(node, "name", "title") or "Note", first(node, "date")[:10]
    if not date:
        return NotImported(what="other", name=f"note without a date: {called}", at=at)
    links = node.get("links")
    notes = lines(prose(node, "content"), *(links if isinstance(links, list) else ()))
    own_ref = ref("adventurelog", "note", digest(called, date))
    return event(
        title=called, start=date, category="other", notes=notes, ref=own_ref, at=at, raw=node
    )
