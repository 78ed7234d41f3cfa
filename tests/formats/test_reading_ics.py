import contextlib
import datetime
import io
import string
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats import reading
from formats.found import Notice, NotImported, Reading, Reject, Row, Unreadable
from formats.ics_times import zone_of
from formats.recurrence import MOST
from tests.formats.applying import twice, valid


def calendar(*lines, end="END:VCALENDAR\r\n"):
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *lines, end]).encode()


def event(*lines, uid="u1", summary="Tour"):
    return "\r\n".join(["BEGIN:VEVENT", f"UID:{uid}", f"SUMMARY:{summary}", *lines, "END:VEVENT"])


def read(raw, name="a.ics"):
    return valid(reading.read(io.BytesIO(raw), name, Reading()))


def rows(raw, of="commitments"):
    return [each.document for each in read(raw) if isinstance(each, Row) and each.list == of]


def one(*lines, **options):
    (document,) = rows(calendar(event(*lines, **options)))
    return document


def only(found, kind):
    return [each for each in found if isinstance(each, kind)]


def when(document):
    names = ("startDate", "startTime", "endDate", "endTime", "timezone", "isAllDay")
    return {name: document[name] for name in names if name in document}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            ["DTSTART;VALUE=DATE:20270510", "DTEND;VALUE=DATE:20270511"],
            {"startDate": "2027-05-10", "isAllDay": True},
        ),
        (
            ["DTSTART;VALUE=DATE:20270510", "DTEND;VALUE=DATE:20270514"],
            {"startDate": "2027-05-10", "endDate": "2027-05-13", "isAllDay": True},
        ),
        (
            ["DTSTART;VALUE=DATE:20270510", "DTEND;VALUE=DATE:20270510"],
            {"startDate": "2027-05-10", "isAllDay": True},
        ),
        (["DTSTART:20270510"], {"startDate": "2027-05-10", "isAllDay": True}),
        (
            ["DTSTART;VALUE=DATE:20270510", "DURATION:P2D"],
            {"startDate": "2027-05-10", "endDate": "2027-05-11", "isAllDay": True},
        ),
        (
            ["DTSTART:20270510T230000", "DTEND:20270511T010000"],
            {"startDate": "2027-05-10", "startTime": "23:00", "endTime": "01:00"},
        ),
        (
            ["DTSTART:20270510T090000", "DTEND:20270511T100000"],
            {
                "startDate": "2027-05-10",
                "startTime": "09:00",
                "endDate": "2027-05-11",
                "endTime": "10:00",
            },
        ),
        (
            ["DTSTART:20270510T090000", "DTEND:20270510T090000"],
            {"startDate": "2027-05-10", "startTime": "09:00"},
        ),
        (
            ["DTSTART;TZID=Asia/Tokyo:20270510T090000", "DURATION:PT1H30M"],
            {
                "startDate": "2027-05-10",
                "startTime": "09:00",
                "endTime": "10:30",
                "timezone": "Asia/Tokyo",
            },
        ),
        (
            ["DTSTART;TZID=W. Europe Standard Time:20270510T090000"],
            {"startDate": "2027-05-10", "startTime": "09:00", "timezone": "Europe/Berlin"},
        ),
        (
            ["DTSTART:20270510T090000Z", "DTEND:20270510T100000Z"],
            {
                "startDate": "2027-05-10",
                "startTime": "09:00",
                "endTime": "10:00",
                "timezone": "Etc/UTC",
            },
        ),
        (
            # Ends elsewhere: both by the clock of where it begins.
            [
                "DTSTART;TZID=Asia/Tokyo:20270510T090000",
                "DTEND;TZID=Europe/Berlin:20270510T140000",
            ],
            {
                "startDate": "2027-05-10",
                "startTime": "09:00",
                "endTime": "21:00",
                "timezone": "Asia/Tokyo",
            },
        ),
    ],
)
def test_times_are_those_of_the_events_clock(lines, expected):
    assert when(one(*lines)) == expected


@pytest.mark.parametrize(
    ("tzid", "zone"),
    [
        ("(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", "Europe/Amsterdam"),
        ("(GMT-08:00) Pacific Time (US & Canada); Tijuana", "America/Los_Angeles"),
        ("/freeassociation.sourceforge.net/Tzfile/Europe/Berlin", "Europe/Berlin"),
        ("/x/America/Argentina/Ushuaia", "America/Argentina/Ushuaia"),
        ("(UTC) Coordinated Universal Time", "Etc/UTC"),
        ("Tokyo Standard Time", "Asia/Tokyo"),
        ("Eastern Time", "America/New_York"),
        ("(UTC+05:00) Berlin", ""),
        ("Customized Time Zone", ""),
        ("CET-1", ""),
    ],
)
def test_names_of_zones(tzid, zone):
    assert zone_of(tzid) == zone


def test_a_zone_may_be_named_by_its_definition():
    definition = ["BEGIN:VTIMEZONE", "TZID:Mine", "X-LIC-LOCATION:Asia/Tokyo", "END:VTIMEZONE"]
    raw = calendar(event("DTSTART;TZID=Mine:20270510T090000"), *definition)
    (document,) = rows(raw)
    assert document["timezone"] == "Asia/Tokyo"


def test_an_unknown_zone_leaves_the_time_floating_and_is_said_once():
    found = read(
        calendar(
            event("DTSTART;TZID=Customized Time Zone:20270510T090000"),
            event("DTSTART;TZID=Customized Time Zone:20270511T090000", uid="u2"),
        )
    )
    (notice,) = only(found, Notice)
    assert "Customized Time Zone" in notice.text
    assert [when(each.document) for each in only(found, Row)] == [
        {"startDate": "2027-05-10", "startTime": "09:00"},
        {"startDate": "2027-05-11", "startTime": "09:00"},
    ]


def test_utc_is_told_by_the_calendars_own_clock():
    raw = calendar("X-WR-TIMEZONE:Asia/Tokyo", event("DTSTART:20270510T200000Z"))
    (document,) = rows(raw)
    assert when(document) == {
        "startDate": "2027-05-11",
        "startTime": "05:00",
        "timezone": "Asia/Tokyo",
    }


def test_what_else_an_event_tells():
    document = one(
        "DTSTART;VALUE=DATE:20270510",
        "CATEGORIES:Travel,BIRTHDAY",
        "DESCRIPTION:Bring\\, please:\\n<b>cake</b>",
        "LOCATION:Cafe Muster",
        "URL:https://example.org/1",
    )
    assert document["category"] == "birthday"
    assert document["notes"] == "Bring, please: cake\nCafe Muster\nhttps://example.org/1"
    assert document["clientRef"] == "ics:u1"


def test_a_place_with_a_position_is_a_pin_of_its_own():
    raw = calendar(
        event("DTSTART:20270510T090000", "LOCATION:Cafe Muster", "GEO:48.5;9.25"),
        event("DTSTART:20270511T090000", "LOCATION:Cafe Muster", "GEO:48.5;9.25", uid="u2"),
        event(
            *("DTSTART:20270512T090000", "X-APPLE-STRUCTURED-LOCATION;X-TITLE=Pier:geo:1.5,2.5"),
            uid="u3",
        ),
    )
    cafe, pier = rows(raw, "mapPins")
    assert (cafe["name"], cafe["lat"], cafe["lng"]) == ("Cafe Muster", 48.5, 9.25)
    assert pier["name"] == "Pier"
    refs = [each["mapPinRef"] for each in rows(raw)]
    assert refs == [cafe["clientRef"], cafe["clientRef"], pier["clientRef"]]
    trip = twice(read(raw))
    linked = [each["mapPinId"] for each in trip.documents("commitments")]
    ids = [each["_id"] for each in trip.documents("mapPins")]
    assert linked == [ids[0], ids[0], ids[1]]


def test_a_broken_position_costs_no_event():
    found = read(calendar(event("DTSTART:20270510T090000", "GEO:48.5"), event(uid="u2")))
    assert [each.document["title"] for each in only(found, Row)] == ["Tour"]
    assert ["GEO" in each.reason for each in only(found, Reject)] == [True, False]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["DTSTART:2027-05-10"], "DTSTART '2027-05-10' is not a date such as 20270510"),
        (["DTSTART:20270230"], "is no day there is"),
        (["SUMMARY:x"], "without DTSTART"),
        (["DTSTART:20270510T090000", "DTEND:20270510T080000"], "is before DTSTART"),
        (["DTSTART:20270510T090000", "DTEND;VALUE=DATE:20270511"], "the other a time"),
        (["DTSTART:20270510T090000", "DURATION:1 hour"], "DURATION '1 hour'"),
        (["DTSTART:20270510T090000", "RRULE:FREQ=SECONDLY"], "repeats within a day"),
        (["DTSTART:20270510T090000", "RRULE:FREQ=DAILY;BYDAY=XX"], "is no rule"),
        (["DTSTART:20270510T090000", "what is this"], "what is this"),
        (["DTSTART:20270510T090000", f"DESCRIPTION:{'n' * 10_001}"], "notes: at most 10,000"),
        (["DTSTART:20270510T090000", "LOCATION:a\0b"], "a NUL character"),
    ],
)
def test_a_broken_event_is_a_reject_and_stops_no_other(lines, reason):
    found = read(calendar(event(*lines), event("DTSTART:20270511T090000", uid="u2")))
    (reject,) = only(found, Reject)
    assert reason in reject.reason
    assert reject.name == "Tour"
    assert reject.at.line == 3
    assert [each.document["clientRef"] for each in only(found, Row)] == ["ics:u2"]


def test_what_is_cancelled_is_told_of():
    found = read(calendar(event("DTSTART:20270510T090000", "STATUS:CANCELLED")))
    assert [(each.what, each.name) for each in only(found, NotImported)] == [
        ("cancelled", "Tour 2027-05-10")
    ]
    assert only(found, Row) == []
    cancelled = read(calendar("METHOD:CANCEL", event("DTSTART:20270510T090000")))
    assert [each.what for each in only(cancelled, NotImported)] == ["cancelled"]


def test_repeating_events_are_one_commitment_a_date():
    """But for those left out and moved; times stay when clocks are changed."""
    raw = calendar(
        event(
            "DTSTART;TZID=Europe/Berlin:20270326T090000",
            "DTEND;TZID=Europe/Berlin:20270326T100000",
            "RRULE:FREQ=DAILY;UNTIL=20270330T070000Z",
            "EXDATE;TZID=Europe/Berlin:20270327T090000",
            "RDATE;TZID=Europe/Berlin:20270405T090000",
        ),
        event(
            "RECURRENCE-ID:20270328T070000Z",
            "DTSTART;TZID=Europe/Berlin:20270328T180000",
            summary="Moved",
        ),
        event(
            "RECURRENCE-ID;TZID=Europe/Berlin:20270329T090000",
            "DTSTART;TZID=Europe/Berlin:20270329T090000",
            "STATUS:CANCELLED",
        ),
    )
    told = [(each["startDate"], each["startTime"], each["title"]) for each in rows(raw)]
    assert told == [
        ("2027-03-26", "09:00", "Tour"),
        ("2027-03-30", "09:00", "Tour"),
        ("2027-04-05", "09:00", "Tour"),
        ("2027-03-28", "18:00", "Moved"),
    ]
    assert rows(raw)[3]["clientRef"] == "ics:u1/20270328T0700Z"
    twice(read(raw))


@pytest.mark.parametrize(
    ("start", "rule", "dates"),
    [
        ("20270510", "FREQ=WEEKLY;COUNT=3", ["2027-05-10", "2027-05-17", "2027-05-24"]),
        ("20270510", "FREQ=DAILY;UNTIL=20270511", ["2027-05-10", "2027-05-11"]),
        ("20270510T090000", "FREQ=DAILY;UNTIL=20270511", ["2027-05-10", "2027-05-11"]),
        ("20240229", "FREQ=YEARLY;COUNT=2", ["2024-02-29", "2028-02-29"]),
        ("20270510", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", ["2027-05-10"]),
        ("20270511", "FREQ=WEEKLY;BYDAY=MO;COUNT=1", ["2027-05-11", "2027-05-17"]),
        ("20270131", "FREQ=MONTHLY;BYDAY=-1SU;COUNT=2", ["2027-01-31", "2027-02-28"]),
    ],
)
def test_rules(start, rule, dates):
    raw = calendar(event(f"DTSTART:{start}", f"RRULE:{rule}"))
    assert [each["startDate"] for each in rows(raw)] == dates


@pytest.mark.parametrize(
    ("rule", "count"), [("FREQ=DAILY", MOST), ("FREQ=YEARLY", 101), ("FREQ=DAILY;COUNT=999", MOST)]
)
def test_what_repeats_without_end_ends(rule, count):
    found = read(calendar(event("DTSTART:20270510", f"RRULE:{rule}")))
    assert len(only(found, Row)) == count
    (notice,) = only(found, Notice)
    assert f"repeats further: {count} of its dates" in notice.text


def test_rules_that_fit_no_date_are_not_tried_for_ever():
    """Each takes until the year 9999."""
    rule = "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"
    found = read(calendar(*(event("DTSTART:20270510", rule, uid=f"u{n}") for n in range(8))))
    assert [type(each) for each in found] == [Row] * 6 + [Reject] * 2


def test_two_events_of_one_uid_are_two():
    raw = calendar(event("DTSTART:20270510"), event("DTSTART:20270511"))
    assert [each["clientRef"] for each in rows(raw)] == ["ics:u1", "ics:u1/20270511"]


def test_long_names():
    document = one("DTSTART:20270510", uid="u" * 300, summary="s" * 201)
    assert len(document["clientRef"]) < 255
    assert document["title"] == "s" * 199 + "…"
    assert document["notes"] == "s" * 201


def test_tasks_are_action_items():
    tasks = [
        *("BEGIN:VTODO", "UID:t1", "SUMMARY:Buy a map", "DUE;VALUE=DATE:20270501", "PRIORITY:1"),
        *("END:VTODO", "BEGIN:VTODO", "UID:t2", "SUMMARY:Rest", "STATUS:COMPLETED", "PRIORITY:9"),
        *("END:VTODO", "BEGIN:VTODO", "UID:t3", "SUMMARY:Pack", "END:VTODO"),
    ]
    assert rows(calendar(*tasks), "actionItems") == [
        {"text": "Buy a map (due 2027-05-01)", "urgency": "now", "clientRef": "ics:t1"},
        {
            "text": "Rest",
            "urgency": "nice_to_have",
            "isCompleted": True,
            "clientRef": "ics:t2",
        },
        {"text": "Pack", "urgency": "before_trip", "clientRef": "ics:t3"},
    ]


def test_what_carnet_has_no_place_for_is_counted():
    alarm = ["BEGIN:VALARM", "TRIGGER:-PT5M", "END:VALARM"]
    raw = calendar(
        *("BEGIN:VJOURNAL", "SUMMARY:x", "END:VJOURNAL"),
        event("DTSTART:20270510T090000", *alarm, *alarm),
    )
    told = {each.name: each.count for each in only(read(raw), NotImported)}
    assert told == {"VALARM": 2, "VJOURNAL": 1}


def test_a_fold_may_part_a_character():
    raw = calendar(event("DTSTART:20270510")).replace(b"Tour", "Caf\u00e9 \u6771\u4eac".encode())
    character = "\u6771".encode()
    raw = raw.replace(character, character[:1] + b"\r\n " + character[1:])
    (document,) = rows(raw)
    assert document["title"] == "Caf\u00e9 \u6771\u4eac"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings(encoding):
    raw = calendar(event("DTSTART:20270510")).decode().replace("Tour", "Café")
    (document,) = rows(raw.encode(encoding))
    assert document["title"] == "Café"


def test_a_file_that_was_cut_is_read_as_far_as_it_goes():
    whole = event("DTSTART:20270510")
    (row, notice) = read(calendar(whole, end=""))
    assert isinstance(row, Row)
    assert isinstance(notice, Notice)
    assert "END:VCALENDAR is missing" in notice.text
    cut = calendar(whole, "BEGIN:VEVENT", "UID:u2", "SUMMARY:Lost", "DTSTART:202705", end="")
    row, reject, notice = read(cut)
    assert isinstance(reject, Reject)
    assert reject.name == "Lost"
    assert "cut" in reject.reason


def test_a_calendar_of_ours_gives_its_commitments():
    raw = calendar(
        "PRODID:-//Carnet//Carnet//EN",
        event("DTSTART;VALUE=DATE:20270510", uid="leg1@carnet"),
        event("DTSTART;VALUE=DATE:20270511", "CATEGORIES:dinner", uid="abc@carnet"),
    )
    found = read(raw)
    (row,) = only(found, Row)
    assert (row.document["clientRef"], row.document["category"]) == ("carnet:abc", "dinner")
    assert [each.count for each in only(found, NotImported)] == [1]
    assert only(found, Notice)


def test_many_events_take_little():
    """Of each only what it needs to know of others is kept."""
    raw = calendar(*(event("DTSTART:20270510", uid=f"u{number}") for number in range(2_000)))
    assert len(rows(raw)) == 2_000


ZONES = st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Etc/UTC"])
TIMES = st.builds(
    datetime.datetime.combine,
    st.dates(datetime.date(1990, 1, 1), datetime.date(2090, 1, 1)),
    st.builds(datetime.time, st.integers(0, 23), st.integers(0, 59)),
)
PRINTED = string.printable.replace("\\", "")  # of which the library makes a line's end before N
TEXTS = st.text(PRINTED + "äß\u6771\U0001f600", min_size=1, max_size=300)


@given(start=TIMES, zone=ZONES, minutes=st.integers(0, 5_000), summary=TEXTS, description=TEXTS)
def test_what_icalendar_writes_is_read(start, zone, minutes, summary, description):
    written = icalendar.Calendar()
    one = icalendar.Event()
    one.add("uid", "u1")
    one.add("summary", summary)
    one.add("description", description)
    one.add("dtstart", start.replace(tzinfo=ZoneInfo(zone)))
    one.add("duration", datetime.timedelta(minutes=minutes))
    written.add_component(one)
    (found,) = read(written.to_ical())
    assert isinstance(found, Row)
    document = found.document
    assert f"{document['startDate']}T{document['startTime']}" == f"{start:%Y-%m-%dT%H:%M}"
    assert document["timezone"] == zone
    end = start + datetime.timedelta(minutes=minutes)
    assert document.get("endTime", document["startTime"]) == f"{end:%H:%M}"
    assert document.get("endDate", "9999") >= f"{end:%Y-%m-%d}"
    if summary.strip():
        assert "".join(document["title"].split())[:50] == "".join(summary.split())[:50]


@given(st.binary(max_size=400), st.booleans())
def test_any_bytes_end_well(raw, within):
    raw = calendar(event("DTSTART:20270510")).replace(b"DTSTART", raw) if within else raw
    with contextlib.suppress(Unreadable):
        read(raw)


def test_an_event_without_its_end_costs_no_other():
    cut = "BEGIN:VEVENT\r\nUID:u0\r\nSUMMARY:Cut\r\nDTSTART:20270510T090000\r\n"
    found = read(calendar(cut.rstrip(), event("DTSTART:20270511T090000")))
    assert [each.name for each in only(found, Reject)] == ["Cut"]
    assert [each.document["clientRef"] for each in only(found, Row)] == ["ics:u1"]


def test_a_calendar_without_its_end_costs_not_the_next():
    cut = calendar(event("DTSTART:20270510T090000", uid="a"), end="")
    whole = calendar(event("DTSTART:20270511T090000", uid="b"))
    found = read(cut + whole)
    assert [each.document["clientRef"] for each in only(found, Row)] == ["ics:a", "ics:b"]
    assert any("END:VCALENDAR is missing" in each.text for each in only(found, Notice))
