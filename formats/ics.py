"""Calendars (RFC 5545): events are commitments, tasks action items, places with a position pins.

Times are kept as the clock shows them in the event's own zone. All of an event that repeats is one
commitment a date.
"""

import datetime
import re
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO, Final

from formats.coordinates import Wrong as WrongPlace
from formats.coordinates import in_degrees
from formats.flights import dated_name
from formats.found import (
    About,
    Document,
    Found,
    Notice,
    NotImported,
    Position,
    Reading,
    Reject,
    Row,
)
from formats.ics_lines import Component, Property, components_of
from formats.ics_times import Moment, Wrong, duration, moment, zone_of
from formats.pins import pin
from formats.plain_text import from_html
from formats.recurrence import Dates, dates_of
from formats.rows import digest, lines, one_line, ref, row, telling, titled

MOST_REPEATING: Final = 1_000
"""Events with rules that are followed in one file."""
MOST_FRUITLESS: Final = 5
"""The same of rules that fit no date, which are followed for long."""

_CATEGORIES: Final = {
    **dict.fromkeys(("dinner", "restaurant", "meal", "lunch", "breakfast"), "dinner"),
    **dict.fromkeys(("birthday", "birthdays", "geburtstag", "anniversaire"), "birthday"),
    **dict.fromkeys(("meeting", "meetings", "appointment", "business"), "meeting"),
    **dict.fromkeys(("activity", "activities", "sightseeing", "tour", "excursion"), "activity"),
}
"""Of the API, by what programs and people call them."""

_DAY: Final = datetime.timedelta(days=1)

_OWN: Final = "-//Carnet//"


def is_text(text: str) -> bool:
    """Whether a text begins as a calendar."""
    return text[:40].upper().startswith("BEGIN:VCALENDAR")


def read(file: BinaryIO, name: str, _reading: Reading) -> Iterator[Found]:
    """Events and tasks, in the order of the file."""
    context = _Calendar(name)
    # What an event needs to know of others may stand behind it.
    for component in components_of(file):
        context.look_at(component)
    file.seek(0)
    yield from context.notices()
    for component in components_of(file):
        yield from context.found_in(component)
    for what, count in sorted(context.others.items()):
        yield NotImported(what="other", count=count, name=what, at=Position(file=name))


class _Calendar:
    """What is known of the whole file while its events are read."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._locations: dict[str, str] = {}
        self._zone = ""
        self._own = False
        self._cancelled = False
        self._moved: dict[str, set[str]] = {}
        self._unknown_zones: set[str] = set()
        self._repeating = self._fruitless = 0
        self._refs: set[str] = set()
        self._pins: set[str] = set()
        self.others: Counter[str] = Counter()
        """What has no place in Carnet, by its name."""

    def look_at(self, component: Component) -> None:
        """Takes note of zones and of dates of repeating events that were moved."""
        if component.name == "VTIMEZONE":
            location = component.text("X-LIC-LOCATION") or component.text("TZID")
            self._locations[component.text("TZID")] = location
        elif component.name == "VCALENDAR":
            self._zone = zone_of(component.text("X-WR-TIMEZONE")) or self._zone
            self._own = component.text("PRODID").startswith(_OWN)
            self._cancelled = component.text("METHOD").upper() == "CANCEL"
        elif moved := component.first("RECURRENCE-ID"):
            try:
                key = self._moment("RECURRENCE-ID", moved).key
            except Wrong:
                return
            self._moved.setdefault(component.text("UID"), set()).add(key)

    def notices(self) -> Iterator[Notice]:
        """What a person should know of the calendar."""
        if self._own:
            text = (
                "a calendar that Carnet has written: only commitments are taken from it;"
                " an export as JSON has everything"
            )
            yield Notice(text=text, at=Position(file=self._name))

    def found_in(self, component: Component) -> Iterator[Found]:
        """What one component gives."""
        at = Position(file=self._name, line=component.line)
        if component.name == "VCALENDAR":
            if not component.whole:
                text = "END:VCALENDAR is missing: the file was cut, and what came after is lost"
                yield Notice(text=text, at=at)
            if title := component.text("NAME") or component.text("X-WR-CALNAME"):
                yield About(title=telling(title), at=at)
            return
        if component.name not in ("VEVENT", "VTODO"):
            if component.name != "VTIMEZONE":
                self.others[component.name] += 1
            return
        self.others.update(inner.name for inner in component.inner)
        summary = one_line(telling(component.text("SUMMARY")))
        if not component.whole or component.broken:
            reason = component.broken or "it ends in the middle: the file was cut"
            yield Reject(reason=reason, row=_told(component), name=summary, at=at)
            return
        try:
            event = component.name == "VEVENT"
            yield from self._event(component, at) if event else self._task(component, at)
        except Wrong as error:
            yield Reject(reason=str(error), row=_told(component), name=summary, at=at)

    def _event(self, event: Component, at: Position) -> Iterator[Found]:
        started = event.first("DTSTART")
        if started is None:
            raise Wrong("an event without DTSTART, the date it begins")
        start = self._moment("DTSTART", started)
        if self._own and not event.all("CATEGORIES"):
            self.others["legs, stays and flights"] += 1
            return
        length = self._length(event, start)
        summary = event.text("SUMMARY") or event.text("LOCATION") or "Event"
        if self._cancelled or event.text("STATUS").upper() == "CANCELLED":
            name = dated_name(telling(summary), start.day.isoformat())
            yield NotImported(what="cancelled", name=name, at=at)
            return
        dates = self._dates(event, start)
        yield from self._notice_of_zone(started, at)
        if dates.cut:
            count = len(dates.starts)
            text = f"{one_line(telling(summary))} repeats further: {count} of its dates are taken"
            yield Notice(text=text, at=at)
        document = titled("title", summary, _notes(event)) | {"category": _category(event)}
        for place in _place(event, summary, at):
            if isinstance(place, Row):
                document["mapPinRef"] = place.document["clientRef"]
                if document["mapPinRef"] in self._pins:
                    continue
                self._pins.add(document["mapPinRef"])
            yield place
        repeats = len(dates.starts) > 1 or "RRULE" in event.properties
        for each in dates.starts:
            timed = _timed(document, each, length)
            timed["clientRef"] = self._ref(event, start, each.key if repeats else "")
            yield row("commitments", timed, at, _told(event))

    def _dates(self, event: Component, start: Moment) -> Dates:
        """When an event is; of one that repeats without the dates that are left out or moved."""
        rule, added = event.text("RRULE"), list(self._moments(event, "RDATE"))
        if "RECURRENCE-ID" in event.properties or not (rule or added):
            return Dates([start], cut=False)
        self._repeating += 1
        if self._repeating > MOST_REPEATING or self._fruitless > MOST_FRUITLESS:
            raise Wrong("too many events that repeat, or whose rules fit no date, in one file")
        dates = dates_of(start, rule, added)
        self._fruitless += dates.fruitless
        out = {each.key for each in self._moments(event, "EXDATE")}
        out |= self._moved.get(event.text("UID"), set())
        kept = [each for each in dates.starts if not out & {each.key, f"{each.day:%Y%m%d}"}]
        return Dates(kept, dates.cut)

    def _task(self, task: Component, at: Position) -> Iterator[Found]:
        text = task.text("SUMMARY") or task.text("DESCRIPTION")
        if task.text("STATUS").upper() == "CANCELLED":
            yield NotImported(what="cancelled", name=one_line(telling(text)), at=at)
            return
        due = task.first("DUE")
        day = self._moment("DUE", due).day.isoformat() if due else ""
        more = task.text("DESCRIPTION")
        done = task.text("STATUS").upper() == "COMPLETED" or bool(task.first("COMPLETED"))
        document: Document = {
            "text": lines(text + (f" (due {day})" if day else ""), more if more != text else ""),
            "urgency": _urgency(task.text("PRIORITY")),
            "isCompleted": done or None,
            "clientRef": ref("ics", task.text("UID") or digest(text, day)),
        }
        yield row("actionItems", document, at, _told(task), title=one_line(telling(text)))

    def _moment(self, name: str, given: Property) -> Moment:
        """A time in its zone, in that of the calendar if it is in UTC."""
        tzid = given.params.get("TZID", "")
        zone = zone_of(tzid, self._locations.get(tzid, "")) if tzid else ""
        found = moment(name, given.value, zone)
        return found.within(self._zone) if given.value.strip().endswith("Z") else found

    def _moments(self, event: Component, name: str) -> Iterator[Moment]:
        for given in event.all(name):
            for value in filter(None, given.value.split(",")):
                # Of a period its start.
                yield self._moment(name, Property(value.partition("/")[0], given.params))

    def _notice_of_zone(self, given: Property, at: Position) -> Iterator[Notice]:
        """A time in a zone that nobody knows is kept as the clock shows it."""
        tzid = given.params.get("TZID", "")
        if tzid and "T" in given.value and not given.value.strip().endswith("Z"):
            unknown = not zone_of(tzid, self._locations.get(tzid, ""))
            if unknown and tzid not in self._unknown_zones:
                self._unknown_zones.add(tzid)
                text = f"no time zone is known as {telling(tzid)[:80]!r}: its times are without one"
                yield Notice(text=text, at=at)

    def _length(self, event: Component, start: Moment) -> datetime.timedelta | None:
        """By the clock of the event's zone; None without an end."""
        if given := event.first("DTEND"):
            end = self._moment("DTEND", given)
            if (end.time is None) != (start.time is None):
                raise Wrong("one of DTSTART and DTEND is a day, the other a time")
            length = end.within(start.zone).clock - start.clock
            if length < datetime.timedelta():
                raise Wrong(f"DTEND {given.value[:40]} is before DTSTART")
            return length
        if given := event.first("DURATION"):
            return duration(given.value)
        return None

    def _ref(self, event: Component, start: Moment, recurrence: str) -> str:
        """A clientRef by the UID; programs that give several events one are not rare."""
        uid = event.text("UID") or digest(event.text("SUMMARY"), start.key)
        source = "ics"
        if self._own:
            source, uid = "carnet", uid.removesuffix("@carnet")
        if moved := event.first("RECURRENCE-ID"):
            recurrence = self._moment("RECURRENCE-ID", moved).key
        if recurrence:
            return ref(source, uid, recurrence)
        known = ref(source, uid)
        own_ref = ref(source, uid, start.key) if known in self._refs else known
        self._refs.add(known)
        return own_ref


def _timed(document: Document, start: Moment, length: datetime.timedelta | None) -> Document:
    """With its dates and times: DTEND is exclusive, and an end at night is on the next day."""
    try:
        end = start.clock + (length or datetime.timedelta())
    except OverflowError as error:
        raise Wrong("it ends after the year 9999") from error
    found = document | {"startDate": start.day.isoformat()}
    if start.time is None:
        found["isAllDay"] = True
        if length and length > _DAY:
            found["endDate"] = (end - _DAY).date().isoformat()
        return found
    found |= {"startTime": f"{start.time:%H:%M}", "timezone": start.zone}
    if length:
        found["endTime"] = f"{end:%H:%M}"
        days = (end.date() - start.day).days
        if days > 1 or (days == 1 and end.time() >= start.time):
            found["endDate"] = end.date().isoformat()
    return found


def _notes(event: Component) -> str:
    description = from_html(event.text("DESCRIPTION"))
    parts = [event.text("LOCATION"), event.text("URL")]
    return lines(description, *(each for each in parts if each not in description))


def _category(event: Component) -> str:
    for given in event.all("CATEGORIES"):
        for word in given.value.split(","):
            if category := _CATEGORIES.get(word.strip().lower()):
                return category
    return "other"


def _urgency(priority: str) -> str:
    """From 1, the highest, to 9 (section 3.8.1.9)."""
    if not re.fullmatch(r"[1-9]", priority):
        return "before_trip"
    return "now" if priority < "5" else "before_trip" if priority == "5" else "nice_to_have"


def _place(event: Component, summary: str, at: Position) -> Iterator[Found]:
    """The pin of an event with a position. A position that is none costs the event nothing."""
    geo, apple = event.text("GEO"), event.first("X-APPLE-STRUCTURED-LOCATION")
    name = event.text("LOCATION").partition("\n")[0] or summary
    if not geo and apple and apple.value.startswith("geo:"):
        geo = apple.value.removeprefix("geo:").replace(",", ";")
        name = apple.params.get("X-TITLE") or name
    if not geo:
        return
    lat, _, lng = geo.partition(";")
    try:
        latitude, longitude = in_degrees(lat, "latitude"), in_degrees(lng, "longitude")
    except WrongPlace as error:
        reason = f"the place of {one_line(telling(summary), 80)} becomes no pin: GEO has {error}"
        yield Reject(reason=reason, row=_told(event), name=one_line(telling(name)), at=at)
        return
    if latitude or longitude:
        yield pin(name, latitude, longitude, at=at, row=lambda: _told(event))


def _told(component: Component) -> Document:
    return {name: telling(value) for name, value in component.telling().items()}
