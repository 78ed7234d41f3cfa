"""What the shared view may show, written out from contract section 7 by hand."""

import re

from domain.resource import Resource
from domain.resources import RESOURCES
from domain.shape import Member, members_of

ACCOMMODATION = {"name", "address", "lat", "lng", "checkInDate", "checkOutDate"}

FLIGHT = {
    *("airline", "flightNumber", "departureAirport", "arrivalAirport"),
    *("departureTime", "arrivalTime"),
}

RENTAL_CAR = {"company", "pickupLocation", "pickupTime", "dropoffLocation", "dropoffTime"}

NESTED = {"accommodation": ACCOMMODATION, "flights": FLIGHT, "rentalCar": RENTAL_CAR}

TRIP = {"_id", "title", "startDate", "endDate", "status"}

MEMBER = {"name", "role"}

WRITTEN = {
    "legs": {"_id", "order", "title", "destination", "startDate", "endDate", "timezone", *NESTED},
    "stays": {"_id", "legId", *ACCOMMODATION},
    "mapPins": {"_id", "name", "lat", "lng", "category"},
    "actionItems": {"_id", "text", "urgency", "isCompleted"},
    "commitments": {
        *("_id", "title", "startDate", "endDate", "category", "startTime", "endTime"),
        *("isAllDay", "timezone", "legId", "mapPinId"),
    },
}

PRIVATE = re.compile(
    r"code|confirm|contact|e-?mail|instruction|key|note|number|owner|password|phone|pin$|ref$"
    r"|secret|token|url|user",
    re.IGNORECASE,
)
"""In a name, that what it holds is for members only."""


def is_private(member: Member) -> bool:
    """Whether nobody may show this without writing it above: members, and what is of any shape."""
    shape = member.shape
    free = shape.wanted in ("object", "list") or getattr(shape.kind, "max_length", 0) == 10_000
    return free or member.link == "member" or PRIVATE.search(member.name) is not None


def declared(resource: Resource) -> set[str]:
    """Of a resource that is not written above: what it marks to be shown and is not private."""
    above = {resource.parent_link.field} if resource.parent_link else set()
    marked = {*resource.safe.__struct_encode_fields__}
    members = members_of(resource.struct).by_name.values()
    return {"_id", *above, *(m.name for m in members if m.name in marked and not is_private(m))}


ROWS = {r.snapshot: WRITTEN.get(r.snapshot) or declared(r) for r in RESOURCES}


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
