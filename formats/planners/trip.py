"""Backups of TRIP (itskovacs/trip): places by category, trips with days that may have no date."""

from collections.abc import Iterator

from formats.found import About, Document, Found, NotImported, Position, Reject, Row
from formats.planners.build import Pins, event, labelled, place, ref_of, stay, task, undated
from formats.rows import digest, lines, ref
from formats.values import first, object_of, objects, prose, text


def is_document(members: frozenset[str]) -> bool:
    """By the names of its top level."""
    return {"categories", "places", "trips"} <= members


def found_in(document: Document, at: Position) -> Iterator[Found]:
    """Places first: what is done on a day links to its place."""
    pins = Pins()
    for node in objects(document.get("places")):
        yield from pins.found(_place(node, at))
    for trip in objects(document.get("trips")):
        for node in objects(trip.get("places")):
            yield from pins.found(_place(node, at))
        for day in objects(trip.get("days")):
            yield from _day(trip, day, pins, at)
        for name, done in (("packing_items", "packed"), ("checklist_items", "checked")):
            for item in objects(trip.get(name)):
                many = isinstance(item.get("qt"), int) and item["qt"] > 1
                label = f"{_text(item)} (x{item['qt']})" if many else _text(item)
                own_ref = ref("trip", name, digest(first(trip, "name"), label))
                checked = item.get(done) is True
                yield task(label, done=checked, ref=own_ref, at=at, raw=item)
        if notes := prose(trip, "notes"):
            yield NotImported(
                what="other", name=f"notes of {first(trip, 'name')}: {notes[:60]}", at=at
            )
    tracks = sum(1 for node in objects(document.get("places")) if node.get("gpx"))
    if tracks:
        yield NotImported(what="tracks", count=tracks, at=at)
    for trip in objects(document.get("trips")):
        yield About(title=first(trip, "name"), at=at)


def _text(node: Document) -> str:
    return first(node, "text", "label", "name")


def _links(node: Document) -> str:
    links = node.get("links")
    return lines(*links) if isinstance(links, list) else ""


def _place(node: Document, at: Position) -> Row | Reject:
    notes = lines(prose(node, "description"), prose(node, "place"), _links(node))
    category = first(object_of(node.get("category")), "name")
    name, lat, lng = first(node, "name"), node.get("lat"), node.get("lng")
    return place(name, lat, lng, category=category, notes=notes, at=at, raw=node)


def _day(trip: Document, day: Document, pins: Pins, at: Position) -> Iterator[Found]:
    date, label = text(day.get("dt")), first(day, "label")
    for item in objects(day.get("items")):
        called, time = _text(item) or "Item", text(item.get("time"))
        own = None
        if (there := object_of(item.get("place"))) and first(there, "name"):
            own = _place(there, at)
        elif item.get("lat") is not None and item.get("lng") is not None:
            lat, lng, notes = item["lat"], item["lng"], "" if date else label
            own = place(called, lat, lng, category="", notes=notes, at=at, raw=item)
        if own is not None:
            yield from pins.found(own)
        status = first(item, "status")
        notes = lines(
            prose(item, "comment"),
            _links(item),
            labelled(("Status", status), ("Day", label if label != date else "")),
        )
        yield event(
            title=called,
            start=f"{date}T{time}" if date and time else date,
            category="other",
            notes=notes,
            ref=ref("trip", "item", digest(first(trip, "name"), date or label, time, called)),
            pin_ref=ref_of(own) if own is not None else "",
            at=at,
            raw=item,
        )
    for booking in objects(day.get("bookings")):
        yield _booking(trip, booking, date, at)


def _booking(trip: Document, booking: Document, date: str, at: Position) -> Found:
    """It tells no times: a hotel's is the day on which one arrives."""
    called, number = _text(booking) or "Booking", first(booking, "reference")
    own_ref = ref("trip", "booking", digest(first(trip, "name"), date, called))
    if not date:
        return undated(called, at, booking)
    notes = prose(booking, "notes")
    if first(booking, "type") == "hotel":
        return stay(
            name=called,
            start=date,
            end="",
            notes=notes,
            ref=own_ref,
            at=at,
            raw=booking,
            confirmationNumber=number,
        )
    notes = lines(notes, labelled(("Type", first(booking, "type")), ("Confirmation", number)))
    return event(title=called, start=date, notes=notes, ref=own_ref, at=at, raw=booking)
