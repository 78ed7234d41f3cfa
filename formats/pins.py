"""Map pins out of what a file tells of a place, and why it is none."""

import hashlib
import re
from collections.abc import Callable
from typing import Any, Final

from formats.coordinates import LIMITS, Wrong, within
from formats.found import Document, Position, Reject, Row

NAME: Final = 200
NOTES: Final = 10_000
REF: Final = 255
"""Characters the API takes (`domain.fields`)."""

_BLANKS: Final = re.compile(r"\s+")
_LONE: Final = re.compile("[\ud800-\udfff]")


def pin(
    name: str,
    lat: float,
    lng: float,
    *,
    at: Position,
    row: Callable[[], Any],
    category: str = "",
    notes: str = "",
    ref: str = "",
    unnamed: str = "Point",
) -> Row | Reject:
    """A row, or why there is none; `row` tells what stands in the file.

    A name that is too long stands whole before the notes. Without a `ref` of the file's own the
    name and the position (to 5 decimals, a metre) identify a pin.
    """
    name = _BLANKS.sub(" ", name).strip()
    try:
        if not (abs(lat) <= LIMITS["latitude"] and abs(lng) <= LIMITS["longitude"]):
            within(lat, "latitude", f"{lat:.9g}")
            within(lng, "longitude", f"{lng:.9g}")
    except Wrong as error:
        return Reject(reason=str(error), row=row(), name=name[:NAME], at=at)
    name = name or f"{unnamed} {_short(lat)}, {_short(lng)}"
    document: Document = {"name": name, "lat": lat + 0.0, "lng": lng + 0.0}  # never -0.0
    if len(name) > NAME:
        document["name"] = name[: NAME - 1] + "…"
        notes = f"{name}\n{notes}"
    if category := _BLANKS.sub(" ", category).strip():
        document["category"] = category
    if notes := notes.strip():
        document["notes"] = notes
    document["clientRef"] = ref if 0 < len(ref) <= REF else "pin:" + identity(ref or name, lat, lng)
    if reason := _unfit(document):
        return Reject(reason=reason, row=row(), name=document["name"], at=at)
    return Row(list="mapPins", document=document, at=at)


def identity(name: str, lat: float, lng: float) -> str:
    """The same for the same name at the same place, a hair off too."""
    text = f"{name}\0{lat:.5f}\0{lng:.5f}".replace("\0-0.00000", "\x000.00000")
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def own_ref(source: str, own_id: str, name: str) -> str:
    """A clientRef by the id that a file has for a thing.

    A bare number or a few letters are one's only within that file: its name goes before it, so
    that the first of one file is never taken for the first of another.
    """
    if (len(own_id) >= 8 and not own_id.isdigit()) or len(own_id) >= 16:
        return f"{source}:{own_id}"
    return f"{source}:{name.rpartition('/')[2]}#{own_id}"


def _short(degrees: float) -> str:
    return f"{round(degrees, 5) + 0.0:.5f}".rstrip("0").rstrip(".")


def _unfit(document: Document) -> str:
    """Why the API would not take it."""
    for field, limit in (("notes", NOTES), ("category", NAME)):
        if len(text := document.get(field, "")) > limit:
            return f"{field} of {len(text):,} characters: at most {limit:,} are taken"
    for field in ("name", "category", "notes", "clientRef"):
        text = document.get(field, "")
        if not text.isascii() and _LONE.search(text):
            return f"{field} has bytes that are no text: save the file as UTF-8"
        if "\0" in text:
            return f"{field} has a NUL character, which text cannot hold"
    return ""
