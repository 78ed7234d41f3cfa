"""The field types resources are declared with, and what makes a value of each valid.

A type is `Annotated` with msgspec constraints where those suffice. Where a rule needs code
(a zone must exist, a timestamp must be real) the type is a class listed in `CHECKS`. What a
resource may be declared with, is in `domain.shape`.
"""

import datetime
import re
from collections.abc import Callable
from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, UnsetType

from domain import meant, zones
from domain.account import is_email, is_expiry, is_name
from domain.near import Names
from domain.scopes import BASE_SCOPES, SCOPE_PATTERN, is_scope

Safe: Final = Meta(extra={"safe": True})
"""Marks a field as shown on the shared view. What is not marked is never shown there."""


def link(kind: str) -> Meta:
    """Marks a field that holds the id of a row of `kind` in the same trip."""
    target = "userId of a member" if kind == "member" else f"_id of a {words(kind)}"
    return Meta(extra={"link": kind}, description=f"the {target} of this trip")


def also(*names: str) -> Meta:
    """Marks a field that callers call by other names: no request may use them, errors know them."""
    return Meta(extra={"also": names})


def words(name: str) -> str:
    """A camelCase name as one reads it: `mapPin` is a map pin."""
    return re.sub(r"(?=[A-Z])", " ", name).lower()


class TimeZone(str):
    """A name in the IANA time zone database, such as `Europe/London`."""

    __slots__ = ()


class DateTime(str):
    """An ISO 8601 date and time of day, with or without an offset: `2026-07-15T09:30+09:00`."""

    __slots__ = ()


class Email(str):
    """An e-mail address, such as `ann@example.org`."""


class Scope(str):
    """What an API key may do: `trips:read`, or `trips:read:TRIP_ID` in one trip."""

    __slots__ = ()


class PersonName(str):
    """What a person is called."""


class Expiry(str):
    """A date, the last day in UTC, or an ISO 8601 date and time."""

    __slots__ = ()


Date = datetime.date
"""`YYYY-MM-DD`, a date that exists (RFC 3339 full-date)."""

RequiredId = Annotated[str, Meta(min_length=1)]
"""A required id of something else."""

Title = Annotated[str, Meta(min_length=1, max_length=200)]
"""A required title, name or destination."""

Name = Annotated[str, Meta(max_length=200)]
"""An optional name."""

Text = Annotated[str, Meta(max_length=10_000)]
"""Free text that may be empty."""

RequiredText = Annotated[str, Meta(min_length=1, max_length=10_000)]
"""Free text that must say something."""

ClientRef = Annotated[
    str, Meta(min_length=1, max_length=255, extra={"also": ("ref", "externalId", "id")})
]
"""The caller's own name for a row, unique per trip and kind (per leg for stays)."""

HHmm = Annotated[
    str,
    Meta(
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$",
        max_length=5,
        description="a local time as HH:mm, 24 hours, such as 15:00",
        examples=["15:00"],
        extra={"meant": meant.time},
    ),
]
"""A local time of day, 24 hours. `meant` finds what another form of it stands for."""

Order = Annotated[float, Meta(ge=0)]
Lat = Annotated[float, Meta(ge=-90, le=90, extra={"swapped_with": "lng"})]
"""Degrees. Where the other field's value fits this one and the reverse, the error says so."""
Lng = Annotated[float, Meta(ge=-180, le=180)]

MAX_ITEM_BYTES: Final = 64 * 1024

_DATETIME = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d([.,]\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)?", re.ASCII
)


def is_time_zone(text: str) -> bool:
    """Whether the IANA database has this zone."""
    return text in zones.TIME_ZONES


def is_datetime(text: str) -> bool:
    """Whether the text is an ISO 8601 date and time that exists."""
    if not _DATETIME.fullmatch(text):
        return False
    try:
        datetime.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_date(text: str) -> bool:
    """Whether the text is a calendar date in the form `YYYY-MM-DD`."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        return False
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True


CHECKS: Final[dict[type, Callable[[str], bool]]] = {
    TimeZone: is_time_zone,
    DateTime: is_datetime,
    Email: is_email,
    PersonName: is_name,
    Scope: is_scope,
    Expiry: is_expiry,
}
"""The types whose values need code to check."""

EXPECTED: Final[dict[type, str]] = {
    TimeZone: "an IANA time zone such as Europe/London",
    DateTime: "an ISO 8601 date and time such as 2026-07-15T09:30 or 2026-07-15T09:30:00+09:00",
    Email: "an e-mail address such as ann@example.org",
    PersonName: "1 to 200 characters, not all blank and none of them a control",
    Scope: f"one of {', '.join(BASE_SCOPES)}, or one of them followed by :TRIP_ID",
    Expiry: "a date such as 2030-12-31, the last day in UTC, or a moment such as"
    " 2030-12-31T18:00:00Z, up to 9999-12-30",
}
"""Their form, in words."""

_SCOPES: Final = Names(dict.fromkeys(BASE_SCOPES, ()))

MEANT: Final[dict[type, Callable[[str], list[str]]]] = {
    TimeZone: zones.meant,
    DateTime: meant.moment,
    Email: lambda _text: [],
    PersonName: lambda _text: [],
    Scope: _SCOPES.find,
    Expiry: meant.date,
}
"""What a text of another form was probably meant to be."""

SCHEMAS: Final[dict[type, dict[str, Any]]] = {
    TimeZone: {
        "type": "string",
        "format": "iana-time-zone",
        "description": "IANA time zone",
        "examples": ["Europe/London"],
    },
    DateTime: {
        "type": "string",
        "format": "iso8601-date-time",
        "pattern": f"^{_DATETIME.pattern}$",
        "description": "ISO 8601 date and time, with or without an offset",
        "examples": ["2026-07-15T09:30", "2026-07-15T09:30:00+09:00"],
    },
    Email: {"type": "string", "format": "email", "examples": ["ann@example.org"]},
    PersonName: {"type": "string", "minLength": 1, "maxLength": 200, "examples": ["Ann"]},
    Scope: {"type": "string", "pattern": SCOPE_PATTERN, "examples": ["trips:read"]},
    Expiry: {
        "type": "string",
        "description": "A date, the last day in UTC, or a moment",
        "examples": ["2030-12-31", "2030-12-31T18:00:00Z"],
    },
}
"""Their JSON Schemas."""


def check_custom(wanted: type, value: Any) -> Any:
    """Hook for msgspec: a checked string of one of the types in `CHECKS`."""
    if not isinstance(value, str) or not CHECKS[wanted](value):
        raise ValueError(f"not a {wanted.__name__}")
    return wanted(value)


__all__ = [
    "CHECKS",
    "EXPECTED",
    "MAX_ITEM_BYTES",
    "MEANT",
    "SCHEMAS",
    "UNSET",
    "ClientRef",
    "Date",
    "DateTime",
    "Email",
    "Expiry",
    "HHmm",
    "Lat",
    "Lng",
    "Name",
    "Order",
    "PersonName",
    "RequiredId",
    "RequiredText",
    "Safe",
    "Scope",
    "Text",
    "TimeZone",
    "Title",
    "UnsetType",
    "also",
    "check_custom",
    "is_date",
    "is_datetime",
    "is_time_zone",
    "link",
    "words",
]
