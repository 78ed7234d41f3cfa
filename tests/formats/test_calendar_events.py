"""What of a trip is when (contract section 14), as icalendar reads it."""

import datetime

import pytest

from tests.formats.calendars import (
    COMMITMENT,
    LEG,
    PAGE,
    dated,
    event_of,
    of_ical_js,
    of_icalendar,
    plan,
    written,
)

PIN = {"_id": "pin", "name": "Sensō-ji", "lat": 35.7148, "lng": 139.7967, "notes": "Early"}
STAY = {"_id": "stay", "legId": "leg", "name": "Ryokan", "address": "Yanaka; Taito"}
FLIGHT = {
    "flightNumber": "JL44",
    "departureAirport": "LHR",
    "arrivalAirport": "HND",
    "departureTime": "2027-07-14T19:05:00+01:00",
    "arrivalTime": "2027-07-15T17:30",
}


def day(text):
    return datetime.date.fromisoformat(text)


def when(event):
    """The start and the end, as they are written, with the zone's name."""
    return tuple(_told(event[name]) if name in event else None for name in ("DTSTART", "DTEND"))


def _told(value):
    if not isinstance(value.dt, datetime.datetime):
        return str(value.dt)
    zone = value.params.get("TZID") or ("UTC" if value.dt.tzinfo else "floating")
    return f"{value.dt:%Y-%m-%dT%H:%M} {zone}"


def flights(*given, **leg):
    """The events of a leg's flights."""
    events = of_icalendar(written(plan(legs=[LEG | {"flights": list(given)} | leg])))
    return [event for event in events if "-flight-" in event["UID"]]


# Legs and stays.


def test_a_leg_is_whole_days_from_its_start_to_the_day_after_its_end():
    event = event_of(legs=[LEG])
    assert when(event) == ("2027-07-15", "2027-07-21")
    assert (event["SUMMARY"], event["LOCATION"]) == ("Tokyo", "Tokyo, Japan")
    assert event["TRANSP"] == "TRANSPARENT"
    assert event["DTSTART"].params["VALUE"] == "DATE"


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        ({"checkInDate": "2027-07-16", "checkOutDate": "2027-07-18"}, ("2027-07-16", "2027-07-19")),
        ({"checkInDate": "2027-07-16", "checkOutDate": "2027-07-16"}, ("2027-07-16", "2027-07-17")),
        ({}, ("2027-07-15", "2027-07-21")),
        ({"checkInDate": "2027-07-16"}, ("2027-07-16", "2027-07-21")),
        ({"checkOutDate": "2027-07-18"}, ("2027-07-15", "2027-07-19")),
        # Dates that are not its leg's at all.
        ({"checkInDate": "2027-08-01"}, ("2027-08-01", "2027-08-02")),
    ],
)
def test_a_stay_has_the_day_of_check_out_too_and_without_dates_its_legs(dates, expected):
    _, stay = of_icalendar(written(plan(legs=[LEG], stays=[STAY | dates])))
    _, sleep = of_icalendar(written(plan(legs=[LEG | {"accommodation": {"name": "Inn", **dates}}])))
    for event in (stay, sleep):
        assert when(event) == expected
        assert event["TRANSP"] == "TRANSPARENT"


def test_where_a_place_to_sleep_is():
    place = STAY | {"lat": 35.7206, "lng": -1e-5}
    _, event = of_icalendar(written(plan(legs=[LEG], stays=[place])))
    assert (event["SUMMARY"], event["LOCATION"]) == ("Ryokan", "Yanaka; Taito")
    assert b"\r\nGEO:35.7206;-0.00001\r\n" in written(plan(legs=[LEG], stays=[place]))
    for half in ("lat", "lng"):
        lacking = {name: value for name, value in place.items() if name != half}
        assert b"GEO" not in written(plan(legs=[LEG], stays=[lacking]))


@pytest.mark.parametrize(
    ("accommodation", "summary"),
    [
        ({"name": "Inn"}, "Inn"),
        ({"address": "1 Lane"}, "1 Lane"),
        ({"notes": "With the aunt"}, "Stay in Tokyo, Japan"),
        ({"name": "", "lat": 1}, "Stay in Tokyo, Japan"),
    ],
)
def test_an_accommodation_is_called_something(accommodation, summary):
    _, event = of_icalendar(written(plan(legs=[LEG | {"accommodation": accommodation}])))
    assert event["SUMMARY"] == summary


def test_an_accommodation_that_is_empty_is_none():
    assert event_of(legs=[LEG | {"accommodation": {}}])["UID"] == "leg@carnet"


# Flights.


@pytest.mark.parametrize(
    ("departs", "arrives", "expected"),
    [
        (
            "2027-07-14T19:05:00+01:00",
            "2027-07-15T17:30",
            ("2027-07-14T18:05 UTC", "2027-07-15T17:30 Asia/Tokyo"),
        ),
        (
            "2027-07-14T19:05",
            "2027-07-15T17:30Z",
            ("2027-07-14T19:05 Asia/Tokyo", "2027-07-15T17:30 UTC"),
        ),
        (
            "2027-07-14T19:05:30.5",
            "2027-07-14T22:00",
            ("2027-07-14T19:05 Asia/Tokyo", "2027-07-14T22:00 Asia/Tokyo"),
        ),
        # Over the date line: it arrives on the day before, and later.
        (
            "2027-07-14T23:30+12:00",
            "2027-07-14T14:00-07:00",
            ("2027-07-14T11:30 UTC", "2027-07-14T21:00 UTC"),
        ),
        # Without an offset it would end before it begins, or as it does.
        ("2027-07-14T19:05", "2027-07-14T18:00", ("2027-07-14T19:05 Asia/Tokyo", None)),
        ("2027-07-14T19:05", "2027-07-14T19:05", ("2027-07-14T19:05 Asia/Tokyo", None)),
        ("2027-07-14T19:05", "2027-07-14T12:00+02:00", ("2027-07-14T19:05 Asia/Tokyo", None)),
        ("2027-07-14T19:05", None, ("2027-07-14T19:05 Asia/Tokyo", None)),
    ],
)
def test_a_flight_goes_from_departure_to_arrival_each_in_its_own_zone(departs, arrives, expected):
    times = {"departureTime": departs} | ({"arrivalTime": arrives} if arrives else {})
    [event] = flights({"flightNumber": "JL44", **times})
    assert when(event) == expected
    assert "TRANSP" not in event


def test_a_flight_on_the_day_clocks_go_back_ends_after_it_begins():
    """By their clocks these two would be 20 minutes apart the wrong way."""
    times = {"departureTime": "2027-10-31T02:50+02:00", "arrivalTime": "2027-10-31T02:30+01:00"}
    [event] = flights(times, timezone="Europe/Berlin")
    assert when(event) == ("2027-10-31T00:50 UTC", "2027-10-31T01:30 UTC")


@pytest.mark.parametrize(
    ("flight", "summary"),
    [
        (FLIGHT, "JL44 LHR → HND"),
        ({"airline": "JAL", "arrivalAirport": "HND"}, "JAL → HND"),
        ({"airline": "JAL", "flightNumber": "JL44"}, "JL44"),
        ({"departureAirport": "LHR"}, "Flight LHR →"),
        ({}, "Flight"),
    ],
)
def test_a_flight_is_called_by_its_number_and_its_airports(flight, summary):
    [event] = flights({**flight, "departureTime": "2027-07-14T19:05"})
    assert event["SUMMARY"].split() == summary.split()
    assert event.get("LOCATION") == flight.get("departureAirport")


def test_a_flight_of_which_no_departure_is_known_is_not_shown():
    assert flights({"flightNumber": "JL44", "arrivalTime": "2027-07-15T17:30"}) == []


def test_a_flights_uid_is_its_own_wherever_it_stands_and_whenever_it_goes():
    other = FLIGHT | {"flightNumber": "NH212", "departureTime": "2027-07-20T09:00"}
    unnamed = {"departureAirport": "HND", "departureTime": "2027-07-16T09:00"}
    later = FLIGHT | {"departureTime": "2027-07-16T19:05:00+01:00", "flightNumber": "jl 44"}

    def uids(*given):
        return {str(event["SUMMARY"]).upper(): event["UID"] for event in flights(*given)}

    first = uids(FLIGHT, other, unnamed)
    assert len(set(first.values())) == 3
    assert uids(unnamed, other, FLIGHT) == first
    [moved] = flights(later)
    assert moved["UID"] == first["JL44 LHR → HND"]


def test_two_flights_of_the_same_number_are_two():
    again = FLIGHT | {"departureTime": "2027-07-18T19:05:00+01:00", "arrivalTime": None}
    again = {name: value for name, value in again.items() if value}
    there, back = flights(FLIGHT, again)
    assert there["UID"] != back["UID"]
    assert [e["UID"] for e in flights(again, FLIGHT)] == [there["UID"], back["UID"]]


# Commitments.


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        # Without a time: whole days, to its end.
        ({}, ("2027-07-16", "2027-07-17")),
        ({"endDate": "2027-07-18"}, ("2027-07-16", "2027-07-19")),
        ({"isAllDay": True, "endDate": "2027-07-16"}, ("2027-07-16", "2027-07-17")),
        ({"endTime": "21:00"}, ("2027-07-16", "2027-07-17")),
        # Without a zone and a leg: wherever one is.
        ({"startTime": "19:00"}, ("2027-07-16T19:00 floating", None)),
        (
            {"startTime": "19:00", "endTime": "21:30"},
            ("2027-07-16T19:00 floating", "2027-07-16T21:30 floating"),
        ),
        # Its own zone, else its leg's.
        (
            {"startTime": "19:00", "endTime": "21:30", "timezone": "Asia/Seoul", "legId": "leg"},
            ("2027-07-16T19:00 Asia/Seoul", "2027-07-16T21:30 Asia/Seoul"),
        ),
        ({"startTime": "19:00", "legId": "leg"}, ("2027-07-16T19:00 Asia/Tokyo", None)),
        # An end that is earlier is on the next day, one that is the same is none.
        (
            {"startTime": "22:00", "endTime": "01:30", "legId": "leg"},
            ("2027-07-16T22:00 Asia/Tokyo", "2027-07-17T01:30 Asia/Tokyo"),
        ),
        (
            {"startTime": "22:00", "endTime": "01:30", "endDate": "2027-07-16"},
            ("2027-07-16T22:00 floating", "2027-07-17T01:30 floating"),
        ),
        ({"startTime": "19:00", "endTime": "19:00"}, ("2027-07-16T19:00 floating", None)),
        # Of several days.
        (
            {"startTime": "19:00", "endTime": "11:00", "endDate": "2027-07-18"},
            ("2027-07-16T19:00 floating", "2027-07-18T11:00 floating"),
        ),
        (
            {"startTime": "19:00", "endTime": "19:00", "endDate": "2027-07-18"},
            ("2027-07-16T19:00 floating", "2027-07-18T19:00 floating"),
        ),
        ({"startTime": "19:00", "endDate": "2027-07-18"}, ("2027-07-16T19:00 floating", None)),
    ],
)
def test_when_a_commitment_is(fields, expected):
    events = of_icalendar(written(plan(legs=[LEG], commitments=[COMMITMENT | fields])))
    assert when(events[-1]) == expected
    assert (events[-1]["SUMMARY"], events[-1].categories) == ("Dinner", ["dinner"])


def test_a_time_of_day_goes_on_over_the_turn_of_the_year():
    fields = {"startDate": "2027-12-31", "startTime": "22:00", "endTime": "02:00"}
    zone = {"timezone": "Australia/Sydney"}
    assert when(event_of(commitments=[COMMITMENT | fields | zone])) == (
        "2027-12-31T22:00 Australia/Sydney",
        "2028-01-01T02:00 Australia/Sydney",
    )


def test_an_end_that_clocks_set_forward_is_no_earlier_than_the_start():
    """02:30 is left out there, and is the moment of 03:30: 03:15 would be before it."""
    fields = {"startDate": "2027-03-28", "startTime": "02:30", "endTime": "03:15"}
    event = event_of(commitments=[COMMITMENT | fields | {"timezone": "Europe/Berlin"}])
    assert when(event) == ("2027-03-28T02:30 Europe/Berlin", None)


def test_where_a_commitment_is_its_pin_says():
    event = event_of(pins=[PIN], commitments=[COMMITMENT | {"mapPinId": "pin"}])
    assert event["LOCATION"] == "Sensō-ji"
    assert (event["GEO"].latitude, event["GEO"].longitude) == (35.7148, 139.7967)
    assert "DESCRIPTION" not in event


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Tokyo", "America/New_York"])
def test_floating_times_and_days_are_the_same_wherever_they_are_read(zone):
    rows = [COMMITMENT | {"startTime": "19:00"}, COMMITMENT | {"_id": "day"}]
    timed, whole = of_ical_js(written(plan(commitments=rows)), zone)
    assert timed["start"] == "2027-07-16 19:00:00"
    assert (whole["start"], whole["end"]) == ("2027-07-16", "2027-07-17")


# Edges of the calendar: contract section 1 takes any date there is.


@pytest.mark.parametrize(
    "fields",
    [
        {"startDate": "9999-12-31"},
        {"startDate": "9999-12-31", "startTime": "23:00", "endTime": "01:00"},
        {"startDate": "0001-01-01", "startTime": "00:00", "endTime": "01:00"},
    ],
)
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", None])
def test_the_first_and_the_last_day_there_are_can_be_shown(fields, zone):
    body = COMMITMENT | fields | ({"timezone": zone} if zone else {})
    assert str(event_of(commitments=[body])["DTSTART"].dt).startswith(fields["startDate"])


@pytest.mark.parametrize("moment", ["0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00"])
def test_a_flight_then_can_be_shown_too(moment):
    [event] = flights({"departureTime": moment, "arrivalTime": moment})
    assert str(event["DTSTART"].dt)[:10] == moment[:10]


# What all events have.


def test_what_has_changed_last_says_how_new_an_event_is():
    leg = dated(LEG, 5, "2026-11-28T10:00:00.900Z")
    pin = dated(PIN, 9, "2026-11-29T10:00:00.000Z")
    dinner = dated(COMMITMENT | {"legId": "leg", "mapPinId": "pin"}, 2, "2026-11-27T10:00:00.000Z")
    first, second = of_icalendar(written(plan(legs=[leg], pins=[pin], commitments=[dinner])))
    assert (first["SEQUENCE"], second["SEQUENCE"]) == (5, 9)
    utc = datetime.UTC
    for event, at in (
        (first, datetime.datetime(2026, 11, 28, 10, tzinfo=utc)),
        (second, datetime.datetime(2026, 11, 29, 10, tzinfo=utc)),
    ):
        assert (event["LAST-MODIFIED"].dt, event["DTSTAMP"].dt) == (at, at)
        assert event["URL"] == PAGE


def test_a_description_tells_what_members_need_and_no_code_of_a_door():
    place = {
        "name": "Inn",
        "checkInTime": "15:00",
        "checkOutTime": "10:30",
        "confirmationNumber": "RS-1",
        "checkInInstructions": "Ring twice",
        "notes": "Shoes off",
        "doorCode": "4711",
        "wifiPassword": "matcha",
        "hostPhone": "+81",
    }
    _, event = of_icalendar(written(plan(legs=[LEG | {"accommodation": place}])))
    assert event["DESCRIPTION"].splitlines() == [
        "Check-in: 15:00",
        "Check-out: 10:30",
        "Confirmation: RS-1",
        "Ring twice",
        "Shoes off",
    ]
