"""Bodies of requests, made from the structs resources are declared with.

A field or a resource that is added later is generated as it stands.
"""

import datetime
import functools
import math
import zoneinfo
from typing import Any, Final

import hypothesis
import msgspec
from hypothesis import strategies as st
from msgspec import inspect as types

from domain.account import is_name
from domain.fields import DateTime, Email, Expiry, PersonName, Scope, TimeZone
from domain.merge import merge
from domain.resource import Resource
from domain.resources import RESOURCES
from domain.scopes import BASE_SCOPES
from domain.shape import bare, bounds_of
from domain.zones import TIME_ZONES

Strategy = st.SearchStrategy[Any]

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)

NUMBERS = st.one_of(
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0, -1, 0.0, 1.0, 2**53 + 1, 2**64, -(2**63) - 1, 10**25, 1e308, 5e-324]),
)

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=6,
)
"""Any JSON value."""

CUSTOM: dict[type, Strategy] = {
    TimeZone: st.sampled_from(sorted(TIME_ZONES)),
    DateTime: st.datetimes(timezones=st.none() | st.sampled_from([zoneinfo.ZoneInfo("UTC")])).map(
        lambda moment: moment.isoformat(timespec="milliseconds")
    ),
    Email: st.sampled_from(["ann@example.org", "ANN+trips@example.org", "änn@b"]),
    PersonName: st.text(min_size=1, max_size=20).filter(is_name),
    Scope: st.sampled_from([*BASE_SCOPES, f"{BASE_SCOPES[0]}:1a"]),
    Expiry: st.dates(datetime.date(2100, 1, 1), datetime.date(9999, 12, 30)).map(str),
}
"""Values of the types that are checked by code."""


def values(kind: types.Type, *, links: bool = False) -> Strategy:
    """Values of a type; without `links`, the names of other rows are left to the caller."""
    match bare(kind):
        case types.StructType() as struct:
            return objects(struct.cls, links=links)
        case types.ListType(item_type=item, min_length=least):
            return st.lists(
                values(item, links=links), min_size=least or 0, max_size=(least or 0) + 2
            )
        case types.DictType():
            return st.dictionaries(TEXT, JSON, max_size=2)
        case types.UnionType(types=members):
            return st.one_of([values(member, links=links) for member in members])
        case types.StrType(pattern=str(pattern), max_length=longest):
            return st.from_regex(pattern, fullmatch=True).filter(
                lambda text: longest is None or len(text) <= longest
            )
        case types.StrType(min_length=least, max_length=most):
            return st.text(
                st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
                min_size=least or 0,
                max_size=max(least or 0, min(most or 12, 12)),
            )
        case types.IntType() as whole:
            bounds = bounds_of(whole)
            assert isinstance(bounds, types.IntType)
            return st.integers(
                bounds.ge if bounds.gt is None else bounds.gt + 1,
                bounds.le if bounds.lt is None else bounds.lt - 1,
            )
        case types.FloatType(ge=least, le=most, gt=above, lt=below):
            first = least if above is None else math.nextafter(above, math.inf)
            last = most if below is None else math.nextafter(below, -math.inf)
            lowest = -(2**70) if first is None else math.ceil(first)
            highest = 2**70 if last is None else math.floor(last)
            return st.one_of(
                st.floats(first, last, allow_nan=False, allow_infinity=False),
                st.integers(lowest, highest) if lowest <= highest else st.nothing(),
            )
        case types.BoolType():
            return st.booleans()
        case types.LiteralType(values=allowed):
            return st.sampled_from(sorted(allowed, key=str))
        case types.DateType():
            return st.dates().map(str)
        case types.DateTimeType():
            return st.datetimes(timezones=st.just(datetime.UTC)).map(datetime.datetime.isoformat)
        case types.CustomType(cls=cls):
            return CUSTOM[cls]
        case types.AnyType():
            return JSON
        case types.NoneType():
            return st.none()
    raise TypeError(f"no values of {kind}")


_FIND: Final = hypothesis.settings(
    derandomize=True,
    database=None,
    # Explaining why a value is the smallest may take minutes.
    phases=[hypothesis.Phase.generate, hypothesis.Phase.shrink],
)


def smallest(kind: types.Type) -> Any:
    """The simplest value of a type that is not empty, always the same."""
    return hypothesis.find(values(kind), lambda value: value not in ("", []), settings=_FIND)


def is_link(kind: types.Type) -> bool:
    """Whether a field holds the id of something else."""
    return isinstance(kind, types.Metadata) and bool((kind.extra or {}).get("link"))


@functools.cache
def objects(struct: type[msgspec.Struct], *, links: bool = False) -> Strategy:
    """Objects of a struct, with unknown members where it is open."""
    info = types.type_info(struct)
    assert isinstance(info, types.StructType)
    required: dict[str, Strategy] = {}
    optional: dict[str, Strategy] = {}
    for field in info.fields:
        if links or not is_link(field.type):
            part = required if field.required else optional
            part[field.encode_name] = values(field.type, links=links)
    known = st.fixed_dictionaries(required, optional=optional)
    if info.forbid_unknown_fields:
        return known
    names = {field.encode_name for field in info.fields}
    unknown = st.dictionaries(TEXT.filter(lambda name: name not in names), JSON, max_size=2)
    return st.builds(lambda extra, body: {**extra, **body}, unknown, known)


@functools.cache
def bodies(resource: Resource) -> Strategy:
    """Valid bodies of a create, without links and without a clientRef."""

    def valid(body: Any) -> bool:
        return not resource.validated(merge({}, body))[1]

    return objects(resource.struct).map(_in_order).filter(valid)


def _in_order(body: dict[str, Any]) -> dict[str, Any]:
    """A start and an end the right way round."""
    body = {name: value for name, value in body.items() if name != "clientRef"}
    if {"startDate", "endDate"} <= body.keys() and body["endDate"] < body["startDate"]:
        body["startDate"], body["endDate"] = body["endDate"], body["startDate"]
    return body


@st.composite
def snapshots(draw: st.DrawFn, owner: str, most: int = 3) -> dict[str, list[Any]]:
    """Bodies of syncs that make every kind of row.

    Rows carry made-up `_id`s by which they name each other. What has a clientRef hangs only
    on what has one too: a second time, the others are other rows.
    """
    made: dict[str, list[Any]] = {}
    rows: dict[str, list[Any]] = {}
    for resource in RESOURCES:
        made[resource.snapshot] = rows[resource.kind] = []
        for number in range(draw(st.integers(0, most))):
            body = dict(draw(bodies(resource)))
            if draw(st.booleans()):
                body["clientRef"] = f"{resource.kind}-{number}"
            for link in resource.links:
                targets = [owner] if link.kind == "member" else _targets(rows[link.kind], body)
                if draw(st.booleans()) and targets:
                    body[link.field] = draw(st.sampled_from(targets))
            if resource.parent_link:
                targets = _targets(rows[resource.parent_link.kind], body)
                if not targets:
                    continue
                body[resource.parent_link.field] = draw(st.sampled_from(targets))
            rows[resource.kind].append({**body, "_id": f"{resource.kind}{number}"})
    return made


def _targets(rows: list[Any], body: dict[str, Any]) -> list[str]:
    return [row["_id"] for row in rows if "clientRef" in row or "clientRef" not in body]


ODD: Strategy = st.sampled_from(
    [
        *(None, True, 0, -1, 1.5, 10**30, 10**400, -0.0, 1e308),
        *("", " ", "x" * 300, "\0", "\U0001f600", "2026-02-30", "24:00", "null"),
        *("09:30\n", "2026-07-15\n", "__proto__", "../..", "$ref", "\x7f", "\u202e"),
        *([], [[]], {}, {"": None}, {"_id": 5}, [None]),
    ]
)
"""What a member of a body may be by mistake or by malice."""


@st.composite
def near(draw: st.DrawFn, wanted: Strategy) -> Any:
    """A value, or what becomes of it under some mistakes."""
    value = draw(wanted)
    for _ in range(draw(st.integers(0, 3))):
        value = _spoilt(draw, value)
    return value


def _spoilt(draw: st.DrawFn, value: Any) -> Any:
    if isinstance(value, dict) and value and draw(st.integers(0, 3)):
        name = draw(st.sampled_from(list(value)))
        match draw(st.integers(0, 4)):
            case 0:
                return {k: v for k, v in value.items() if k != name}
            case 1:
                return {**value, draw(TEXT): draw(JSON)}
            case _:
                return {**value, name: _spoilt(draw, value[name])}
    if isinstance(value, list) and value and draw(st.integers(0, 3)):
        index = draw(st.integers(0, len(value) - 1))
        match draw(st.integers(0, 3)):
            case 0:
                return value[:index] + value[index + 1 :]
            case 1:
                return [*value, value[index]]
            case _:
                return [*value[:index], _spoilt(draw, value[index]), *value[index + 1 :]]
    return draw(st.one_of(ODD, JSON))
