import contextlib
import io
from email.message import EmailMessage

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats import reading
from formats.found import NotImported, Part, Reading, Reject, Row, Unreadable
from formats.placing import still_there
from tests.formats.applying import Trip, twice, valid

PLACE = {"@type": "Airport"}


def flight(**members):
    return {
        "@context": "http://schema.org",
        "@type": "FlightReservation",
        "reservationNumber": "R1",
        "reservationFor": {
            "@type": "Flight",
            "flightNumber": "7",
            "airline": {"name": "Muster Air", "iataCode": "MA"},
            "departureAirport": {**PLACE, "iataCode": "SIN"},
            "arrivalAirport": {**PLACE, "iataCode": "SFO"},
            "departureTime": "2027-05-10T09:15:00",
            "arrivalTime": "2027-05-10T09:00:00",
            **members,
        },
    }


def booked(kind, reserved, **members):
    return {"@type": kind, "reservationNumber": "N1", "reservationFor": reserved, **members}


def script(*data):
    texts = [each if isinstance(each, str) else msgspec.json.encode(each).decode() for each in data]
    return "".join(f'<script type="application/ld+json">{text}</script>' for text in texts)


def mail(page, *, subject="Ihre Buchung: bestätigt", charset="utf-8", cte="quoted-printable"):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.org", "b@example.org", subject
    message.set_content("see html")
    message.add_alternative(
        f"<html><head>{page}</head><body>Grüße</body></html>",
        subtype="html",
        charset=charset,
        cte=cte,
    )
    return message


def read(message, name="a.eml"):
    raw = message if isinstance(message, bytes) else message.as_bytes()
    return valid(reading.read(io.BytesIO(raw), name, Reading()))


def found_in(*data):
    return read(mail(script(*data)))


def only(found, kind):
    return [each for each in found if isinstance(each, kind)]


def test_a_mail_of_every_kind_of_trouble():
    """An array, a graph, several types, a date without a time, a comma too many, a cancellation."""
    cancelled = {
        **flight(flightNumber="8", departureTime="2027-05-14T23:30:00"),
        "reservationStatus": "http://schema.org/Cancelled",
    }
    hotel = {
        "@type": ["LodgingReservation", "Reservation"],
        "reservationNumber": "H-7",
        "checkinTime": "2027-05-10T15:00:00-07:00",
        "checkoutTime": "2027-05-14",
        "reservationFor": {
            "@type": ["Hotel", "Hostel"],
            "name": "Hotel Muster",
            "address": "1 Sample St",
            "telephone": "+1 415 555 0100",
        },
    }
    several = flight()
    several["reservationFor"] = [several["reservationFor"]]
    broken = f"[{msgspec.json.encode(cancelled).decode()},]"
    message = mail(script(several, {"@graph": [hotel]}, broken))
    (part,), (row,), (gone,) = (only(read(message), kind) for kind in (Part, Row, NotImported))
    assert part.document == {
        "airline": "Muster Air",
        "flightNumber": "MA7",
        "confirmationNumber": "R1",
        "departureAirport": "SIN",
        "departureTime": "2027-05-10T09:15:00",
        "arrivalAirport": "SFO",
        "arrivalTime": "2027-05-10T09:00:00",
    }
    assert row.document == {
        "name": "Hotel Muster",
        "address": "1 Sample St",
        "hostPhone": "+1 415 555 0100",
        "checkInDate": "2027-05-10",
        "checkInTime": "15:00",
        "checkOutDate": "2027-05-14",
        "confirmationNumber": "H-7",
        "clientRef": "booking:H-7/Hotel Muster",
    }
    assert (gone.what, gone.name) == ("cancelled", "MA8 2027-05-14")
    trip = twice(read(message))
    (leg,) = trip.documents("legs")
    assert (leg["title"], leg["timezone"]) == ("SIN → SFO", "America/Los_Angeles")
    assert trip.documents("stays")[0]["legId"] == leg["_id"]
    assert still_there([gone], trip.export()) == []
    other = Trip()
    other.take(found_in(flight(flightNumber="8", departureTime="2027-05-14T23:30:00")))
    assert still_there([gone], other.export()) == ["flight MA8 2027-05-14 in the leg SIN → SFO"]


@pytest.mark.parametrize(
    ("charset", "cte"),
    [
        ("utf-8", "base64"),
        ("iso-8859-15", "base64"),
        ("cp1252", "quoted-printable"),
        ("utf-8", "8bit"),
    ],
)
def test_encodings_of_mails(charset, cte):
    hotel = booked("LodgingReservation", {"name": "Café Schön"}, checkinTime="2027-05-10")
    (row,) = only(read(mail(script(hotel), charset=charset, cte=cte)), Row)
    assert row.document["name"] == "Café Schön"


@pytest.mark.parametrize(
    "text",
    [
        '{"@type": "TaxiReservation", /* a comment, */ "reservationFor": {}, // another "}"\n}',
        '<!-- {"@type": "TaxiReservation", "reservationFor": {}} -->',
        '//<![CDATA[\n{"@type": "TaxiReservation", "reservationFor": {},}\n//]]>',
        "{&quot;@type&quot;: &quot;TaxiReservation&quot;}",
        '{"@type": "TaxiReservation", "a": "two\nlines\t", "url": "https://example.org//x"}',
        '{"@type": "https://schema.org/TaxiReservation", "list": [1, 2, ], };',
    ],
)
def test_json_that_is_nearly_json_is_mended(text):
    """It is read: what is wrong with it then is that it has no date."""
    (reject,) = found_in(text)
    assert "startDate: required" in reject.reason


def test_json_that_is_broken_is_a_reject_beside_what_is_whole():
    found = found_in('{"@type": "FlightReservation"', flight())
    assert [type(each) for each in found] == [Reject, Part]
    assert "broken JSON" in found[0].reason


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"flightNumber": "MA 7"}, {"flightNumber": "MA7"}),
        ({"flightNumber": 7}, {"flightNumber": "MA7"}),
        ({"airline": "Muster Air"}, {"flightNumber": "7", "airline": "Muster Air"}),
        (
            {"departureTime": "2027-05-10T09:15:00+08:00"},
            {"departureTime": "2027-05-10T09:15:00+08:00"},
        ),
        ({"departureTime": "2027-05-10 09:15"}, {"departureTime": "2027-05-10T09:15"}),
        ({"departureAirport": {"name": "Changi"}}, {"departureAirport": "Changi"}),
    ],
)
def test_flights(members, expected):
    (part,) = found_in(flight(**members))
    assert expected.items() <= part.document.items()


def test_a_flight_with_a_day_alone_has_no_time():
    given = flight(departureDay="2027-05-10")
    del given["reservationFor"]["departureTime"]
    (part,) = found_in(given)
    assert part.document["departureDate"] == "2027-05-10"
    assert "departureTime" not in part.document


def test_a_time_that_is_none_is_a_reject():
    (reject,) = found_in(flight(departureTime="May 10, 2027 9:15 AM"))
    assert "flights[0].departureTime" in reject.reason
    assert "May 10" in reject.reason


def test_what_travellers_have():
    people = [
        {**flight(), "underName": {"name": name}, "airplaneSeat": seat}
        for name, seat in (("Eva", "12A"), ("Ada", "12B"))
    ]
    (leg,) = twice(found_in(*people)).documents("legs")
    (there,) = leg["flights"]
    assert there["seat"] == "12A, 12B"
    assert there["notes"] == "Passenger: Eva\nPassenger: Ada"


def test_two_connecting_flights_of_one_booking():
    on = flight(
        flightNumber="9",
        departureAirport={"iataCode": "SFO"},
        arrivalAirport={"iataCode": "JFK"},
        departureTime="2027-05-10T12:00:00",
        arrivalTime="2027-05-10T20:30:00",
    )
    both = flight()
    both["reservationFor"] = [on["reservationFor"], both["reservationFor"]]
    (leg,) = twice(found_in(both)).documents("legs")
    assert leg["title"] == "SIN → JFK"
    assert [each["flightNumber"] for each in leg["flights"]] == ["MA7", "MA9"]


def test_a_rental_car():
    (part,) = found_in(
        booked(
            "RentalCarReservation",
            {"model": "Golf", "brand": {"name": "VW"}, "rentalCompany": {"name": "Sixt"}},
            pickupLocation={
                "name": "Nice Airport",
                "address": {"streetAddress": "1 Rue", "addressLocality": "Nice"},
            },
            pickupTime="2027-05-10T10:00:00+02:00",
            dropoffTime="2027-05-12",
        )
    )
    assert part.member == "rentalCar"
    assert part.document == {
        "company": "Sixt",
        "vehicle": "VW Golf",
        "confirmationNumber": "N1",
        "pickupLocation": "Nice Airport, 1 Rue, Nice",
        "pickupTime": "2027-05-10T10:00:00+02:00",
        "dropoffDate": "2027-05-12",
    }
    twice([part])


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            booked(
                "FoodEstablishmentReservation",
                {"name": "Chez Eva", "address": "2 Rue"},
                startTime="2027-05-10T19:30:00",
                partySize=4,
            ),
            {
                "title": "Chez Eva",
                "category": "dinner",
                "startTime": "19:30",
                "notes": "Party of: 4\n2 Rue\nConfirmation: N1",
            },
        ),
        (
            booked(
                "EventReservation",
                {
                    "name": "Concert",
                    "startDate": "2027-05-10T20:00:00-04:00",
                    "endDate": "2027-05-10T23:00:00-04:00",
                    "location": {"name": "Hall"},
                },
            ),
            {"title": "Concert", "category": "activity", "startTime": "20:00", "endTime": "23:00"},
        ),
        (
            booked(
                "TrainReservation",
                {
                    "trainNumber": "9321",
                    "trainName": "Thalys",
                    "departureStation": {"name": "Paris Nord"},
                    "arrivalStation": {"name": "Brussels"},
                    "departureTime": "2027-05-10T08:25:00",
                    "arrivalTime": "2027-05-10T09:47:00",
                },
            ),
            {
                "title": "Thalys 9321: Paris Nord → Brussels",
                "category": "activity",
                "startTime": "08:25",
                "endTime": "09:47",
            },
        ),
        (
            booked(
                "BusReservation",
                {"busName": "Bus 1", "departureTime": "2027-05-10", "arrivalBusStop": "Bern"},
            ),
            {"title": "Bus 1: Bern", "startDate": "2027-05-10"},
        ),
    ],
)
def test_what_becomes_a_commitment(data, expected):
    (row,) = found_in(data)
    assert row.list == "commitments"
    assert row.document["startDate"] == "2027-05-10"
    assert expected.items() <= row.document.items()
    assert ("startTime" in row.document) == ("startTime" in expected)
    twice([row])


def test_tickets_of_several_people_are_one_event():
    event = {"name": "Concert", "startDate": "2027-05-10T20:00:00"}
    tickets = [
        booked("EventReservation", event, underName={"name": name}) for name in ("Eva", "Ada")
    ]
    (row,) = found_in(*tickets)
    assert row.document["notes"] == "Guest: Eva\nConfirmation: N1\nGuest: Ada"


def test_two_stays_of_one_booking():
    nights = [
        booked("LodgingReservation", {"name": "Inn"}, checkinTime=day, checkoutTime=day)
        for day in ("2027-05-10", "2027-05-20")
    ]
    first, second = found_in(*nights)
    assert first.document["clientRef"] == "booking:N1/Inn"
    assert second.document["clientRef"] == "booking:N1/Inn/2027-05-20"


def test_a_place_with_a_position_is_a_pin():
    place = {"name": "Chez Eva", "geo": {"latitude": "43.7", "longitude": 7.25}}
    data = booked("FoodEstablishmentReservation", place, startTime="2027-05-10T19:30:00")
    pin, dinner = found_in(data)
    assert (pin.document["lat"], pin.document["lng"]) == (43.7, 7.25)
    assert dinner.document["mapPinRef"] == pin.document["clientRef"]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (booked("LodgingReservation", {"name": "Inn"}, checkinTime="2027-05-10"), "Inn 2027-05-10"),
        (
            booked("TaxiReservation", {}, pickupTime="2027-05-10T10:00:00"),
            "Ride 2027-05-10",
        ),
        (
            booked("RentalCarReservation", {}, provider={"name": "Avis"}, pickupTime="2027-05-10"),
            "Avis 2027-05-10",
        ),
    ],
)
def test_cancellations_of_each_kind(data, name):
    cancelled = {**data, "reservationStatus": "https://schema.org/ReservationCancelled"}
    assert [(each.what, each.name) for each in found_in(cancelled)] == [("cancelled", name)]


def test_microdata():
    page = """<div itemscope itemtype="http://schema.org/LodgingReservation">
      <meta itemprop="reservationNumber" content="M1"/>
      <div itemprop="reservationFor" itemscope itemtype="http://schema.org/Hotel">
        <b itemprop="name">Hotel &amp; <i>Bar</i></b><br>
        <span itemprop="address" itemscope itemtype="http://schema.org/PostalAddress">
          <span itemprop="streetAddress">1 Rue</span><span itemprop="addressLocality">Nice</span>
        </span>
      </div>
      <time itemprop="checkinTime" datetime="2027-05-10T15:00">10 May</time>
    </div>"""
    (row,) = read(mail(page))
    assert row.document == {
        "name": "Hotel & Bar",
        "address": "1 Rue, Nice",
        "confirmationNumber": "M1",
        "checkInDate": "2027-05-10",
        "checkInTime": "15:00",
        "clientRef": "booking:M1/Hotel & Bar",
    }


def test_a_mail_without_data_is_a_reject_by_its_subject():
    (reject,) = read(mail(""))
    assert reject.name == "Ihre Buchung: bestätigt"
    assert reject.reason.startswith("no booking data in it")
    assert reject.row["from"] == "a@example.org"
    nothing = {"@type": "Organization", "name": "Muster Air"}
    assert "no booking data" in read(mail(script(nothing)))[0].reason


def test_what_is_not_read_is_said():
    (reject,) = found_in({"@type": "Reservation", "reservationNumber": "R9"})
    assert (reject.name, "a Reservation is not read" in reject.reason) == ("R9", True)


def test_attached_calendars_are_read_once():
    calendar = (
        b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:u1\r\nSUMMARY:Tour\r\nDTSTART:20270510\r\n"
        b"END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    message = mail("")
    for _ in range(2):
        message.add_attachment(calendar, maintype="text", subtype="calendar", filename="a.ics")
    (row,) = read(message)
    assert row.document["title"] == "Tour"
    assert row.at.file == "a.eml/a.ics"


def test_a_forwarded_mail_is_looked_into():
    outer = EmailMessage()
    outer["From"], outer["Subject"] = "c@example.org", "Fwd"
    outer.set_content("see below")
    outer.add_attachment(mail(script(flight())))
    assert [type(each) for each in read(outer)] == [Part]


def test_a_mailbox_has_several_mails():
    one, other = mail(script(flight())), mail(script(flight(flightNumber="8")))
    raw = b"".join(b"From x Mon\n" + each.as_bytes() + b"\n" for each in (one, other))
    assert [each.document["flightNumber"] for each in read(raw, "a.mbox")] == ["MA7", "MA8"]


def test_a_line_with_from_parts_no_mail():
    message = mail(script(flight()))
    raw = message.as_bytes().replace(b"see html", b"see html\n\nFrom here on")
    assert [type(each) for each in read(raw)] == [Part]


def test_what_is_too_much_ends_in_one_line():
    head = b"From: a@example.org\nSubject: x\n"
    deep = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(2_000)
    )
    many = b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 21_000
    for body, told in ((deep, "nested too deep"), (many, "of very many parts")):
        with pytest.raises(Unreadable, match=told):
            read(head + body)


def test_what_text_cannot_hold_never_reaches_a_row():
    hotel = booked("LodgingReservation", {"name": "Inn\0"}, checkinTime="2027-05-10")
    (reject,) = found_in(hotel)
    assert "NUL" in reject.reason


@pytest.mark.parametrize("deep", ["[" * 100_000, '{"a":' * 100_000])
def test_depth_ends_in_one_line(deep):
    (reject,) = found_in(deep)
    assert len(reject.reason) < 200


def test_many_openings_cost_no_more_than_their_length():
    read(mail("<script type='application/ld+json'" * 20_000, cte="8bit"))
    read(mail("<div itemscope '" * 50_000, cte="8bit"))


@given(st.binary(max_size=300), st.integers(0, 2_000))
def test_any_mail_ends_well(raw, at):
    whole = mail(script(flight())).as_bytes()
    with contextlib.suppress(Unreadable):
        read(whole[:at] + raw + whole[at:])


@pytest.mark.parametrize(
    "status", [{"@id": "http://schema.org/ReservationCancelled"}, "reservation_canceled"]
)
def test_a_cancellation_in_other_words(status):
    (told,) = read(mail(script({**flight(), "reservationStatus": status})))
    assert told == NotImported(what="cancelled", name="MA7 2027-05-10", at=told.at)
