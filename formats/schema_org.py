"""Values of schema.org's data, in the several forms in which one and the same is written."""

import re
from collections.abc import Iterator
from typing import Any, Final

from domain.fields import is_date, is_datetime
from formats.found import Document

_DATE_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)", re.ASCII)
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


def objects(value: Any) -> list[Document]:
    """One object or several."""
    return [
        each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict)
    ]


def object_of(value: Any) -> Document:
    """The first object; an empty one without any."""
    return next(iter(objects(value)), {})


def text(value: Any, depth: int = 0) -> str:
    """What names a thing: a text, the name of an object, the first that a list has."""
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, bool) or value is None or depth > _MOST_DEPTH:
        return ""
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(value, dict):
        return text(value.get("name") or value.get("@value"), depth + 1)
    return next(filter(None, (text(each, depth + 1) for each in value)), "")


def first(node: Document, *names: str) -> str:
    """The first member of these names that says something."""
    return next(filter(None, (text(node.get(name)) for name in names)), "")


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


def moment(node: Document, *names: str) -> str:
    """A time as it is written, but for a blank in place of the T."""
    written = first(node, *names)
    return f"{written[:10]}T{written[11:]}" if _DATE_TIME.match(written) else written


def split(written: str) -> tuple[str, str]:
    """Date and time of day as the clock there shows them; no time where none is written.

    What is neither comes back as it is: then the API says what it should be.
    """
    if is_datetime(written):
        return written[:10], written[11:16]
    return written, ""


def dated(document: Document, event: str, written: str) -> None:
    """Sets a flight's or a car's time, or its date where a time is not told."""
    document[f"{event}Date" if is_date(written) else f"{event}Time"] = written


def number(value: Any) -> float | None:
    """A number, in quotes too."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        return float(text(value))
    except ValueError:
        return None


def _texts(value: Any) -> list[str]:
    found = value if isinstance(value, list) else [value]
    return [each.strip() for each in found if isinstance(each, str)]
