"""What the shared view may show, written out from contract section 7 by hand."""

ACCOMMODATION = {"name", "address", "lat", "lng", "checkInDate", "checkOutDate"}

FLIGHT = {
    *("airline", "flightNumber", "departureAirport", "arrivalAirport"),
    *("departureTime", "arrivalTime"),
}

RENTAL_CAR = {"company", "pickupLocation", "pickupTime", "dropoffLocation", "dropoffTime"}

NESTED = {"accommodation": ACCOMMODATION, "flights": FLIGHT, "rentalCar": RENTAL_CAR}

TRIP = {"_id", "title", "startDate", "endDate", "status"}

MEMBER = {"name", "role"}

ROWS = {
    "legs": {"_id", "order", "title", "destination", "startDate", "endDate", "timezone", *NESTED},
    "stays": {"_id", "legId", *ACCOMMODATION},
    "mapPins": {"_id", "name", "lat", "lng", "category"},
    "actionItems": {"_id", "text", "urgency", "isCompleted"},
    "commitments": {
        *("_id", "title", "startDate", "endDate", "category", "startTime", "endTime"),
        *("isAllDay", "timezone", "legId", "mapPinId"),
    },
}


def violations(snapshot):
    """Members of a shared view that are not on the list, as paths."""
    yield from _extra("", snapshot, {"trip", "members", *ROWS})
    yield from _extra("trip", snapshot["trip"], TRIP)
    for member in snapshot.get("members", []):
        yield from _extra("members", member, MEMBER)
    for name, allowed in ROWS.items():
        for row in snapshot.get(name, []):
            yield from _extra(name, row, allowed)
            for part, inner in NESTED.items():
                found = row.get(part, [])
                for thing in found if isinstance(found, list) else [found]:
                    yield from _extra(f"{name}.{part}", thing, inner)


def _extra(path, document, allowed):
    return [f"{path}.{name}" for name in document if name not in allowed]
