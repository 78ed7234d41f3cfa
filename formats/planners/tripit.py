"""TripIt's JSON: one object where there is one, a list where there are several; all values texts.

https://tripit.github.io/api/doc/v1/. Its dates are inclusive, and times the clock's.
"""

import bisect
from collections.abc import Callable, Iterator
from typing import Any, Final

from formats.found import About, Document, Found, NotImported, Position
from formats.planners.build import event, labelled, leg, stay
from formats.rows import digest, lines, part, ref
from formats.values import first, object_of, objects, prose

_MOST_DEPTH: Final = 6


def is_document(members: frozenset[str]) -> bool:
    """By the names of its top level."""
    known = members & _KINDS.keys()
    return bool(known) or members in ({"Trip"}, {"Trips"}, {"Response"})


def found_in(document: Document, at: Position) -> Iterator[Found]:
    """Trips are legs where their zone is known; what is planned finds its place in them."""
    zones = sorted(
        (_time(node, "StartDateTime", "DateTime")[:10], zone)
        for _, node in _named(document)
        if (zone := _zone(node, "StartDateTime", "DateTime"))
    )
    for name, node in _named(document):
        if name == "Trip":
            yield from _trip(node, zones, at)
        elif name in _KINDS:
            yield from _KINDS[name](node, at)
        else:
            yield NotImported(what="other", name=f"{name} {first(node, 'display_name')}", at=at)
    for name, node in _named(document):
        if name == "Trip":
            start, end = first(node, "start_date"), first(node, "end_date")
            yield About(title=first(node, "display_name"), start=start, end=end, at=at)


def _named(node: Any, depth: int = 0) -> Iterator[tuple[str, Document]]:
    """Trips and what is planned, wherever in the document they stand."""
    if depth > _MOST_DEPTH or not isinstance(node, dict | list):
        return
    if isinstance(node, list):
        for each in node:
            yield from _named(each, depth + 1)
        return
    for name, value in node.items():
        if name == "Trip" or name.endswith("Object"):
            for each in objects(value):
                yield name, each
        if name in ("Response", "Trips", "Trip"):
            yield from _named(value, depth + 1)


def _own_ref(kind: str, node: Document, *otherwise: str) -> str:
    return ref("tripit", first(node, "uuid", "id") or digest(kind, *otherwise))


def _time(node: Document, *names: str) -> str:
    """By the clock there; a date alone where no time is told."""
    told = next((found for name in names if (found := object_of(node.get(name)))), {})
    date, time = first(told, "date"), first(told, "time")
    return f"{date}T{time}" if date and time else date


def _zone(node: Document, *names: str) -> str:
    return next((z for name in names if (z := first(object_of(node.get(name)), "timezone"))), "")


def _with_offset(node: Document, name: str) -> str:
    """A flight's time, with the offset that tells it exactly."""
    written = _time(node, name)
    return written + first(object_of(node.get(name)), "utc_offset") if "T" in written else written


def _trip(trip: Document, zones: list[tuple[str, str]], at: Position) -> Iterator[Found]:
    called = first(trip, "display_name", "primary_location") or "Trip"
    start = first(trip, "start_date")
    end = first(trip, "end_date") or start
    nearest = bisect.bisect_left(zones, (start, ""))
    if not start or nearest == len(zones) or zones[nearest][0] > end:
        name = f"trip without dates or a time zone: {called}"
        yield NotImported(what="other", name=name, at=at)
        return
    yield leg(
        title=called,
        destination=first(trip, "primary_location") or called,
        start=start,
        end=end,
        zone=zones[nearest][1],
        ref=_own_ref("trip", trip, called, start),
        at=at,
        raw=trip,
    )


def _number(node: Document) -> str:
    return first(node, "supplier_conf_num", "record_locator", "booking_site_conf_num")


def _address(node: Document, name: str) -> str:
    """`address` has all in one line; what people have corrected stands in parts."""
    told = object_of(node.get(name))
    parts = (first(told, each) for each in ("addr1", "addr2", "city", "state", "zip", "country"))
    return first(told, "address") or ", ".join(filter(None, parts))


def _notes(node: Document, *pairs: tuple[str, str]) -> str:
    return lines(labelled(*pairs), prose(node, "notes"), prose(node, "restrictions"))


def _air(node: Document, at: Position) -> Iterator[Found]:
    for segment in objects(node.get("Segment")):
        if segment.get("is_hidden") == "true":
            continue
        number = first(segment, "marketing_flight_number", "operating_flight_number")
        code = first(segment, "marketing_airline_code", "operating_airline_code")
        flight: Document = {
            "airline": first(segment, "marketing_airline", "operating_airline"),
            "flightNumber": number if number.startswith(code) else code + number,
            "departureAirport": first(segment, "start_airport_code", "start_city_name"),
            "arrivalAirport": first(segment, "end_airport_code", "end_city_name"),
            "confirmationNumber": _number(node),
            "seat": first(segment, "seats"),
            "notes": _notes(
                node,
                ("Class", first(segment, "service_class")),
                ("Departure terminal", first(segment, "start_terminal")),
                ("Arrival terminal", first(segment, "end_terminal")),
            ),
        }
        for way, name in (("departure", "StartDateTime"), ("arrival", "EndDateTime")):
            written = _with_offset(segment, name)
            flight[f"{way}Time" if "T" in written else f"{way}Date"] = written
        yield part("flights", flight, at, segment, title=flight["flightNumber"])


def _car(node: Document, at: Position) -> Iterator[Found]:
    car: Document = {
        "company": first(node, "supplier_name", "display_name"),
        "vehicle": first(node, "car_description", "car_type"),
        "pickupLocation": first(node, "start_location_name")
        or _address(node, "StartLocationAddress"),
        "dropoffLocation": first(node, "end_location_name") or _address(node, "EndLocationAddress"),
        "confirmationNumber": _number(node),
        "notes": _notes(node),
    }
    for event_name, name in (("pickup", "StartDateTime"), ("dropoff", "EndDateTime")):
        written = _time(node, name)
        car[f"{event_name}Time" if "T" in written else f"{event_name}Date"] = written
    yield part("rentalCar", car, at, node, title=car["company"])


def _lodging(node: Document, at: Position) -> Iterator[Found]:
    there = object_of(node.get("Address"))
    called, start = first(node, "supplier_name", "display_name"), _time(node, "StartDateTime")
    yield stay(
        name=called or "Lodging",
        start=start,
        end=_time(node, "EndDateTime"),
        notes=_notes(node, ("Room", first(node, "room_type"))),
        ref=_own_ref("lodging", node, called, start),
        at=at,
        raw=node,
        address=_address(node, "Address"),
        confirmationNumber=_number(node),
        hostPhone=first(node, "supplier_phone"),
        url=first(node, "supplier_url"),
        lat=there.get("latitude"),
        lng=there.get("longitude"),
    )


def _ride(node: Document, at: Position) -> Iterator[Found]:
    """Rail, transport, cruise: a commitment for each segment."""
    for segment in objects(node.get("Segment")):
        start, end = (
            first(
                segment,
                *(f"{way}_{name}" for name in ("station_name", "location_name", "city_name")),
            )
            or first(segment, "location_name")
            for way in ("start", "end")
        )
        line = " ".join(filter(None, (first(segment, "carrier_name"), _line(segment))))
        called = ": ".join(filter(None, (line, " → ".join(dict.fromkeys((start, end))))))
        begins = _time(segment, "StartDateTime")
        yield event(
            title=called or first(node, "display_name") or "Ride",
            start=begins,
            zone=_zone(segment, "StartDateTime"),
            notes=_notes(
                node,
                ("Arrival", _time(segment, "EndDateTime")),
                ("Confirmation", _number(node) or first(segment, "confirmation_num")),
                ("Seats", first(segment, "seats")),
            ),
            ref=_own_ref("ride", segment, called, begins),
            at=at,
            raw=segment,
        )


def _line(segment: Document) -> str:
    return first(segment, "train_number", "vehicle_description", "detail_type_code")


def _plan(category: str) -> Callable[[Document, Position], Iterator[Found]]:
    def found_in_plan(node: Document, at: Position) -> Iterator[Found]:
        called = first(node, "display_name", "supplier_name", "location_name") or "Plan"
        start = _time(node, "StartDateTime", "DateTime")
        end = _time(node, "EndDateTime") or f"{start[:10]}T{first(node, 'end_time')}"
        yield event(
            title=called,
            start=start,
            end=end if len(end) > 11 or "T" not in end else "",
            zone=_zone(node, "StartDateTime", "DateTime"),
            category=category,
            notes=lines(
                first(node, "location_name") if first(node, "location_name") != called else "",
                _address(node, "Address"),
                _notes(node, ("Confirmation", _number(node))),
                prose(node, "text"),
                prose(node, "url"),
            ),
            ref=_own_ref("plan", node, called, start),
            at=at,
            raw=node,
        )

    return found_in_plan


_KINDS: Final[dict[str, Callable[[Document, Position], Iterator[Found]]]] = {
    "AirObject": _air,
    "CarObject": _car,
    "LodgingObject": _lodging,
    "RailObject": _ride,
    "TransportObject": _ride,
    "CruiseObject": _ride,
    "RestaurantObject": _plan("dinner"),
    "ActivityObject": _plan("activity"),
    "ParkingObject": _plan("other"),
    "NoteObject": _plan("other"),
    "DirectionsObject": _plan("other"),
    "MapObject": _plan("other"),
}
