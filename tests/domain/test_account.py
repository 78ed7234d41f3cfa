"""Rules of users and keys."""

import contextlib
import datetime
import hashlib

import pytest

from domain.account import is_email, key_hash, parse_expiry
from domain.clock import timestamp


@pytest.mark.parametrize(
    "text", ["a@b", "owner@localhost", "olga.k+trips@example.org", "é@exämple.org", "a'b@c.d"]
)
def test_what_could_be_an_address(text):
    assert is_email(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "@b",
        "a@",
        "a@b@c",
        "a b@c",
        "a@b\n",
        "a@\tb",
        "\0@b",
        "a\x7f@b",
        "a@b\x9b",
        "a\u200b@b",
        "\udcff@b",
        f"{'a' * 65}@b",
        f"a@{'b' * 191}",
    ],
)
def test_what_cannot_be_an_address(text):
    assert not is_email(text)


def test_a_key_is_stored_as_its_sha256():
    assert key_hash("osk_x") == hashlib.sha256(b"osk_x").hexdigest()
    assert key_hash("osk_x") != key_hash("osk_X")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-07-15", "2026-07-16T00:00:00.000Z"),
        ("2026-12-31", "2027-01-01T00:00:00.000Z"),
        ("2026-07-15T12:00:00Z", "2026-07-15T12:00:00.000Z"),
        ("2026-07-15T12:00:00+09:00", "2026-07-15T03:00:00.000Z"),
        ("2026-07-15T12:00", "2026-07-15T12:00:00.000Z"),
    ],
)
def test_when_a_key_ends(text, expected):
    assert timestamp(parse_expiry(text)) == expected


@pytest.mark.parametrize(
    "text", ["", "soon", "2026-02-30", "2026", "12:00", "2026-07-15T25:00", "9999-12-31"]
)
def test_what_is_no_moment(text):
    with pytest.raises(ValueError, match=r"\w"):
        parse_expiry(text)


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-10:00", "0001-01-01T00:00:00+10:00"])
def test_a_moment_that_is_taken_can_be_written_down(text):
    with contextlib.suppress(ValueError):
        timestamp(parse_expiry(text))


@pytest.mark.parametrize("text", ["20260715", "2026-W29-3"])
def test_a_date_is_its_last_day_however_it_is_written(text):
    """Either that, or it is refused; never a day less than was asked for."""
    with contextlib.suppress(ValueError):
        moment = parse_expiry(text)
        assert moment == datetime.datetime(2026, 7, 16, tzinfo=datetime.UTC)
