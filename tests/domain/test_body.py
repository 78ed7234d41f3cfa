"""A large body is decoded piece by piece, and comes to what it comes to as a whole."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import body

ROOM = b" " * 64 * 1024
"""White space that makes a body a large one."""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


def decode(raw: bytes) -> Any:
    return body.decode(raw, lambda: None)


def outcome(decode, raw: bytes) -> object:
    try:
        return decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return type(error), str(error)


@given(JSON, st.sampled_from([0, 1, 99, 100, 101, 250]), st.booleans())
def test_it_gives_what_decoding_the_whole_gives(value, count, airy):
    raw = msgspec.json.encode({"some": [value] * count, "one": value, "": {"inner": [value]}})
    if airy:
        raw = msgspec.json.format(raw, indent=3)
    assert decode(raw + ROOM) == decode(ROOM + raw) == msgspec.json.decode(raw)


@given(JSON | st.lists(JSON))
def test_it_takes_what_is_no_object_of_lists(value):
    raw = msgspec.json.encode(value)
    assert decode(ROOM + raw) == msgspec.json.decode(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b'{"a": [1, 2}',
        b'{"a": [01]}',
        b'{"a": [1e999]}',
        b'{"a": ["\xff"]}',
        b'{"a": ["\\ud800"]}',
        b'{"a": {"b": "\\q"}}',
        b'{"a": [{"b": tru}]}',
        b'{"a": [1]} 2',
        b"[" * 2_000,
        b'{"a": ' + b"[" * 2_000 + b"]" * 2_000 + b"}",
        b'{"\xff": [1]}',
    ],
)
def test_it_tells_what_is_wrong_and_where_as_for_the_whole(raw):
    for large in (raw + ROOM, ROOM + raw):
        failed = outcome(decode, large)
        assert failed == outcome(msgspec.json.decode, large)
        assert isinstance(failed, tuple)


@pytest.mark.parametrize("count", [1, 1_000])
def test_others_get_their_turn_meanwhile(count):
    turns = []
    body.decode(msgspec.json.encode({"a": [{"b": 1}] * count}) + ROOM, lambda: turns.append(1))
    assert len(turns) >= count / 100
    body.decode(b'{"a": [1]}', pytest.fail)
