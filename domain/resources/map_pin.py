"""Map pins: places worth remembering."""

from typing import Annotated

from msgspec import UNSET, Struct, UnsetType

from domain.fields import ClientRef, Lat, Lng, Safe, Text, Title, also
from domain.resource import Resource

_BOTH = ("coordinates", "coords", "location", "position", "latLng")
"""What callers call the two together."""


class MapPin(Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """A place worth remembering; its degrees are of WGS 84."""

    name: Annotated[Title, Safe, also("title", "label")]
    lat: Annotated[Lat, Safe, also("latitude", *_BOTH)]
    lng: Annotated[Lng, Safe, also("longitude", "lon", "long", *_BOTH)]
    category: Annotated[str, Safe, also("type", "kind")] | UnsetType = UNSET
    notes: Annotated[Text, also("description", "note", "comment", "address")] | UnsetType = UNSET
    client_ref: ClientRef | UnsetType = UNSET


MAP_PIN = Resource(
    kind="mapPin",
    struct=MapPin,
    collection="map-pins",
    id_param="pinId",
    snapshot="mapPins",
    also=("pins", "places", "points", "markers"),
)
