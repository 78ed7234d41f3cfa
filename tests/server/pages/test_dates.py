"""Dates and numbers in words; where Unicode's CLDR has the same form, by Babel, ours is that."""

import datetime

import pytest
from babel.dates import format_date, format_timedelta
from babel.numbers import format_decimal

from server.pages import dates
from server.pages.words import words

EN, FR, US = words("en"), words("fr"), words("en", "US")
READERS = [
    pytest.param(EN, "en_GB", id="en"),
    pytest.param(words("en", "GB"), "en_GB", id="en-GB"),
    pytest.param(US, "en_US", id="en-US"),
    pytest.param(words("en", "CA"), "en_CA", id="en-CA"),
    pytest.param(FR, "fr_FR", id="fr"),
]
EACH_DAY = [datetime.date(2027, 1, 2) + datetime.timedelta(days=n) for n in range(400)]
WITHOUT_FIRSTS = [day for day in EACH_DAY if day.day > 1]
"""French writes `1er`, which Babel leaves out."""


def day(text):
    return datetime.date.fromisoformat(text)


@pytest.mark.parametrize(("reader", "locale"), READERS)
def test_dates_are_written_as_cldr_has_them(reader, locale):
    for each in WITHOUT_FIRSTS:
        assert dates.long_date(reader, each) == format_date(each, "long", locale)
        assert dates.weekday(reader, each) == format_date(each, "EEE", locale)
        # CLDR has it of four letters for British readers alone.
        assert dates.month(reader, each) == format_date(each, "MMM", locale).replace("Sept", "Sep")


def test_french_counts_the_first_day():
    assert dates.long_date(FR, day("2027-04-01")) == "1er avril 2027"
    assert dates.day_and_month(FR, day("2027-04-01")) == "1er avril"
    assert dates.day_and_month(FR, day("2027-04-21")) == "21 avril"
    assert dates.day_and_month(US, day("2027-04-01")) == "April 1"


@pytest.mark.parametrize(
    ("start", "end", "english", "american", "french"),
    [
        (
            *("2027-04-01", "2027-04-15", "1 to 15 April 2027"),
            *("April 1 to 15, 2027", "Du 1er au 15 avril 2027"),
        ),
        (
            *("2027-04-28", "2027-05-03", "28 April to 3 May 2027"),
            *("April 28 to May 3, 2027", "Du 28 avril au 3 mai 2027"),
        ),
        (
            *("2026-12-30", "2027-01-02", "30 December 2026 to 2 January 2027"),
            *("December 30, 2026 to January 2, 2027", "Du 30 décembre 2026 au 2 janvier 2027"),
        ),
        (
            *("2026-04-01", "2027-04-01", "1 April 2026 to 1 April 2027"),
            *("April 1, 2026 to April 1, 2027", "Du 1er avril 2026 au 1er avril 2027"),
        ),
        ("2027-04-01", "2027-04-01", "1 April 2027", "April 1, 2027", "Le 1er avril 2027"),
    ],
)
def test_a_range_says_nothing_twice(start, end, english, american, french):
    start, end = day(start), day(end)
    assert dates.date_range(EN, start, end) == english
    assert dates.date_range(US, start, end) == american
    assert dates.date_range(FR, start, end) == french


@pytest.mark.parametrize(
    ("today", "english", "french"),
    [
        ("2026-11-27", "In 125 days", "Dans 125 jours"),
        ("2020-04-01", "In 2,556 days", "Dans 2\u202f556 jours"),
        ("2027-03-30", "In 2 days", "Dans 2 jours"),
        ("2027-03-31", "Tomorrow", "Demain"),
        ("2027-04-01", "Day 1 of 15", "Jour 1 sur 15"),
        ("2027-04-03", "Day 3 of 15", "Jour 3 sur 15"),
        ("2027-04-15", "Day 15 of 15", "Jour 15 sur 15"),
        ("2027-04-16", "Ended on 15 April 2027", "Terminé le 15 avril 2027"),
    ],
)
def test_a_trip_is_counted_down_to(today, english, french):
    trip = day("2027-04-01"), day("2027-04-15")
    assert dates.countdown(EN, day(today), *trip) == english
    assert dates.countdown(FR, day(today), *trip) == french


def test_a_trip_of_one_day_is_today():
    only = day("2027-04-01")
    assert dates.countdown(EN, only, only, only) == "Today"
    assert dates.countdown(FR, only, only, only) == "Aujourd’hui"


def test_a_stored_time_is_told_by_the_clocks_of_a_zone():
    stored = "2027-04-01T23:05:59.123Z"
    assert dates.moment(EN, stored) == "1 April 2027 at 23:05 UTC"
    assert dates.moment(EN, stored, "Asia/Tokyo") == "2 April 2027 at 08:05"
    assert dates.moment(US, stored, "Asia/Tokyo") == "April 2, 2027 at 08:05"
    assert dates.moment(FR, stored, "Europe/Paris") == "2 avril 2027 à 01:05"


@pytest.mark.parametrize("gone", [60, 119, 120, 3599, 3600, 7200, 86_399, 2 * 86_400, 6 * 86_400])
@pytest.mark.parametrize(("reader", "locale"), READERS)
def test_time_gone_is_told_as_cldr_has_it(reader, locale, gone):
    now = datetime.datetime(2027, 4, 1, 12, tzinfo=datetime.UTC)
    then = now - datetime.timedelta(seconds=gone)
    size = next(size for size in (86_400, 3_600, 60) if gone >= size)
    whole = datetime.timedelta(seconds=-(gone // size) * size)
    expected = format_timedelta(whole, threshold=1, add_direction=True, locale=locale)
    assert dates.ago(reader, then.isoformat(), now.isoformat()) == expected


@pytest.mark.parametrize(
    ("then", "english", "french"),
    [
        ("2027-04-01T12:00:10.000Z", "just now", "à l’instant"),
        ("2027-04-01T11:59:01.000Z", "just now", "à l’instant"),
        ("2027-03-31T12:00:00.000Z", "yesterday", "hier"),
        ("2027-03-02T12:00:00.000Z", "30 days ago", "il y a 30 jours"),
        ("2027-03-01T11:59:00.000Z", "on 1 March 2027", "le 1er mars 2027"),
    ],
)
def test_time_gone_is_told_in_a_word_or_by_its_date(then, english, french):
    assert dates.ago(EN, then, "2027-04-01T12:00:00.000Z") == english
    assert dates.ago(FR, then, "2027-04-01T12:00:00.000Z") == french


@pytest.mark.parametrize("n", [0, 7, 999, 1_000, 1_234_567, 1_234.5, -4_321])
@pytest.mark.parametrize(("reader", "locale"), READERS)
def test_numbers_are_written_as_cldr_has_them(reader, locale, n):
    assert dates.number(reader, n) == format_decimal(n, locale=locale)


def test_small_counts_are_spelled():
    assert [dates.spelled(EN, n) for n in (1, 2, 14, 20, 21)] == [
        *("1", "two", "fourteen", "twenty", "21"),
    ]
    assert [dates.spelled(FR, n) for n in (2, 17, 1_000)] == ["deux", "dix-sept", "1\u202f000"]
