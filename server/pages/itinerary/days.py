"""The days of a trip: which there are, and what is on each, in its order."""

import datetime
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple, TypeVar

from server.pages.itinerary.changing_clocks import Here
from server.pages.itinerary.entries import Entry, Sleep, entries_of, sleeps_of
from server.pages.itinerary.legs import leg_of, legs_of
from server.pages.itinerary.model import Day, Itinerary, Leg, Night

Lasting = TypeVar("Lasting", Entry, Sleep)

MOST_ALIKE: Final = 14
"""More days than that, on all of which the same is on, are shown as one stretch."""

_AIRBORNE: Final = datetime.timedelta(hours=3)
"""A shorter flight over midnight is no night in the air."""


class _Span(NamedTuple):
    """Days, by their ordinals."""

    first: int
    last: int


def itinerary_of(whole: Mapping[str, Any]) -> Itinerary:
    """The itinerary of a trip, from documents named as in an export.

    Those of the safe projection and those of members will do: what is not there is not shown.
    """
    trip = whole["trip"]
    start, end = map(datetime.date.fromisoformat, (trip["startDate"], trip["endDate"]))
    legs = legs_of(whole["legs"])
    entries = [*entries_of(whole["legs"], whole["mapPins"], whole["commitments"])]
    sleeps = [*sleeps_of(whole["legs"], whole["stays"])]
    days = [*_days(start, end, legs, entries, sleeps)]
    return Itinerary(trip["title"], start, end, (end - start).days, legs, days)


def _days(
    start: datetime.date,
    end: datetime.date,
    legs: Sequence[Leg],
    entries: Sequence[Entry],
    sleeps: Sequence[Sleep],
) -> Iterator[Day]:
    spans = [*_spans(start, end, legs, entries, sleeps)]
    stretches = _stretches(spans)
    entries_on = _by_stretch(entries, stretches)
    sleeps_on = _by_stretch(sleeps, stretches)
    heads: dict[datetime.date, list[Leg]] = {}
    for leg in legs:
        heads.setdefault(leg.start, []).append(leg)
    here = Here()
    before: Leg | None = None
    year = start.year
    for number, (first, last) in enumerate(stretches):
        date, until = map(datetime.date.fromordinal, (first, last))
        own = leg_of(date, legs)
        begin = [leg for leg in heads.get(date, ()) if leg is not own]
        if own is not None and own is not before:
            begin.append(own)
        rows = here.rows_of(date, own, entries_on.get(number, []))
        nights = [_night(sleep, date, until) for sleep in sleeps_on.get(number, [])]
        if not nights and any(map(_is_night, entries_on.get(number, []))):
            nights = [Night({}, 1, 1, 1)]
        told = date.year if date.year != year else None
        yield Day(date, until, told, own, begin, rows, nights)
        before, year = own, until.year


def _spans(
    start: datetime.date,
    end: datetime.date,
    legs: Sequence[Leg],
    entries: Sequence[Entry],
    sleeps: Sequence[Sleep],
) -> Iterator[_Span]:
    """All that makes a day one of the itinerary, or another one than the day before."""
    yield _Span(start.toordinal(), end.toordinal())
    yield from (_Span(leg.start.toordinal(), leg.end.toordinal()) for leg in legs)
    yield from (_Span(each.first.toordinal(), each.last.toordinal()) for each in entries)
    for sleep in sleeps:
        first, last = sleep.first.toordinal(), sleep.last.toordinal()
        # The first night tells how one gets in.
        yield _Span(first, first)
        yield _Span(first, last)


def _stretches(spans: Iterable[_Span]) -> list[_Span]:
    """Each day by itself, but those of a long stretch without a beginning or an end together.

    So there are no more than the spans need, however long they are.
    """
    change: dict[int, int] = {}
    for first, last in spans:
        change[first] = change.get(first, 0) + 1
        change[last + 1] = change.get(last + 1, 0) - 1
    found: list[_Span] = []
    depth = 0
    for day, following in pairwise(sorted(change)):
        depth += change[day]
        if depth and following - day > MOST_ALIKE:
            found.append(_Span(day, following - 1))
        elif depth:
            found += (_Span(each, each) for each in range(day, following))
    return found


def _by_stretch(given: Iterable[Lasting], stretches: Sequence[_Span]) -> dict[int, list[Lasting]]:
    """What is on in each stretch, by the stretch's number."""
    found: dict[int, list[Lasting]] = {}
    for each in given:
        last = each.last.toordinal()
        number = bisect_left(stretches, _Span(each.first.toordinal(), 0))
        while number < len(stretches) and stretches[number].first <= last:
            found.setdefault(number, []).append(each)
            number += 1
    return found


def _night(sleep: Sleep, date: datetime.date, until: datetime.date) -> Night:
    return Night(
        sleep.place,
        (date - sleep.first).days + 1,
        (until - sleep.first).days + 1,
        (sleep.last - sleep.first).days + 1,
    )


def _is_night(entry: Entry) -> bool:
    """Whether a flight takes the night after its day."""
    if entry.at is None or entry.lands is None or entry.lands.wall.date() <= entry.first:
        return False
    length = entry.at.until(entry.lands)
    return length is None or length >= _AIRBORNE
