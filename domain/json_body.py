"""JSON as Carnet takes it: strict, bounded, and nothing in it lost.

msgspec decodes; what it lets pass is looked at here: names that come twice in an object,
NUL characters (no database column for text takes them), nesting without end.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from domain import details
from domain.errors import Detail, ValidationFailed

MAX_DEPTH: Final = 200
IMPORT_DEPTH: Final = MAX_DEPTH + 2
"""In a batch or a sync an item lies two levels deeper than in a request of its own."""

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?', re.DOTALL)
"""A string token of valid JSON; the group tells the names of members from other strings."""

_NESTING: Final = frozenset({dict, list})

_BEFORE_COLON: Final = (b" :", b"\t:", b"\n:", b"\r:")


def decode(raw: bytes, max_depth: int = MAX_DEPTH) -> Any:
    """A body's value; `ValidationFailed` (malformed, duplicate) for what is not I-JSON.

    RFC 8259 leaves names that come twice to the parser; RFC 7493 section 2.3 forbids them.
    """
    try:
        value: Any = msgspec.json.decode(raw)
    except _NOT_JSON as error:
        raise _not_json(
            f"The body is not valid JSON: {_reason(error)}{_remedy(error, raw)}"
        ) from error
    # Comes first, since it bounds the depth for all that follows.
    members = _count_members(value, max_depth)
    if b"\\u0000" in raw and _has_nul(value):
        raise _not_json("The body has a NUL character, which text cannot hold")
    if not _names_once(raw, members) and members != _count_names(raw):
        raise ValidationFailed(
            [
                details.duplicate(path, "this name comes twice in its object")
                for path in _duplicates(raw)
            ]
        )
    return value


_NOT_JSON: Final = (msgspec.MsgspecError, ValueError, RecursionError)


def _not_json(message: str) -> ValidationFailed:
    return ValidationFailed([Detail("", "malformed", message)], message)


def _names_once(raw: bytes, members: int) -> bool:
    """Whether text of objects with so many members plainly has no further names.

    Every name ends in `":`, unless there is white space before the colon. What else looks like
    that, within a string, can only make it more; then it takes a look at the tokens to tell.
    """
    if raw.count(b":") == members:
        return True
    return raw.count(b'":') == members and not any(space in raw for space in _BEFORE_COLON)


def _count_names(raw: bytes) -> int:
    """How many names of members stand in the text."""
    return sum(token[1] is not None for token in _STRING.finditer(raw))


def _reason(error: BaseException) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return str(error).removeprefix("JSON is malformed: ")


_SLIP_BYTES: Final = 100
_SLIPS: Final = (
    (rb"\s*```", "send the JSON alone, without the Markdown fence"),
    (rb"True|False|None", "they are spelt true, false and null"),
    (rb"NaN|-?Infinity|undefined", "leave the member out, or send null"),
    (rb"'|[A-Za-z_]\w*\s*:|\xe2\x80[\x98-\x9f]", 'names and strings stand in "double quotes"'),
    (rb"//|/\*|#", "JSON has no comments"),
    (rb"[A-Za-z]", "send nothing but the JSON"),
)
"""What stands where the JSON ends in text made by people and programs, and how to mend it."""


def _remedy(error: BaseException, raw: bytes) -> str:
    if not raw or raw.isspace():
        return ": send an object, {...}"
    place = re.search(r"\(byte (\d+)\)", str(error))
    start = int(place[1]) if place else len(raw)
    rest = raw[start : start + _SLIP_BYTES].lstrip()
    remedy = next((remedy for slip, remedy in _SLIPS if re.match(slip, rest)), "")
    return f": {remedy}" if remedy else ""


def _count_members(value: Any, depth: int) -> int:
    """How many members all objects within a value have; it may nest `depth` levels."""
    if type(value) not in _NESTING:
        return 0
    if depth < 0:
        raise _not_json("The body is nested too deeply")
    is_object = isinstance(value, dict)
    inner = value.values() if is_object else value
    members = len(value) if is_object else 0
    if _NESTING.isdisjoint(map(type, inner)):
        return members
    return members + sum(_count_members(each, depth - 1) for each in inner)


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_has_nul(name) or _has_nul(inner) for name, inner in value.items())
    return isinstance(value, list) and any(map(_has_nul, value))


class _Pairs(list[tuple[str, Any]]):
    """An object with all its members, also those of the same name."""


def _duplicates(raw: bytes) -> list[str]:
    """The paths of names that come twice in their object."""
    try:
        pairs = json.loads(raw, object_pairs_hook=_Pairs)
    except _NOT_JSON as error:
        raise _not_json(f"The body is not valid JSON: {_reason(error)}") from error
    return list(_find_duplicates(pairs, ""))


def _find_duplicates(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, _Pairs):
        seen = set()
        for name, inner in value:
            below = f"{path}.{name}" if path else name
            if name in seen:
                yield below
            seen.add(name)
            yield from _find_duplicates(inner, below)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _find_duplicates(inner, f"{path}[{index}]")
