"""Laws of the pure parts."""

import copy
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import cursor
from domain.errors import REASONS, ValidationFailed
from domain.explain import explain, validate
from domain.fields import CHECKS, check_custom
from domain.merge import diff, leaves, merge, same
from domain.message import CHANNEL, MESSAGE
from domain.plan import Plan
from domain.resource import number_key
from domain.resources import RESOURCES
from domain.row import Row
from domain.shape import members_of
from domain.trip import TRIP
from tests.properties.generate import CUSTOM, JSON, TEXT, bodies, near, objects

often = settings(max_examples=250)

NAMES = st.sampled_from(["a", "b", "c"])
TREES = st.recursive(
    st.one_of(st.none(), st.integers(0, 2), st.booleans(), st.lists(JSON, max_size=1)),
    lambda inner: st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
"""JSON with few names, so that two of them meet."""

EVERYTHING = [*RESOURCES, TRIP, CHANNEL, MESSAGE]


def rfc_7396(target: Any, patch: Any) -> Any:
    """The algorithm of section 2, word for word."""
    if isinstance(patch, dict):
        if not isinstance(target, dict):
            target = {}
        target = copy.deepcopy(target)
        for name in patch:
            if patch[name] is None:
                if name in target:
                    del target[name]
            else:
                target[name] = rfc_7396(target.get(name), patch[name])
        return target
    return patch


@often
@given(TREES, TREES)
def test_merge_is_rfc_7396(target, patch):
    before = copy.deepcopy((target, patch))
    assert json.dumps(merge(target, patch)) == json.dumps(rfc_7396(target, patch))
    assert (target, patch) == before


@often
@given(TREES, TREES)
def test_a_patch_applied_twice_is_applied_once(target, patch):
    once = merge(target, patch)
    assert json.dumps(merge(once, patch)) == json.dumps(once)


OBJECTS = st.dictionaries(NAMES, TREES, max_size=3)


@often
@given(OBJECTS, OBJECTS)
def test_a_document_that_plainly_stays_under_a_patch_is_not_changed_by_it(document, patch):
    if leaves(document, patch):
        assert same(merge(document, patch), document)
    stored = merge({}, document)
    assert leaves(stored, {name: value for name, value in stored.items() if name in patch})


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.kind)
@often
@given(st.data())
def test_what_plainly_stays_is_what_a_merge_finds_unchanged(resource, data):
    fields, details = resource.validated(merge({}, data.draw(bodies(resource))))
    patch = data.draw(st.one_of(near(bodies(resource)), st.just(fields)))
    if details or not isinstance(patch, dict) or not leaves(fields, patch):
        return
    merged, wrong = resource.merge(fields, patch)
    assert wrong == []
    assert same(merged, fields)


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.kind)
@often
@given(st.data())
def test_a_row_is_merged_the_same_whether_it_was_looked_into_or_not(resource, data):
    fields, details = resource.validated(merge({}, data.draw(bodies(resource))))
    if details:
        return
    fields = msgspec.json.decode(msgspec.json.encode(fields))
    parent = "p" if resource.parent else ""
    json = resource.compose(fields, None, row_id="r", trip_id="t", parent_id=parent, now="n")
    patch = data.draw(
        st.one_of(
            near(bodies(resource)),
            st.permutations(list(fields.items())).map(dict),
            st.dictionaries(st.sampled_from(sorted(resource.fields)), JSON, max_size=2),
        )
    )
    outcomes = []
    for looked_into in (True, False):
        row = Row(resource.kind, "r", parent, json, client_ref=fields.get("clientRef"))
        assert not looked_into or row.document
        plan = Plan("t", now="later", new_id=lambda: "new")
        plan.add_stored([row])
        status: str
        try:
            status = plan.patch(resource, row, patch)[0]
        except ValidationFailed as error:
            status = str(error.details)
        outcomes.append((status, row.document))
    assert outcomes[0] == outcomes[1]
    assert same(outcomes[0][1], outcomes[1][1])


@often
@given(JSON, JSON)
def test_same_is_an_equality(a, b):
    assert same(a, copy.deepcopy(a))
    assert same(a, b) == same(b, a)
    if same(a, b):
        assert a == b


@often
@given(st.dictionaries(NAMES, JSON, max_size=3), st.dictionaries(NAMES, JSON, max_size=3))
def test_a_diff_leads_from_one_to_the_other(before, after):
    changes = diff(before, after)
    assert bool(changes) != same(before, after)
    for name in {*before, *after}:
        if name in changes:
            expected = {"from": before.get(name), "to": after.get(name)}
            assert json.dumps(changes[name]) == json.dumps(expected)
        else:
            assert same(before[name], after[name])


numbers = st.one_of(
    st.integers(min_value=0, max_value=2**70),
    st.floats(min_value=0, allow_nan=False, allow_infinity=False),
)


@often
@given(numbers, numbers)
def test_number_keys_sort_as_the_numbers_do(a, b):
    x, y = number_key(a), number_key(b)
    assert (x < y) == (float(a) < float(b))
    assert (x == y) == (float(a) == float(b))
    assert len(x) == len(y)
    assert x.isascii()


@often
@given(st.binary(max_size=40), TEXT, TEXT, st.integers(0, 2**63 - 1), TEXT)
def test_a_cursor_brings_its_place_back(secret, listing, sort_key, age, row_id):
    text = cursor.encode(secret, listing, (sort_key, age, row_id))
    assert cursor.decode(secret, listing, text) == (sort_key, age, row_id)


def accepted(struct: type[msgspec.Struct], value: Any) -> bool:
    try:
        msgspec.convert(value, struct, dec_hook=check_custom)
    except (msgspec.ValidationError, OverflowError):
        return False
    return True


@pytest.mark.parametrize("resource", EVERYTHING, ids=lambda resource: resource.kind)
@often
@given(st.data())
def test_a_refusal_can_always_be_explained(resource, data):
    """The fast path accepts exactly what there is nothing to say against."""
    value = data.draw(st.one_of(near(objects(resource.struct)), JSON))
    details = explain(resource.struct, value)
    if members_of(resource.struct).has_integers:
        # msgspec takes integers of any size.
        assert accepted(resource.struct, value) or details
    else:
        assert accepted(resource.struct, value) == (details == [])
    assert validate(resource.struct, value) == details
    assert {detail.reason for detail in details} <= set(REASONS)
    places = [detail.path for detail in details]
    assert len(set(places)) == len(places)


@pytest.mark.parametrize("resource", [*RESOURCES, TRIP], ids=lambda resource: resource.kind)
@often
@given(st.data())
def test_what_has_settled_settles_to_itself(resource, data):
    body = data.draw(near(bodies(resource)))
    if not isinstance(body, dict):
        return
    fields, details = resource.validated(merge({}, body))
    if details:
        return
    again, none = resource.validated(merge({}, fields))
    assert none == []
    assert same(again, fields)
    assert list(again) == list(fields)
    encoded = msgspec.json.decode(msgspec.json.encode(fields))
    assert same(resource.validated(merge(encoded, encoded))[0], fields)
    assert isinstance(resource.sort_key(fields), str)


def test_every_checked_type_is_generated():
    assert set(CUSTOM) == set(CHECKS)
