"""What a new trip is called and when it is, by the file that it is made of."""

import pytest

from formats.found import About, NotImported, Part, Row
from formats.survey import survey
from formats.writers import WRITERS
from tests.formats.exports import export_of
from tests.formats.found_in import found_in, zipped

LEG = Row(list="legs", document={"startDate": "2030-06-12", "endDate": "2030-06-20"})
FLIGHT = Part(member="flights", document={"departureTime": "2030-06-11T23:50"})
CALENDAR = "BEGIN:VCALENDAR\nVERSION:2.0\nX-WR-CALNAME:{}\nEND:VCALENDAR\n"


def test_days_are_those_of_the_first_and_the_last_thing():
    seen = survey([LEG, FLIGHT, Row(list="mapPins", document={"name": "Bled"})])
    assert (seen.first, seen.last, seen.count) == ("2030-06-11", "2030-06-20", 3)
    wider = survey([LEG, About(title="Slow", start="2030-06-01", end="soon")])
    assert (wider.first, wider.last, wider.count) == ("2030-06-01", "2030-06-20", 1)
    assert survey([NotImported(what="tracks")]).last == ""


@pytest.mark.parametrize("suffix", ["json", "ndjson", "csv", "gpx", "kml"])
def test_it_is_called_as_our_exports_call_it(suffix):
    export = export_of(mapPins=[{"name": "Bled", "lat": 46.36, "lng": 14.09}])
    raw = b"".join(WRITERS[suffix](export))
    assert survey(found_in(raw, f"a.{suffix}")).title("a.b") == export["trip"]["title"]


def test_what_an_export_puts_before_a_formula_is_no_part_of_its_name():
    for title in ("=Rome 50%", "'=Rome", "'s-Hertogenbosch"):
        export = export_of()
        export["trip"]["title"] = title
        raw = b"".join(WRITERS["csv"](export))
        assert survey(found_in(raw, "a.csv")).titles == {title}


def test_it_is_called_as_a_calendar_or_else_as_the_file_is():
    assert survey(found_in(CALENDAR.format("Our week"))).title("a.ics") == "Our week"
    for name, title in (
        ("so_far/by_the lake.v2.GPX", "by the lake.v2"),
        ("C:\\trips\\foo.json", "foo"),
        ("St. Petersburg", "St. Petersburg"),
        (".kml", ".kml"),
        ("x" * 300, "x" * 199),
    ):
        assert survey([LEG]).title(name).rstrip("…") == title


def test_of_several_trips_in_one_file_none_gives_its_name():
    calendars = {f"{name}.ics": CALENDAR.format(name) for name in ("One", "Two")}
    assert survey(found_in(zipped(calendars))).titles == {"One", "Two"}
    seen = survey([About(title="One"), About(title="Two"), About(title=" ")])
    assert seen.title("both.zip") == "both"
    assert survey([About(title="One"), About(title=" One ")]).title("both.zip") == "One"
