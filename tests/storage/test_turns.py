"""Long work in short turns."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import turns
from storage.turns import empty, in_turns, pieces


@pytest.fixture
def given_way(monkeypatch) -> list[None]:
    """An entry for each time others were let go first."""
    seen: list[None] = []
    monkeypatch.setattr(turns, "give_way", lambda: seen.append(None))
    return seen


@given(st.lists(st.integers(), max_size=20), st.integers(1, 7))
def test_all_items_come_and_in_order(items, turn):
    assert list(in_turns(items, turn)) == items


@pytest.mark.parametrize(("items", "turns_given"), [(0, 0), (6, 0), (7, 1), (20, 2), (21, 3)])
def test_others_get_a_turn_after_so_many_items(given_way, items, turns_given):
    list(in_turns(range(items), 7))
    assert len(given_way) == turns_given


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 200_000])
def test_pieces_are_the_whole_and_others_get_a_turn_after_each(given_way, size):
    data = bytes(number % 251 for number in range(size))
    cut = list(pieces(data))
    assert b"".join(cut) == data
    assert all(0 < len(piece) <= 65_536 for piece in cut)
    assert len(given_way) == len(cut)


def test_collections_are_emptied_and_others_get_turns(given_way):
    of_all_kinds: list[Any] = [list(range(1_000)), {number: [] for number in range(500)}, [], {}]
    empty(*of_all_kinds)
    assert of_all_kinds == [[], {}, [], {}]
    assert len(given_way) == 15
