"""Exports of Surmai: one trip. Its times end in Z and are local: the clock where it happens."""

from collections.abc import Iterator
from typing import Final

from formats.found import About, Document, Found, NotImported, Position
from formats.planners.build import day, event, labelled, leg, stay, wall
from formats.rows import digest, lines, one_line, part, ref
from formats.values import first, moment, object_of, objects, prose, text

_RENTALS: Final = {"rental_car", "car_rental", "car"}


def is_document(members: frozenset[str]) -> bool:
    """By the names of its top level."""
    return {"trip", "transportations", "lodgings", "activities"} <= members


def found_in(document: Document, at: Position) -> Iterator[Found]:
    """The trip is a leg; what is booked finds its place in it."""
    trip = object_of(document.get("trip"))
    places = objects(trip.get("destinations"))
    zone = first(places[0], "timezone", "timeZone") if places else ""
    if zone:
        yield _leg(trip, places, zone, at)
    for node in objects(document.get("transportations")):
        yield _transportation(node, at)
    for node in objects(document.get("lodgings")):
        yield _lodging(node, at)
    for node in objects(document.get("activities")):
        yield _activity(node, zone, at)
    if notes := prose(trip, "notes"):
        yield NotImported(what="other", name=f"notes of the trip: {one_line(notes, 60)}", at=at)
    for member in ("expenses", "attachments", "travellerProfiles"):
        if count := len(objects(document.get(member))):
            yield NotImported(what="other", count=count, name=member, at=at)
    start, end = (day(moment(trip, name)) for name in ("startDate", "endDate"))
    yield About(title=first(trip, "name"), start=start, end=end, at=at)


def _time(node: Document, *names: str) -> str:
    return wall(moment(node, *names))


def _own_ref(kind: str, node: Document, *otherwise: str) -> str:
    return ref("surmai", first(node, "id") or digest(kind, *otherwise))


def _leg(trip: Document, places: list[Document], zone: str, at: Position) -> Found:
    called = first(trip, "name") or "Trip"
    return leg(
        title=called,
        destination=", ".join(filter(None, map(text, places))) or called,
        start=day(moment(trip, "startDate")),
        end=day(moment(trip, "endDate")),
        zone=zone,
        ref=_own_ref("trip", trip, called),
        at=at,
        raw=trip,
    )


def _transportation(node: Document, at: Position) -> Found:
    told = object_of(node.get("metadata"))
    start, end = _time(node, "departure"), _time(node, "arrival")
    origin, destination = first(node, "origin"), first(node, "destination")
    number = first(told, "reservation", "confirmationCode")
    notes = lines(prose(told, "notes"), prose(node, "link"))
    kind = first(node, "type")
    if kind == "flight":
        provider = object_of(told.get("provider"))
        flight: Document = {
            "airline": first(provider, "name") or text(told.get("provider")),
            "flightNumber": first(told, "flightNumber").replace(" ", ""),
            "departureAirport": first(object_of(told.get("origin")), "iataCode") or origin,
            "arrivalAirport": first(object_of(told.get("destination")), "iataCode") or destination,
            "departureTime": start,
            "arrivalTime": end,
            "confirmationNumber": number,
            "seat": first(told, "seats"),
            "notes": notes,
        }
        return part("flights", flight, at, node, title=f"{origin} → {destination}")
    if kind in _RENTALS and first(told, "rentalCompany"):
        car: Document = {
            "company": first(told, "rentalCompany"),
            "pickupLocation": origin,
            "dropoffLocation": destination,
            "pickupTime": start,
            "dropoffTime": end,
            "confirmationNumber": number,
            "notes": notes,
        }
        return part("rentalCar", car, at, node, title=first(told, "rentalCompany"))
    called = " → ".join(filter(None, (origin, destination))) or "Transportation"
    told_by = (
        ("Type", kind.replace("_", " ")),
        ("With", text(told.get("provider"))),
        ("Arrival", end),
        ("Confirmation", number),
        ("Seats", first(told, "seats")),
    )
    own_ref = _own_ref("transportation", node, called, start)
    # It may end by another clock: the notes tell.
    return event(
        title=called,
        start=start,
        notes=lines(labelled(*told_by), notes),
        ref=own_ref,
        at=at,
        raw=node,
    )


def _lodging(node: Document, at: Position) -> Found:
    called, start = first(node, "name") or "Lodging", _time(node, "startDate")
    return stay(
        name=called,
        start=start,
        end=_time(node, "endDate"),
        notes=labelled(("Type", first(node, "type").replace("_", " "))),
        ref=_own_ref("lodging", node, called, start),
        at=at,
        raw=node,
        address=first(node, "address"),
        confirmationNumber=first(node, "confirmationCode"),
        url=first(node, "link"),
    )


def _activity(node: Document, zone: str, at: Position) -> Found:
    called, start = first(node, "name") or "Activity", _time(node, "startDate")
    there = object_of(object_of(node.get("metadata")).get("place"))
    notes = lines(
        prose(node, "description"),
        prose(node, "address"),
        prose(node, "link"),
        labelled(("Confirmation", first(node, "confirmationCode"))),
    )
    return event(
        title=called,
        start=start,
        end=_time(node, "endDate"),
        zone=first(there, "timezone", "timeZone") or zone,
        notes=notes,
        ref=_own_ref("activity", node, called, start),
        at=at,
        raw=node,
    )
