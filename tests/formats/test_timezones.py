"""What a VTIMEZONE says is what the database says."""

import datetime
import zoneinfo
from typing import Any

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.zones import TIME_ZONES
from formats.timezones import vtimezone
from tests.formats.calendars import COMMITMENT, of_ical_js, plan, written

YEARS = st.integers(1900, 2100)


def observances(zone, years):
    """The onsets in a written zone, in UTC, and what the offset is from then on."""
    component: Any
    [component] = icalendar.Timezone.from_ical(b"".join(vtimezone(zone, years)), multiple=True)
    assert component["TZID"] == zone
    found = []
    for each in component.subcomponents:
        before = each["TZOFFSETFROM"].td
        found.append((each["DTSTART"].dt - before, each["TZOFFSETTO"].td))
    return found


@given(
    st.sampled_from(sorted(TIME_ZONES)),
    st.sets(YEARS, min_size=1, max_size=3),
    st.data(),
)
def test_every_moment_of_its_years_has_the_offset_that_it_has(zone, years, data):
    year = data.draw(st.sampled_from(sorted(years)))
    local = data.draw(
        st.datetimes(datetime.datetime(year, 1, 1), datetime.datetime(year, 12, 31, 23, 59))  # noqa: DTZ001
    )
    here = local.replace(tzinfo=zoneinfo.ZoneInfo(zone))
    moment = (here - here.utcoffset()).replace(tzinfo=None)
    told = [offset for onset, offset in observances(zone, years) if onset <= moment]
    assert told[-1] == moment.replace(tzinfo=datetime.UTC).astimezone(here.tzinfo).utcoffset()


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Tokyo", "Pacific/Apia", "UTC"])
@pytest.mark.parametrize("year", [1, 9999])
def test_the_first_and_the_last_year_there_are_can_be_told(zone, year):
    assert observances(zone, {year})


def test_years_in_a_row_are_told_without_beginnings_between():
    lines = b"".join(vtimezone("Asia/Tokyo", set(range(2027, 2031))))
    assert lines.count(b"BEGIN:STANDARD") == 1
    assert b"".join(vtimezone("Europe/Berlin", {2027, 2028})).count(b"TZNAME:CEST") == 2


@pytest.mark.parametrize(
    ("zone", "moment", "instant"),
    [
        ("Europe/Berlin", "2028-03-26T01:59", "2028-03-26T00:59"),
        ("Europe/Berlin", "2028-03-26T03:00", "2028-03-26T01:00"),
        ("America/New_York", "2027-03-14T01:59", "2027-03-14T06:59"),
        ("America/New_York", "2027-03-14T03:00", "2027-03-14T07:00"),
        ("America/New_York", "2029-11-04T00:30", "2029-11-04T04:30"),
        ("America/New_York", "2029-11-04T02:00", "2029-11-04T07:00"),
        # Summer is at the turn of the year.
        ("Australia/Sydney", "2027-12-31T23:30", "2027-12-31T12:30"),
        ("Australia/Sydney", "2028-01-01T00:30", "2027-12-31T13:30"),
        ("Australia/Sydney", "2028-04-02T03:30", "2028-04-01T17:30"),
        ("Australia/Lord_Howe", "2027-07-15T12:00", "2027-07-15T01:30"),
        ("Pacific/Auckland", "2030-09-29T03:00", "2030-09-28T14:00"),
        ("America/Santiago", "2028-07-01T12:00", "2028-07-01T16:00"),
        # No change, and offsets that are no whole hours.
        ("Asia/Tokyo", "2027-03-28T02:30", "2027-03-27T17:30"),
        ("Asia/Kathmandu", "2030-01-01T00:00", "2029-12-31T18:15"),
        ("Pacific/Chatham", "2027-07-15T12:00", "2027-07-14T23:15"),
        ("Pacific/Kiritimati", "2028-01-01T00:00", "2027-12-31T10:00"),
        ("Etc/GMT+12", "2027-12-31T23:00", "2028-01-01T11:00"),
        ("UTC", "2027-07-15T12:00", "2027-07-15T12:00"),
        # Summer time all year but for Ramadan, by the moon.
        ("Africa/Casablanca", "2027-02-20T12:00", "2027-02-20T12:00"),
        ("Africa/Casablanca", "2027-07-15T12:00", "2027-07-15T11:00"),
    ],
)
def test_ical_js_finds_the_instant(zone, moment, instant):
    date, time = moment.split("T")
    data = written(
        plan(commitments=[COMMITMENT | {"startDate": date, "startTime": time, "timezone": zone}])
    )
    for at in ("Europe/Berlin", "Asia/Tokyo", "America/New_York"):
        [event] = of_ical_js(data, at)
        assert event["instant"] == f"{instant}:00.000Z"
        seen = datetime.datetime.fromisoformat(f"{instant}+00:00").astimezone(zoneinfo.ZoneInfo(at))
        assert event["start"] == f"{seen:%Y-%m-%d %H:%M:%S}"


@pytest.mark.parametrize(
    ("zone", "moment", "instants"),
    [
        # Left out when clocks go forward: by the offset before (RFC 5545 section 3.3.5), or after.
        ("Europe/Berlin", "2027-03-28T02:30", {"2027-03-28T01:30", "2027-03-28T00:30"}),
        ("America/New_York", "2027-03-14T02:30", {"2027-03-14T07:30", "2027-03-14T06:30"}),
        # Twice when they go back: the first, or the second.
        ("Europe/Berlin", "2027-10-31T02:30", {"2027-10-31T00:30", "2027-10-31T01:30"}),
        ("America/New_York", "2029-11-04T01:30", {"2029-11-04T05:30", "2029-11-04T06:30"}),
    ],
)
def test_a_time_that_is_none_or_two_is_written_as_it_was_said(zone, moment, instants):
    """The standard says which is meant; ical.js takes the other one."""
    date, time = moment.split("T")
    data = written(
        plan(commitments=[COMMITMENT | {"startDate": date, "startTime": time, "timezone": zone}])
    )
    assert f"DTSTART;TZID={zone}:{date.replace('-', '')}T{time.replace(':', '')}00" in data.decode()
    [event] = of_ical_js(data)
    assert event["instant"].removesuffix(":00.000Z") in instants
