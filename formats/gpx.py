"""GPX 1.0 and 1.1: waypoints become pins, points of routes where that is wanted, tracks never."""

from collections.abc import Iterator
from typing import BinaryIO, Final

from formats.coordinates import Wrong, in_degrees
from formats.found import About, Found, NotImported, Position, Reading, Reject
from formats.pins import pin
from formats.plain_text import from_html
from formats.xml_elements import Element, Shape, elements_of, root_of

_SHAPE: Final = Shape(whole="wpt rtept", groups="rte trk metadata", hollow="trkseg")
_TURN: Final = 360
_CATEGORIES: Final = ("Category", "category", "amenity_subtype", "amenity_type")
"""Of Garmin's extensions, then of OsmAnd's."""


def is_text(text: str) -> bool:
    """Whether the root is GPX's."""
    return root_of(text) == "gpx"


def read(file: BinaryIO, name: str, reading: Reading) -> Iterator[Found]:
    """Pins, and how many routes and tracks there are."""
    index = 0
    for found in elements_of(file, _SHAPE):
        element = found.element
        at = Position(file=name, index=index)
        if element.name == "trk":
            yield NotImported(what="tracks", name=element.text, at=Position(file=name))
        elif element.name == "rte":
            if not reading.routes:
                yield NotImported(what="routes", name=element.text, at=Position(file=name))
        elif element.name == "metadata":
            if element.text:
                yield About(title=element.text, at=Position(file=name))
        elif element.name == "wpt" or reading.routes:
            index += 1
            if found.cut:
                reason = "a waypoint of more parts or text than are read"
                yield Reject(reason=reason, row=None, name=element.said("name"), at=at)
            else:
                yield _pin(element, found.groups[-1].text if found.groups else "", at)


def _pin(element: Element, route: str, at: Position) -> Found:
    name = element.said("name")

    def row() -> dict[str, str]:
        told = {each: element.said(each) for each in ("name", "cmt", "desc", "type")}
        return element.attributes | {each: text for each, text in told.items() if text}

    try:
        lat = in_degrees(element.attributes.get("lat", ""), "latitude")
        lng = _longitude(element.attributes.get("lon", ""))
    except Wrong as error:
        return Reject(reason=str(error), row=row(), name=name, at=at)
    return pin(
        name,
        lat,
        lng,
        at=at,
        row=row,
        category=element.said("type") or _category(element) or route,
        notes=_notes(element),
        unnamed="Waypoint",
    )


def _longitude(text: str) -> float:
    """Tracks that go on over the 180th meridian have longitudes beyond it: a turn too much."""
    try:
        value = float(text)
    except ValueError:
        return in_degrees(text, "longitude")
    if _TURN / 2 < abs(value) <= _TURN:
        return round(value - _TURN if value > 0 else value + _TURN, 9)
    return in_degrees(text, "longitude")


def _category(element: Element) -> str:
    extensions = element.first("extensions")
    if extensions is None:
        return ""
    found = (each.text.strip() for name in _CATEGORIES for each in extensions.all(name))
    return next((text for text in found if text), "")


def _notes(element: Element) -> str:
    """Description, comment where it says more, addresses."""
    texts = [from_html(element.said("desc")), from_html(element.said("cmt"))]
    texts += [each.text.strip() for each in element.all("address")]
    texts += [element.said("url")]
    texts += [link.attributes.get("href", "").strip() for link in element.all("link")]
    told: list[str] = []
    for text in texts:
        if text and not any(text in each for each in told):
            told.append(text)
    return "\n".join(told)
