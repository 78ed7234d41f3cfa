"""Reservations of schema.org, as booking mails have them.

Wall times are kept as they are written: an arrival may well be before its departure, and where no
time is told none is made up.
"""

from collections.abc import Callable, Iterator
from typing import Final

from formats.flights import car_name, dated_name, flight_name
from formats.found import Document, Found, NotImported, Position, Reject, Row
from formats.pins import pin
from formats.rows import lines, one_line, part, ref, row, telling, titled
from formats.schema_org import address, place_name, types_of
from formats.values import dated, first, moment, number, object_of, objects, split, text

_CANCELLED: Final = ("cancelled", "canceled")


def found_in(node: Document, at: Position) -> Iterator[Found]:
    """What an object gives, if it is a reservation."""
    types = types_of(node)
    kinds = [kind for name, kind in _KINDS.items() if name in types]
    if kinds:
        yield from kinds[0](node, at)
    elif "subReservation" not in node and any(each.endswith("Reservation") for each in types):
        named = ", ".join(sorted(types))
        reason = f"a {named} is not read: reservations of {', '.join(_READ)} are"
        yield Reject(reason=reason, row=telling(node), name=_number(node), at=at)


def _is_cancelled(node: Document) -> bool:
    told = node.get("reservationStatus")
    status = (text(told) or first(object_of(told), "@id")).rpartition("/")[2].lower()
    status = status.replace("_", "").removeprefix("reservation")
    return status in _CANCELLED or "CancelAction" in types_of(node)


def _cancelled(name: str, at: Position) -> NotImported:
    return NotImported(what="cancelled", name=telling(name), at=at)


def _number(node: Document) -> str:
    return first(node, "reservationNumber", "reservationId", "confirmationNumber")


def _traveller(node: Document) -> str:
    names = [text(each) for each in objects(node.get("underName"))] or [text(node.get("underName"))]
    return ", ".join(filter(None, names))


def _flights(node: Document, at: Position) -> Iterator[Found]:
    flights = objects(node.get("reservationFor"))
    if not flights:
        reason = "a FlightReservation without reservationFor, its flight"
        yield Reject(reason=reason, row=telling(node), name=_number(node), at=at)
    for flight in flights:
        airline = object_of(flight.get("airline")) or object_of(flight.get("provider"))
        code, called = first(airline, "iataCode"), first(flight, "flightNumber").replace(" ", "")
        if called.isdigit() or not called.upper().startswith(code.upper()):
            called = code + called
        document: Document = {
            "airline": text(airline) or text(flight.get("airline")) or code,
            "flightNumber": called,
            "departureAirport": _airport(flight, "departureAirport"),
            "arrivalAirport": _airport(flight, "arrivalAirport"),
            "confirmationNumber": _number(node),
            "seat": _seat(node),
            "notes": _flight_notes(node, flight),
        }
        dated(document, "departure", moment(flight, "departureTime", "departureDay"))
        dated(document, "arrival", moment(flight, "arrivalTime"))
        name = flight_name(document)
        if _is_cancelled(node):
            yield _cancelled(name, at)
        else:
            yield part("flights", document, at, node, title=name)


def _airport(flight: Document, member: str) -> str:
    airport = flight.get(member)
    return first(object_of(airport), "iataCode") or text(airport)


def _seat(node: Document) -> str:
    ticket = object_of(node.get("reservedTicket"))
    seat = node.get("airplaneSeat") or ticket.get("ticketedSeat")
    return first(object_of(seat), "seatNumber") or text(seat)


def _flight_notes(node: Document, flight: Document) -> str:
    ticket = object_of(node.get("reservedTicket"))
    told = (
        ("Passenger", _traveller(node)),
        ("Class", text(node.get("airplaneSeatClass"))),
        ("Ticket", first(node, "ticketNumber") or first(ticket, "ticketNumber")),
        ("Departure terminal", first(flight, "departureTerminal")),
        ("Departure gate", first(flight, "departureGate")),
        ("Arrival terminal", first(flight, "arrivalTerminal")),
        ("Boarding", first(flight, "boardingTime")),
        ("Operated by", text(flight.get("operatedBy"))),
    )
    return _told(told)


def _told(pairs: tuple[tuple[str, str], ...]) -> str:
    return lines(*(f"{label}: {value}" for label, value in pairs if value))


def _lodging(node: Document, at: Position) -> Iterator[Found]:
    place = object_of(node.get("reservationFor"))
    check_in, in_time = split(moment(node, "checkinTime", "checkinDate", "checkInDate"))
    check_out, out_time = split(moment(node, "checkoutTime", "checkoutDate", "checkOutDate"))
    where = address(place)
    called = text(place) or where or "Lodging"
    if _is_cancelled(node):
        yield _cancelled(dated_name(called, check_in), at)
        return
    geo = object_of(place.get("geo"))
    told = (
        ("Guest", _traveller(node)),
        ("Room", first(node, "lodgingUnitDescription", "lodgingUnitType")),
        ("Guests", text(node.get("numAdults"))),
        ("Price", _price(node)),
    )
    document = titled("name", called, _told(told)) | {
        "address": where,
        "checkInDate": check_in,
        "checkInTime": in_time,
        "checkOutDate": check_out,
        "checkOutTime": out_time,
        "confirmationNumber": _number(node),
        "hostPhone": first(place, "telephone"),
        "url": first(place, "url"),
        "clientRef": ref("booking", *_identity(node, called, check_in)),
    }
    lat, lng = number(geo.get("latitude")), number(geo.get("longitude"))
    if lat and lng:
        document |= {"lat": lat, "lng": lng}
    yield row("stays", document, at, node, title=called)


def _identity(node: Document, name: str, date: str) -> tuple[str, str]:
    """What is changed later keeps its number."""
    return (_number(node), name) if _number(node) else (name, date)


def _price(node: Document) -> str:
    return " ".join(
        filter(None, (first(node, "totalPrice", "price"), first(node, "priceCurrency")))
    )


def _car(node: Document, at: Position) -> Iterator[Found]:
    car = object_of(node.get("reservationFor"))
    company = car.get("rentalCompany") or node.get("provider") or node.get("broker")
    brand, model = text(car.get("brand")), first(car, "model", "name")
    document: Document = {
        "company": text(company),
        "vehicle": model if model.startswith(brand) else f"{brand} {model}",
        "pickupLocation": place_name(node.get("pickupLocation")),
        "dropoffLocation": place_name(node.get("dropoffLocation")),
        "confirmationNumber": _number(node),
        "notes": _told((("Driver", _traveller(node)), ("Price", _price(node)))),
    }
    dated(document, "pickup", moment(node, "pickupTime"))
    dated(document, "dropoff", moment(node, "dropoffTime"))
    name = car_name(document)
    yield (
        _cancelled(name, at)
        if _is_cancelled(node)
        else part("rentalCar", document, at, node, title=name)
    )


def _food(node: Document, at: Position) -> Iterator[Found]:
    place = object_of(node.get("reservationFor"))
    called = text(place) or "Dinner"
    start, end = moment(node, "startTime"), moment(node, "endTime")
    told = lines(
        _told((("Guest", _traveller(node)), ("Party of", text(node.get("partySize"))))),
        address(place),
        first(place, "telephone"),
    )
    yield from _commitment(node, "dinner", called, (start, end), told, place, at)


def _event(node: Document, at: Position) -> Iterator[Found]:
    event = object_of(node.get("reservationFor"))
    place = object_of(event.get("location"))
    called = text(event) or "Event"
    start, end = moment(event, "startDate", "doorTime"), moment(event, "endDate")
    told = lines(
        _told((("Guest", _traveller(node)), ("Seat", _seat(node)))),
        place_name(event.get("location")),
    )
    yield from _commitment(node, "activity", called, (start, end), told, place, at)


def _ride(node: Document, at: Position) -> Iterator[Found]:
    """A train, a bus, a boat, a taxi."""
    trip = object_of(node.get("reservationFor"))
    start = first(trip, "departureStation", "departureBusStop", "departureBoatTerminal")
    start = start or place_name(node.get("pickupLocation"))
    end = first(trip, "arrivalStation", "arrivalBusStop", "arrivalBoatTerminal")
    line = first(trip, "trainNumber", "busNumber", "trainName", "busName", "name")
    kind = first(trip, "trainName") if line != first(trip, "trainName") else ""
    kind = "" if line.startswith(kind) else kind
    called = " → ".join(filter(None, (start, end)))
    called = ": ".join(filter(None, (f"{kind} {line}".strip(), called))) or "Ride"
    told = (
        ("Passenger", _traveller(node)),
        ("Platform", first(trip, "departurePlatform")),
        ("Seat", _ride_seat(node)),
        ("Arrival", moment(trip, "arrivalTime")),
    )
    departure = moment(trip, "departureTime", "departureDay") or moment(node, "pickupTime")
    times = (departure, moment(trip, "arrivalTime"))
    yield from _commitment(node, "activity", called, times, _told(told), {}, at)


def _ride_seat(node: Document) -> str:
    ticket = object_of(node.get("reservedTicket"))
    seat = object_of(ticket.get("ticketedSeat"))
    coach = first(seat, "seatSection", "seatRow")
    return " ".join(filter(None, (coach, first(seat, "seatNumber"))))


def _commitment(
    node: Document,
    category: str,
    called: str,
    times: tuple[str, str],
    notes: str,
    place: Document,
    at: Position,
) -> Iterator[Found]:
    (start_date, start_time), (end_date, end_time) = map(split, times)
    if _is_cancelled(node):
        yield _cancelled(dated_name(called, start_date), at)
        return
    number_told = _number(node)
    notes = lines(notes, f"Confirmation: {number_told}" if number_told else "")
    document = titled("title", called, notes) | {
        "category": category,
        "startDate": start_date,
        "startTime": start_time,
        "clientRef": ref("booking", *filter(None, (number_told, called, start_date))),
    }
    # By the clock of where it ends, which may show less than where it began: then the notes tell.
    if end_date > start_date or (end_date == start_date and end_time > start_time):
        document |= {"endDate": end_date if end_date > start_date else "", "endTime": end_time}
    geo = object_of(place.get("geo"))
    lat, lng = number(geo.get("latitude")), number(geo.get("longitude"))
    if lat and lng:
        place_found = pin(text(place) or called, lat, lng, at=at, row=lambda: telling(node))
        if isinstance(place_found, Row):
            document["mapPinRef"] = place_found.document["clientRef"]
            yield place_found
    yield row("commitments", document, at, node, title=one_line(called))


_Kind = Callable[[Document, Position], Iterator[Found]]

_KINDS: Final[dict[str, _Kind]] = {
    "FlightReservation": _flights,
    "LodgingReservation": _lodging,
    "RentalCarReservation": _car,
    "FoodEstablishmentReservation": _food,
    "EventReservation": _event,
    "TrainReservation": _ride,
    "BusReservation": _ride,
    "BoatReservation": _ride,
    "TaxiReservation": _ride,
}

_READ: Final = ("flights", "lodging", "cars", "restaurants", "events", "trains", "buses", "boats")
