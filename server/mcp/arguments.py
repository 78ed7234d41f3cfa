"""The arguments of a call: read by structs, as bodies are, so that all that is wrong is told."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from domain import details, imports
from domain.errors import Detail, ValidationFailed
from domain.explain import validate
from domain.fields import also
from domain.imports import ImportRequest, ItemLists
from domain.meant import retyped
from domain.resource import Resource
from domain.shape import members_of

TripName = Annotated[
    str,
    Meta(min_length=1, description="a trip's _id, or its title where no other trip has that"),
    also("tripId", "tripTitle", "tripName"),
]
Cursor = Annotated[
    str, Meta(description="nextCursor of the result before"), also("nextCursor", "page", "after")
]
DryRun = Annotated[bool, also("preview", "simulate", "test")]


class Nothing(Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """No arguments."""


class Paged(Nothing, kw_only=True):
    """Which page of a list."""

    cursor: Cursor | UnsetType = UNSET


class OfTrip(Nothing, kw_only=True):
    """A trip."""

    trip: TripName


class PagedOfTrip(OfTrip, kw_only=True):
    """A list in a trip."""

    cursor: Cursor | UnsetType = UNSET


Body = ImportRequest | Resource
"""What arguments beside a struct's are: items of an import, or the fields of a row."""


class Arguments(msgspec.Struct):
    """The arguments of a call."""

    own: dict[str, Any]
    """Those of the tool's struct."""
    body: dict[str, Any]
    """The others."""
    items: ItemLists
    """The items in the body."""


def read(struct: type[Struct], body: Body | None, sent: Any) -> Arguments:
    """The arguments that were sent; raises `ValidationFailed` with all that is wrong.

    The fields of a row are checked by the operation. A null is as if absent, but in those.
    """
    if sent is None:
        sent = {}
    if not isinstance(sent, dict):
        expected = "an object of arguments"
        raise ValidationFailed(
            [details.wrong_type("arguments", expected, sent, retyped("object", sent))]
        )
    own = {name: value for name, value in sent.items() if _is_own(struct, body, name)}
    rest = {name: value for name, value in sent.items() if name not in own}
    own = {name: value for name, value in own.items() if value is not None}
    found: list[Detail] = validate(struct, own)
    items: ItemLists = []
    if isinstance(body, ImportRequest):
        try:
            items = imports.items_of(body, rest)
        except ValidationFailed as error:
            found += error.details
    if found:
        raise ValidationFailed(found)
    return Arguments(own, rest, items)


def _is_own(struct: type[Struct], body: Body | None, name: str) -> bool:
    """Whether a name is one of the struct's, or is meant to be."""
    members = members_of(struct)
    if body is None or name in members.by_name:
        return True
    return name not in _names_in(body) and bool(members.names.find(name))


def _names_in(body: Body) -> frozenset[str]:
    if isinstance(body, Resource):
        return frozenset(body.fields) | body.ignored
    return frozenset({"items"}) if body.resource else imports.NAMES_IN_SYNC


def without(arguments: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The arguments but for some."""
    return {name: value for name, value in arguments.items() if name not in names}
