"""Values of schema.org's data, in the several forms in which one and the same is written."""

from collections.abc import Iterator
from typing import Any, Final

from formats.found import Document
from formats.values import first, text

_MOST_DEPTH: Final = 10


def types_of(node: Document) -> set[str]:
    """Its types, of which it may have several, without the address of the vocabulary."""
    return {each.rpartition("/")[2].rpartition(":")[2] for each in _texts(node.get("@type"))}


def nodes_of(data: Any, depth: int = 0) -> Iterator[Document]:
    """The objects of a document: one, those of a list, those of a graph."""
    if depth > _MOST_DEPTH:
        return
    if isinstance(data, list):
        for each in data:
            yield from nodes_of(each, depth + 1)
    elif isinstance(data, dict):
        yield data
        for member in ("@graph", "mainEntity", "about", "subReservation"):
            yield from nodes_of(data.get(member), depth + 1)


def address(place: Document) -> str:
    """An address in one line."""
    value = place.get("address")
    if not isinstance(value, dict):
        return text(value)
    city = " ".join(filter(None, (first(value, "postalCode"), first(value, "addressLocality"))))
    region, country = first(value, "addressRegion"), first(value, "addressCountry")
    return ", ".join(filter(None, (first(value, "streetAddress"), city, region, country)))


def place_name(place: Any) -> str:
    """A place with its address."""
    if not isinstance(place, dict):
        return text(place)
    name, where = text(place), address(place)
    return ", ".join(filter(None, (name, where if where != name else "")))


def _texts(value: Any) -> list[str]:
    found = value if isinstance(value, list) else [value]
    return [each.strip() for each in found if isinstance(each, str)]
