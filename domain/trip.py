"""Trips themselves."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from domain import details
from domain.errors import Detail
from domain.fields import Date, RequiredId, Safe, Title, also
from domain.merge import Document
from domain.resource import Resource, not_before

_GROUP = Meta(description="the _id of a group of yours, of those in GET /me")


class Trip(Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """A journey of a group, with a beginning and an end."""

    group_id: Annotated[RequiredId, _GROUP, also("group")]
    title: Annotated[Title, Safe, also("name")]
    start_date: Annotated[Date, Safe, also("start", "from")]
    end_date: Annotated[Date, Safe, also("end", "to", "until")]
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
    check=not_before,
    stamped=("createdBy",),
    elsewhere={
        "destination": "a trip has no destination; its legs have one",
        "timezone": "a trip has no timezone; its legs have one",
        "notes": "a trip has no notes; its pins, commitments and accommodation have them",
        "legs": "POST /trips/{tripId}/legs makes legs, POST /trips/{tripId}/sync all at once",
        "members": "a trip's members are those of its group",
    },
)
"""Declared like what it holds, for its rules; its routes are written out."""


class Times(Struct, rename="camel"):
    """When a trip is."""

    id: str = field(name="_id")
    start_date: str
    end_date: str


def in_order(trips: Iterable[Times], today: str) -> list[Times]:
    """Trips as people look for them; `today` is a date.

    First what is on and what comes, by date; then what is over, latest first.
    """
    by_start = sorted(trips, key=lambda trip: (trip.start_date, trip.end_date, trip.id))
    coming = [trip for trip in by_start if trip.end_date >= today]
    return coming + [trip for trip in reversed(by_start) if trip.end_date < today]


GENERAL_CHANNEL = "general"
"""The channel every trip is created with."""


def check_group(current: str, patch: Document) -> list[Detail]:
    """A trip stays in its group: `groupId` in a PATCH is accepted only unchanged."""
    given: Any = patch.get("groupId", current)
    if given == current:
        return []
    unchanged = f"a trip stays in its group: leave groupId out, or send {current}"
    if given is None:
        return [details.required("groupId", unchanged)]
    if not isinstance(given, str):
        return [details.wrong_type("groupId", unchanged, given)]
    return [details.fixed("groupId", unchanged)]


def compose_trip(
    fields: Document, before: Document | None, *, trip_id: str, created_by: str, now: str
) -> Document:
    """The stored document of a trip."""
    created_at = before["createdAt"] if before else now
    return {
        "_id": trip_id,
        **fields,
        "createdBy": before["createdBy"] if before else created_by,
        "createdAt": created_at,
        # A clock may have been set back since.
        "updatedAt": max(created_at, now),
    }
