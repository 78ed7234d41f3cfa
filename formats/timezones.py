"""VTIMEZONE (RFC 5545 section 3.6.5): what a zone of the IANA database does in the years needed.

Each change of the offset is told by itself, as it is in the database. No rule would hold for every
zone and year: Morocco's summer time goes by the moon.
"""

import datetime
import functools
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple
from zoneinfo import ZoneInfo

from formats.content_lines import line

_DAY = datetime.timedelta(days=1)
_YEAR = 368 * _DAY
"""And a day on each side, since a year begins and ends at other moments in other places."""
_SECOND = datetime.timedelta(seconds=1)
_FIRST = datetime.datetime.min.replace(tzinfo=datetime.UTC) + 2 * _DAY
_LAST = datetime.datetime.max.replace(tzinfo=datetime.UTC) - 2 * _DAY


class _State(NamedTuple):
    """What a zone's clocks say."""

    offset: datetime.timedelta
    summer: bool
    name: str


class _Onset(NamedTuple):
    """From when on they say so."""

    at: datetime.datetime
    """In UTC."""
    before: datetime.timedelta
    """The offset until then."""
    state: _State


def vtimezone(zone: str, years: Collection[int]) -> Iterator[bytes]:
    """The lines that tell what every moment of these years is."""
    yield line("BEGIN:VTIMEZONE")
    yield line(f"TZID:{zone}")
    for onset in _onsets_in(zone, years):
        part = "DAYLIGHT" if onset.state.summer else "STANDARD"
        # Section 3.6.5: in the local time of before.
        local = (onset.at + onset.before).replace(tzinfo=None)
        yield line(f"BEGIN:{part}")
        yield line(f"DTSTART:{basic(local)}")
        yield line(f"TZOFFSETFROM:{_offset(onset.before)}")
        yield line(f"TZOFFSETTO:{_offset(onset.state.offset)}")
        yield line(f"TZNAME:{onset.state.name}")
        yield line(f"END:{part}")
    yield line("END:VTIMEZONE")


def basic(moment: datetime.date) -> str:
    """A date, or a date and time without its zone, in the form that iCalendar has."""
    if isinstance(moment, datetime.datetime):
        moment = moment.replace(tzinfo=None, microsecond=0)
    return moment.isoformat().replace("-", "").replace(":", "")


def _onsets_in(zone: str, years: Collection[int]) -> Iterable[_Onset]:
    found: dict[datetime.datetime, _Onset] = {}
    for year in sorted(years):
        # What holds when a year begins is known from the year before, where that is told too.
        new = _onsets(zone, year)[1 if year - 1 in years else 0 :]
        # The last days of the one are the first of the other.
        found |= {onset.at: onset for onset in new}
    return found.values()


@functools.lru_cache(maxsize=4096)
def _onsets(zone: str, year: int) -> list[_Onset]:
    """What holds when a year begins anywhere on Earth, and each change until it ends everywhere."""
    here = ZoneInfo(zone)
    day = max(datetime.datetime(year, 1, 1, tzinfo=datetime.UTC), _FIRST) - _DAY
    end = min(day, _LAST - _YEAR) + _YEAR
    state = _state(day, here)
    found = [_Onset(day, state.offset, state)]
    while day < end:
        following = _state(day + _DAY, here)
        if following != state:
            change = _change(day, day + _DAY, here)
            found.append(_Onset(change, state.offset, following))
            state = following
        day += _DAY
    return found


def _change(
    before: datetime.datetime, after: datetime.datetime, zone: ZoneInfo
) -> datetime.datetime:
    """The first second of what holds after a change, of which there is one between two moments."""
    state = _state(before, zone)
    while after - before > _SECOND:
        middle = before + (after - before) // (2 * _SECOND) * _SECOND
        if _state(middle, zone) == state:
            before = middle
        else:
            after = middle
    return after


def _state(at: datetime.datetime, zone: ZoneInfo) -> _State:
    local = at.astimezone(zone)
    offset, name = local.utcoffset(), local.tzname()
    assert offset is not None
    assert name is not None
    return _State(offset, bool(local.dst()), name)


def _offset(offset: datetime.timedelta) -> str:
    """`+HHMM`, with seconds where there are any, as local mean times have."""
    sign, seconds = ("-", -offset) if offset < datetime.timedelta() else ("+", offset)
    whole = int(seconds.total_seconds())
    text = f"{sign}{whole // 3600:02}{whole // 60 % 60:02}"
    return f"{text}{whole % 60:02}" if whole % 60 else text
