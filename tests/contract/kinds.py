"""What the contract says of each kind of row, written down apart from the product's own table.

Of kinds and fields that the contract does not name, the rest follows from their declaration, so
that every test of every kind is theirs too.
"""

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from msgspec import inspect as types

from domain.resource import Resource
from domain.resources import RESOURCES
from domain.shape import members_of
from tests.properties.generate import smallest
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
    optional: dict[str, Any]
    """Every optional field with a value, but links, which need a row to name."""
    links: dict[str, str] = dataclasses.field(default_factory=dict)
    """The kind of row, or `member`, that each of the other optional fields names."""
    text: str = ""
    """A required text, to be changed by tests."""
    above: tuple[str, ...] = ()
    """The field that names the row it belongs to, where it belongs to one."""

    @property
    def sample(self) -> dict[str, Any]:
        """The smallest valid body."""
        return dict(SAMPLES[self.name])

    @property
    def required(self) -> tuple[str, ...]:
        """The fields without which there is no row."""
        return tuple(SAMPLES[self.name])

    @property
    def filled(self) -> dict[str, Any]:
        """A body with every field but links."""
        return self.sample | self.optional


WRITTEN = (
    Kind(
        "leg",
        "/legs",
        "legs",
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
        {k: v for k, v in ACCOMMODATION.items() if k != "name"} | {"clientRef": "stay-ref"},
        text="name",
        above=("legId",),
    ),
    Kind(
        "mapPin",
        "/map-pins",
        "mapPins",
        {"category": "temple", "notes": "Early in the morning", "clientRef": "pin-ref"},
        text="name",
    ),
    Kind(
        "actionItem",
        "/action-items",
        "actionItems",
        {"isCompleted": False, "clientRef": "item-ref"},
        {"owner": "member"},
        text="text",
    ),
    Kind(
        "commitment",
        "/commitments",
        "commitments",
        {
            "endDate": "2026-07-18",
            "startTime": "19:00",
            "endTime": "21:30",
            "isAllDay": False,
            "timezone": "Asia/Tokyo",
            "notes": "A table by the window",
            "clientRef": "commitment-ref",
        },
        {"legId": "leg", "mapPinId": "mapPin"},
        text="title",
    ),
)
"""The kinds and fields that the contract names."""


def with_declared(kind: Kind, resource: Resource) -> Kind:
    """A kind with the fields that its resource has been given since, or that are not written."""
    links = {link.field: link.kind for link in resource.links} | kind.links
    members = members_of(resource.struct).by_name
    declared = {
        name: f"{kind.name}-ref" if name == "clientRef" else smallest(member.shape.kind)
        for name, member in members.items()
        if name not in kind.sample and name not in links and name not in kind.optional
    }
    return dataclasses.replace(kind, optional=kind.optional | declared, links=links)


def declared_kind(resource: Resource) -> Kind:
    """A kind of which nothing is written here, as its resource declares it."""
    members = members_of(resource.struct).by_name
    kinds = {name: member.shape.kind for name, member in members.items()}
    texts = [name for name, k in kinds.items() if isinstance(k, types.StrType) and not k.pattern]
    kind = Kind(resource.kind, resource.path, resource.snapshot, {}, text=texts[0])
    parent = resource.parent_link
    if parent is None:
        return kind
    path = resource.path.replace(parent.field, parent.kind)
    return dataclasses.replace(kind, path=path, above=(parent.field,))


_WRITTEN = {kind.name: kind for kind in WRITTEN}
KINDS = tuple(with_declared(_WRITTEN.get(r.kind) or declared_kind(r), r) for r in RESOURCES)
DECLARED = tuple(kind for kind in KINDS if kind.name not in _WRITTEN)
"""Those that the contract does not name."""
BY_NAME = {kind.name: kind for kind in KINDS}
NAMES = [kind.name for kind in KINDS]


async def rows_path(world: World, kind: Kind, trip_id: str = "") -> str:
    """The path of a collection of this kind, with a new row above it where it needs one."""
    trip = f"/trips/{trip_id or world.trip_id}"
    above = re.search(r"\{(\w+)\}", kind.path)
    if above is None:
        return f"{trip}{kind.path}"
    parent = BY_NAME[above[1]]
    row = await world.client.post(f"{trip}{parent.path}", parent.sample)
    return f"{trip}{kind.path.format_map({parent.name: row.json['_id']})}"


async def filled_body(
    world: World, kind: Kind, rows: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """A body with every field, its links naming these rows, or ones made for it."""
    links = {}
    for field, target in kind.links.items():
        if target == "member":
            links[field] = world.owner.user_id
        elif rows and target in rows:
            links[field] = rows[target]
        else:
            row = await world.make(BY_NAME[target].path, BY_NAME[target].sample)
            links[field] = row["_id"]
    return kind.filled | links


def one_of_each(mark: str = "") -> dict[str, Any]:
    """A sync of one row of each kind; by `mark`, the clientRefs of two of them differ."""
    made: dict[str, Any] = {}
    for resource in RESOURCES:
        parent = resource.parent_link
        refs = {parent.ref: f"{parent.kind}{mark}"} if parent else {}
        row = {**SAMPLES[resource.kind], **refs, "clientRef": f"{resource.kind}{mark}"}
        made[resource.snapshot] = [row]
    return made


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
