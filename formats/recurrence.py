"""The dates of events that repeat (RFC 5545 section 3.8.5)."""

import datetime
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from formats.ics_times import UTC, Moment, Wrong, moment

MOST: Final = 366
"""Dates of one event; of one that goes on longer these are the first."""

_LONGEST_RULE: Final = 500
_HORIZON: Final = {"DAILY": 2, "WEEKLY": 8, "MONTHLY": 31, "YEARLY": 100}
"""Years in which dates are looked for: a rule that fits none would be tried until the year 9999,
at a second for a few years of days. What repeats within a day is no plan of a trip."""


class Dates(NamedTuple):
    """The dates of an event in order."""

    starts: list[Moment]
    cut: bool
    """Whether there are more."""


def dates_of(start: Moment, rule: str, added: list[Moment]) -> Dates:
    """All starts of an event: its own, those of its rule and those that are added.

    Times are by the clock of the event's zone, so that they stay when clocks are changed. `Wrong`
    for a rule that is none.
    """
    found = {start.key: start}
    cut = False
    for clock in _of_rule(start, rule) if rule else ():
        if clock is None or len(found) == MOST:
            cut = True
            break
        each = start.at(clock)
        found.setdefault(each.key, each)
    for each in added:
        # One that is added by its day alone is at the time of the others.
        each = each.within(start.zone)
        if each.time is None and start.time is not None:
            each = Moment(each.day, start.time, start.zone)
        found.setdefault(each.key, each)
    ordered = sorted(found.values(), key=lambda each: each.clock)
    return Dates(ordered[:MOST], cut or len(ordered) > MOST)


def _of_rule(start: Moment, rule: str) -> Iterator[datetime.datetime | None]:
    """The dates of a rule by the clock; None at last where the rule goes on beyond the horizon."""
    from dateutil.rrule import rrulestr

    parts = dict(part.upper().partition("=")[::2] for part in rule.strip().split(";") if part)
    years = _HORIZON.get(parts.get("FREQ", ""))
    if years is None or len(rule) > _LONGEST_RULE:
        raise Wrong(f"RRULE {rule[:60]!r} repeats within a day, or is no rule")
    last = start.clock.replace(year=min(9999, start.day.year + years), day=min(28, start.day.day))
    until = _until(parts.pop("UNTIL"), start) if "UNTIL" in parts else None
    # The standard forbids COUNT beside UNTIL, which here is always there.
    count = int(parts.pop("COUNT")) if re.fullmatch(r"\d{1,6}", parts.get("COUNT", "")) else None
    plain = "".join(f"{name}={value};" for name, value in parts.items())
    end = min(last, until or last)
    try:
        clocks = iter(rrulestr(f"{plain}UNTIL={end:%Y%m%dT%H%M%S}", dtstart=start.clock))
        for number, clock in enumerate(clocks):
            if number == count:
                return
            yield clock
    except (ValueError, TypeError, OverflowError, AttributeError, IndexError) as error:
        raise Wrong(f"RRULE {rule[:60]!r} is no rule that is known: {error}") from error
    if until is None or until > last:
        yield None


def _until(value: str, start: Moment) -> datetime.datetime:
    """The last moment by the event's clock; a day is whole."""
    until = moment("UNTIL", value, start.zone)
    if until.time is None:
        return datetime.datetime.combine(until.day, datetime.time(23, 59, 59))
    if start.time is None:
        return until.clock
    return until.within(start.zone or UTC).clock
