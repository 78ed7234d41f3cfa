import airportsdata
import pytest

from formats.airports import ZONES
from formats.found import Notice, NotImported, Part, Reject, Row
from formats.itinerary import MOST
from formats.placing import place, still_there
from tests.formats.applying import Trip, twice


def leg(title, start, end, *, order=0.0, **members):
    document = {"title": title, "destination": title, "startDate": start, "endDate": end}
    return {**document, "order": order, "timezone": "Etc/UTC", **members}


def flight(number, start, end, departure, **members):
    document = {"flightNumber": number, "departureAirport": start, "arrivalAirport": end}
    return Part(member="flights", document={**document, "departureTime": departure, **members})


def car(company, pickup, **members):
    return Part(member="rentalCar", document={"company": company, "pickupTime": pickup, **members})


def stay(name, start, **members):
    document = {"name": name, "checkInDate": start, "clientRef": f"s:{name}", **members}
    return Row(list="stays", document=document)


A = {**leg("A", "2027-05-01", "2027-05-10"), "_id": "a", "clientRef": "A"}
B = {**leg("B", "2027-05-10", "2027-05-14", order=1), "_id": "b"}


def rows(found, legs=(), stays=(), *, of="legs"):
    placed = place(found, legs, stays)
    return [each.document for each in placed if isinstance(each, Row) and each.list == of]


@pytest.mark.parametrize(
    ("departure", "named"),
    [
        ("2027-05-09T09:00", {"clientRef": "A"}),
        ("2027-05-10T09:00", {"_id": "b"}),
        ("2027-05-14T23:30-07:00", {"_id": "b"}),
    ],
)
def test_a_flight_goes_to_the_leg_that_holds_its_departure(departure, named):
    """On a day that two legs share, to the one it brings one to."""
    found = flight("XX1", "SIN", "SFO", departure)
    assert rows([found], [A, B]) == [{"flights": [found.document], **named}]


def test_a_leg_keeps_the_flights_it_has():
    present = {"flightNumber": "YY7", "departureAirport": "LHR", "meal": "vegan"}
    found = flight("XX1", "SIN", "SFO", "2027-05-02T09:00")
    (sent,) = rows([found], [{**A, "flights": [present]}])
    assert sent["flights"] == [present, found.document]


def test_the_same_flight_merges_wherever_somebody_has_put_it():
    present = flight("XX 032", "sin", "SFO", "2027-05-10T09:15", meal="vegan").document
    found = flight("XX32", "SIN", "SFO", "2027-05-10T10:15", seat="12A")
    (sent,) = rows([found], [{**A, "flights": [present]}, B])
    assert sent == {"clientRef": "A", "flights": [{**present, **found.document}]}


def test_what_travellers_have_for_themselves_is_kept_together():
    found = [
        flight("XX32", "SIN", "SFO", "2027-05-10T09:15", seat=seat, confirmationNumber="R7")
        for seat in ("12A", "12B", "12A")
    ]
    trip = twice(found)
    (made,) = trip.documents("legs")
    assert made["flights"] == [{**found[0].document, "seat": "12A, 12B"}]


def test_a_flight_that_no_leg_holds_gets_one():
    found = flight("XX32", "SIN", "SFO", "2027-05-10T09:15", arrivalTime="2027-05-10T09:00")
    (made,) = twice([found]).documents("legs")
    assert made["title"] == "SIN → SFO"
    assert made["destination"] == "SFO"
    assert (made["startDate"], made["endDate"]) == ("2027-05-10", "2027-05-10")
    assert made["timezone"] == "America/Los_Angeles"
    assert made["flights"] == [found.document]


def test_an_arrival_before_departure_is_kept_as_it_is():
    """Across the date line; the leg holds both days."""
    found = flight("XX1", "NRT", "HNL", "2027-05-10T00:15", arrivalTime="2027-05-09T12:00")
    (made,) = twice([found]).documents("legs")
    assert (made["startDate"], made["endDate"]) == ("2027-05-09", "2027-05-10")
    assert made["flights"] == [found.document]


def test_connecting_flights_share_a_leg():
    """In whatever order a file has them."""
    on = flight("XX2", "NRT", "SFO", "2027-05-10T17:00", arrivalTime="2027-05-10T10:00")
    first = flight("XX1", "SIN", "NRT", "2027-05-10T08:00", arrivalTime="2027-05-10T16:00")
    back = flight("XX3", "SFO", "SIN", "2027-05-20T17:00", arrivalTime="2027-05-22T06:00")
    out, home = twice([back, on, first]).documents("legs")
    assert (out["title"], out["destination"]) == ("SIN → SFO", "SFO")
    assert [each["flightNumber"] for each in out["flights"]] == ["XX1", "XX2"]
    assert (home["title"], home["startDate"], home["endDate"]) == (
        *("SFO → SIN", "2027-05-20", "2027-05-22"),
    )


def test_new_legs_come_between_the_others_by_date():
    found = [
        flight("XX1", "SIN", "SFO", departure)
        for departure in ("2027-04-20T09:00", "2027-05-12T09:00", "2027-06-20T09:00")
    ]
    legs = [A, {**B, "startDate": "2027-05-13", "endDate": "2027-05-14"}]
    assert [each["order"] for each in rows(found, legs)] == [0.0, 0.5, 2]


def test_a_zone_that_is_not_known_is_said():
    found = list(place([flight("XX1", "QQA", "QQZ", "2027-05-10T09:00")], []))
    assert [each.document["timezone"] for each in found if isinstance(each, Row)] == ["Etc/UTC"]
    (notice,) = [each for each in found if isinstance(each, Notice)]
    assert "QQA → QQZ" in notice.text


def test_a_flight_with_a_date_alone_is_placed_too():
    document = {"flightNumber": "XX1", "departureAirport": "SIN", "departureDate": "2027-05-11"}
    (sent,) = rows([Part(member="flights", document=document)], [A, B])
    assert sent == {"_id": "b", "flights": [document]}


@pytest.mark.parametrize("member", ["flights", "rentalCar"])
def test_what_has_no_date_is_a_reject(member):
    (found,) = place([Part(member=member, document={"confirmationNumber": "X"})], [A])
    assert isinstance(found, Reject)
    assert "date" in found.reason


def test_legs_of_the_import_hold_what_is_with_them():
    own = Row(list="legs", document=leg("Tokyo", "2027-05-01", "2027-05-09", clientRef="t"))
    found = [
        flight("XX1", "SIN", "NRT", "2027-05-01T09:00"),
        stay("Ryokan", "2027-05-02"),
        car("Sixt", "2027-05-03T10:00", dropoffTime="2027-05-04T10:00"),
        own,
    ]
    trip = twice(found)
    (made,) = trip.documents("legs")
    assert [each["flightNumber"] for each in made["flights"]] == ["XX1"]
    assert made["rentalCar"]["company"] == "Sixt"
    assert trip.documents("stays")[0]["legId"] == made["_id"]


def test_a_leg_of_the_import_that_the_trip_has_keeps_its_flights():
    present = {"flightNumber": "YY7", "departureAirport": "LHR"}
    own = Row(list="legs", document=leg("New", "2027-05-01", "2027-05-10", clientRef="A"))
    found = flight("XX1", "SIN", "NRT", "2027-05-01T09:00")
    (sent,) = rows([own, found], [{**A, "flights": [present]}])
    assert sent == {**own.document, "flights": [present, found.document]}


def test_a_stay_without_a_leg_to_hold_it_gets_one():
    trip = twice([stay("Hotel Muster", "2027-05-10", checkOutDate="2027-05-14")])
    (made,) = trip.documents("legs")
    assert (made["title"], made["startDate"], made["endDate"]) == (
        *("Hotel Muster", "2027-05-10", "2027-05-14"),
    )


def test_a_stay_stays_where_somebody_has_put_it():
    found = stay("Hotel", "2027-05-02")
    has = [{"_id": "s1", "legId": "b", "clientRef": "s:Hotel", "name": "Hotel"}]
    assert rows([found], [A, B], has, of="stays") == [{**found.document, "legId": "b"}]
    assert rows([found], [A, B], of="stays") == [{**found.document, "legRef": "A"}]


def test_a_stay_of_a_leg_that_is_gone_is_placed_by_its_dates():
    found = stay("Hotel", "2027-05-11", legId="gone")
    assert rows([found], [B], of="stays") == [{**found.document, "legId": "b"}]


def test_a_stay_stays_in_the_leg_that_it_came_with():
    """By the id that the leg has in the file, also when it came before."""
    own = {**leg("Tokyo", "2027-05-01", "2027-05-09", clientRef="carnet:old"), "_id": "old"}
    found = [Row(list="legs", document=own), stay("Hotel", "2027-06-01", legId="old")]
    trip = twice(found)
    (made,) = trip.documents("legs")
    assert made["clientRef"] == "carnet:old"
    assert [each["legId"] for each in trip.documents("stays")] == [made["_id"]]


def test_a_stay_without_dates_is_a_reject():
    (found,) = place([Row(list="stays", document={"name": "Hotel"})], [A])
    assert isinstance(found, Reject)
    assert found.name == "Hotel"


def test_a_rental_car_merges_into_itself_and_into_no_other():
    mine = car("Sixt", "2027-05-03T10:00", confirmationNumber="C1")
    has = {**A, "rentalCar": {"company": "Sixt", "confirmationNumber": "C1", "deck": "up"}}
    (sent,) = rows([mine], [has])
    assert sent["rentalCar"] == {**mine.document, "deck": "up"}
    (reject,) = place([car("Avis", "2027-05-04T10:00", confirmationNumber="C2")], [has])
    assert isinstance(reject, Reject)
    assert "has a rental car already: Sixt" in reject.reason


def test_a_rental_car_without_a_leg_gets_one():
    found = car("Sixt", "2027-05-03T10:00", pickupLocation="Nice", dropoffTime="2027-05-09T10:00")
    (made,) = twice([found]).documents("legs")
    assert (made["title"], made["destination"]) == ("Sixt, Nice", "Nice")
    assert (made["startDate"], made["endDate"]) == ("2027-05-03", "2027-05-09")


def test_anything_else_goes_through_at_once():
    def found():
        yield Row(list="mapPins", document={"name": "Here", "lat": 1, "lng": 2})
        raise AssertionError("it was not asked for")

    first = next(place(found(), []))
    assert isinstance(first, Row)
    assert first.list == "mapPins"


def test_a_leg_that_the_api_would_not_take_is_left_to_it():
    wrong = Row(list="legs", document={"title": 5, "startDate": "2027-05-01", "endDate": "x"})
    own = flight("XX1", "SIN", "SFO", "2027-05-01T09:00")
    first, made = rows([wrong, own])
    assert first == wrong.document
    assert made["title"] == "SIN → SFO"


def test_a_leg_has_room_for_so_many_flights():
    found = [
        flight(f"XX{number}", "SIN", "SFO", "2027-05-02T09:00", notes="n" * 9_000)
        for number in range(9)
    ]
    placed = list(place(found, [A]))
    (sent,) = [each.document for each in placed if isinstance(each, Row)]
    rejects = [each for each in placed if isinstance(each, Reject)]
    assert len(sent["flights"]) + len(rejects) == 9
    assert "at most" in rejects[0].reason


def test_legs_are_not_made_without_end():
    found = [
        flight("XX1", "SIN", "SFO", f"{1000 + number}-01-01T09:00") for number in range(MOST + 1)
    ]
    *made, reject = sorted(place(found, []), key=lambda each: isinstance(each, Reject))
    assert len(made) == MOST
    assert isinstance(reject, Reject)


def test_what_is_cancelled_and_still_there_is_named():
    trip = Trip()
    trip.take(
        [
            flight("XX33", "SFO", "SIN", "2027-05-14T23:30"),
            flight("XX34", "SFO", "SIN", "2027-05-15T23:30"),
            stay("Hotel Muster", "2027-05-14"),
        ]
    )
    cancelled = [
        NotImported(what="cancelled", name=name)
        for name in ("XX33 2027-05-14", "Hotel Muster 2027-05-14", "Dinner 2027-05-14")
    ]
    assert still_there(cancelled, trip.export()) == [
        "flight XX33 2027-05-14 in the leg SFO → SIN",
        "stay Hotel Muster 2027-05-14",
    ]


def test_airports_have_their_zones():
    known = airportsdata.load("IATA")
    assert {code: zone for code, zone in ZONES.items() if known[code]["tz"] != zone} == {}
    assert len(ZONES) > 600
