"""Passes of wallets (.pkpass): boarding passes are flights, tickets are commitments.

Its times are of the pass, not of the flight: `relevantDate` may as well be that of boarding. So
unless the pass names a departure, a flight has a date alone.
"""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from domain.fields import is_date, is_datetime
from formats import archives
from formats.archives import Archive
from formats.bcbp import legs_of, nearest
from formats.flights import dated_name, flight_name
from formats.found import Document, Found, NotImported, Position, Reading, Reject, Row, Unreadable
from formats.loose_json import loads
from formats.pins import pin
from formats.rows import digest, lines, part, ref, row, telling, titled
from formats.text import of_head
from formats.values import moment, number, object_of, objects, split, text

_MOST: Final = 1 << 20
_STYLES: Final = ("boardingPass", "eventTicket", "coupon", "storeCard", "generic")
_FIELDS: Final = (
    *("headerFields", "primaryFields", "secondaryFields", "auxiliaryFields", "backFields"),
    "additionalInfoFields",
)
_STRING: Final = re.compile(r'"((?:[^"\\]|\\.)*+)"\s*=\s*"((?:[^"\\]|\\.)*+)"\s*;', re.DOTALL)


def is_archive(names: frozenset[str]) -> bool:
    """Whether an archive is a pass."""
    return "pass.json" in names


def read(file: BinaryIO, name: str, _reading: Reading) -> Iterator[Found]:
    """What one pass tells."""
    at = Position(file=name, index=0)
    with archives.opened(file) as archive:
        if "pass.json" not in archive.names:
            raise Unreadable("a pass without pass.json, what it says")
        content = loads(_text(archive, "pass.json"))
        if not isinstance(content, dict):
            raise Unreadable("a pass whose pass.json is no object")
        told = _Pass(content, _strings(archive))
    if told.style == "boardingPass":
        yield from _boarding_pass(told, at)
    elif told.style == "eventTicket":
        yield from _ticket(told, at)
    else:
        reason = f"a pass of another kind ({told.style or 'unknown'}): boarding passes and event"
        yield Reject(
            reason=f"{reason} tickets are read", row=telling(content), name=told.title, at=at
        )


class _Pass:
    """The content of a pass, its texts in one language."""

    def __init__(self, content: Document, strings: dict[str, str]) -> None:
        self.content = content
        self._strings = strings
        self.style = next((style for style in _STYLES if style in content), "")
        body = object_of(content.get(self.style))
        self.transit = text(body.get("transitType"))
        self.fields = [
            (text(field.get("key")), self.shown(field.get("label")), self.shown(field.get("value")))
            for name in _FIELDS
            for field in objects(body.get(name))
        ]
        self.primary = [
            self.shown(each.get("value")) for each in objects(body.get("primaryFields"))
        ]
        self.semantics = dict(object_of(content.get("semantics")))
        for name in _FIELDS:
            for field in objects(body.get(name)):
                self.semantics |= object_of(field.get("semantics"))

    @property
    def title(self) -> str:
        """What a person knows it by."""
        names = ("description", "logoText", "organizationName")
        return next(filter(None, (self.shown(self.content.get(name)) for name in names)), "Pass")

    @property
    def codes(self) -> list[str]:
        """The texts of its bar codes; `barcode` is what older passes have."""
        found = objects(self.content.get("barcodes")) + objects(self.content.get("barcode"))
        return [code for each in found if isinstance(code := each.get("message"), str)]

    @property
    def relevant(self) -> str:
        """When it is wanted, as it is written there; "" where it does not say."""
        dates = object_of(self.content.get("relevantDates"))
        written = moment(self.content, "relevantDate") or moment(dates, "date", "startDate")
        return written if is_datetime(written) or is_date(written) else ""

    @property
    def notes(self) -> str:
        """Its fields, a line each."""
        return lines(*(f"{label or key}: {value}" for key, label, value in self.fields if value))

    def shown(self, value: Any) -> str:
        """A text in the language that is read."""
        told = text(value)
        return self._strings.get(told, told)

    def field(self, pattern: str) -> str:
        """The value of the first field whose key is of this kind."""
        wanted = re.compile(pattern, re.IGNORECASE)
        return next((value for key, _, value in self.fields if value and wanted.search(key)), "")

    def meant(self, *names: str) -> str:
        """The first of its semantic tags of these names."""
        return next(filter(None, (text(self.semantics.get(name)) for name in names)), "")


def _boarding_pass(told: _Pass, at: Position) -> Iterator[Found]:
    if told.transit not in ("PKTransitTypeAir", "", "PKTransitTypeGeneric"):
        yield from _ride(told, at)
        return
    relevant = told.relevant[:10]
    departure, arrival = _departure(told), _arrival(told)
    known = departure[:10] or relevant
    coded = [leg for code in told.codes[:4] for leg in legs_of(code)]
    flights = [
        leg.flight | {"departureDate": nearest(leg.day, known) if known else ""}
        for leg in {_key(leg.flight): leg for leg in coded}.values()
    ]
    if not flights:
        flights = [_by_fields(told) | {"departureDate": known}]
    if departure and flights[0]["departureDate"] in (departure[:10], ""):
        del flights[0]["departureDate"]
        flights[0]["departureTime"] = departure
        if arrival and len(flights) == 1:
            flights[0]["arrivalTime"] = arrival
    if told.meant("airlineName") or told.content.get("organizationName"):
        airline = told.meant("airlineName") or told.shown(told.content.get("organizationName"))
        flights = [{"airline": airline} | flight for flight in flights]
    for flight in flights:
        name = flight_name(flight)
        if told.content.get("voided") is True:
            yield NotImported(what="cancelled", name=name, at=at)
        elif reason := _missing(flight):
            yield Reject(reason=reason, row=telling(told.content), name=told.title, at=at)
        else:
            yield part("flights", flight, at, told.content, title=name)


def _key(flight: Document) -> tuple[str, str]:
    return flight["flightNumber"], flight["departureAirport"]


def _missing(flight: Document) -> str:
    if not flight["flightNumber"] and not flight["departureAirport"]:
        return "a boarding pass that tells neither its flight nor its airports"
    if not flight.get("departureTime") and not flight.get("departureDate"):
        return "a boarding pass that does not tell its year: its code has the day of the year alone"
    return ""


def _departure(told: _Pass) -> str:
    """When it departs, where the pass says so."""
    fields = r"^(?:depart(?:s|ure)?(?:_?-?time)?|std|abflug)$"
    return _moment(told.meant("currentDepartureDate", "originalDepartureDate"), told.field(fields))


def _arrival(told: _Pass) -> str:
    """When it arrives, where the pass says so."""
    fields = r"^(?:arriv(?:es|al)(?:_?-?time)?|sta|ankunft)$"
    return _moment(told.meant("currentArrivalDate", "originalArrivalDate"), told.field(fields))


def _moment(*texts: str) -> str:
    """The first of these that is a time of a day; "" for none."""
    moments = (moment({"of": text}, "of") for text in texts)
    return next((found for found in moments if is_datetime(found)), "")


def _by_fields(told: _Pass) -> Document:
    """A flight out of the fields that a person reads."""
    airports = [each for each in told.primary if re.fullmatch(r"[A-Z]{3}", each)]
    number_told = told.meant("flightCode") or told.field(r"flight") or told.meant("flightNumber")
    booking = told.meant("confirmationNumber") or told.field(r"pnr|confirm|booking")
    if re.fullmatch(r"\d{1,4}", number_told):
        number_told = told.meant("airlineCode") + number_told
    return {
        "flightNumber": number_told.replace(" ", ""),
        "departureAirport": told.meant("departureAirportCode") or "".join(airports[:1]),
        "arrivalAirport": told.meant("destinationAirportCode") or "".join(airports[1:2]),
        "confirmationNumber": booking,
        "seat": told.field(r"^seat"),
    }


def _ride(told: _Pass, at: Position) -> Iterator[Found]:
    """A train, a bus or a boat."""
    called = " → ".join(told.primary[:2]) or told.title
    yield from _commitment(told, called, _departure(told) or told.relevant, at)


def _ticket(told: _Pass, at: Position) -> Iterator[Found]:
    called = told.meant("eventName") or "".join(told.primary[:1]) or told.title
    written = told.meant("eventStartDate")
    start = written if is_datetime(written) else told.relevant
    yield from _commitment(told, called, start, at)


def _commitment(told: _Pass, called: str, start: str, at: Position) -> Iterator[Found]:
    date, time = split(start)
    if told.content.get("voided") is True:
        yield NotImported(what="cancelled", name=dated_name(telling(called), date), at=at)
        return
    if not date:
        reason = "a ticket that does not tell its date: relevantDate is missing"
        yield Reject(reason=reason, row=telling(told.content), name=told.title, at=at)
        return
    own = [text(told.content.get(name)) for name in ("passTypeIdentifier", "serialNumber")]
    document = titled("title", called, told.notes) | {
        "category": "activity",
        "startDate": date,
        "startTime": time,
        "clientRef": ref("pass", *(own if own[1] else [digest(called, date)])),
    }
    place = object_of(told.content.get("locations"))
    lat, lng = number(place.get("latitude")), number(place.get("longitude"))
    if lat and lng and told.style == "eventTicket":
        venue = told.meant("venueName") or told.field(r"venue|location|place") or called
        found = pin(venue, lat, lng, at=at, row=lambda: telling(place))
        yield found
        if isinstance(found, Row):
            document["mapPinRef"] = found.document["clientRef"]
    yield row("commitments", document, at, told.content, title=called)


def _strings(archive: Archive) -> dict[str, str]:
    """The texts of one language, English if it is there."""
    names = [name for name in archive.names if name.endswith(".lproj/pass.strings")]
    names.sort(key=lambda name: not name.startswith("en"))
    if not names:
        return {}
    try:
        content = _text(archive, names[0])
    except Unreadable:
        return {}
    return {_plain(found[1]): _plain(found[2]) for found in _STRING.finditer(content)}


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: {"n": "\n"}.get(found[1], found[1]), text)


def _text(archive: Archive, name: str) -> str:
    """A file of a pass, in the encoding that its first bytes tell."""
    with archive.open(name) as member:
        raw = member.read(_MOST + 1)
    if len(raw) > _MOST:
        raise Unreadable(f"{name} of more than {_MOST >> 20} MiB")
    encoding = of_head(raw)
    try:
        return raw.decode(encoding).lstrip("\ufeff")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")
