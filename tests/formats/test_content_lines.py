"""Lines of calendars: escaped, folded, and the same again when they are read."""

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.content_lines import line, text

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from('\n,;\\:"'))


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=400))
def test_a_line_is_folded_at_75_octets_and_never_inside_of_a_character(content):
    data = line(content)
    assert data.endswith(b"\r\n")
    pieces = data[:-2].split(b"\r\n ")
    assert all(len(piece) <= 75 - bool(number) for number, piece in enumerate(pieces))
    assert "".join(piece.decode() for piece in pieces) == content


@pytest.mark.parametrize(("length", "lines"), [(75, 1), (76, 2), (149, 2), (150, 3)])
def test_a_line_is_not_folded_before_it_must_be(length, lines):
    assert line("x" * length).count(b"\r\n") == lines


@given(TEXT)
def test_a_text_is_read_as_it_was(value):
    lines = [line("BEGIN:VEVENT"), line(f"SUMMARY:{text(value)}"), line("END:VEVENT")]
    assert icalendar.Event.from_ical(b"".join(lines))["SUMMARY"] == value


def test_characters_that_no_text_may_have_are_left_out():
    assert text("a\0b\x0bc\x1b[0m\x7fd\te") == "abc[0md\te"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_break_is_one(end):
    assert text(f"one{end}two; three") == "one\\ntwo\\; three"
