"""A trip as it is read: golden cases of days, clocks, flights and nights."""

import datetime

import pytest

from server.pages.itinerary import itinerary_of
from server.pages.itinerary.model import Flight
from tests.server.pages.planned import dates, event, japan, leg, trip


def told(row):
    """A row in short."""
    match row.kind:
        case "clock":
            direction = "forward" if row.forward else "back"
            return f"~ {row.place} {row.offset} {direction} {row.change}"
        case "event":
            time = row.time or ("all day" if row.all_day else "-")
            end = f"-{row.end}{'+1' if row.ends_next_day else ''}" if row.end else ""
            return f"{time}{end} {row.title}" + (f" @{row.elsewhere}" if row.elsewhere else "")
        case "flight":
            later = f"{row.arrives.days_later:+d}" if row.arrives.days_later else ""
            utc = "Z" if row.departs.is_utc else ""
            ends = f"{row.departs.time}{utc} {row.departs.airport} {row.arrives.time}{later}"
            return f"{ends} {row.arrives.airport} {row.duration}".strip()
        case "landing":
            return f"{row.time} lands {row.to}"
        case "car":
            return f"{row.time or '-'} {row.event} {row.location}"


def day_by_day(whole):
    """What is on, by dates."""
    return {str(day.date): [told(row) for row in day.rows] for day in itinerary_of(whole).days}


def nights(whole):
    """Where one sleeps, by dates, as `name number/total`."""
    return {
        str(day.date): [
            f"{night.place.get('name', 'air')} {night.number}/{night.total}" for night in day.nights
        ]
        for day in itinerary_of(whole).days
        if day.nights
    }


def test_the_sample_trip_is_as_in_the_design():
    shown = itinerary_of(japan())
    assert (shown.title, shown.nights, len(shown.legs)) == ("Two weeks in Japan", 14, 5)
    assert shown.cities == ["Tokyo", "Hakone", "Kyoto", "Hiroshima", "Osaka"]
    assert [(leg.ink, leg.nights, leg.weight) for leg in shown.legs] == [
        (0, 4, 4), (1, 2, 2), (2, 4, 4), (3, 2, 2), (4, 2, 2),
    ]  # fmt: skip
    assert [day.date for day in shown.days] == dates("2027-04-01", "2027-04-15")
    assert [(day.date.day, day.heads[-1].city) for day in shown.days if day.heads] == [
        (1, "Tokyo"), (5, "Hakone"), (7, "Kyoto"), (11, "Hiroshima"), (13, "Osaka"),
    ]  # fmt: skip
    days = day_by_day(japan())
    assert days["2027-04-01"] == [
        "07:00-07:30 Meet at Heathrow, Terminal 3",
        "09:30 LHR 07:20+1 HND 13 h 50",
    ]
    assert days["2027-04-02"] == ["~ Tokyo UTC+9 forward 8 h", "07:20 lands HND"]
    assert days["2027-04-04"] == [
        "all day Hanami picnic (花見)",
        "17:00-17:30 Meet Haruka at Hachiko",
    ]
    assert days["2027-04-05"][0] == "11:30 pickup Odawara Station"
    assert days["2027-04-12"] == []
    assert days["2027-04-15"] == [
        "all day Fly home",
        "11:10 KIX 18:05 AMS 13 h 55",
        "~ Amsterdam UTC+2 back 7 h",
        "20:45 AMS 21:10 LHR 1 h 25",
    ]
    slept = nights(japan())
    assert slept["2027-04-01"] == ["air 1/1"]
    assert slept["2027-04-03"] == ["Hotel Sumidakaze Asakusa 2/2"]
    assert slept["2027-04-09"] == ["Machiya Kikyo (町家 桔梗) 3/3", "Guesthouse Takase 1/1"]
    assert "2027-04-15" not in slept


def flight(departs, arrives, from_, to, **more):
    return {
        "departureTime": departs,
        "arrivalTime": arrives,
        "departureAirport": from_,
        "arrivalAirport": to,
        **more,
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("2027-05-01T19:00", "2027-05-01T12:00", "AKL", "LAX"), "19:00 AKL 12:00 LAX 12 h"),
        (("2027-05-01T00:30", "2027-04-30T09:30", "AKL", "HNL"), "00:30 AKL 09:30-1 HNL 7 h"),
        (("2027-05-01T22:00", "2027-05-03T06:00", "LAX", "AKL"), "22:00 LAX 06:00+2 AKL 13 h"),
        (("2027-05-01T22:00-07:00", "2027-05-02T08:00+01:00", "?", ""), "22:00 ? 08:00+1  2 h"),
        # The night when clocks are set forward in Europe, and no more in America.
        (("2027-03-27T23:30", "2027-03-28T11:30", "JFK", "LHR"), "23:30 JFK 11:30+1 LHR 7 h"),
        # What is not known is not told, nor what cannot be.
        (("2027-05-01T10:00", "2027-05-01T12:00", "Anytown", "LHR"), "10:00 Anytown 12:00 LHR"),
        (("2027-05-01T10:00", "2027-05-01T09:00", "LHR", "LHR"), "10:00 LHR 09:00 LHR"),
        (("2027-05-01T10:00", "2027-05-04T09:00", "LHR", "LHR"), "10:00 LHR 09:00+3 LHR"),
        # A time in UTC is shown as it was written, and said to be.
        (("2027-05-01T08:30Z", "2027-05-01T12:00", "LHR", "CDG"), "08:30Z LHR 12:00 CDG 1 h 30"),
        (("2027-01-01T08:30Z", "2027-01-01T12:00", "LHR", "CDG"), "08:30 LHR 12:00 CDG 2 h 30"),
        ((None, "2027-05-01T12:00", "LHR", "CDG"), "LHR 12:00 CDG"),
    ],
)
def test_a_flight_is_told_by_the_clocks_of_both_its_ends(given, expected):
    journey = {name: value for name, value in flight(*given).items() if value is not None}
    spring = leg("2027-03-01", "2027-05-31", flights=[journey])
    whole = trip("2027-03-01", "2027-05-31", legs=[spring])
    rows = [row for rows in day_by_day(whole).values() for row in rows]
    assert expected in rows


def test_where_a_flight_gains_a_day_what_is_on_there_comes_after_it():
    home = leg(
        "2027-05-01", "2027-05-03", "America/Los_Angeles",
        flights=[flight("2027-05-01T19:00", "2027-05-01T12:00", "AKL", "LAX")],
    )  # fmt: skip
    rows = [
        event("2027-05-01", "10:00", title="Pack", timezone="Pacific/Auckland"),
        event("2027-05-01", "14:00", title="Check in", legId="0"),
        event("2027-05-01", "16:00", title="Last flat white", timezone="Pacific/Auckland"),
    ]
    assert day_by_day(trip("2027-05-01", "2027-05-03", legs=[home], commitments=rows))[
        "2027-05-01"
    ] == [
        "10:00 Pack",
        "16:00 Last flat white",
        "19:00 AKL 12:00 LAX 12 h",
        "~ Los Angeles UTC\N{MINUS SIGN}7 back 19 h",
        "14:00 Check in",
    ]


def test_clocks_that_are_set_forward_or_back_are_told():
    berlin = leg("2027-03-27", "2027-03-29", "Europe/Berlin", destination="Berlin, Germany")
    rows = [event("2027-03-28", time, title=time, legId="0") for time in ("01:30", "09:00")]
    days = day_by_day(trip("2027-03-27", "2027-03-29", legs=[berlin], commitments=rows))
    assert days["2027-03-28"] == ["01:30 01:30", "~ Berlin UTC+2 forward 1 h", "09:00 09:00"]
    autumn = leg("2027-10-30", "2027-11-01", "Europe/Berlin", destination="Berlin, Germany")
    days = day_by_day(trip("2027-10-30", "2027-11-01", legs=[autumn]))
    assert days == {
        "2027-10-30": [],
        "2027-10-31": ["~ Berlin UTC+1 back 1 h"],
        "2027-11-01": [],
    }


def test_what_is_by_another_clock_than_the_days_says_by_which():
    tokyo = leg("2027-05-01", "2027-05-02")
    rows = [event("2027-05-01", "17:00", timezone="Europe/London"), event("2027-05-01", "18:00")]
    days = day_by_day(trip("2027-05-01", "2027-05-02", legs=[tokyo], commitments=rows))
    assert days["2027-05-01"] == ["17:00 Dinner @London", "18:00 Dinner"]


def test_a_trip_without_legs_has_its_days():
    rows = [
        event("2027-05-02", "09:00", timezone="Europe/Paris"),
        event("2027-05-03", "09:00", timezone="Europe/London"),
        event("2027-05-03", "20:00", endTime="01:00"),
    ]
    whole = trip("2027-05-01", "2027-05-03", commitments=rows)
    assert day_by_day(whole) == {
        "2027-05-01": [],
        "2027-05-02": ["09:00 Dinner"],
        "2027-05-03": ["~ London UTC+1 back 1 h", "09:00 Dinner", "20:00-01:00+1 Dinner"],
    }
    assert {day.ink for day in itinerary_of(whole).days} == {"no-leg"}


def test_what_lasts_several_days_is_on_each_of_them():
    rows = [
        event("2027-05-01", "18:00", endDate="2027-05-03", endTime="12:00", title="Festival"),
        event("2027-05-01", endDate="2027-05-02", title="Fair", isAllDay=True),
    ]
    assert day_by_day(trip("2027-05-01", "2027-05-03", commitments=rows)) == {
        "2027-05-01": ["all day Fair", "18:00 Festival"],
        "2027-05-02": ["all day Festival", "all day Fair"],
        "2027-05-03": ["--12:00 Festival"],
    }


def test_what_lies_outside_of_the_trips_dates_is_there_too():
    early = leg("2026-12-30", "2026-12-31", title="Early", flights=[{"airline": "Some"}])
    whole = trip(
        "2027-05-01", "2027-05-01", legs=[early], commitments=[event("2028-01-02", title="Late")]
    )
    days = itinerary_of(whole).days
    assert [(str(day.date), day.year) for day in days] == [
        ("2026-12-30", 2026), ("2026-12-31", None), ("2027-05-01", 2027), ("2028-01-02", 2028),
    ]  # fmt: skip
    assert [told(row) for row in days[-1].rows] == ["- Late"]
    [flown] = days[0].rows
    assert isinstance(flown, Flight)
    assert flown.airline == "Some"


def test_of_legs_that_share_a_day_the_one_that_begins_later_has_it():
    legs = [
        leg("2027-05-01", "2027-05-10", title="All"),
        leg("2027-05-03", "2027-05-05", title="Within"),
        leg("2027-05-03", "2027-05-03", title="Beside"),
    ]
    shown = itinerary_of(trip("2027-05-01", "2027-05-10", legs=legs)).days
    assert [day.leg and day.leg.title for day in shown] == [
        *(["All"] * 2), "Beside", *(["Within"] * 2), *(["All"] * 5),
    ]  # fmt: skip
    heads = {day.date.day: [each.title for each in day.heads] for day in shown if day.heads}
    assert heads == {1: ["All"], 3: ["Within", "Beside"], 4: ["Within"], 6: ["All"]}


def test_a_long_stretch_of_the_same_is_one():
    place = {"name": "Flat", "checkInDate": "2027-01-02", "checkOutDate": "2028-01-02"}
    year = leg("2027-01-01", "2028-02-05", accommodation=place)
    whole = trip("2027-01-01", "2028-02-05", legs=[year], commitments=[event("2027-06-01")])
    shown = [(str(day.date), str(day.until), len(day.rows)) for day in itinerary_of(whole).days]
    assert shown == [
        ("2027-01-01", "2027-01-01", 0),
        ("2027-01-02", "2027-01-02", 0),
        ("2027-01-03", "2027-05-31", 0),
        ("2027-06-01", "2027-06-01", 1),
        ("2027-06-02", "2028-01-01", 0),
        ("2028-01-02", "2028-02-05", 0),
    ]
    assert [(n.number, n.last_number, n.total) for n in itinerary_of(whole).days[2].nights] == [
        (2, 150, 365)
    ]


def test_the_longest_trip_there_can_be_has_few_days():
    everything = leg("0001-01-01", "9999-12-31", accommodation={"name": "Home"})
    rows = [event("0001-01-01", "00:00", endDate="9999-12-31", endTime="23:59")]
    whole = trip("0001-01-01", "9999-12-31", legs=[everything], commitments=rows)
    days = itinerary_of(whole).days
    assert len(days) <= 4
    assert days[-1].until == datetime.date.max


def test_a_short_flight_over_midnight_is_no_night_in_the_air():
    def slept(departs, arrives):
        away = leg("2027-05-01", "2027-05-03", flights=[flight(departs, arrives, "LHR", "CDG")])
        return nights(trip("2027-05-01", "2027-05-03", legs=[away]))

    assert slept("2027-05-01T23:00", "2027-05-02T01:30") == {}
    assert slept("2027-05-01T22:00", "2027-05-02T07:30") == {"2027-05-01": ["air 1/1"]}


def test_a_rental_car_without_times_is_on_the_days_of_its_leg():
    car = {"company": "Some", "dropoffLocation": "There"}
    days = day_by_day(
        trip("2027-05-01", "2027-05-03", legs=[leg("2027-05-01", "2027-05-03", rentalCar=car)])
    )
    assert days["2027-05-01"] == ["- pickup "]
    assert days["2027-05-03"] == ["- dropoff There"]


def test_widths_are_the_nights_or_in_proportion_to_the_longest():
    legs = [
        leg("2027-01-01", "2027-01-01"),
        leg("2027-01-01", "2027-02-12"),
        leg("2027-02-12", "2027-03-05"),
    ]
    shown = itinerary_of(trip("2027-01-01", "2027-03-05", legs=legs))
    assert [(each.nights, each.weight) for each in shown.legs] == [(0, 1), (42, 14), (21, 7)]
    many = itinerary_of(trip("2027-01-01", "2027-03-05", legs=[legs[0]] * 8))
    assert [each.ink for each in many.legs] == [0, 1, 2, 3, 4, 5, 0, 1]
