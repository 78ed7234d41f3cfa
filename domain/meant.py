"""What a value of a wrong form or type was probably meant to be."""

import datetime
import re
from collections.abc import Iterator
from typing import Any, Final

_DATE_FORMS: Final = tuple(
    re.compile(form, re.IGNORECASE | re.ASCII)
    for form in (
        r"(?P<year>\d{4})[-/.](?P<month>\d\d?)[-/.](?P<day>\d\d?)",
        r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)",
        r"(?P<month>\d\d?)/(?P<day>\d\d?)/(?P<year>\d{4})",
        r"(?P<day>\d\d?)[-/.](?P<month>\d\d?)[-/.](?P<year>\d{4})",
        r"(?P<month>[a-z]{3,9})\.? (?P<day>\d\d?),? (?P<year>\d{4})",
        r"(?P<day>\d\d?)\.? (?P<month>[a-z]{3,9})\.?,? (?P<year>\d{4})",
    )
)
"""How dates are written elsewhere; of `07/08/2026` both readings are given."""

_MONTHS: Final = (
    *("jan", "feb", "mar", "apr", "may", "jun"),
    *("jul", "aug", "sep", "oct", "nov", "dec"),
)

_LONGEST: Final = 40

_TIME: Final = re.compile(
    r"(?P<hour>\d{1,2})(?:[:.h](?P<minute>\d\d)?)?(?::\d\d(?:[.,]\d+)?)?"
    r"\s*(?P<half>[ap]\.?m\.?)?\s*(?P<offset>Z|[+-]\d\d(?::?\d\d)?)?",
    re.IGNORECASE | re.ASCII,
)
MANY: Final = (
    'one object a request; several at once go to the same path with :batch, as {"items": [...]},'
    " where there is that route"
)
_NUMBER: Final = re.compile(r"-?\d{1,20}(\.\d{1,20})?", re.ASCII)


def date(text: str) -> list[str]:
    """Dates in the form `YYYY-MM-DD`."""
    if len(text) > _LONGEST:
        return []
    first = re.split(r"T|(?<=\d) (?=\d\d?:)", text.strip(), maxsplit=1)[0]
    return list(dict.fromkeys(_dates(first)))


def _dates(text: str) -> Iterator[str]:
    for match in filter(None, (form.fullmatch(text) for form in _DATE_FORMS)):
        month = match["month"]
        try:
            number = int(month) if month.isdigit() else _MONTHS.index(month[:3].lower()) + 1
            yield datetime.date(int(match["year"]), number, int(match["day"])).isoformat()
        except ValueError:
            continue


def time(text: str) -> list[str]:
    """Local times in the form `HH:mm`."""
    if len(text) > _LONGEST:
        return []
    last = re.split(r"T|(?<=\d\d) (?=\d\d?:)", text.strip(), maxsplit=1)[-1]
    match = _TIME.fullmatch(last)
    clock = _clock(match) if match else None
    return [clock] if clock else []


def _clock(match: re.Match[str]) -> str | None:
    hour, minute, half = int(match["hour"]), int(match["minute"] or 0), match["half"]
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    return f"{hour:02}:{minute:02}" if hour < 24 and minute < 60 else None


def moment(text: str) -> list[str]:
    """Dates with a time of day, in ISO 8601."""
    if len(text) > _LONGEST:
        return []
    day, _, rest = re.sub(r"[Tt ]+", " ", text.strip(), count=1).partition(" ")
    days = list(dict.fromkeys(_dates(day)))
    match = _TIME.fullmatch(rest)
    clock = _clock(match) if match else None
    if not days or match is None or clock is None:
        return []
    offset = (match["offset"] or "").upper()
    moments = [f"{each}T{clock}{offset}" for each in days]
    return [each for each in moments if _exists(each)]


def _exists(moment: str) -> bool:
    try:
        datetime.datetime.fromisoformat(moment)
    except ValueError:
        return False
    return True


def retyped(wanted: str, value: Any) -> str:
    """How a value of another type is written as what is wanted, "" where nothing can be said.

    `wanted` is "number", "boolean", "string", "object" or "list".
    """
    match wanted, value:
        case "number", str() if _NUMBER.fullmatch(value):
            return f"send {value} without quotes"
        case "boolean", str() if value.lower() in ("true", "false"):
            return f"send {value.lower()} without quotes"
        case "boolean", 0 | 1:
            return f"send {'true' if value else 'false'}"
        case "string", int() if not isinstance(value, bool) and abs(value) < 10**20:
            return f'send "{value}" in quotes'
        case "list", dict():
            return "put the object into a list, [{...}]"
        case "object", [{"op": _, "path": _}, *_]:
            return "send the fields to change as one object, a JSON merge patch"
        case "object", [dict()]:
            return "send the one object itself, without the list"
        case "object", [dict(), *_]:
            return MANY
        case "object" | "list", str() if value.lstrip()[:1] in ("{", "["):
            return "send the JSON itself, not a string that holds JSON"
    return ""
