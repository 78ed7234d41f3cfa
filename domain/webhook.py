"""Webhooks: what a client may set of one, and what its key must be allowed to read."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, get_args

from msgspec import UNSET, Meta, Struct, UnsetType

from domain import access, details
from domain.actor import Actor
from domain.addresses import MAX_URL, URL_PATTERN, is_public, target_of, with_scheme
from domain.errors import Detail, ValidationFailed
from domain.explain import unknown, validate
from domain.fields import Name, RequiredId, also
from domain.meant import retyped
from domain.merge import Document, merge
from domain.scopes import Scopes

Event = Literal["trip.created", "trip.changed", "message.created", "job.finished"]
EVENTS: Final[tuple[Event, ...]] = get_args(Event)
MESSAGE_CREATED: Final = "message.created"
TEST: Final = "test"
"""The event of a delivery that somebody asks for, to see whether the receiver answers."""

MOST: Final = 100
"""Webhooks of one user."""

Url = Annotated[
    str,
    Meta(
        pattern=URL_PATTERN,
        max_length=MAX_URL,
        description="an http or https URL such as https://example.org/hooks, in ASCII (a name in"
        f" another script as xn--...), of at most {MAX_URL:,} characters, without a user and a"
        " password, and without a # part",
        examples=["https://example.org/hooks"],
        extra={"meant": with_scheme},
    ),
]


class Webhook(Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """An address that is told what happens in a trip, or without `tripId` in all."""

    url: Annotated[Url, also("endpoint", "target", "address", "callback")]
    events: Annotated[
        list[Event],
        Meta(
            min_length=1,
            max_length=len(EVENTS),
            extra_json_schema={"uniqueItems": True},
            extra={"also": ("event", "types", "topics")},
        ),
    ]
    trip_id: Annotated[RequiredId, also("trip")] | UnsetType = UNSET
    description: Annotated[Name, also("name", "title", "label")] | UnsetType = UNSET
    enabled: Annotated[bool, also("active")] | UnsetType = UNSET


FIELDS: Final = Webhook.__struct_encode_fields__

READ_ONLY: Final = ("_id", "disabledReason", "disabledAt", "createdAt", "updatedAt")
"""What only the server sets: accepted and ignored."""

_ELSEWHERE: Final = {"secret": "the server makes the secret, and shows it once, in reply to POST"}


def sent(body: Any) -> Document:
    """The members of a request's object that count; `ValidationFailed` if it is no object."""
    if not isinstance(body, dict):
        expected = "an object with fields such as url, events"
        raise ValidationFailed([details.wrong_type("", expected, body, retyped("object", body))])
    return {name: value for name, value in body.items() if name not in READ_ONLY}


def merged(before: Document, patch: Document) -> tuple[Document, list[Detail]]:
    """A webhook under a patch (RFC 7396), and all that is wrong with that.

    `before` is empty for a new one; else its trip stays what it is.
    """
    fields = merge(before, patch)
    fields.setdefault("enabled", True)
    found = validate(Webhook, fields, _ELSEWHERE)
    wrong = {detail.path for detail in found}
    found += [detail for detail in _twice(fields.get("events")) if detail.path not in wrong]
    url = fields.get("url")
    if "url" not in wrong and target_of(url) is None:
        expected = "a host as browsers show it: a name, or an address such as 203.0.113.7 or [::1]"
        found.append(details.malformed("url", expected, url))
    if before and fields.get("tripId") != before.get("tripId"):
        found = [detail for detail in found if detail.path != "tripId"]
        found.append(details.fixed("tripId", "a webhook stays with its trip: leave tripId out"))
    return fields, found + [
        unknown(Webhook, name, _ELSEWHERE)
        for name, value in patch.items()
        if value is None and name not in FIELDS
    ]


def _twice(events: Any) -> list[Detail]:
    if not isinstance(events, list):
        return []
    return [
        details.duplicate(f"events[{number}]", f"{event} is listed already: name it once")
        for number, event in enumerate(events)
        if isinstance(event, str) and event in events[:number]
    ]


def refused_addresses(addresses: Sequence[str]) -> list[Detail]:
    """That a URL leads to an address which the internet does not reach, if it does."""
    if all(map(is_public, addresses)):
        return []
    why = (
        "the host must have public addresses only, and this one has one that is loopback, private,"
        " link-local or otherwise special; webhooks.allow_private = true in the server's settings"
        " lets webhooks go there"
    )
    return [details.fixed("url", why)]


def is_visible(scopes: Scopes, trip_id: str | None) -> bool:
    """Whether a key may see the user's webhooks of a trip, or (None) of all trips."""
    if trip_id is None:
        return scopes.has_unlimited("trips:read")
    return scopes.covers("trips:read", trip_id)


def tells_messages(events: Sequence[str]) -> bool:
    """Whether what these events tell needs the scope messages:read."""
    return MESSAGE_CREATED in events


def require_unlimited(actor: Actor, events: Sequence[str]) -> None:
    """`Forbidden` unless the actor may read what a webhook of all trips tells."""
    access.require_unlimited(actor, "trips:read")
    if tells_messages(events):
        access.require_unlimited(actor, "messages:read")
