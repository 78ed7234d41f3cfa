"""RFC 7396, and the comparison beside it."""

import copy

import pytest

from domain.merge import diff, leaves, merge, same

# The fifteen cases of RFC 7396 appendix A, each with a trip's names and values in it.
APPENDIX_A = [
    ({"title": "Tokyo"}, {"title": "Kyoto"}, {"title": "Kyoto"}),
    ({"title": "Tokyo"}, {"notes": "rain"}, {"title": "Tokyo", "notes": "rain"}),
    ({"title": "Tokyo"}, {"title": None}, {}),
    ({"title": "Tokyo", "notes": "rain"}, {"title": None}, {"notes": "rain"}),
    ({"tags": ["sea"]}, {"tags": "sea"}, {"tags": "sea"}),
    ({"tags": "sea"}, {"tags": ["sea"]}, {"tags": ["sea"]}),
    ({"car": {"company": "Hertz"}}, {"car": {"company": "Avis", "seat": None}},
     {"car": {"company": "Avis"}}),
    ({"flights": [{"seat": "1A"}]}, {"flights": [1]}, {"flights": [1]}),
    (["sea", "hills"], ["town", "lake"], ["town", "lake"]),
    ({"title": "Tokyo"}, ["town"], ["town"]),
    ({"title": "Tokyo"}, None, None),
    ({"title": "Tokyo"}, "Kyoto", "Kyoto"),
    ({"stored": None}, {"order": 1}, {"stored": None, "order": 1}),
    ([1, 2], {"title": "Tokyo", "notes": None}, {"title": "Tokyo"}),
    ({}, {"car": {"pickup": {"desk": None}}}, {"car": {"pickup": {}}}),
]  # fmt: skip


@pytest.mark.parametrize(("target", "patch", "expected"), APPENDIX_A)
def test_merge_is_rfc_7396(target, patch, expected):
    before = copy.deepcopy((target, patch))
    assert merge(target, patch) == expected
    assert (target, patch) == before


def test_arrays_are_replaced_whole_with_the_nulls_in_them():
    assert merge({"a": [1, 2, 3]}, {"a": [None, {"b": None}]}) == {"a": [None, {"b": None}]}


def test_a_merge_shares_no_object_it_changes():
    target = {"accommodation": {"name": "Ryokan", "extra": {"a": 1}}}
    merged = merge(target, {"accommodation": {"extra": {"b": 2}}})
    assert merged == {"accommodation": {"name": "Ryokan", "extra": {"a": 1, "b": 2}}}
    assert target == {"accommodation": {"name": "Ryokan", "extra": {"a": 1}}}


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ([{"a": {"x": 1, "y": 2}}], [{"a": {"y": 2, "x": 1}}]),
        (1.5, 1.5),
        (None, None),
        ("é", "é"),
    ],
)
def test_equal_values_are_the_same(a, b):
    assert same(a, b)
    assert same(b, a)


@pytest.mark.parametrize(
    ("a", "b"), [(1, 1.0), ({"order": 2.0}, {"order": 2}), ([35.0], [35]), (0, -0.0)]
)
def test_a_number_is_the_same_however_it_is_written(a, b):
    """JavaScript reads 1.0 and writes 1: what it sends back is not a change."""
    assert same(a, b)
    assert same(b, a)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (True, 1),
        (False, 0),
        ({"a": [True]}, {"a": [1]}),
        (None, 0),
        ("1", 1),
        ([1, 2], [2, 1]),
        ({"a": None}, {}),
        ({}, []),
        ("", None),
        (2**60, 2**60 + 1),
    ],
)
def test_other_values_are_not_the_same(a, b):
    assert not same(a, b)
    assert not same(b, a)


def test_diff_tells_what_differs_with_null_for_what_is_not_set():
    before = {"title": "Tokyo", "order": 1, "notes": "rain", "done": 1, "car": {"a": 1, "b": 2}}
    after = {"title": "Kyoto", "order": 1, "seat": "1A", "done": True, "car": {"b": 2, "a": 1}}
    assert diff(before, after) == {
        "title": {"from": "Tokyo", "to": "Kyoto"},
        "notes": {"from": "rain", "to": None},
        "done": {"from": 1, "to": True},
        "seat": {"from": None, "to": "1A"},
    }


def test_diff_tells_a_null_from_what_is_not_there():
    assert diff({"a": None}, {}) == {"a": {"from": None, "to": None}}
    assert diff({"a": 1}, {"a": 1}) == {}


STORED = {"_id": "x", "name": "A", "lat": 1, "car": {"seat": True, "keys": [1]}, "ok": False}


@pytest.mark.parametrize(
    ("patch", "stays"),
    [
        ({}, True),
        ({"name": "A", "lat": 1}, True),
        ({"car": {"seat": True, "keys": [1]}}, True),
        ({"name": "B"}, False),
        ({"lat": True}, False),
        ({"ok": 0}, False),
        ({"car": {"seat": 1, "keys": [1]}}, False),
        ({"car": {"seat": True, "keys": [True]}}, False),
        ({"name": None}, False),
        ({"colour": "red"}, False),
        ({"colour": None}, False),
    ],
)
def test_what_plainly_stays_under_a_patch(patch, stays):
    assert leaves(STORED, patch) is stays
