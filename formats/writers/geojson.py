"""GeoJSON (RFC 7946): a feature for each map pin and each place to sleep that has a position."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from formats.found import Document

_PIN: Final = ("name", "category", "notes", "clientRef")
_PLACE: Final = ("name", "address", "checkInDate", "checkOutDate", "url")


def write_geojson(export: Document) -> Iterator[bytes]:
    """A collection of features; each tells the list it is of."""
    yield b'{"type": "FeatureCollection", "features": ['
    for number, feature in enumerate(_features(export)):
        yield (b",\n" if number else b"\n") + msgspec.json.encode(feature)
    yield b"\n]}\n"


def _features(export: Document) -> Iterator[dict[str, Any]]:
    for pin in export["mapPins"]:
        yield _feature("mapPins", pin, _PIN, pin["_id"])
    for leg in export["legs"]:
        place = leg.get("accommodation", {})
        if _has_position(place):
            yield _feature("legs", place, _PLACE, leg["_id"])
    for stay in export["stays"]:
        if _has_position(stay):
            yield _feature("stays", stay, _PLACE, stay["_id"])


def _has_position(place: Document) -> bool:
    return "lat" in place and "lng" in place


def _feature(name: str, row: Document, shown: tuple[str, ...], row_id: str) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": row_id,
        "geometry": {"type": "Point", "coordinates": [row["lng"], row["lat"]]},
        "properties": {"list": name} | {member: row[member] for member in shown if member in row},
    }
