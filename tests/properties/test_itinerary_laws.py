"""Any trip has an itinerary, in which all of it stands on its days."""

import datetime
from itertools import pairwise

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.day import stay_dates
from domain.resources import RESOURCES
from server.pages.itinerary import itinerary_of
from server.pages.itinerary.days import MOST_ALIKE
from server.pages.itinerary.model import Car, Event, Flight
from tests.properties.generate import snapshots

DATES = st.dates(datetime.date(2026, 12, 20), datetime.date(2027, 1, 20)).map(str)


@st.composite
def wholes(draw):
    """A trip with rows of each kind, as an export has it; many of them at about the same time."""
    start, end = sorted((draw(DATES), draw(DATES)))
    whole = draw(snapshots("owner", most=3))
    for resource in RESOURCES:
        for number, row in enumerate(whole.setdefault(resource.snapshot, [])):
            row.setdefault("_id", f"{resource.kind}{number}")
            if "startDate" in row and draw(st.booleans()):
                row["startDate"] = draw(DATES)
                ends = max(row["startDate"], draw(DATES))
                row |= {"endDate": ends} if "endDate" in row else {}
    legs = [leg["_id"] for leg in whole["legs"]]
    whole["stays"] = [
        {**row, "legId": draw(st.sampled_from(legs))} for row in whole["stays"] if legs
    ]
    return {**whole, "trip": {"title": "Away", "startDate": start, "endDate": end}}


@settings(max_examples=30)
@given(wholes())
def test_days_are_in_order_and_all_of_the_trip_and_its_legs_is_in_them(whole):
    days = itinerary_of(whole).days
    for before, after in pairwise(days):
        assert before.until < after.date
    for span in (whole["trip"], *whole["legs"]):
        first, last = span["startDate"], span["endDate"]
        within = [day for day in days if first <= str(day.date) and str(day.until) <= last]
        covered = sum((day.until - day.date).days + 1 for day in within)
        assert covered == (date(last) - date(first)).days + 1
    for day in days:
        assert day.date == day.until or (day.until - day.date).days >= MOST_ALIKE


@settings(max_examples=30)
@given(wholes())
def test_every_commitment_is_on_its_days_and_no_other(whole):
    for number, row in enumerate(whole["commitments"]):
        row["title"] = f"event {number}"
    days = itinerary_of(whole).days
    for row in whole["commitments"]:
        first, last = row["startDate"], row.get("endDate") or row["startDate"]
        for day in days:
            count = [each.title for each in day.rows if isinstance(each, Event)].count(row["title"])
            assert count == (first <= str(day.date) <= last), (row, day)
        [begins] = [day for day in days if str(day.date) == first]
        events = [each for each in begins.rows if isinstance(each, Event)]
        [shown] = [each for each in events if each.title == row["title"]]
        # As it was stored: by the clock of its place.
        assert shown.time == (row.get("startTime") or "")


@settings(max_examples=30)
@given(wholes())
def test_every_flight_and_car_is_on_the_day_by_the_clock_where_it_is(whole):
    days = itinerary_of(whole).days
    shown = {
        (str(day.date), row.departs.time or row.arrives.time, row.departs.airport)
        for day in days
        for row in day.rows
        if isinstance(row, Flight)
    }
    for leg in whole["legs"]:
        for flight in leg.get("flights") or ():
            known = flight.get("departureTime") or flight.get("arrivalTime")
            day, time = (known[:10], known[11:16]) if known else (leg["startDate"], "")
            assert (day, time, (flight.get("departureAirport") or "").strip()) in shown
        car = leg.get("rentalCar") or {}
        for event in ("pickup", "dropoff"):
            if written := car.get(f"{event}Time"):
                [day] = [day for day in days if str(day.date) == written[:10]]
                cars = [row for row in day.rows if isinstance(row, Car)]
                assert (event, written[11:16]) in [(row.event, row.time) for row in cars]


@settings(max_examples=30)
@given(wholes())
def test_every_stay_has_its_nights_and_no_other(whole):
    legs = {leg["_id"]: leg for leg in whole["legs"]}
    placed = [(leg, leg["accommodation"]) for leg in legs.values() if leg.get("accommodation")]
    placed += [(legs[stay["legId"]], stay) for stay in whole["stays"]]
    for number, (_, place) in enumerate(placed):
        place["name"] = f"place {number}"
    days = itinerary_of(whole).days
    for leg, place in placed:
        first, left = stay_dates(leg, place)
        nights = max(1, (date(left) - date(first)).days)
        seen = [
            (day, night)
            for day in days
            for night in day.nights
            if night.place.get("name") == place["name"]
        ]
        told = [n for _, night in seen for n in (night.number, night.last_number)]
        assert told[0] == 1
        assert told[-1] == nights
        assert sum(night.last_number - night.number + 1 for _, night in seen) == nights
        assert {night.total for _, night in seen} == {nights}
        for day, night in seen:
            assert (day.date - date(first)).days + 1 == night.number


@settings(max_examples=30)
@given(wholes())
def test_rows_go_by_the_clock_and_what_has_no_time_comes_first(whole):
    whole["legs"] = [{k: v for k, v in leg.items() if k != "flights"} for leg in whole["legs"]]
    for day in itinerary_of(whole).days:
        times = [row.time for row in day.rows if isinstance(row, Car | Event)]
        assert times == sorted(times)


@settings(max_examples=30)
@given(wholes())
def test_the_safe_projection_has_the_same_dates(whole):
    public = {"trip": whole["trip"], **{each.snapshot: safe(whole, each) for each in RESOURCES}}
    ours, theirs = (itinerary_of(each) for each in (whole, public))
    assert ours.legs == theirs.legs
    assert length(ours) == length(theirs)


def safe(whole, resource):
    """The rows of a kind in the safe projection."""
    rows = [msgspec.convert(row, resource.safe) for row in whole[resource.snapshot]]
    return msgspec.to_builtins(rows)


def length(itinerary):
    """The number of dates in it."""
    return sum((day.until - day.date).days + 1 for day in itinerary.days)


def date(text):
    return datetime.date.fromisoformat(text)
