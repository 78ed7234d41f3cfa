"""Cursors: signed, and good for one list only."""

import base64

import pytest

from domain import cursor
from domain.errors import ValidationFailed

SECRET = b"a secret"
PLACE = ("3ff0000000000000", 17, "1j10e8gseut5mahi8o0968b1")


def test_a_cursor_brings_its_place_back():
    for place in (PLACE, ("", 0, "x"), ("2026-07-1509:30", 2**40, "é")):
        assert cursor.decode(SECRET, "legs", cursor.encode(SECRET, "legs", place)) == place


def test_a_cursor_can_stand_in_a_url_and_matches_its_description():
    for number in range(200):
        text = cursor.encode(SECRET, "legs", ("k" * (number % 7), number, str(number)))
        assert set(text) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
        assert len(text) >= 16


def refused(text: str, *, secret: bytes = SECRET, listing: str = "legs") -> bool:
    with pytest.raises(ValidationFailed) as caught:
        cursor.decode(secret, listing, text)
    assert [(d.path, d.reason) for d in caught.value.details] == [("cursor", "malformed")]
    return True


def test_a_cursor_of_another_list_or_server_is_refused():
    text = cursor.encode(SECRET, "legs", PLACE)
    assert refused(text, listing="leg")
    assert refused(text, listing="legs/")
    assert refused(text, listing="")
    assert refused(text, secret=b"another secret")


def test_list_and_place_cannot_be_moved_against_each_other():
    """What a list is called and where the place begins must not run together."""
    text = cursor.encode(SECRET, "trip/leg", ("s", 1, "i"))
    assert refused(text, listing="trip/le")
    assert refused(text, listing="trip/leg\0")


def test_a_cursor_with_any_bit_changed_is_refused():
    text = cursor.encode(SECRET, "legs", PLACE)
    sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    for position in range(len(sealed)):
        for bit in (0, 7):
            forged = bytearray(sealed)
            forged[position] ^= 1 << bit
            assert refused(base64.urlsafe_b64encode(forged).rstrip(b"=").decode())


@pytest.mark.parametrize(
    "text",
    ["", "x", "====", "null", "é" * 20, "a" * 16, "a" * 5000, "a b", "AAAA\nAAAA", "\0", "-_" * 20],
)
def test_what_is_no_cursor_is_refused(text):
    assert refused(text)


def test_a_cut_cursor_is_refused():
    text = cursor.encode(SECRET, "legs", PLACE)
    assert all(refused(text[:length]) for length in range(len(text)))
