"""What the contract says of each kind of row, written down apart from the product's own table."""

import dataclasses
from typing import Any

from tests.support import SAMPLES, World

ACCOMMODATION: dict[str, Any] = {
    "name": "Ryokan Sawanoya",
    "address": "2-3-11 Yanaka, Taito",
    "lat": 35.7206,
    "lng": 139.7659,
    "checkInDate": "2026-07-15",
    "checkInTime": "15:00",
    "checkOutDate": "2026-07-20",
    "checkOutTime": "10:30",
    "checkInInstructions": "Ring twice",
    "confirmationNumber": "RS-1001",
    "hostName": "Hideo",
    "hostPhone": "+81 3 0000 0000",
    "wifiName": "sawanoya",
    "wifiPassword": "matcha",
    "doorCode": "4711",
    "url": "https://ryokan.example",
    "notes": "Shoes off",
}
FLIGHT: dict[str, Any] = {
    "airline": "JAL",
    "flightNumber": "JL44",
    "departureAirport": "LHR",
    "arrivalAirport": "HND",
    "departureTime": "2026-07-14T19:05:00+01:00",
    "arrivalTime": "2026-07-15T17:30",
    "confirmationNumber": "PNR123",
    "seat": "31K",
    "notes": "Window",
}
RENTAL_CAR: dict[str, Any] = {
    "company": "Toyota Rent",
    "vehicle": "Aqua",
    "pickupLocation": "Ueno",
    "pickupTime": "2026-07-16T09:00+09:00",
    "dropoffLocation": "Haneda",
    "dropoffTime": "2026-07-20T08:00Z",
    "confirmationNumber": "TR-77",
    "notes": "Hybrid",
}


@dataclasses.dataclass(frozen=True)
class Kind:
    """One kind of row of a trip (contract section 6)."""

    name: str
    path: str
    """The collection below the trip; `{leg}` stands for a leg's id."""
    snapshot: str
    """The category in export and sync."""
    required: tuple[str, ...]
    optional: dict[str, Any]
    """Every optional field with a value, but links, which need a row to name."""
    links: tuple[str, ...] = ()
    text: str = ""
    """A required text, to be changed by tests."""

    @property
    def sample(self) -> dict[str, Any]:
        """The smallest valid body."""
        return dict(SAMPLES[self.name])

    @property
    def filled(self) -> dict[str, Any]:
        """A body with every field but links."""
        return self.sample | self.optional


KINDS = (
    Kind(
        "leg",
        "/legs",
        "legs",
        ("order", "title", "destination", "startDate", "endDate", "timezone"),
        {
            "accommodation": ACCOMMODATION,
            "flights": [FLIGHT, {"airline": "ANA"}],
            "rentalCar": RENTAL_CAR,
            "clientRef": "leg-ref",
        },
        text="title",
    ),
    Kind(
        "stay",
        "/legs/{leg}/stays",
        "stays",
        ("name",),
        {k: v for k, v in ACCOMMODATION.items() if k != "name"} | {"clientRef": "stay-ref"},
        text="name",
    ),
    Kind(
        "mapPin",
        "/map-pins",
        "mapPins",
        ("name", "lat", "lng"),
        {"category": "temple", "notes": "Early in the morning", "clientRef": "pin-ref"},
        text="name",
    ),
    Kind(
        "actionItem",
        "/action-items",
        "actionItems",
        ("text", "urgency"),
        {"isCompleted": False, "clientRef": "item-ref"},
        ("owner",),
        text="text",
    ),
    Kind(
        "commitment",
        "/commitments",
        "commitments",
        ("title", "startDate", "category"),
        {
            "endDate": "2026-07-18",
            "startTime": "19:00",
            "endTime": "21:30",
            "isAllDay": False,
            "timezone": "Asia/Tokyo",
            "notes": "A table by the window",
            "clientRef": "commitment-ref",
        },
        ("legId", "mapPinId"),
        text="title",
    ),
)
BY_NAME = {kind.name: kind for kind in KINDS}
NAMES = [kind.name for kind in KINDS]


async def rows_path(world: World, kind: Kind, trip_id: str = "") -> str:
    """The path of a collection of this kind, with a new leg for it where it needs one."""
    trip = f"/trips/{trip_id or world.trip_id}"
    if "{leg}" not in kind.path:
        return f"{trip}{kind.path}"
    leg = await world.client.post(f"{trip}/legs", SAMPLES["leg"])
    return f"{trip}{kind.path.format(leg=leg.json['_id'])}"


async def filled_body(world: World, kind: Kind) -> dict[str, Any]:
    """A body with every field, its links naming rows made for it."""
    links = {}
    if "legId" in kind.links:
        links["legId"] = (await world.make("/legs", SAMPLES["leg"]))["_id"]
    if "mapPinId" in kind.links:
        links["mapPinId"] = (await world.make("/map-pins", SAMPLES["mapPin"]))["_id"]
    if "owner" in kind.links:
        links["owner"] = world.owner.user_id
    return kind.filled | links


async def channel_path(world: World, trip_id: str = "") -> str:
    """The path of the messages of a trip's channel `general`."""
    trip = f"/trips/{trip_id or world.trip_id}"
    channels = await world.client.get(f"{trip}/channels")
    return f"{trip}/channels/{channels.json['items'][0]['_id']}/messages"


async def snapshot(world: World, trip_id: str = "") -> dict[str, Any]:
    """A trip's export."""
    response = await world.client.get(f"/trips/{trip_id or world.trip_id}/export")
    exported: dict[str, Any] = response.json
    return exported


async def listed(world: World, path: str) -> list[dict[str, Any]]:
    """The first page of a list."""
    items: list[dict[str, Any]] = (await world.client.get(path)).json["items"]
    return items
