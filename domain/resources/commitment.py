"""Commitments: scheduled events."""

from typing import Annotated, Literal

from msgspec import UNSET, Struct, UnsetType

from domain.fields import ClientRef, Date, HHmm, Safe, Text, TimeZone, Title, also, link
from domain.merge import Document
from domain.resource import Resource, not_before

_PLACE = ("location", "place", "address", "venue")
"""A commitment has no place of its own: a pin has, or it goes into words."""

_MOMENT = ("startDateTime", "dateTime", "startsAt", "when")
"""What callers call date and time together."""


class Commitment(Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """A scheduled event: a dinner, an activity, a meeting."""

    title: Annotated[Title, Safe, also("name", "text")]
    start_date: Annotated[Date, Safe, also("date", "day", "start", *_MOMENT)]
    category: Annotated[
        Literal["dinner", "activity", "birthday", "meeting", "other"], Safe, also("type", "kind")
    ]
    end_date: Annotated[Date, Safe, also("end", "until")] | UnsetType = UNSET
    start_time: Annotated[HHmm, Safe, also("time", *_MOMENT)] | UnsetType = UNSET
    end_time: Annotated[HHmm, Safe] | UnsetType = UNSET
    is_all_day: Annotated[bool, Safe, also("allDay")] | UnsetType = UNSET
    timezone: Annotated[TimeZone, Safe, also("tz", "zone")] | UnsetType = UNSET
    leg_id: Annotated[str, Safe, link("leg"), also("leg")] | UnsetType = UNSET
    map_pin_id: (
        Annotated[str, Safe, link("mapPin"), also("mapPin", "pin", "pinId", *_PLACE)] | UnsetType
    ) = UNSET
    notes: Annotated[Text, also("note", "description", "comment", *_PLACE)] | UnsetType = UNSET
    client_ref: ClientRef | UnsetType = UNSET


def _all_day_has_no_times(fields: Document) -> None:
    """With `isAllDay: true` the times are ignored and not stored (contract section 6)."""
    if fields.get("isAllDay") is True:
        fields.pop("startTime", None)
        fields.pop("endTime", None)


def _by_start(fields: Document) -> str:
    """A day's events without a time come first, since a prefix sorts before what extends it."""
    return f"{fields['startDate']}{fields.get('startTime', '')}"


COMMITMENT = Resource(
    kind="commitment",
    struct=Commitment,
    collection="commitments",
    id_param="commitmentId",
    snapshot="commitments",
    also=("events", "activities", "bookings", "appointments"),
    sort_key=_by_start,
    normalise=_all_day_has_no_times,
    check=not_before,
)
