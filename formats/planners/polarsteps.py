"""Trips of Polarsteps' export of one's data: steps with Unix times, each in a zone of its own."""

import datetime
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from domain.fields import is_time_zone
from formats.found import About, Document, Found, NotImported, Position
from formats.planners.build import Pins, event, place, ref_of
from formats.rows import digest, lines, ref
from formats.values import first, number, object_of, objects, prose


def is_document(members: frozenset[str]) -> bool:
    """By the names of its top level."""
    return "all_steps" in members


def found_in(document: Document, at: Position) -> Iterator[Found]:
    """Each step is a pin, and what was there on a day."""
    pins = Pins()
    gone = 0
    for step in objects(document.get("all_steps")):
        if step.get("is_deleted") is True:
            gone += 1
            continue
        location = object_of(step.get("location"))
        called = first(step, "name", "display_name") or first(location, "name") or "Step"
        where = ", ".join(filter(None, (first(location, "name"), first(location, "detail"))))
        lat, lng = location.get("lat"), location.get("lon")
        notes = lines(where if where != called else "")
        pin = place(called, lat, lng, category="", notes=notes, at=at, raw=step)
        yield from pins.found(pin)
        zone = first(step, "timezone_id") or first(document, "timezone_id")
        start = _clock(step.get("start_time"), zone)
        own_ref = ref("polarsteps", first(step, "uuid", "id") or digest(called, start))
        yield event(
            title=called,
            start=start,
            end=_clock(step.get("end_time"), zone),
            zone=zone,
            notes=prose(step, "description"),
            ref=own_ref,
            pin_ref=ref_of(pin),
            at=at,
            raw=step,
        )
    if gone:
        yield NotImported(what="other", count=gone, name="steps that were deleted", at=at)
    yield About(title=first(document, "name"), at=at)


def _clock(seconds: object, zone: str) -> str:
    """A Unix time by the clock of a zone; by that of UTC in one that is none, which is told."""
    since = number(seconds)
    if since is None:
        return ""
    try:
        moment = datetime.datetime.fromtimestamp(since, datetime.UTC)
        if is_time_zone(zone):
            moment = moment.astimezone(ZoneInfo(zone))
    except (OverflowError, ValueError, OSError):
        return f"{since:g} seconds"
    return moment.strftime("%Y-%m-%dT%H:%M") if moment.year >= 1000 else f"{since:g} seconds"
