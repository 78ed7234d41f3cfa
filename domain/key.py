"""API keys as their users make them: what may be set of one (contract sections 3 and 19)."""

import datetime
from collections.abc import Collection, Sequence
from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, Struct, UnsetType

from domain import details
from domain.account import is_name, parse_expiry
from domain.clock import timestamp
from domain.errors import Detail, ValidationFailed
from domain.explain import unknown, validate
from domain.fields import Expiry, Scope, Title, also
from domain.meant import retyped
from domain.merge import Document, merge
from domain.scopes import trip_of

MOST: Final = 100
"""Keys of one user that are not revoked."""
MOST_SCOPES: Final = 200
MOST_REQUESTS: Final = 1_000_000_000
"""A minute."""


class Key(Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """What a program acts by for a user, within its scopes."""

    name: Annotated[Title, also("title", "label", "description")]
    scopes: Annotated[
        list[Scope],
        Meta(
            min_length=1,
            max_length=MOST_SCOPES,
            extra_json_schema={"uniqueItems": True},
            extra={"also": ("scope", "permissions")},
        ),
    ]
    expires_at: Annotated[Expiry, also("expires", "expiry", "validUntil")] | UnsetType = UNSET
    rate_limit: (
        Annotated[
            int,
            Meta(ge=1, le=MOST_REQUESTS, extra={"also": ("limit", "requestsPerMinute")}),
        ]
        | UnsetType
    ) = UNSET


FIELDS: Final = Key.__struct_encode_fields__
READ_ONLY: Final = ("_id", "lastFour", "lastUsedAt", "lastUsedFrom", "createdAt")
"""What only the server sets: accepted and ignored."""

_ELSEWHERE: Final = {"key": "the server makes the key, and shows it once, in reply to POST"}
_NAME: Final = "text of which something can be seen, without line breaks and control characters"


def made(body: Any, now: str) -> tuple[Document, list[Detail]]:
    """The fields of a new key, and all that is wrong with them; null is as if absent.

    `expiresAt` is a moment then. `ValidationFailed` if the body is no object.
    """
    if not isinstance(body, dict):
        expected = f"an object with fields such as {', '.join(FIELDS[:2])}"
        raise ValidationFailed([details.wrong_type("", expected, body, retyped("object", body))])
    sent = {name: value for name, value in body.items() if name not in READ_ONLY}
    fields = merge({}, sent)
    found = validate(Key, fields, _ELSEWHERE)
    wrong = {detail.path for detail in found}
    if "name" not in wrong and not is_name(fields["name"]):
        found.append(details.malformed("name", _NAME, fields["name"]))
    if "expiresAt" in fields and "expiresAt" not in wrong:
        given = fields["expiresAt"]
        fields["expiresAt"] = timestamp(parse_expiry(given))
        if fields["expiresAt"] <= now:
            found.append(details.out_of_range("expiresAt", "a moment to come", given))
    if "scopes" not in wrong:
        found += _twice(fields["scopes"])
    return fields, found + [
        unknown(Key, name, _ELSEWHERE)
        for name, value in sent.items()
        if value is None and name not in FIELDS
    ]


def _twice(scopes: list[Any]) -> list[Detail]:
    return [
        details.duplicate(f"scopes[{number}]", f"{details.shown(scope)} is listed already")
        for number, scope in enumerate(scopes)
        if isinstance(scope, str) and scope in scopes[:number]
    ]


def trips_named(scopes: Sequence[str]) -> set[str]:
    """The trips that scopes are limited to."""
    return {trip_id for scope in scopes if (trip_id := trip_of(scope))}


def unreachable(scopes: Sequence[str], reachable: Collection[str]) -> list[Detail]:
    """The scopes that are limited to a trip which their user cannot reach.

    Whether there is such a trip is not told.
    """
    where = "GET /api/v1/trips lists yours"
    return [
        details.not_found(f"scopes[{number}]", "trip of yours has the _id", trip_id, where)
        for number, scope in enumerate(scopes)
        if (trip_id := trip_of(scope)) and trip_id not in reachable
    ]


def last_day(expires_at: str) -> datetime.date:
    """The last day on which a key is good that ends at a moment, in UTC."""
    moment = datetime.datetime.fromisoformat(expires_at)
    return (moment - datetime.timedelta(milliseconds=1)).date()
