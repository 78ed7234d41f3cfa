"""Dates and numbers in words, by the reader's language and region (Unicode CLDR).

Times of day are the place's wall time, and stay as they are stored, `HH:mm`, for every reader.
"""

import datetime
from typing import Final
from zoneinfo import ZoneInfo

from server.pages.words import Words

_MONTH_FIRST: Final = frozenset({"en-US", "en-CA"})
_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_DAYS_COUNTED: Final = 30
_LARGEST_SPELLED: Final = 20


def long_date(words: Words, date: datetime.date) -> str:
    """As `1 April 2027`."""
    return _with_year(words, day_and_month(words, date), date.year)


def day_and_month(words: Words, date: datetime.date) -> str:
    """As `1 April`."""
    month_name = words(f"dates.month_{date.month}")
    if words.tag in _MONTH_FIRST:
        return f"{month_name} {date.day}"
    return f"{_day(words, date)} {month_name}"


def month(words: Words, date: datetime.date) -> str:
    """The month, short: `Apr`."""
    return words(f"dates.month_short_{date.month}")


def weekday(words: Words, date: datetime.date) -> str:
    """The day of the week, short: `Thu`."""
    return words(f"dates.weekday_{date.isoweekday()}")


def date_range(words: Words, start: datetime.date, end: datetime.date) -> str:
    """As `1 to 15 April 2027`, or `28 April to 3 May 2027`: nothing is said twice."""
    if start == end:
        return words("dates.only", date=long_date(words, start))
    first, last = day_and_month(words, start), day_and_month(words, end)
    if start.year != end.year:
        first = _with_year(words, first, start.year)
    elif start.month == end.month and words.tag in _MONTH_FIRST:
        last = str(end.day)
    elif start.month == end.month:
        first = _day(words, start)
    return words("dates.range", start=first, end=_with_year(words, last, end.year))


def countdown(words: Words, today: datetime.date, start: datetime.date, end: datetime.date) -> str:
    """How far off a trip is: `In 125 days`, `Day 3 of 15`, `Ended on 3 May 2026`."""
    ahead = (start - today).days
    if ahead == 1:
        return words("dates.tomorrow")
    if ahead > 0:
        return words("dates.in_days", n=ahead, number=number(words, ahead))
    if today > end:
        return words("dates.ended", date=long_date(words, end))
    days = (end - start).days + 1
    if days == 1:
        return words("dates.today")
    return words("dates.day_of", day=1 - ahead, days=days)


def moment(words: Words, text: str, zone: str = "UTC") -> str:
    """A stored time as `1 April 2027 at 14:05`, by the clocks of an IANA time zone.

    Where that is UTC, it is said.
    """
    local = datetime.datetime.fromisoformat(text).astimezone(ZoneInfo(zone))
    shown = words("dates.at", date=long_date(words, local.date()), time=f"{local:%H:%M}")
    return f"{shown} UTC" if zone == "UTC" else shown


def ago(words: Words, then: str, now: str) -> str:
    """How long a stored time is gone, as of another: `2 minutes ago`, `yesterday`.

    A day is 24 hours here, for the reader's clock is not known.
    """
    begun, ended = (datetime.datetime.fromisoformat(text) for text in (then, now))
    seconds = (ended - begun).total_seconds()
    if seconds < _MINUTE:
        return words("dates.just_now")
    if seconds < _HOUR:
        return words("dates.minutes_ago", n=int(seconds // _MINUTE))
    if seconds < _DAY:
        return words("dates.hours_ago", n=int(seconds // _HOUR))
    days = int(seconds // _DAY)
    if days == 1:
        return words("dates.yesterday")
    if days <= _DAYS_COUNTED:
        return words("dates.days_ago", n=days)
    return words("dates.on", date=long_date(words, begun.date()))


def number(words: Words, n: float) -> str:
    """With its thousands set apart: `1,234.5`."""
    marks = words("dates.thousands_mark") + words("dates.decimal_mark")
    return f"{n:,}".translate(str.maketrans(",.", marks))


def spelled(words: Words, n: int) -> str:
    """A count from 2 to 20 as a word, any other in digits.

    In many languages the word for one goes by the thing's gender: a message's own form for one
    has it.
    """
    return words(f"dates.number_{n}") if 2 <= n <= _LARGEST_SPELLED else number(words, n)


def _with_year(words: Words, date: str, year: int) -> str:
    return f"{date}, {year}" if words.tag in _MONTH_FIRST else f"{date} {year}"


def _day(words: Words, date: datetime.date) -> str:
    return words("dates.first_day") if date.day == 1 else str(date.day)
