"""Where the stops of a trip are, by whatever its documents tell."""

from typing import Any

from server.pages.map import Stop, stops_of


def leg(number: int, destination: str = "Kyoto, Japan", **fields):
    return {"_id": f"l{number}", "title": "A title", "destination": destination, **fields}


HOTEL = {"name": "Hotel", "lat": 35.0, "lng": 135.7}


def test_a_leg_is_where_its_accommodation_is():
    stays = [{"_id": "s", "legId": "l1", "lat": 1.0, "lng": 2.0}]
    assert stops_of([leg(1, accommodation=HOTEL)], stays) == [Stop("Kyoto", 35.0, 135.7, 1)]


def test_else_where_its_first_stay_with_a_place_is():
    stays: list[dict[str, Any]] = [
        {"legId": "l2", "lat": 9.0, "lng": 9.0},
        {"legId": "l1", "name": "nowhere"},
        {"legId": "l1", "lat": 1.0, "lng": 2.0},
        {"legId": "l1", "lat": 3.0, "lng": 4.0},
    ]
    assert stops_of([leg(1, accommodation={"name": "Hotel"})], stays) == [
        Stop("Kyoto", 1.0, 2.0, 1)
    ]


def test_else_where_the_pin_of_its_name_is():
    pins = [
        {"name": "Kyoto Station", "lat": 9.0, "lng": 9.0},
        {"name": "KYOTO", "lat": 5.0, "lng": 6.0},
    ]
    assert stops_of([leg(1)], [], pins) == [Stop("Kyoto", 5.0, 6.0, 1)]
    pins.append({"name": "kyoto, japan", "lat": 7.0, "lng": 8.0})
    assert stops_of([leg(1)], [], pins) == [Stop("Kyoto", 7.0, 8.0, 1)]


def test_a_leg_without_a_place_is_no_stop_and_keeps_its_number():
    legs = [leg(1, accommodation=HOTEL), leg(2), leg(3, "Osaka", accommodation=HOTEL)]
    assert [(stop.name, stop.number) for stop in stops_of(legs)] == [("Kyoto", 1), ("Osaka", 3)]
    assert stops_of([]) == []


def test_zero_is_a_place():
    null = {"lat": 0, "lng": 0}
    assert stops_of([leg(1, "Null Island", accommodation=null)]) == [Stop("Null Island", 0, 0, 1)]


def test_a_destination_that_begins_with_a_comma_is_its_name():
    assert stops_of([leg(1, ", Japan", accommodation=HOTEL)])[0].name == ", Japan"


def test_inks_begin_again_after_the_sixth():
    legs = [leg(n, accommodation=HOTEL) for n in range(1, 9)]
    assert [stop.ink for stop in stops_of(legs)] == [0, 1, 2, 3, 4, 5, 0, 1]
