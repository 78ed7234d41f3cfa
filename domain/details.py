"""The wording of what is wrong: each sentence lets a request be mended in one step.

Paths are dotted paths from the body's root. `expected` is a phrase such as "a date as
2026-07-15", `meant` what a wrong name or value probably stands for.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final

import msgspec

from domain.errors import Detail

_SHOWN_CHARACTERS: Final = 40
"""How much of a wrong value or name is repeated: it may have any length."""
_SHOWN_NUMBERS: Final = 10**30


def required(path: str, expected: str) -> Detail:
    """A field that must be there is not, or is null."""
    return Detail(path, "required", f"required: {expected}")


def empty(path: str, expected: str) -> Detail:
    """A text or a list that must have something in it."""
    return Detail(path, "empty", f"must not be empty: {expected}")


def wrong_type(path: str, expected: str, given: Any, remedy: str = "") -> Detail:
    """Another JSON type than the field's; `remedy` says how to write what was given."""
    was = shown(given) if isinstance(given, float) else json_type(given)
    return Detail(path, "wrong_type", f"{expected}, not {was}{_then(remedy)}")


def malformed(path: str, expected: str, given: str, meant: Sequence[str] = ()) -> Detail:
    """A text that has not the form of the field's values."""
    return Detail(path, "malformed", f"{expected}, not {shown(given)}{_did_you_mean(meant)}")


def not_allowed(
    path: str, allowed: Collection[str], given: Any, meant: Sequence[str] = ()
) -> Detail:
    """A value outside of an enumeration."""
    listed = ", ".join(allowed)
    message = f"one of {listed}, not {shown(given)}{_did_you_mean(meant)}"
    return Detail(path, "not_allowed", message)


def fixed(path: str, why: str) -> Detail:
    """A value that cannot be another than it is."""
    return Detail(path, "not_allowed", why)


def out_of_range(path: str, expected: str, given: Any, remedy: str = "") -> Detail:
    """A value beyond its bounds, or an end before its start."""
    return Detail(path, "out_of_range", f"{expected}, not {shown(given)}{_then(remedy)}")


def too_long(path: str, limit: int, unit: str) -> Detail:
    """More characters, bytes or items than there may be."""
    return Detail(path, "too_long", f"at most {limit:,} {unit}")


def too_short(path: str, least: int, unit: str) -> Detail:
    """Fewer characters than there must be, of what is not to be shown."""
    return Detail(path, "out_of_range", f"at least {least:,} {unit}")


def unknown_field(
    path: str, name: str, known: Collection[str], meant: Sequence[str] = ()
) -> Detail:
    """A name that the object does not have; the known ones are listed where none comes near."""
    rest = _did_you_mean(meant) if meant else f"; the fields are {', '.join(known)}"
    return Detail(path, "unknown_field", f"no field {clipped(name)} here{rest}")


def misplaced(path: str, where: str) -> Detail:
    """A name that the object does not have; `where` is a sentence on what takes it."""
    return Detail(path, "unknown_field", where)


def not_found(path: str, what: str, given: str, where: str) -> Detail:
    """A reference to what is not there; `where` says how to find one that is."""
    return Detail(path, "not_found", f"no {what} {shown(given)}; {where}")


def duplicate(path: str, what: str) -> Detail:
    """A name that comes twice, or that another row has."""
    return Detail(path, "duplicate", what)


def json_type(value: Any) -> str:
    """What JSON calls a decoded value."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case str():
            return "a string"
        case dict():
            return "an object"
        case list():
            return "a list"
    return "a number"


def shown(value: Any) -> str:
    """A wrong value as JSON, of bounded length; of objects and lists only the type."""
    if isinstance(value, str):
        return msgspec.json.encode(clipped(value)).decode()
    if isinstance(value, dict | list) or (isinstance(value, int) and abs(value) > _SHOWN_NUMBERS):
        return json_type(value)
    return msgspec.json.encode(value).decode()


def clipped(text: str) -> str:
    """The beginning of a text, enough to recognise it."""
    if len(text) > _SHOWN_CHARACTERS:
        text = f"{text[:_SHOWN_CHARACTERS]}…"
    # A header that is not UTF-8 has lone surrogates, which JSON cannot hold.
    return text.encode("utf-8", "replace").decode()


def _then(remedy: str) -> str:
    return f": {remedy}" if remedy else ""


def _did_you_mean(meant: Sequence[str]) -> str:
    return f"; did you mean {' or '.join(meant)}?" if meant else ""
