"""Whole calendars, read by two libraries and by a calendar program."""

import datetime
import subprocess
from typing import Any

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.resources import COMMITMENT as COMMITMENTS
from domain.resources import LEG as LEGS
from domain.resources import MAP_PIN, STAY
from formats.events import events_of
from tests.formats.calendars import (
    COMMITMENT,
    LEG,
    PAGE,
    dated,
    of_ical_js,
    of_icalendar,
    plan,
    written,
)
from tests.properties.generate import bodies

FLIGHT = {
    "flightNumber": "JL44",
    "departureTime": "2027-07-14T19:05:00+01:00",
    "arrivalTime": "2027-07-15T17:30",
}
SLEEP = {"name": "Ryokan, Yanaka", "checkInDate": "2027-07-15", "checkOutDate": "2027-07-18"}
DINNER = COMMITMENT | {"startTime": "19:00", "endTime": "00:30", "legId": "leg"}


@st.composite
def plans(draw):
    """A plan of whatever rows there can be."""

    def rows(resource, **links):
        return [
            dated(
                {"_id": f"{resource.kind}{number}", **body}
                | {name: draw(st.sampled_from(ids)) for name, ids in links.items() if ids},
                draw(st.integers(1, 2**31 - 1)),
            )
            for number, body in enumerate(draw(st.lists(bodies(resource), max_size=3)))
        ]

    legs, pins = rows(LEGS), rows(MAP_PIN)
    leg_ids, pin_ids = ([row.document["_id"] for row in each] for each in (legs, pins))
    stays = rows(STAY, legId=leg_ids) if legs else []
    commitments = rows(COMMITMENTS, legId=leg_ids, mapPinId=pin_ids)
    return plan(legs=legs, stays=stays, pins=pins, commitments=commitments)


@given(plans())
def test_every_calendar_is_read_as_it_was_meant(given_plan):
    data = written(given_plan)
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
    assert b"\n" not in data.replace(b"\r\n", b"")
    read, meant = of_icalendar(data), list(events_of(given_plan))
    assert len(read) == len(meant)
    assert len({event["UID"] for event in read}) == len(read)
    for event, wanted in zip(read, meant, strict=True):
        assert event["UID"] == f"{wanted.uid}@carnet"
        for name, value in (("DTSTART", wanted.start), ("DTEND", wanted.end)):
            assert (event[name].dt if name in event else None) == value
        if "DTEND" in event:
            assert event["DTEND"].dt > event["DTSTART"].dt


@given(plans())
def test_the_same_documents_give_the_same_bytes(given_plan):
    assert written(given_plan) == written(given_plan)


@given(plans())
def test_every_zone_that_is_named_is_told(given_plan):
    calendar: Any = icalendar.Calendar.from_ical(written(given_plan))
    named = {
        event[name].params["TZID"]
        for event in calendar.events
        for name in ("DTSTART", "DTEND")
        if name in event and "TZID" in event[name].params
    }
    assert [zone["TZID"] for zone in calendar.walk("VTIMEZONE")] == sorted(named)
    assert calendar.get_missing_tzids() == set()


def test_a_calendar_says_what_it_is():
    data = written(plan(), name="Japan; 2027, with Ann")
    calendar = icalendar.Calendar.from_ical(data)
    assert calendar["VERSION"] == "2.0"
    # It knows neither of these as texts.
    for name in ("NAME", "X-WR-CALNAME"):
        assert f"\r\n{name}:Japan\\; 2027\\, with Ann\r\n" in data.decode()
    assert calendar["URL"] == PAGE
    assert calendar.refresh_interval == datetime.timedelta(hours=1)


def test_trips_come_one_after_another_each_with_its_page():
    data = written(
        plan(legs=[LEG | {"_id": "one"}], url="https://x.example/trips/1"),
        plan(legs=[LEG | {"_id": "two"}], url="https://x.example/trips/2"),
    )
    assert [(event["UID"], event["URL"]) for event in of_icalendar(data)] == [
        ("one@carnet", "https://x.example/trips/1"),
        ("two@carnet", "https://x.example/trips/2"),
    ]


def whole():
    leg = LEG | {"accommodation": SLEEP, "flights": [FLIGHT]}
    return written(plan(legs=[leg], commitments=[DINNER, COMMITMENT | {"_id": "birthday"}]))


@pytest.mark.parametrize(
    ("zone", "flight", "dinner"),
    [
        (
            "Europe/Berlin",
            ("2027-07-14 20:05:00", "2027-07-15 10:30:00"),
            ("2027-07-16 12:00:00", "2027-07-16 17:30:00"),
        ),
        (
            "Asia/Tokyo",
            ("2027-07-15 03:05:00", "2027-07-15 17:30:00"),
            ("2027-07-16 19:00:00", "2027-07-17 00:30:00"),
        ),
        (
            "America/New_York",
            ("2027-07-14 14:05:00", "2027-07-15 04:30:00"),
            ("2027-07-16 06:00:00", "2027-07-16 11:30:00"),
        ),
    ],
)
def test_ical_js_reads_the_same(zone, flight, dinner):
    assert [(e["summary"], e["start"], e["end"]) for e in of_ical_js(whole(), zone)] == [
        ("Tokyo", "2027-07-15", "2027-07-21"),
        ("Ryokan, Yanaka", "2027-07-15", "2027-07-19"),
        ("JL44", *flight),
        ("Dinner", *dinner),
        ("Dinner", "2027-07-16", "2027-07-17"),
    ]


@pytest.mark.debian
@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Europe/Berlin", ["14/20:05-15/10:30 JL44", "16/12:00-16/17:30 Dinner"]),
        ("Asia/Tokyo", ["15/03:05-15/17:30 JL44", "16/19:00-17/00:30 Dinner"]),
        ("America/New_York", ["14/14:05-15/04:30 JL44", "16/06:00-16/11:30 Dinner"]),
    ],
)
def test_calcurse_shows_it(tmp_path, zone, expected):
    file = tmp_path / "trip.ics"
    file.write_bytes(whole())

    def calcurse(*arguments):
        done = subprocess.run(
            ["calcurse", "-D", tmp_path / "data", *arguments],
            capture_output=True,
            text=True,
            check=True,
            env={"TZ": zone, "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
        )
        assert not done.stderr
        return done.stdout

    assert "0 skipped" in calcurse("-i", file)
    shown = calcurse(
        *("-G", "--format-apt", "%(start:%d/%H:%M)-%(end:%d/%H:%M) %m\n"),
        *("--format-event", "all day %m\n", "--format-recur-event", "days %m\n"),
    )
    lines = shown.splitlines()
    assert [line for line in lines if line[0].isdigit()] == expected
    assert sorted(line for line in lines if not line[0].isdigit()) == [
        "all day Dinner",
        "days Ryokan, Yanaka",
        "days Tokyo",
    ]
