"""What makes a value of each field type valid."""

import zoneinfo

import msgspec
import pytest

from domain import fields, zones
from domain.fields import is_date, is_datetime, is_time_zone

DATES = ["2026-07-15", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"]
NOT_DATES = [
    "",
    "2026-7-15",
    "26-07-15",
    "2026-07-32",
    "2026-13-01",
    "2026-00-10",
    "2026-02-29",
    "1900-02-29",
    "0000-01-01",
    "10000-01-01",
    "20260715",
    "2026-W29-3",
    "2026-196",
    "2026/07/15",
    "2026-07-15T00:00",
    "2026-07-15T00:00:00Z",
    "2026-07-15\n",
    " 2026-07-15",
    "2026-07-15 ",
    "-2026-07-15",
    "+2026-07-15",
    "\uff12\uff10\uff12\uff16-07-15",
    "\u0662\u0660\u0662\u0666-07-15",
    "today",
]

ZONES = ["Europe/London", "Asia/Tokyo", "America/Argentina/Buenos_Aires", "UTC", "Etc/GMT+12"]
NOT_ZONES = [
    "",
    "Europe/Londres",
    "europe/london",
    "Europe/London ",
    "Europe/London\n",
    "Europe",
    "Europe/",
    "../Europe/London",
    "/usr/share/zoneinfo/UTC",
    "UTC+2",
    "+02:00",
    "CEST5",
    "localtime",
    "Factory",
    "posixrules",
    "posix/Europe/London",
    "tzdata.zi",
    "\0",
    "x" * 10_000,
]

TIMES = ["00:00", "09:30", "12:00", "19:59", "20:00", "23:59"]
NOT_TIMES = [
    "",
    "24:00",
    "23:60",
    "9:30",
    "09:3",
    "0930",
    "09:30\n",
    "09:30 ",
    " 09:30",
    "09:30:00",
    "09.30",
    "09:30Z",
    "-9:30",
    "\uff11\uff12:00",
    "9:30 PM",
]

DATETIMES = [
    "2026-07-15T09:30",
    "2026-07-15T09:30:15",
    "2026-07-15T09:30:15.5",
    "2026-07-15T09:30:15,123",
    "2026-07-15T09:30:15.123456789",
    "2026-07-15T09:30Z",
    "2026-07-15T09:30:00+09:00",
    "2026-07-15T09:30+0900",
    "2026-07-15T09:30-03",
    "2024-02-29T23:59:59Z",
    "2026-07-15T00:00",
]
NOT_DATETIMES = [
    "",
    "2026-07-15",
    "09:30",
    "2026-07-15 09:30",
    "2026-07-15t09:30",
    "2026-07-15T9:30",
    "2026-07-15T09",
    "2026-07-15T24:00",
    "2026-07-15T24:00:00",
    "2026-07-15T09:60",
    "2026-07-15T09:30:60",
    "2026-02-30T09:30",
    "2026-07-15T09:30z",
    "2026-07-15T09:30+24:00",
    "2026-07-15T09:30+09:0",
    "2026-07-15T09:30 +09:00",
    "2026-07-15T09:30[Asia/Tokyo]",
    "2026-07-15T09:30\n",
    "2026-07-15T09:30:15.",
    "2026-07-15T09:30:15.1234567890",
    "20260715T0930",
    "2026-W29-3T09:30",
    "\u0662\u0660\u0662\u0666-07-15T09:30",
]


@pytest.mark.parametrize("text", DATES)
def test_dates(text):
    assert is_date(text)


@pytest.mark.parametrize("text", NOT_DATES)
def test_what_is_no_date(text):
    assert not is_date(text)


@pytest.mark.parametrize("text", DATES + NOT_DATES)
def test_msgspec_has_the_same_notion_of_a_date(text):
    """`explain` uses ours, the fast path its own: they must agree."""
    try:
        msgspec.convert(text, fields.Date)
    except msgspec.ValidationError:
        assert not is_date(text)
    else:
        assert is_date(text)


@pytest.mark.parametrize("text", ZONES)
def test_time_zones(text):
    assert is_time_zone(text)


@pytest.mark.parametrize("text", NOT_ZONES)
def test_what_is_no_time_zone(text):
    assert not is_time_zone(text)


def test_every_time_zone_that_is_taken_can_be_used():
    assert len(zones.TIME_ZONES) > 500
    for name in sorted(zones.TIME_ZONES):
        assert is_time_zone(name)
        zoneinfo.ZoneInfo(name)


def test_files_that_a_system_keeps_beside_its_zones_are_no_time_zones(tmp_path, monkeypatch):
    """Debian has a `localtime` there, and zoneinfo lists it."""
    (tmp_path / "localtime").write_bytes(b"TZif")
    monkeypatch.setattr(zoneinfo, "TZPATH", (str(tmp_path),))
    assert "localtime" in zoneinfo.available_timezones()
    assert not is_time_zone("localtime")


@pytest.mark.parametrize("text", TIMES)
def test_local_times(text):
    assert msgspec.convert(text, fields.HHmm) == text


@pytest.mark.parametrize("text", NOT_TIMES)
def test_what_is_no_local_time(text):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(text, fields.HHmm)


@pytest.mark.parametrize("text", DATETIMES)
def test_moments(text):
    assert is_datetime(text)


@pytest.mark.parametrize("text", NOT_DATETIMES)
def test_what_is_no_moment(text):
    assert not is_datetime(text)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (fields.Title, ["x", "x" * 200, "é" * 200, "🗼" * 200], ["", "x" * 201, "🗼" * 201]),
        (fields.Name, ["", "x" * 200], ["x" * 201]),
        (fields.Text, ["", "x" * 10_000], ["x" * 10_001]),
        (fields.RequiredText, ["x", "x" * 10_000], ["", "x" * 10_001]),
        (fields.ClientRef, ["x", "x" * 255], ["", "x" * 256]),
        (fields.Order, [0, 0.5, 1, 1e300, 2**70], [-1, -0.001, "1", True, None]),
        (fields.Lat, [-90, 90, 0, 35.7148], [-90.0001, 90.0001, 91, "35"]),
        (fields.Lng, [-180, 180, 0.0], [-180.0001, 180.0001, 181, False]),
    ],
)
def test_limits(kind, good, bad):
    for value in good:
        assert msgspec.convert(value, kind) == value
    for value in bad:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(value, kind)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (fields.TimeZone, "Europe/London", "Europe/Londres"),
        (fields.DateTime, "2026-07-15T09:30", "half past nine"),
    ],
)
def test_the_hook_makes_checked_strings(kind, good, bad):
    value = msgspec.convert(good, kind, dec_hook=fields.check_custom)
    assert type(value) is kind
    assert value == good
    for wrong in (bad, 5, None, ["x"]):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(wrong, kind, dec_hook=fields.check_custom)


def test_every_checked_type_has_a_json_schema_whose_examples_are_valid():
    assert set(fields.SCHEMAS) == set(fields.CHECKS)
    assert set(fields.EXPECTED) == set(fields.MEANT) == set(fields.CHECKS)
    for kind, schema in fields.SCHEMAS.items():
        assert schema["examples"]
        assert all(map(fields.CHECKS[kind], schema["examples"]))
