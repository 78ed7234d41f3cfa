"""GeoJSON (RFC 7946), also as a sequence (RFC 8142) and as it was in 2008, with a `crs`.

Points become pins; lines and areas have no place in Carnet and are counted. Google's saved places
come as GeoJSON too, in properties of their own.
"""

import math
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

import msgspec

from formats import json_text, takeout
from formats.coordinates import Wrong
from formats.found import Found, NotImported, Position, Reading, Reject, Unreadable
from formats.headings import field_of
from formats.json_text import Top, decoded
from formats.pins import own_ref, pin
from formats.values import number

_GEOMETRIES: Final = {
    "LineString": "tracks",
    "MultiLineString": "tracks",
    "Polygon": "areas",
    "MultiPolygon": "areas",
}
_TYPES: Final = {*_GEOMETRIES, "Point", "MultiPoint", "GeometryCollection", "Feature"}
_COLLECTION: Final = "FeatureCollection"

_MOST_PROPERTIES: Final = 256 << 10
_MOST_POINTS: Final = 1 << 20
"""Bytes; lines and areas, which are not looked into, may be larger."""
_RADIUS: Final = 6_378_137.0
"""Of the sphere that EPSG:3857 projects from, in metres."""
_DEEPEST: Final = 8
"""Of collections of geometries in each other."""

_DEGREES: Final = ("CRS84", ":4326", "WGS84", "WGS 84")
_METRES: Final = (":3857", ":900913", ":102100", ":3785")


_NOTHING: Final = msgspec.Raw(b"null")


class _Feature(msgspec.Struct):
    type: str = ""
    geometry: msgspec.Raw = _NOTHING
    properties: msgspec.Raw = _NOTHING
    id: str | int | float | None = None


class _Geometry(msgspec.Struct):
    type: str
    coordinates: msgspec.Raw = _NOTHING
    geometries: msgspec.Raw = _NOTHING


def is_document(top: Top) -> bool:
    """A collection of features, a feature, or a geometry."""
    if not isinstance(top, dict):
        return False
    kind = _type_of(top)
    if kind == _COLLECTION or (not kind and "features" in top):
        return "features" in top
    return kind in _TYPES and bool({"geometry", "coordinates", "geometries"} & top.keys())


def is_line(top: Top) -> bool:
    """A feature or a geometry, of which a file may have one after another."""
    return is_document(top) and isinstance(top, dict) and _type_of(top) in _TYPES


def read(file: BinaryIO, name: str, reading: Reading) -> Iterator[Found]:
    """The features of one document, or of several, one after another."""
    top = json_text.top(file)
    if isinstance(top, dict) and "features" in top:
        metres = _in_metres(top.get("crs"))
        yield from _all(json_text.elements_of(file, "features"), name, metres=metres)
    else:
        yield from _all(json_text.values_of(file), name, metres=False)


def read_sequence(file: BinaryIO, name: str, reading: Reading) -> Iterator[Found]:
    """A feature or a geometry in each record; one that is broken does not stop the others."""
    yield from _all(json_text.records_of(file), name, metres=False)


def _all(features: Iterator[bytes], name: str, *, metres: bool) -> Iterator[Found]:
    for index, raw in enumerate(features):
        at = Position(file=name, index=index)
        try:
            yield from _feature(raw, at, metres=metres)
        except (Unreadable, Wrong) as error:
            yield Reject(reason=str(error), row=_told(raw), at=at)


def _feature(raw: bytes, at: Position, *, metres: bool) -> Iterator[Found]:
    feature = decoded(raw, _Feature)
    properties = _properties(bytes(feature.properties))
    points: list[tuple[float, float]] = []
    others: list[str] = []
    bare = feature.type in _TYPES and feature.type != "Feature"
    texts = _texts(properties)
    title = texts.get("name", "")
    try:
        _collect(raw if bare else bytes(feature.geometry), points, others, metres=metres)
    except (Unreadable, Wrong) as error:
        yield Reject(reason=str(error), row=_told(raw), name=title, at=at)
        return
    if takeout.is_place(properties):
        yield takeout.place(properties, points[0] if points else None, at)
        return
    for what in others:
        yield NotImported(what=_GEOMETRIES[what], name=title, at=at)  # type: ignore[arg-type]
    if not points and not others:
        yield Reject(reason="no coordinates", row=_told(raw), name=title, at=at)
    ref = texts.get("clientRef", "")
    if not ref and feature.id is not None:
        ref = own_ref("geojson", str(feature.id), at.file)
    for nth, (lng, lat) in enumerate(points, 1):
        yield pin(
            title,
            lat,
            lng,
            at=at,
            row=lambda: _told(raw),
            category=texts.get("category", ""),
            notes=texts.get("notes", ""),
            ref=f"{ref}/{nth}" if ref and nth > 1 else ref,
        )


def _collect(
    raw: bytes,
    points: list[tuple[float, float]],
    others: list[str],
    *,
    metres: bool,
    depth: int = 0,
) -> None:
    """The points of a geometry, longitude first, and the types of what is none."""
    if raw == b"null":
        return
    geometry = decoded(raw, _Geometry)
    if geometry.type == "Point":
        points += _positions(b"[%b]" % bytes(geometry.coordinates), metres=metres)
    elif geometry.type == "MultiPoint":
        points += _positions(bytes(geometry.coordinates), metres=metres)
    elif geometry.type == "GeometryCollection":
        if depth > _DEEPEST:
            raise Wrong("collections of geometries in each other without end")
        for each in decoded(_bounded(bytes(geometry.geometries)), list[msgspec.Raw]):
            _collect(bytes(each), points, others, metres=metres, depth=depth + 1)
    elif geometry.type in _GEOMETRIES:
        others.append(geometry.type)
    else:
        raise Wrong(f"no geometry {geometry.type[:40]!r} in GeoJSON")


def _positions(raw: bytes, *, metres: bool) -> list[tuple[float, float]]:
    found = []
    for position in decoded(_bounded(raw), list[list[float | str | None] | None]):
        if not position:
            continue  # an empty point, which GDAL and PostGIS write so
        x, y = (number(each) for each in (*position, None)[:2])
        if x is None or y is None:
            raise Wrong("a point needs a longitude and a latitude, in numbers")
        found.append(_from_metres(x, y) if metres else (x, y))
    return found


def _bounded(raw: bytes) -> bytes:
    if len(raw) > _MOST_POINTS:
        raise Wrong(f"points of one feature that take more than {_MOST_POINTS >> 20} MiB")
    return raw


def _from_metres(x: float, y: float) -> tuple[float, float]:
    """Web Mercator, back to degrees; beyond its square is beyond what there is."""
    if abs(x) > 20_100_000 or abs(y) > 300_000_000:
        raise Wrong(f"{x:.9g}, {y:.9g} is not on the map of EPSG:3857")
    lat = math.degrees(2 * math.atan(math.exp(y / _RADIUS)) - math.pi / 2)
    return round(math.degrees(x / _RADIUS), 9), round(lat, 9)


def _in_metres(crs: msgspec.Raw | None) -> bool:
    """Whether coordinates are in web Mercator's metres; `Unreadable` in any other projection."""
    told = bytes(crs).decode("utf-8", "replace") if crs is not None else "null"
    if told in ("null", "{}") or any(each in told for each in _DEGREES):
        return False
    if any(each in told for each in _METRES):
        return True
    raise Unreadable(
        f"coordinates are in another system than WGS 84: {told[:120]}; convert them to EPSG:4326"
    )


def _type_of(top: dict[str, msgspec.Raw]) -> str:
    try:
        return str(decoded(bytes(top.get("type", b'""')), str))
    except Unreadable:
        return ""


def _properties(raw: bytes) -> dict[str, Any]:
    if len(raw) > _MOST_PROPERTIES:
        raise Wrong(f"properties of more than {_MOST_PROPERTIES >> 10} KiB")
    properties = decoded(raw)
    return properties if isinstance(properties, dict) else {}


def _texts(properties: dict[str, Any]) -> dict[str, str]:
    """What properties say of a place; what several say of notes is all kept."""
    texts: dict[str, str] = {}
    for name, value in properties.items():
        field = field_of(name)
        if field in (None, "id", "lat", "lng", "position") or isinstance(value, bool | None):
            continue
        text = value if isinstance(value, str) else _plain(value)
        field = "notes" if field == "url" else field
        if field == "notes" and texts.get(field) and text not in texts[field]:
            texts[field] += f"\n{text}"
        elif text and field is not None:
            texts.setdefault(field, text)
    return texts


def _plain(value: Any) -> str:
    """A number as text; of lists their texts; objects have no text."""
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(value, list):
        return ", ".join(each for each in value if isinstance(each, str))
    return ""


def _told(raw: bytes) -> Any:
    """The feature as it stands in the file, if it is not too large to tell."""
    try:
        return msgspec.json.decode(raw) if len(raw) <= _MOST_PROPERTIES else None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return raw[:1000].decode("utf-8", "replace")
