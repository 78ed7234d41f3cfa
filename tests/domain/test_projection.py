"""The safe structs: an allowlist at every depth."""

from typing import Annotated

import msgspec
import pytest
from msgspec import UNSET, Struct, UnsetType, inspect

from domain.fields import Lat, Safe, TimeZone
from domain.projection import safe_struct
from domain.resources import RESOURCES
from domain.shape import bare, members_of
from domain.trip import TRIP
from tests.domain import allowlist


def members(struct: type[Struct]) -> dict[str, inspect.Type]:
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    return {field.encode_name: field.type for field in info.fields}


def inner(kind: inspect.Type) -> type[Struct]:
    kind = bare(kind)
    if isinstance(kind, inspect.ListType):
        kind = bare(kind.item_type)
    assert isinstance(kind, inspect.StructType)
    return kind.cls


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.kind)
def test_a_resource_shows_what_the_contract_lists(resource):
    shown = members(resource.safe)
    assert set(shown) == allowlist.ROWS[resource.snapshot]
    for name, allowed in allowlist.NESTED.items():
        if name in shown:
            assert set(members(inner(shown[name]))) == allowed


def test_what_nobody_wrote_down_cannot_be_private():
    """Of a resource that is not in the allowlist."""
    members = {
        name: member for r in RESOURCES for name, member in members_of(r.struct).by_name.items()
    }
    shown = {"title", "startDate", "lat", "category", "legId", "order", "timezone"}
    hidden = {"notes", "clientRef", "owner", "doorCode", "wifiPassword", "flights", "hostPhone"}
    assert {name for name in shown | hidden if allowlist.is_private(members[name])} == hidden


def test_a_trip_shows_what_the_contract_lists():
    assert set(members(TRIP.safe)) == allowlist.TRIP


class Room(Struct, rename="camel", kw_only=True):
    door_number: Annotated[int, Safe] | UnsetType = UNSET
    door_code: str | UnsetType = UNSET


class House(Struct, rename="camel", kw_only=True):
    street_name: Annotated[str, Safe]
    lat: Annotated[Lat, Safe] | UnsetType = UNSET
    zone: Annotated[TimeZone, Safe] | UnsetType = UNSET
    open_now: Annotated[bool, Safe] | UnsetType = UNSET
    rooms: Annotated[list[Room], Safe] | UnsetType = UNSET
    best_room: Annotated[Room, Safe] | UnsetType = UNSET
    hidden_room: Room | UnsetType = UNSET
    owner: str | UnsetType = UNSET


def shown(document: object, always: tuple[str, ...] = ("_id",)) -> object:
    struct = safe_struct(House, always=always)
    safe = msgspec.json.decode(msgspec.json.encode(document), type=struct)
    return msgspec.json.decode(msgspec.json.encode(safe))


def test_only_what_is_marked_is_shown_at_every_depth():
    room = {"doorNumber": 4, "doorCode": "1234", "new": {"doorNumber": 1}}
    document = {
        "_id": "h1",
        "streetName": "Baker Street",
        "lat": 51,
        "zone": "Europe/London",
        "openNow": True,
        "rooms": [room, {}],
        "bestRoom": room,
        "hiddenRoom": room,
        "owner": "Sherlock",
        "addedLater": "secret",
    }
    assert shown(document) == {
        "_id": "h1",
        "streetName": "Baker Street",
        "lat": 51,
        "zone": "Europe/London",
        "openNow": True,
        "rooms": [{"doorNumber": 4}, {}],
        "bestRoom": {"doorNumber": 4},
    }


def test_what_is_not_set_is_left_out():
    assert shown({"_id": "h1", "streetName": "Baker Street"}) == {
        "_id": "h1",
        "streetName": "Baker Street",
    }


def test_numbers_stay_as_they_were_written():
    assert shown({"_id": "h", "lat": 51.50}) == {"_id": "h", "lat": 51.5}
    struct = safe_struct(House)
    for text in (b"51", b"51.0", b"-0.5"):
        safe = msgspec.json.decode(b'{"lat":%b}' % text, type=struct)
        assert msgspec.json.encode(safe) == b'{"lat":%b}' % text


def test_a_field_of_a_kind_unknown_to_the_projection_is_refused_at_once():
    class Odd(Struct):
        things: Annotated[dict[str, str], Safe]

    with pytest.raises(TypeError, match="no safe form"):
        safe_struct(Odd)
