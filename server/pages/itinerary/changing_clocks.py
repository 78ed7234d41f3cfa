"""The order of a day's rows, and where in it the clocks of the place one is at change."""

import datetime
from collections.abc import Iterator, Sequence
from typing import Any

from server.pages.itinerary import clocks
from server.pages.itinerary.clocks import Moment
from server.pages.itinerary.entries import Entry
from server.pages.itinerary.model import Clock, Event, Flight, Landing, Leg, Row


class Here:
    """Whose clocks are those of the place one is at, from day to day.

    One is at the place of the day's leg; before a flight where it departs, after it where it lands.
    """

    def __init__(self) -> None:
        self._offset: datetime.timedelta | None = None

    def rows_of(self, date: datetime.date, leg: Leg | None, entries: Sequence[Entry]) -> list[Row]:
        """The rows of the next day, with a clock wherever another time is shown from there on."""
        ordered = _in_order(entries)
        away = next((entry.at for entry in ordered if isinstance(entry.row, Flight)), None)
        rows: list[Row] = []
        for entry in ordered:
            if entry.at is None:
                rows.append(entry.row)
                continue
            is_there = isinstance(entry.row, Flight | Landing)
            there = entry.at if is_there else _there(entry.at, away, leg)
            rows += self._moved(there)
            rows.append(_told(entry, there))
            if is_there:
                away = entry.lands or entry.at
        if leg and not any(entry.at for entry in ordered):
            rows = [*self._moved(clocks.noon(date, leg.zone, leg.city)), *rows]
        return rows

    def _moved(self, to: Moment) -> Iterator[Clock]:
        """What is told where the clocks are others than before."""
        if to.offset is None:
            return
        before, self._offset = self._offset, to.offset
        if before is not None and before != to.offset:
            change = to.offset - before
            forward = change > datetime.timedelta()
            yield Clock(to.place, clocks.utc(to.offset), clocks.span(change), forward)


def _there(at: Moment, away: Moment | None, leg: Leg | None) -> Moment:
    """The clock of the place one is at, at the time of a row."""
    if away is not None and away.offset is not None:
        return away
    return clocks.in_zone(at.wall, leg.zone, leg.city) if leg else at


def _told(entry: Entry, there: Moment) -> Row:
    """A row; of an event whose time is by another clock, that is told."""
    row, at = entry.row, entry.at
    if isinstance(row, Event) and at and at.offset != there.offset and there.offset is not None:
        return row._replace(elsewhere=at.place)
    return row


def _in_order(entries: Sequence[Entry]) -> list[Entry]:
    """By the clocks of their places, what has no time first.

    Where a flight lands at an earlier time of the clock than it departs, what is on there comes
    after it, though its clock shows less.
    """
    gaining = [
        (entry.at, entry.lands)
        for entry in entries
        if entry.at and entry.lands and entry.lands.wall < entry.at.wall
    ]

    def key(entry: Entry) -> tuple[Any, ...]:
        if entry.at is None:
            return (0,)
        wall, offset = entry.at.wall, entry.at.offset
        for departs, lands in gaining:
            if lands.wall <= wall < departs.wall and offset == lands.offset is not None:
                return (1, departs.wall, 1, wall)
        return (1, wall, 0)

    return sorted(entries, key=key)
