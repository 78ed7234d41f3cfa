"""What of a trip is when, as events of a calendar (contract section 14)."""

import datetime
import hashlib
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from domain.day import ends_next_day, stay_dates
from formats.found import Document

_DAY: Final = datetime.timedelta(days=1)
_BEGINNING: Final = datetime.datetime.min.replace(tzinfo=datetime.UTC)


class Dated(NamedTuple):
    """A row of a trip."""

    document: Document
    rev: int
    updated_at: str


class Plan(NamedTuple):
    """What a calendar shows of a trip."""

    url: str
    """Of the trip's page."""
    legs: Sequence[Dated]
    stays: Sequence[Dated]
    pins: Sequence[Dated]
    commitments: Sequence[Dated]


class Event(NamedTuple):
    """Something that a calendar shows."""

    uid: str
    """The same in every calendar, for good."""
    rows: Sequence[Dated]
    """Those it is made from: it has changed when one of them has."""
    summary: str
    start: datetime.date
    """A date and time too; then with its zone, or in UTC, or without a zone for a floating one."""
    end: datetime.date | None
    """Exclusive."""
    location: str = ""
    position: Document | None = None
    """With `lat` and `lng`, or without."""
    details: Document | None = None
    category: str = ""
    takes_time: bool = True


def events_of(plan: Plan) -> Iterator[Event]:
    """The events of a trip: legs with where one sleeps and what one flies, then commitments."""
    legs = {leg.document["_id"]: leg for leg in plan.legs}
    pins = {pin.document["_id"]: pin for pin in plan.pins}
    for leg in plan.legs:
        yield _leg(leg)
        accommodation = leg.document.get("accommodation")
        if accommodation:
            yield _stay(f"{leg.document['_id']}-accommodation", accommodation, leg, [leg])
        yield from _flights(leg)
    for stay in plan.stays:
        leg = legs[stay.document["legId"]]
        yield _stay(stay.document["_id"], stay.document, leg, [stay, leg])
    for commitment in plan.commitments:
        document = commitment.document
        yield _commitment(
            commitment, legs.get(document.get("legId")), pins.get(document.get("mapPinId"))
        )


def _leg(leg: Dated) -> Event:
    document = leg.document
    return Event(
        document["_id"],
        [leg],
        document["title"],
        *_days(document["startDate"], document["endDate"]),
        location=document["destination"],
        takes_time=False,
    )


def _stay(uid: str, place: Document, leg: Dated, rows: Sequence[Dated]) -> Event:
    """A place to sleep; a date that it does not have is its leg's."""
    name, address = place.get("name"), place.get("address")
    return Event(
        uid,
        rows,
        name or address or f"Stay in {leg.document['destination']}",
        *_days(*stay_dates(leg.document, place)),
        location=address or name or "",
        position=place,
        details=place,
        takes_time=False,
    )


def _flights(leg: Dated) -> Iterator[Event]:
    """The flights whose departure is known."""
    zone = ZoneInfo(leg.document["timezone"])
    uids: set[str] = set()
    flights = [each for each in leg.document.get("flights", ()) if each.get("departureTime")]
    for flight in sorted(flights, key=lambda each: _instant(_moment(each["departureTime"], zone))):
        start = _moment(flight["departureTime"], zone)
        arrival = flight.get("arrivalTime")
        end = _moment(arrival, zone) if arrival else None
        departs, arrives = (flight.get(f"{at}Airport", "") for at in ("departure", "arrival"))
        number = flight.get("flightNumber") or flight.get("airline") or "Flight"
        yield Event(
            _flight_uid(leg.document["_id"], flight, uids),
            [leg],
            f"{number} {departs} → {arrives}".strip() if departs or arrives else number,
            start,
            end if end and _instant(end) > _instant(start) else None,
            location=departs,
            details=flight,
        )


def _flight_uid(leg_id: str, flight: Document, taken: set[str]) -> str:
    """An id of a flight, which has none: by what it is called, not by its place or its times.

    Of two that are called the same, the later one is numbered.
    """
    names = ("flightNumber", "departureAirport", "arrivalAirport")
    number, *airports = ("".join(flight.get(name, "").split()).upper() for name in names)
    called = number or "-".join(airports)
    digest = hashlib.blake2b(called.encode(), digest_size=6).hexdigest()
    uid, count = f"{leg_id}-flight-{digest}", 1
    while uid in taken:
        count += 1
        uid = f"{leg_id}-flight-{digest}-{count}"
    taken.add(uid)
    return uid


def _commitment(commitment: Dated, leg: Dated | None, pin: Dated | None) -> Event:
    document = commitment.document
    start, end = _when(document, leg)
    return Event(
        document["_id"],
        [row for row in (commitment, leg, pin) if row],
        document["title"],
        start,
        end,
        location=pin.document["name"] if pin else "",
        position=pin.document if pin else None,
        details=document,
        category=document["category"],
    )


def _when(document: Document, leg: Dated | None) -> tuple[datetime.date, datetime.date | None]:
    first = document["startDate"]
    last = document.get("endDate") or first
    from_time, to_time = document.get("startTime"), document.get("endTime")
    if not from_time:
        return _days(first, last)
    zone_name = document.get("timezone") or (leg.document["timezone"] if leg else None)
    zone = ZoneInfo(zone_name) if zone_name else None
    start = _moment(f"{first}T{from_time}", zone)
    if not to_time:
        return start, None
    end = _moment(f"{last}T{to_time}", zone)
    if ends_next_day(document) and end.date() < datetime.date.max:
        end += _DAY
    # Where clocks change, a later time of day may be an earlier moment.
    return start, end if _instant(end) > _instant(start) else None


def _days(first: str, last: str) -> tuple[datetime.date, datetime.date | None]:
    """Whole days, the last one included; one day where the last is no later than the first."""
    start, end = datetime.date.fromisoformat(first), datetime.date.fromisoformat(last)
    # The last day there is has no day after it.
    return start, min(max(start, end), datetime.date.max - _DAY) + _DAY


def _moment(written: str, zone: ZoneInfo | None) -> datetime.datetime:
    """A date and time with its own offset, in UTC then, or in a zone, to the second."""
    moment = datetime.datetime.fromisoformat(written).replace(microsecond=0)
    if moment.tzinfo is None:
        return moment.replace(tzinfo=zone)
    try:
        return moment.astimezone(datetime.UTC)
    except OverflowError:  # in the first or the last day there is
        return moment.replace(tzinfo=datetime.UTC)


def _instant(moment: datetime.datetime) -> datetime.timedelta:
    """To compare by: datetimes of one zone are compared by their clocks, which may be set back.

    A time that is left out when clocks are set forward is by the offset before (RFC 5545 section
    3.3.5), one that comes twice is the first: as Python has it too.
    """
    since = moment.replace(tzinfo=datetime.UTC) - _BEGINNING
    return since - (moment.utcoffset() or datetime.timedelta())
