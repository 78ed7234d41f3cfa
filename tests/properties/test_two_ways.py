"""Whatever bytes are sent: the plain way and the general way come to the same."""

import contextlib
import json
import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.inspect import StrType

from domain import json_body
from domain.errors import ValidationFailed
from domain.fields import MAX_ITEM_BYTES
from domain.imports import (
    ImportRequest,
    ItemLists,
    apply_import,
    count_items,
    items_of,
    needs_of,
    read,
    split,
)
from domain.json_body import IMPORT_DEPTH
from domain.resource import Resource
from domain.resources import RESOURCES
from domain.row import Row
from domain.shape import members_of
from tests.domain.planning import generally, new_plan, plainly, stored, to_store, told
from tests.domain.test_shape import EXPENSE
from tests.properties.generate import JSON, TEXT, near, objects

often = settings(max_examples=250)

EVERY_KIND = [*RESOURCES, EXPENSE]
"""The resources there are, and one that has all kinds of fields."""

each_kind = pytest.mark.parametrize("resource", EVERY_KIND, ids=lambda resource: resource.kind)


class Twice(dict[str, Any]):
    """An object that has some of its names twice, first with other values."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


class Writer:
    """Writes JSON in one of the ways in which it can be written."""

    def __init__(self, chance: random.Random, oddness: float) -> None:
        self._chance = chance
        self._oddness = oddness
        self._colon = chance.choice([":", ":", ":", "\\u003a"])

    def text(self, value: Any) -> str:
        return f"{self._space()}{self._value(value)}{self._space()}"

    def _value(self, value: Any) -> str:
        if isinstance(value, dict):
            pairs = value.pairs if isinstance(value, Twice) else list(value.items())
            if self._odd():
                self._chance.shuffle(pairs)
            members = [f"{self.text(str(name))}:{self.text(inner)}" for name, inner in pairs]
            return f"{{{','.join(members)}}}"
        if isinstance(value, list):
            return f"[{','.join(map(self.text, value))}]"
        if isinstance(value, str):
            text = json.dumps(value, ensure_ascii=self._odd()).replace(":", self._colon)
            return "".join(map(self._escaped, text[1:-1])).join('""') if self._odd() else text
        if isinstance(value, int) and not isinstance(value, bool) and self._odd():
            return self._chance.choice([f"{value}.0", f"{value}e0", f"{value}0E-1", f"-{value}"])
        return json.dumps(value)

    def _escaped(self, character: str) -> str:
        escapable = character.isascii() and character.isalpha()
        return f"\\u{ord(character):04x}" if escapable and self._odd() else character

    def _space(self) -> str:
        return self._chance.choice(" \n\t\r") if self._odd() else ""

    def _odd(self) -> bool:
        return self._chance.random() < self._oddness


SERVERS = ["_id", "tripId", "legId", "legRef", "createdAt", "updatedAt", "createdBy", "completedAt"]
NUMBERS = st.sampled_from(
    [
        *(0, -1, 1, 90, -90, 91, 180, 2**53 - 1, 2**53, 2**53 + 1, 2**63 - 1, 2**64, 10**400),
        *(0.1, -0.0, 89.99999999999999, 90.00000000000001, 1.5e300, 0.1234567890123456789),
    ]
)
STRINGS = st.sampled_from(
    [":", '":', '{"a":1}', "\\", '"', "", "\0", "null", "\x7f", "\u2028", "é:\U0001f600", "a", "b"]
)


def items(resource: Resource) -> st.SearchStrategy[Any]:
    """Items of which half want to be the same row."""
    return st.builds(named, any_items(resource), st.booleans())


def named(item: Any, is_named: bool) -> Any:
    if not isinstance(item, dict) or not is_named:
        return item
    if isinstance(item, Twice):
        return Twice([*item.pairs, ("clientRef", "a")])
    return {**item, "clientRef": "a"}


@st.composite
def any_items(draw: st.DrawFn, resource: Resource) -> Any:
    """An item: right, with a name twice, with what may decide which way it goes, or far from it."""
    match draw(st.sampled_from(["right", "twice", "large", "changed", "changed", "far"])):
        case "right":
            return draw(objects(resource.struct))
        case "twice":
            item = dict(draw(objects(resource.struct)))
            if draw(st.booleans()):
                item[draw(st.sampled_from(_texts(item)))] = ":"
            twice = st.tuples(
                st.sampled_from([*item, *resource.fields]),
                st.one_of(st.sampled_from([*item.values()]), JSON),
            )
            return Twice([*draw(st.lists(twice, min_size=1, max_size=2)), *item.items()])
        case "large":
            return enlarged(
                dict(draw(objects(resource.struct))), resource, draw(st.integers(-1, 1))
            )
        case "far":
            return draw(near(objects(resource.struct, links=True)))
    item = dict(draw(objects(resource.struct)))
    places = [item, item, *(value for value in item.values() if isinstance(value, dict))]
    places += [each for value in item.values() if isinstance(value, list) for each in value]
    kinds = st.sampled_from([*sorted(CHANGES), "a number", "a number", "a NUL"])
    for change in draw(st.lists(kinds, min_size=1, max_size=2)):
        place = draw(st.sampled_from(places))
        if isinstance(place, dict):
            CHANGES[change](draw, resource, place)
    return item


def enlarged(item: dict[str, Any], resource: Resource, beyond: int) -> Any:
    """The item with a long text in it, as large as an item may be or a byte off."""
    place, members = item, members_of(resource.struct).by_name
    for name, member in members.items():
        if member.shape.members is not None:
            place, members = item.setdefault(name, {}), member.shape.members.by_name
            break
    for name, member in members.items():
        kind = member.shape.kind
        if isinstance(kind, StrType) and not (kind.max_length or kind.pattern or member.link):
            place[name] = ""
            size = len(msgspec.json.encode(item))
            place[name] = "x" * (MAX_ITEM_BYTES - size + beyond)
            break
    return item


def _put(name: Callable[[st.DrawFn, Resource, Any], Any], value: Any) -> Any:
    def change(draw: st.DrawFn, resource: Resource, place: dict[str, Any]) -> None:
        place[name(draw, resource, place)] = draw(value)

    return change


def _known(draw: st.DrawFn, resource: Resource, place: Any) -> Any:
    return draw(st.sampled_from([*resource.fields, *place]))


def _numbers(place: dict[str, Any]) -> list[str]:
    return [name for name, value in place.items() if type(value) in (int, float)] or ["lat"]


def _texts(place: dict[str, Any]) -> list[str]:
    return [name for name, value in place.items() if isinstance(value, str)] or ["notes"]


DEEP = json.loads("[" * 199 + "]" * 199)

CHANGES: dict[str, Any] = {
    "a number": _put(lambda draw, _, place: draw(st.sampled_from(_numbers(place))), NUMBERS),
    "a string": _put(_known, STRINGS),
    "a NUL": _put(lambda draw, _, place: draw(st.sampled_from(_texts(place))), st.just("\0")),
    "a null": _put(_known, st.none()),
    "anything": _put(_known, JSON),
    "a server's member": _put(lambda draw, *_: draw(st.sampled_from(SERVERS)), STRINGS),
    "an unknown member": _put(lambda draw, *_: draw(st.one_of(TEXT, STRINGS)), JSON),
    "a ref": _put(lambda *_: "clientRef", st.sampled_from(["a", "b", "a:b"])),
    "all day": _put(lambda *_: "isAllDay", st.just(True)),
    "a time": _put(lambda *_: "startTime", st.sampled_from(["09:00", "25:00", "9:00"])),
    "a day": _put(_known, st.sampled_from(["2026-07-15", "2026-02-30", "2026-7-1", "0001-01-01"])),
    "nesting": _put(_known, st.sampled_from([DEEP, [[[]]], {"a": {}}])),
}


@st.composite
def written(draw: st.DrawFn, value: Any) -> bytes:
    """JSON of a value in some spelling, now and then cut or spoilt."""
    writer = Writer(draw(st.randoms(use_true_random=False)), draw(st.sampled_from([0, 0, 0.05])))
    raw = writer.text(value).encode("utf-8", "surrogatepass")
    if draw(st.integers(0, 9)) == 0:
        at = draw(st.integers(0, len(raw)))
        junk = draw(st.sampled_from(JUNK))
        raw = raw[:at] + junk + raw[at + draw(st.integers(0, 2)) :]
    return raw


JUNK = [b"", b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\0", b"NaN", b",", b":", b"{}", b'"']


@each_kind
@often
@given(st.data())
def test_items_become_the_same_rows(resource, data):
    values = data.draw(st.lists(items(resource), min_size=1, max_size=2))
    some = st.lists(st.sampled_from(values).flatmap(written), min_size=1, max_size=3)
    plan = new_plan()
    for raw in data.draw(st.one_of(st.just([]), some)):
        parent_id = "leg1" if resource.parent else ""
        with contextlib.suppress(ValidationFailed):
            plan.upsert(resource, json_body.decode(raw), parent_id)
    there, raws = plan.changes.created, data.draw(some)
    assert told(resource, there, raws, plainly) == told(resource, there, raws, generally)


LISTS = st.one_of(
    *(st.tuples(st.just(kind.snapshot), st.lists(items(kind), max_size=3)) for kind in RESOURCES)
)
OTHERS = st.tuples(
    st.sampled_from(["trip", "rev", "members", "legs", "zoo", "map:Pins"]), st.one_of(JSON, STRINGS)
)
SYNCS = st.one_of(
    st.lists(LISTS, max_size=3).map(Twice),
    st.lists(LISTS, max_size=3, unique_by=lambda pair: pair[0]).map(dict),
    st.lists(st.one_of(LISTS, LISTS, OTHERS), max_size=4).map(Twice),
    JSON,
)
"""Bodies of syncs, some with lists that come twice or members that are ignored or refused."""

REQUESTS = st.sampled_from([ImportRequest("sync"), ImportRequest("sync", dry_run=True)])


def answer(request: ImportRequest, there: list[Row], reading: Callable[[], ItemLists]) -> Any:
    """What an import comes to that is read in some way."""
    plan = new_plan(*(row.copy() for row in there), dry_run=request.dry_run)
    try:
        lists = reading()
    except ValidationFailed as error:
        return error.message, error.details
    result = apply_import(plan, request, lists)
    return msgspec.json.encode(result.answer), needs_of(lists), to_store(plan)


@often
@given(SYNCS.flatmap(written), REQUESTS, st.lists(st.sampled_from(RESOURCES), unique=True))
def test_imports_come_to_the_same(raw, request, kinds):
    parents = {kind: "leg1" if kind.parent else "" for kind in kinds}
    there = [stored(kind, f"{kind.kind}1", parents[kind], clientRef="a") for kind in kinds]
    try:
        parts = split(raw)
        count_items(request.kind, parts)
    except ValidationFailed:
        # Refused before anything is read.
        return
    by_parts = answer(request, there, lambda: read(request, raw, parts))
    whole = answer(request, there, lambda: items_of(request, json_body.decode(raw, IMPORT_DEPTH)))
    assert by_parts == whole
