import contextlib
import io
import zipfile

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats import reading
from formats.bcbp import legs_of, nearest
from formats.found import NotImported, Part, Reading, Reject, Row, Unreadable
from tests.formats.applying import twice, valid


def bcbp(*legs, name="MUSTER/EVA"):
    """Each leg as (number, from, to, day, seat)."""
    text = f"M{len(legs)}{name:20}E"
    for number, start, end, day, seat in legs:
        text += f"ABC123 {start}{end}MA {number:<5}{day:03}Y{seat}00012100"
    return text


ONE = bcbp(("0007", "SIN", "SFO", 130, "012A"))
TWO = bcbp(("0007", "SIN", "NRT", 365, "012A"), ("0008", "NRT", "SFO", 1, "003C"))


def packed(content, *, encoding="utf-8", **files):
    buffer = io.BytesIO()
    text = content if isinstance(content, str) else msgspec.json.encode(content).decode()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("pass.json", text.encode(encoding))
        archive.writestr("icon.png", b"")
        for name, raw in files.items():
            archive.writestr(f"{name}.lproj/pass.strings", raw)
    return buffer.getvalue()


def read(content, **options):
    raw = packed(content, **options)
    return valid(reading.read(io.BytesIO(raw), "a.pkpass", Reading()))


def boarding(**members):
    return {"description": "Boarding pass", "boardingPass": {}, **members}


def codes(*texts):
    return [{"format": "PKBarcodeFormatAztec", "message": text} for text in texts]


def test_a_boarding_pass_is_a_flight_with_a_date():
    """`relevantDate` may be that of boarding, so it is no time of departure."""
    (part,) = read(boarding(barcodes=codes(ONE), relevantDate="2027-05-10T08:30+08:00"))
    assert part.document == {
        "flightNumber": "MA7",
        "departureAirport": "SIN",
        "arrivalAirport": "SFO",
        "confirmationNumber": "ABC123",
        "seat": "12A",
        "notes": "Passenger: EVA MUSTER",
        "departureDate": "2027-05-10",
    }
    twice([part])


def test_codes_of_several_legs():
    found = read(boarding(barcode=codes(TWO)[0], relevantDate="2027-12-31T08:30:00+08:00"))
    assert [(each.document["flightNumber"], each.document["departureDate"]) for each in found] == [
        ("MA7", "2027-12-31"),
        ("MA8", "2028-01-01"),
    ]
    twice(found)


def test_a_leg_goes_over_what_airlines_add():
    first = f"M2{'MUSTER/EVA':20}EABC123 SINNRTMA 0007 130Y012A0001210A0123456789"
    second = "ABC123 NRTSFOMA 0008 131Y003C00022100"
    assert [each.flight["arrivalAirport"] for each in legs_of(first + second)] == ["NRT", "SFO"]


@pytest.mark.parametrize("text", ["", "M1", "M9" + ONE[2:], ONE[:50], "X" + ONE[1:], "https://x"])
def test_what_is_no_code_of_a_flight(text):
    assert list(legs_of(text)) == []


@pytest.mark.parametrize(
    ("day", "known", "date"),
    [
        (1, "2027-12-31", "2028-01-01"),
        (365, "2027-01-01", "2026-12-31"),
        (366, "2028-12-30", "2028-12-31"),
        (366, "2027-06-01", ""),
        (0, "2027-06-01", ""),
        (999, "2027-06-01", ""),
        (1, "9999-12-31", ""),
    ],
)
def test_the_year_is_the_nearest(day, known, date):
    assert nearest(day, known) == date


def test_a_year_that_is_not_told_is_a_reject():
    (reject,) = read(boarding(barcodes=codes(ONE)))
    assert isinstance(reject, Reject)
    assert "year" in reject.reason


@pytest.mark.parametrize(
    "members",
    [
        {"semantics": {"originalDepartureDate": "2027-05-10T09:15+08:00"}},
        {"boardingPass": {"auxiliaryFields": [{"key": "depart", "value": "2027-05-10T09:15"}]}},
    ],
)
def test_a_departure_that_is_told(members):
    (part,) = read(boarding(**{"barcodes": codes(ONE), **members}))
    assert part.document["departureTime"].startswith("2027-05-10T09:15")
    assert "departureDate" not in part.document


def test_a_pass_without_a_code_is_read_by_its_fields():
    style = {
        "transitType": "PKTransitTypeAir",
        "primaryFields": [{"key": "o", "value": "SIN"}, {"key": "d", "value": "SFO"}],
        "secondaryFields": [{"key": "flight_no", "label": "FLIGHT", "value": "MA 7"}],
        "auxiliaryFields": [{"key": "seat", "value": "12A"}, {"key": "pnr", "value": "ABC123"}],
    }
    (part,) = read(
        {
            "boardingPass": style,
            "organizationName": "Muster Air",
            "relevantDate": "2027-05-10T08:00",
        }
    )
    assert part.document == {
        "airline": "Muster Air",
        "flightNumber": "MA7",
        "seat": "12A",
        "departureAirport": "SIN",
        "arrivalAirport": "SFO",
        "departureDate": "2027-05-10",
        "confirmationNumber": "ABC123",
    }


def test_passes_of_two_people_on_a_flight_are_one_flight():
    other = ONE.replace("012A", "012B").replace("MUSTER/EVA", "MUSTER/ADA")
    found = [
        part
        for code in (ONE, other)
        for part in read(boarding(barcodes=codes(code), relevantDate="2027-05-10T08:30"))
    ]
    (leg,) = twice(found).documents("legs")
    assert [each["seat"] for each in leg["flights"]] == ["12A, 12B"]


def test_a_train_is_a_commitment():
    style = {
        "transitType": "PKTransitTypeTrain",
        "primaryFields": [{"key": "o", "value": "Paris"}, {"key": "d", "value": "Brussels"}],
    }
    (row,) = read({"boardingPass": style, "relevantDate": "2027-05-10T08:25+02:00"})
    assert row.document["title"] == "Paris → Brussels"
    assert (row.document["startDate"], row.document["startTime"]) == ("2027-05-10", "08:25")


TICKET = {
    "passTypeIdentifier": "pass.example",
    "serialNumber": "S1",
    "relevantDate": "2027-05-10T20:00:00-04:00",
    "locations": [{"latitude": 40.5, "longitude": -73.5}],
    "eventTicket": {
        "primaryFields": [{"key": "event", "value": "event_name"}],
        "secondaryFields": [{"key": "venue", "label": "Where", "value": "Hall"}],
    },
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_ticket_is_an_activity(encoding):
    strings = '/* texts */ "event_name" = "Concert \\"Café\\"";'.encode(encoding)
    pin, row = read(TICKET, en=strings, de=b"")
    assert row.document == {
        "title": 'Concert "Café"',
        "category": "activity",
        "clientRef": "pass:pass.example/S1",
        "startDate": "2027-05-10",
        "startTime": "20:00",
        "notes": 'event: Concert "Café"\nWhere: Hall',
        "mapPinRef": pin.document["clientRef"],
    }
    assert (pin.document["name"], pin.document["lat"]) == ("Hall", 40.5)
    twice([pin, row])


def test_newer_passes_have_several_dates():
    ticket = {**TICKET, "relevantDates": [{"startDate": "2027-05-11T20:00"}], "locations": None}
    del ticket["relevantDate"]
    (row,) = read(ticket)
    assert row.document["startDate"] == "2027-05-11"


def test_a_ticket_without_a_date_is_a_reject():
    (reject,) = read({**TICKET, "relevantDate": "soon"})
    assert "relevantDate" in reject.reason


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (boarding(barcodes=codes(ONE), relevantDate="2027-05-10T08:30"), "MA7 2027-05-10"),
        (TICKET, "event_name 2027-05-10"),
    ],
)
def test_a_void_pass_is_cancelled(content, name):
    (found,) = read({**content, "voided": True})
    assert isinstance(found, NotImported)
    assert (found.what, found.name) == ("cancelled", name)


def test_a_pass_of_another_kind_is_a_reject():
    (reject,) = read({"storeCard": {}, "description": "Points"})
    assert isinstance(reject, Reject)
    assert (reject.name, "storeCard" in reject.reason) == ("Points", True)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_of_passes(encoding):
    text = msgspec.json.encode(TICKET).decode().replace("event_name", "Café")
    _, row = read(text, encoding=encoding)
    assert row.document["title"] == "Café"


def test_json_that_is_nearly_json_is_read():
    text = msgspec.json.encode(TICKET).decode().removesuffix("}") + ",}"
    assert [type(each) for each in read(text)] == [Row, Row]


@pytest.mark.parametrize("content", ["[]", "{", '{"a": ' * 5_000, '"' + "x" * 2_000_000 + '"'])
def test_a_broken_pass_ends_in_one_line(content):
    with pytest.raises(Unreadable) as caught:
        read(content)
    assert "\n" not in str(caught.value)


def test_several_passes_in_a_zip():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        content = boarding(barcodes=codes(ONE), relevantDate="2027-05-10T08:30")
        archive.writestr("a.pkpass", packed(content))
        archive.writestr("b.pkpass", packed(TICKET))
    found = valid(reading.read(io.BytesIO(buffer.getvalue()), "a.pkpasses", Reading()))
    assert [isinstance(each, Part) for each in found] == [True, False, False]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(TICKET, JSON)), st.booleans())
def test_any_values_end_well(content, is_ticket):
    whole = TICKET if is_ticket else boarding(barcodes=codes(TWO), relevantDate="2027-05-10T08:30")
    with contextlib.suppress(Unreadable):
        read({**whole, **content})


def test_semantic_tags_alone_tell_a_flight():
    (part,) = read(
        {
            "boardingPass": {"transitType": "PKTransitTypeAir"},
            "semantics": {
                "airlineCode": "MA",
                "flightNumber": 7,
                "departureAirportCode": "SIN",
                "destinationAirportCode": "SFO",
                "originalDepartureDate": "2027-05-10T09:15+08:00",
                "originalArrivalDate": "2027-05-10T09:00-07:00",
            },
        }
    )
    assert part.document == {
        "flightNumber": "MA7",
        "departureAirport": "SIN",
        "arrivalAirport": "SFO",
        "departureTime": "2027-05-10T09:15+08:00",
        "arrivalTime": "2027-05-10T09:00-07:00",
    }
