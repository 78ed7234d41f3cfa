"""GeoJSON (RFC 7946): a feature for each map pin and each place to sleep that has a position."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from formats.found import Document

_PIN: Final = ("name", "category", "notes", "clientRef")
_PLACE: Final = ("name", "address", "checkInDate", "checkOutDate", "url")


def write_geojson(export: Document) -> Iterator[bytes]:
    """A collection of features, those of places to sleep in a category of their own."""
    yield b'{"type": "FeatureCollection", "features": ['
    for number, feature in enumerate(_features(export)):
        yield (b",\n" if number else b"\n") + msgspec.json.encode(feature)
    yield b"\n]}\n"


def _features(export: Document) -> Iterator[dict[str, Any]]:
    for pin in export["mapPins"]:
        yield _feature(pin["_id"], pin, _members(pin, _PIN))
    for leg in export["legs"]:
        place = leg.get("accommodation", {})
        if _has_position(place):
            yield _feature(leg["_id"], place, _accommodation(place))
    for stay in export["stays"]:
        if _has_position(stay):
            yield _feature(stay["_id"], stay, _accommodation(stay))


def _has_position(place: Document) -> bool:
    return "lat" in place and "lng" in place


def _accommodation(place: Document) -> dict[str, Any]:
    return {"category": "accommodation"} | _members(place, _PLACE)


def _members(row: Document, shown: tuple[str, ...]) -> dict[str, Any]:
    return {name: row[name] for name in shown if name in row}


def _feature(row_id: str, place: Document, properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": row_id,
        "geometry": {"type": "Point", "coordinates": [place["lng"], place["lat"]]},
        "properties": properties,
    }
