"""Values of JSON that others write, each in the several forms in which one and the same comes."""

import math
import re
from typing import Any, Final

from domain.fields import is_date, is_datetime
from formats.found import Document

_DATE_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", re.ASCII)
_MOST_DEPTH: Final = 10


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


def prose(node: Document, *names: str) -> str:
    """The first member of these names that is a text, with its lines."""
    return next((v.strip() for name in names if isinstance(v := node.get(name), str)), "")


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
        found = float(value if isinstance(value, int | float) else text(value))
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None
