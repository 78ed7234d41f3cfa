"""What wrong names and values were probably meant to be."""

import re

import pytest

from domain import meant, zones
from domain.fields import is_date, is_datetime, is_time_zone
from domain.near import Names

NAMES = Names(
    {"startDate": ["from"], "flights": [], "lat": ["coordinates"], "lng": ["coordinates"]}
)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("start_date", ["startDate"]),
        ("STARTDATE", ["startDate"]),
        ("start-dates", ["startDate"]),
        ("starDate", ["startDate"]),
        ("startDtae", ["startDate"]),
        ("startDatte", ["startDate"]),
        ("startDats", ["startDate"]),
        ("From", ["startDate"]),
        ("flight", ["flights"]),
        ("coordinate", ["lat", "lng"]),
        ("lot", []),
        ("la", []),
        ("", []),
        ("_", []),
        ("name", []),
        ("startDate" * 10, []),
    ],
)
def test_near_names(given, found):
    assert NAMES.find(given) == found


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("2026-07-15T00:00:00Z", ["2026-07-15"]),
        ("2026-07-15 10:00", ["2026-07-15"]),
        ("2026/07/15", ["2026-07-15"]),
        ("2026-7-5", ["2026-07-05"]),
        ("20260715", ["2026-07-15"]),
        ("07/15/2026", ["2026-07-15"]),
        ("07/08/2026", ["2026-07-08", "2026-08-07"]),
        ("15.07.2026", ["2026-07-15"]),
        ("15 Jul 2026", ["2026-07-15"]),
        (" July 15, 2026 ", ["2026-07-15"]),
        ("2026-02-30", []),
        ("tomorrow", []),
        ("", []),
        ("2026-07-15" * 1_000, []),
    ],
)
def test_dates(text, days):
    assert meant.date(text) == days
    assert all(map(is_date, days))


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("3 PM", "15:00"),
        ("3pm", "15:00"),
        ("7:30 p.m.", "19:30"),
        ("12 AM", "00:00"),
        ("12pm", "12:00"),
        ("9:00", "09:00"),
        ("19:00:00", "19:00"),
        ("19:00:00.123", "19:00"),
        ("19.30", "19:30"),
        ("15h00", "15:00"),
        ("15h", "15:00"),
        ("2026-07-15T19:00:00+09:00", "19:00"),
        ("2026-07-15 19:00", "19:00"),
        ("13 PM", None),
        ("25:00", None),
        ("09:60", None),
        ("noon", None),
        ("", None),
        ("9" * 1_000, None),
    ],
)
def test_times(text, clock):
    assert meant.time(text) == ([clock] if clock else [])


@pytest.mark.parametrize(
    ("text", "moments"),
    [
        ("2026-07-15 9:30", ["2026-07-15T09:30"]),
        ("2026-07-15t09:30z", ["2026-07-15T09:30Z"]),
        ("2026-07-15T09:30 +09:00", ["2026-07-15T09:30+09:00"]),
        ("07/15/2026 3:00 PM", ["2026-07-15T15:00"]),
        ("2026-07-15T09:30+24:00", []),
        ("2026-07-15", []),
        ("3 PM", []),
        ("x" * 1_000, []),
    ],
)
def test_moments(text, moments):
    assert meant.moment(text) == moments
    assert all(map(is_datetime, moments))


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("JST", "Asia/Tokyo"),
        ("cest", "Europe/Paris"),
        ("Tokyo", "Asia/Tokyo"),
        ("new york", "America/New_York"),
        ("Asia / Tokyo", "Asia/Tokyo"),
        ("europe/london", "Europe/London"),
        ("Europe/Lodnon", "Europe/London"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("Japan Standard Time", "Asia/Tokyo"),
        ("Pacific Time", "America/Los_Angeles"),
        ("+09:00", None),
        ("UTC+9", None),
        ("GMT-05:30", None),
        ("localtime", None),
        ("Kyoto", None),
        ("", None),
    ],
)
def test_zones(text, zone):
    assert zones.meant(text) == ([zone] if zone else [])
    assert zone is None or is_time_zone(zone)


def test_every_zone_with_other_names_is_a_zone():
    assert all(map(is_time_zone, zones._OTHER_NAMES))


def test_no_name_of_a_zone_is_told_for_another():
    """Only what is no zone is looked up, so an entry that is one would never be read."""
    others = [other for names in zones._OTHER_NAMES.values() for other in names]
    assert not [other for other in others if is_time_zone(other)]
    assert len(others) == len(set(others))
    assert not [other for other in others if re.search(r"Daylight", other)]
