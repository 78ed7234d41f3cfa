"""Trips themselves."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Struct, UnsetType

from domain.errors import Detail
from domain.fields import Date, RequiredId, Safe, Title
from domain.merge import Document
from domain.resource import Resource, end_not_before_start


class Trip(Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """What a client may set of a trip."""

    group_id: RequiredId
    title: Annotated[Title, Safe]
    start_date: Annotated[Date, Safe]
    end_date: Annotated[Date, Safe]
    status: Annotated[Literal["draft", "active", "completed"], Safe] | UnsetType = UNSET


def _starts_as_draft(fields: Document) -> None:
    fields.setdefault("status", "draft")


TRIP = Resource(
    kind="trip",
    struct=Trip,
    collection="trips",
    id_param="tripId",
    snapshot="trip",
    normalise=_starts_as_draft,
    check=end_not_before_start,
    stamped=("createdBy",),
)
"""Declared like what it holds, for its rules; its routes are written out."""

GENERAL_CHANNEL = "general"
"""The channel every trip is created with."""


def check_group(current: str, patch: Document) -> list[Detail]:
    """A trip stays in its group: `groupId` in a PATCH is accepted only unchanged."""
    given: Any = patch.get("groupId", current)
    if given == current:
        return []
    if given is None:
        return [Detail("groupId", "required")]
    return [Detail("groupId", "not_allowed" if isinstance(given, str) else "wrong_type")]


def compose_trip(
    fields: Document, before: Document | None, *, trip_id: str, created_by: str, now: str
) -> Document:
    """The stored document of a trip."""
    return {
        "_id": trip_id,
        **fields,
        "createdBy": before["createdBy"] if before else created_by,
        "createdAt": before["createdAt"] if before else now,
        "updatedAt": now,
    }
