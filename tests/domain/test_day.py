"""A day of a trip: where one sleeps, and what is on."""

import pytest

from domain.day import DATED, day_of
from tests.support import SAMPLES

LEG = {**SAMPLES["leg"], "_id": "l"}


def told(date, legs=(), stays=(), **others):
    """What is on, as `what` with a name."""
    rows = {resource.kind: [] for resource in DATED} | others
    found = day_of(date, rows | {"leg": [*legs], "stay": [*stays]})
    return [(each["what"], each.get("name", each.get("title", ""))) for each in found]


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2026-07-14", []),
        ("2026-07-15", ["night"]),
        ("2026-07-19", ["night"]),
        ("2026-07-20", ["checkOut"]),
        ("2026-07-21", []),
    ],
)
@pytest.mark.parametrize("own", [{}, {"checkInDate": "2026-07-15", "checkOutDate": "2026-07-20"}])
@pytest.mark.parametrize("as_stay", [True, False])
def test_one_sleeps_until_the_day_one_leaves(date, expected, own, as_stay):
    place = {"name": "Hotel", **own}
    if as_stay:
        found = told(date, [LEG], [{**place, "_id": "s", "legId": "l"}])
    else:
        found = told(date, [{**LEG, "accommodation": place}])
    assert [what for what, name in found if name == "Hotel"] == expected


@pytest.mark.parametrize(
    ("own", "nights"),
    [
        ({"checkInDate": "2026-07-18"}, [18, 19]),
        ({"checkOutDate": "2026-07-16"}, [15]),
        ({"checkInDate": "2026-07-18", "checkOutDate": "2026-07-18"}, [18]),
        ({"checkInDate": "2026-07-21"}, [21]),
    ],
)
def test_dates_that_a_place_does_not_have_are_its_legs(own, nights):
    legs = [{**LEG, "accommodation": {"name": "Hotel", **own}}]
    found = [day for day in range(10, 29) if ("night", "Hotel") in told(f"2026-07-{day}", legs)]
    assert found == nights


def test_a_leg_of_a_day_has_its_night():
    leg = {**LEG, "endDate": LEG["startDate"], "accommodation": {"name": "Hotel"}}
    assert told("2026-07-15", [leg]) == [("night", "Hotel"), ("leg", "Tokyo")]


def test_where_one_moves_one_sleeps_in_the_new_place():
    legs = [
        {**LEG, "accommodation": {"name": "Old"}},
        {**LEG, "_id": "m", "startDate": "2026-07-20", "endDate": "2026-07-22", "title": "Kyoto",
         "accommodation": {"name": "New"}},
    ]  # fmt: skip
    assert told("2026-07-20", legs) == [
        ("night", "New"),
        ("checkOut", "Old"),
        ("leg", "Tokyo"),
        ("leg", "Kyoto"),
    ]


def test_flights_and_the_car_go_by_the_dates_as_they_were_written():
    leg = {
        **LEG,
        "flights": [
            {"departureTime": "2026-07-15T23:00", "arrivalTime": "2026-07-16T05:00"},
            {"departureTime": "2026-07-16T00:30+09:00"},
            {},
        ],
        "rentalCar": {"pickupTime": "2026-07-16T09:00", "dropoffTime": "2026-07-17T09:00"},
    }  # fmt: skip
    assert [what for what, _ in told("2026-07-15", [leg])] == ["flight", "leg"]
    assert [what for what, _ in told("2026-07-16", [leg])] == ["flight", "flight", "pickup", "leg"]
    assert [what for what, _ in told("2026-07-17", [leg])] == ["dropoff", "leg"]


def test_commitments_last_to_their_end():
    events = [
        {"title": "Dinner", "startDate": "2026-07-16"},
        {"title": "Festival", "startDate": "2026-07-15", "endDate": "2026-07-17"},
    ]
    assert [name for _, name in told("2026-07-16", commitment=events)] == ["Dinner", "Festival"]
    assert [name for _, name in told("2026-07-17", commitment=events)] == ["Festival"]
