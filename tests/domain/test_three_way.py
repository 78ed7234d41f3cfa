"""Members that one change set, and that others have touched since."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.merge import same
from domain.three_way import Changed, changed_paths, put_back, to_the_letter


def paths(before, after, alike=to_the_letter):
    return list(changed_paths(before, after, alike))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1, "b": 2}, {"a": 2, "c": 3}, [("a",), ("b",), ("c",)]),
        ({"o": {"a": 1, "b": 1}}, {"o": {"a": 2, "b": 1}}, [("o", "a")]),
        ({}, {"o": {"a": {"b": 1}, "c": 2}}, [("o", "a", "b"), ("o", "c")]),
        ({"o": {"a": {"b": 1}}}, {}, [("o", "a", "b")]),
        ({}, {"o": {}}, [("o",)]),
        ({"o": {}}, {"o": {"a": 1}}, [("o", "a")]),
        ({"o": 1}, {"o": {"a": 1}}, [("o",)]),
        ({"o": {"a": 1}}, {"o": [1]}, [("o",)]),
        ({"l": [{"a": 1}]}, {"l": [{"a": 2}]}, [("l",)]),
        ({"n": 1, "b": 1}, {"n": 1.0, "b": True}, [("n",), ("b",)]),
    ],
)
def test_objects_are_gone_into_and_all_else_is_one_member(before, after, expected):
    assert paths(before, after) == expected


def test_how_a_number_is_written_is_told_from_another_number():
    assert paths({"n": 1, "b": 1}, {"n": 1.0, "b": True}, same) == [("b",)]


def test_a_member_is_touched_with_what_is_in_it_and_what_it_is_in():
    changed = Changed()
    changed.add(3, [("o", "a"), ("l",)])
    changed.add(5, [("o", "a", "deep"), ("p",)])
    expected = {
        ("o",): 5,
        ("o", "a"): 5,
        ("o", "a", "deep"): 5,
        ("o", "a", "other"): 3,
        ("o", "b"): None,
        ("l",): 3,
        ("p", "a"): 5,
        ("q",): None,
    }
    assert {path: changed.rev_of(path) for path in expected} == expected


@pytest.mark.parametrize(
    ("document", "before", "path", "expected"),
    [
        ({"a": 2, "b": 1}, {"a": 1}, ("a",), {"a": 1, "b": 1}),
        ({"a": 2, "b": 1}, {}, ("a",), {"b": 1}),
        ({"o": {"a": 2, "b": 1}}, {}, ("o", "a"), {"o": {"b": 1}}),
        ({"o": {"a": 2}}, {}, ("o", "a"), {}),
        ({"o": {"a": 2}}, {"o": {}}, ("o", "a"), {"o": {}}),
        ({}, {"o": {"a": 1}}, ("o", "a"), {"o": {"a": 1}}),
        ({"o": 5}, {"o": {"a": 1}}, ("o", "a"), {"o": {"a": 1}}),
        ({"o": 5}, {}, ("o", "a"), {"o": 5}),
        ({"o": {"a": 5}}, {"o": {}}, ("o", "a", "b"), {"o": {"a": 5}}),
    ],
)
def test_a_member_is_put_back_where_it_was(document, before, path, expected):
    put_back(document, before, [path])
    assert document == expected


NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.recursive(
    st.one_of(st.none(), st.integers(0, 2), st.booleans(), st.lists(st.integers(0, 1), max_size=1)),
    lambda inner: st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=3)


@settings(max_examples=400)
@given(DOCUMENTS, DOCUMENTS)
def test_what_has_changed_and_is_put_back_is_as_it_was(before, after):
    was = copy.deepcopy(before)
    found = paths(before, after)
    assert len(found) == len(set(found))
    put_back(after, before, found)
    assert paths(before, after) == []
    assert before == was


@settings(max_examples=400)
@given(DOCUMENTS, DOCUMENTS, DOCUMENTS)
def test_what_was_touched_since_is_left_as_it_is(before, after, present):
    changed = Changed()
    later = paths(after, present)
    changed.add(2, later)
    free = [path for path in paths(before, after) if changed.rev_of(path) is None]
    now = copy.deepcopy(present)
    put_back(now, before, free)
    for path in later:
        assert at(now, path) == at(present, path) or at(now, path) is at(present, path) is None
    for path in free:
        assert at(now, path) == at(before, path)


def at(document, path):
    """The member a path leads to; None where there is none, or nothing is left in it."""
    for name in path:
        if not isinstance(document, dict):
            return None
        document = document.get(name)
    return document or None
