"""Rows as the API takes them, by the API's own rules; what it would refuse is a reject."""

import hashlib
import re
from typing import Any, Final

from domain.merge import merge
from domain.resources import RESOURCES
from formats.found import Document, Part, Position, Reject, Row

TITLE: Final = 200
"""Characters of a title, a name or a destination (contract of the API; `domain.fields`)."""

REF: Final = 255

_BY_LIST: Final = {resource.snapshot: resource for resource in RESOURCES}
_LINKS: Final = {"legId", "legRef", "mapPinId", "mapPinRef"}
_NO_TEXT: Final = re.compile("[\0\ud800-\udfff]")
_BLANKS: Final = re.compile(r"\s+")


def row(name: str, document: Document, at: Position, raw: Any, *, title: str = "") -> Row | Reject:
    """A row of a list, if the API would take it; `raw` is what stands in the file.

    Members that are None or an empty text are left out. `title` is what a reject is known by.
    """
    document = {key: value for key, value in document.items() if value not in (None, "")}
    if reason := unfit(name, document):
        shown = title or str(document.get("title") or document.get("name") or "")
        return Reject(reason=reason, row=telling(raw), name=one_line(telling(shown)), at=at)
    return Row(list=name, document=document, at=at)


def part(
    member: str, document: Document, at: Position, raw: Any, *, title: str = ""
) -> Part | Reject:
    """A flight or a rental car in the same way."""
    document = {key: value for key, value in document.items() if value not in (None, "")}
    leg: Document = {"title": "-", "destination": "-", "timezone": "Etc/UTC", "order": 0}
    leg |= {"startDate": "2000-01-01", "endDate": "2000-01-01"}
    leg[member] = [document] if member == "flights" else document
    if reason := unfit("legs", leg):
        return Reject(reason=reason, row=telling(raw), name=one_line(telling(title)), at=at)
    if member == "flights":
        return Part(member="flights", document=document, at=at)
    return Part(member="rentalCar", document=document, at=at)


def unfit(name: str, document: Document) -> str:
    """Why the API would not take a document of a list; "" when it would.

    Links are left aside: only the trip has what they name.
    """
    fields = {key: value for key, value in document.items() if key not in _LINKS}
    if wrong := no_text(fields):
        return wrong
    resource = _BY_LIST[name]
    # A copy, since normalising edits what it is given.
    _, found = resource.merge({}, merge({}, resource.sent(fields)))
    return "; ".join(f"{detail.path}: {detail.message}" for detail in found[:3])


def no_text(value: Any) -> str:
    """What text anywhere within has that text cannot hold; "" for nothing."""
    match value:
        case str() if not value.isascii() or "\0" in value:
            if found := _NO_TEXT.search(value):
                what = "a NUL character" if found[0] == "\0" else "bytes that are no text"
                return f"it has {what}: {telling(value)[:40]!r}"
        case dict():
            return next(filter(None, map(no_text, [*value, *value.values()])), "")
        case list():
            return next(filter(None, map(no_text, value)), "")
    return ""


def telling(value: Any) -> Any:
    """What stands in a file as JSON can tell it, with a sign where there is no text."""
    match value:
        case str():
            return _NO_TEXT.sub("\ufffd", value)
        case dict():
            return {telling(str(key)): telling(item) for key, item in value.items()}
        case list() | tuple():
            return [telling(item) for item in value]
        case bool() | int() | float() | None:
            return value
    return telling(str(value))


def one_line(text: str, limit: int = TITLE) -> str:
    """A text as a title takes it."""
    text = _BLANKS.sub(" ", text).strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"


def titled(field: str, text: str, notes: str = "") -> Document:
    """A title or name with its notes; one that is too long stands whole before them."""
    short, whole = one_line(text), _BLANKS.sub(" ", text).strip()
    lines = [whole if short != whole else "", notes.strip()]
    return {field: short, "notes": "\n".join(filter(None, lines))}


def lines(*texts: object) -> str:
    """Notes, a line for each text that says something."""
    return "\n".join(text.strip() for text in texts if isinstance(text, str) and text.strip())


def ref(source: str, *parts: str) -> str:
    """A clientRef out of what identifies a row, of which one that is too long becomes a hash."""
    text = f"{source}:{'/'.join(parts)}"
    if len(text) <= REF and not _NO_TEXT.search(text):
        return text
    return f"{source}:{digest(*parts)}"


def digest(*parts: str) -> str:
    """The same 24 letters and digits for the same texts."""
    whole = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(whole, digest_size=12).hexdigest()
