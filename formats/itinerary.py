"""The legs of a trip while something is imported into it."""

from collections.abc import Iterator, Sequence
from typing import Final

from domain.merge import merge
from formats.airports import ZONES
from formats.flights import car_name, day_of, flight_name, identity, same_car, together
from formats.found import Document, Found, Notice, Part, Position, Reject, Row
from formats.rows import one_line, ref, unfit

UNKNOWN_ZONE: Final = "Etc/UTC"
"""Of a leg that is made for something whose time zone the file does not tell."""

MOST: Final = 2_000
"""Legs that one import makes for single things: each is compared with all others."""


class TooManyLegs(Exception):
    """No further leg is made; its text is a reason for a person."""


class Leg:
    """A leg as it will be, and the members of it that have to be sent."""

    def __init__(self, document: Document, sent: Document, at: Position, *, made: bool) -> None:
        self.document = document
        self.sent = sent
        self.at = at
        self.made = made
        """Whether it is made here, for a single thing."""
        self.end_of_flights = ""
        """Of one that is made for flights: the airport where the last of them arrives."""

    @property
    def link(self) -> Document:
        """How a row of a sync names it."""
        if "clientRef" in self.document:
            return {"legRef": self.document["clientRef"]}
        return {"legId": self.document["_id"]}

    def holds(self, date: str) -> bool:
        """Whether a day is one of its days."""
        first, last = self.document.get("startDate", ""), self.document.get("endDate", "")
        return bool(first <= date <= last)

    def set(self, **members: object) -> None:
        """Gives it other members."""
        self.document |= members
        self.sent |= members

    def set_fitting(self, member: str, value: object) -> str:
        """The same of one that the API may not take: then why not, else ""."""
        if reason := unfit("legs", self.document | {member: value}):
            return f"its leg {self.document['title']} cannot hold it: {reason}"
        self.set(**{member: value})
        return ""


class Itinerary:
    """The legs that the trip has, those of the import, and such as are made on the way."""

    def __init__(self, legs: Sequence[Document]) -> None:
        self._legs: list[Leg] = []
        self._by_ref: dict[str, Leg] = {}
        self._by_id: dict[str, Leg] = {}
        self._flights: dict[tuple[str, str, str], Leg] = {}
        self._held: dict[str, Leg | None] = {}
        self._made = 0
        for leg in legs:
            self._append(Leg(leg.copy(), {}, Position(), made=False))

    def add(self, row: Row) -> Iterator[Row]:
        """A leg of the import, which may be one that the trip has.

        One that the API would not take holds nothing, and comes back as it is.
        """
        ref, row_id = (str(row.document.get(name) or "") for name in ("clientRef", "_id"))
        leg = self._by_ref.get(ref) or self._by_id.get(row_id)
        present = leg.document if leg else {}
        if unfit("legs", merge(present, row.document)):
            yield row
        elif leg is None:
            self._append(Leg(row.document.copy(), row.document.copy(), row.at, made=False))
        else:
            own = {"_id": present["_id"]} if "_id" in present else {}
            leg.document = merge(present, row.document) | own
            leg.sent, leg.at = leg.sent | row.document, row.at
            self._index(leg)
            # Stays of the file name it by the id that it had in another trip.
            self._by_id[row_id or str(own.get("_id"))] = leg

    def add_part(self, part: Part) -> Iterator[Reject]:
        """Puts a flight or a rental car into its leg, or tells why there is none."""
        of_flight = part.member == "flights"
        try:
            reason = self._add_flight(part) if of_flight else self._add_car(part)
        except TooManyLegs as error:
            reason = str(error)
        if reason:
            name = flight_name(part.document) if of_flight else car_name(part.document)
            yield Reject(reason=reason, row=part.document, name=name, at=part.at)

    def rows(self) -> Iterator[Found]:
        """The legs to send, the trip's first, then the file's, then new ones by date."""
        for leg in self._legs:
            if leg.made and leg.document["timezone"] == UNKNOWN_ZONE:
                title = leg.document["title"]
                text = f"the time zone of the leg {title} is not told: {UNKNOWN_ZONE} until changed"
                yield Notice(text=text, at=leg.at)
        for leg in filter(lambda leg: leg.sent, self._legs):
            name = "clientRef" if "clientRef" in leg.document else "_id"
            named = {name: leg.document[name]} if name in leg.document else {}
            yield Row(list="legs", document=leg.sent | named, at=leg.at)

    def leg_of(self, date: str) -> Leg | None:
        """The leg whose dates hold a day; the later one of two that share it."""
        if date not in self._held:
            held = [leg for leg in self._legs if leg.holds(date)]
            later = max(held, key=lambda leg: str(leg.document["startDate"]), default=None)
            self._held[date] = later
        return self._held[date]

    def has(self, leg_id: str) -> bool:
        """Whether a leg of the trip or of the import has this `_id`."""
        return leg_id in self._by_id

    def of_its_own(self, own_ref: str, document: Document, at: Position) -> Leg:
        """A leg that is made for one thing, or was when this was imported before."""
        if leg := self._by_ref.get(own_ref):
            return leg
        if self._made == MOST:
            raise TooManyLegs(f"no leg holds its date, and {MOST:,} are made in this import")
        self._made += 1
        # Across the date line one arrives before one leaves.
        start, end = sorted([document["startDate"], document["endDate"]])
        document = {"order": self._order(start), "timezone": UNKNOWN_ZONE} | document
        document |= {"startDate": start, "endDate": end, "clientRef": own_ref}
        leg = Leg(document, document.copy(), at, made=True)
        self._append(leg)
        return leg

    def _append(self, leg: Leg) -> None:
        self._legs.append(leg)
        self._index(leg)

    def _index(self, leg: Leg) -> None:
        if ref := leg.document.get("clientRef"):
            self._by_ref[ref] = leg
        if row_id := leg.document.get("_id"):
            self._by_id[str(row_id)] = leg
        for flight in leg.document.get("flights") or []:
            self._flights.setdefault(identity(flight), leg)
        self._held.clear()

    def _order(self, date: str) -> float:
        """After the legs that begin no later, before the next one: an order is any number."""
        orders = [(leg.document["order"], leg.document["startDate"]) for leg in self._legs]
        before = max((order for order, start in orders if start <= date), default=-1)
        after = min((order for order, _ in orders if order > before), default=None)
        if after is None:
            return int(before) + 1
        return float(max(before, 0) + after) / 2

    def _add_flight(self, part: Part) -> str:
        flight, known = part.document, identity(part.document)
        date = known[2]
        if not date:
            return "a flight without a date of departure: no leg can be found for it"
        if leg := self._flights.get(known):
            flights = [
                together(present, flight) if identity(present) == known else present
                for present in leg.document["flights"]
            ]
            return leg.set_fitting("flights", flights)
        leg = self.leg_of(date) or self._leg_of_flight(part, date)
        reason = leg.set_fitting("flights", [*(leg.document.get("flights") or []), flight])
        if reason:
            return reason
        if leg.end_of_flights and leg.end_of_flights == known[1]:
            self._continue(leg, flight)
        self._flights[known] = leg
        return ""

    def _leg_of_flight(self, part: Part, date: str) -> Leg:
        flight = part.document
        start, end = (str(flight.get(f"{way}Airport") or "?") for way in ("departure", "arrival"))
        document: Document = {
            "title": one_line(f"{start} → {end}"),
            "destination": one_line(end),
            "startDate": date,
            "endDate": day_of(flight, "arrival") or date,
            "timezone": ZONES.get(end.upper(), UNKNOWN_ZONE),
        }
        leg = self.of_its_own(ref("leg", "flight", *identity(flight)), document, part.at)
        # The flight itself is the first to begin where this says.
        leg.end_of_flights = start.upper() if leg.made else ""
        return leg

    def _continue(self, leg: Leg, flight: Document) -> None:
        """A flight from where the leg's last one arrives: the leg goes on to where it ends."""
        end = str(flight.get("arrivalAirport") or "?")
        leg.end_of_flights = end.upper()
        leg.set(
            title=one_line(f"{leg.document['title'].partition(' → ')[0]} → {end}"),
            destination=one_line(end),
            endDate=max(leg.document["endDate"], day_of(flight, "arrival")),
            timezone=ZONES.get(end.upper(), leg.document["timezone"]),
        )
        self._held.clear()

    def _add_car(self, part: Part) -> str:
        car, date = part.document, day_of(part.document, "pickup")
        with_cars = (leg for leg in self._legs if leg.document.get("rentalCar"))
        leg = next((leg for leg in with_cars if same_car(leg.document["rentalCar"], car)), None)
        if leg is None:
            if not date:
                return "a rental car without a date of pickup: no leg can be found for it"
            leg = self.leg_of(date) or self._leg_of_car(part, date)
        present = leg.document.get("rentalCar") or {}
        if present and not same_car(present, car):
            told = present.get("company") or present.get("confirmationNumber") or "another one"
            return f"its leg {leg.document['title']} has a rental car already: {told}"
        return leg.set_fitting("rentalCar", merge(present, car))

    def _leg_of_car(self, part: Part, date: str) -> Leg:
        car = part.document
        name = str(car.get("company") or car.get("vehicle") or "Rental car")
        where = str(car.get("pickupLocation") or car.get("dropoffLocation") or name)
        document: Document = {
            "title": one_line(f"{name}, {where}" if where != name else name),
            "destination": one_line(where),
            "startDate": date,
            "endDate": day_of(car, "dropoff") or date,
        }
        own_ref = ref("leg", "car", str(car.get("confirmationNumber") or name), date)
        return self.of_its_own(own_ref, document, part.at)
