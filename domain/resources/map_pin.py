"""Map pins: places worth remembering."""

from typing import Annotated

from msgspec import UNSET, Struct, UnsetType

from domain.fields import ClientRef, Lat, Lng, Safe, Text, Title
from domain.resource import Resource


class MapPin(Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """What a client may set of a map pin; degrees in WGS 84."""

    name: Annotated[Title, Safe]
    lat: Annotated[Lat, Safe]
    lng: Annotated[Lng, Safe]
    category: Annotated[str, Safe] | UnsetType = UNSET
    notes: Text | UnsetType = UNSET
    client_ref: ClientRef | UnsetType = UNSET


MAP_PIN = Resource(
    kind="mapPin",
    struct=MapPin,
    collection="map-pins",
    id_param="pinId",
    snapshot="mapPins",
)
