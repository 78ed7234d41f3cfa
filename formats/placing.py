"""Flights, rental cars and stays find their legs.

Each goes to the leg whose dates hold its first day, and of two that share a day to the one that
begins later: a flight on the day of travel brings one there. What no leg holds gets a leg of its
own. What the trip has already stays where it is, wherever somebody has put it, so that an import
done twice changes nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from formats.flights import dated_name, day_of, flight_name
from formats.found import Document, Found, NotImported, Part, Reject, Row
from formats.itinerary import Itinerary, TooManyLegs
from formats.rows import one_line, ref, unfit

MOST: Final = 5_000
"""Flights and rental cars of one import."""


def place(
    found: Iterable[Found], legs: Sequence[Document], stays: Sequence[Document] = ()
) -> Iterator[Found]:
    """What was found, for a trip that has these legs and stays (as the API gives them).

    Legs, stays and parts are held until all is read, then come the legs and after them the stays;
    anything else goes through as it comes. Of a leg that the trip has, only what the import tells
    of it is sent: its flights whole, since a merge replaces arrays.
    """
    itinerary = Itinerary(legs)
    homes = {each["clientRef"]: each["legId"] for each in stays if "clientRef" in each}
    parts: list[Part] = []
    unplaced: list[Row] = []
    for each in found:
        if isinstance(each, Part) and len(parts) < MOST:
            parts.append(each)
        elif isinstance(each, Part):
            reason = f"more than {MOST:,} flights and rental cars in one import"
            yield Reject(reason=reason, row=each.document, at=each.at)
        elif isinstance(each, Row) and each.list == "legs":
            yield from itinerary.add(each)
        elif isinstance(each, Row) and each.list == "stays":
            unplaced.append(each)
        else:
            yield each
    # By time, so that of several flights in a row the first one makes the leg.
    for part in sorted(parts, key=_moment_of):
        yield from itinerary.add_part(part)
    placed = [_placed(each, itinerary, homes) for each in unplaced]
    yield from itinerary.rows()
    yield from placed


def still_there(
    cancelled: Iterable[NotImported], trip: Mapping[str, Sequence[Document]]
) -> list[str]:
    """What is cancelled and yet in the trip (an export of it), in words for its summary."""
    names = {each.name for each in cancelled if each.what == "cancelled"}
    there = [
        (flight_name(flight), f"flight {flight_name(flight)} in the leg {leg['title']}")
        for leg in trip.get("legs", ())
        for flight in leg.get("flights", ())
    ]
    for word, rows, title, date in (
        ("stay", "stays", "name", "checkInDate"),
        ("commitment", "commitments", "title", "startDate"),
    ):
        for document in trip.get(rows, ()):
            name = dated_name(document[title], document.get(date, ""))
            there.append((name, f"{word} {name}"))
    return [words for name, words in there if name in names]


def _moment_of(part: Part) -> str:
    event = "departure" if part.member == "flights" else "pickup"
    return str(part.document.get(f"{event}Time") or day_of(part.document, event))


def _placed(row: Row, itinerary: Itinerary, homes: Mapping[str, str]) -> Row | Reject:
    stay = row.document
    if "legRef" in stay or itinerary.has(str(stay.get("legId"))):
        return row
    if reason := unfit("stays", stay):
        name = str(stay.get("name", ""))
        return Reject(reason=reason, row=stay, name=name, at=row.at)
    stay = {name: value for name, value in stay.items() if name != "legId"}
    if home := homes.get(stay.get("clientRef", "")):
        return Row(list="stays", document={**stay, "legId": home}, at=row.at)
    start = stay.get("checkInDate") or stay.get("checkOutDate")
    if not start:
        reason = "a stay without dates that names no leg: no leg can be found for it"
        return Reject(reason=reason, row=stay, name=stay["name"], at=row.at)
    try:
        leg = itinerary.leg_of(start) or itinerary.of_its_own(
            ref("leg", "stay", str(stay.get("clientRef") or dated_name(stay["name"], start))),
            {
                "title": stay["name"],
                "destination": one_line(str(stay.get("address") or stay["name"])),
                "startDate": start,
                "endDate": stay.get("checkOutDate") or start,
            },
            row.at,
        )
    except TooManyLegs as error:
        return Reject(reason=str(error), row=stay, name=stay["name"], at=row.at)
    return Row(list="stays", document={**stay, **leg.link}, at=row.at)
