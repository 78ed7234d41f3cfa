"""Validation: msgspec decides fast; only a refused value is walked, to list ALL that is wrong."""

import itertools
import math
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeVar

import msgspec
from msgspec import inspect as types

from domain import details
from domain.errors import MAX_DETAILS, Detail, ValidationFailed
from domain.fields import CHECKS, check_custom, is_date
from domain.meant import retyped
from domain.shape import Member, Members, Shape, members_of

S = TypeVar("S", bound=msgspec.Struct)

_LOOKED_UP: Final = 20
"""How many unknown names of an object are compared with the known ones: it may have thousands."""

_NOWHERE: Final[Mapping[str, str]] = MappingProxyType({})


def validate(
    struct: type[msgspec.Struct], data: Any, elsewhere: Mapping[str, str] = _NOWHERE
) -> list[Detail]:
    """Everything that keeps `data` (decoded JSON) from being a `struct`; empty when valid.

    `elsewhere` has a sentence for names that the struct does not have and something else does.
    """
    if members_of(struct).has_integers:
        # msgspec takes integers of any size.
        return explain(struct, data, elsewhere)
    try:
        msgspec.convert(data, struct, dec_hook=check_custom)
    except (msgspec.ValidationError, OverflowError) as error:
        found = explain(struct, data, elsewhere)
        if not found:
            raise AssertionError(f"{struct.__name__}: unexplained: {error}") from error
        return found
    return []


def explain(
    struct: type[msgspec.Struct], data: Any, elsewhere: Mapping[str, str] = _NOWHERE
) -> list[Detail]:
    """The details of a refusal, in the order of declaration, unknown fields last.

    At most one more than an answer has room for: its error then says that there are more.
    """
    walk = _object(members_of(struct), data, "", elsewhere)
    return list(itertools.islice(walk, MAX_DETAILS + 1))


def parsed(struct: type[S], data: Any) -> S:
    """Decoded JSON as a `struct`; `ValidationFailed` with all that keeps it from being one."""
    if found := validate(struct, data):
        raise ValidationFailed(found)
    return msgspec.convert(data, struct, dec_hook=check_custom)


def unknown(
    struct: type[msgspec.Struct], name: str, elsewhere: Mapping[str, str] = _NOWHERE
) -> Detail:
    """The detail on a name that a struct does not have."""
    return _unknown(members_of(struct), name, name, elsewhere)


def _unknown(
    members: Members, name: str, path: str, elsewhere: Mapping[str, str], *, look_up: bool = True
) -> Detail:
    if where := elsewhere.get(name):
        return details.misplaced(path, where)
    meant = members.names.find(name) if look_up else ()
    return details.unknown_field(path, name, members.by_name, meant)


def _object(
    members: Members, value: Any, path: str, elsewhere: Mapping[str, str] = _NOWHERE
) -> Iterator[Detail]:
    if not isinstance(value, dict):
        expected = f"an object with fields such as {', '.join([*members.by_name][:3])}"
        yield details.wrong_type(path, expected, value, retyped("object", value))
        return
    prefix = f"{path}." if path else ""
    for name, member in members.by_name.items():
        shape, inner = member.shape, prefix + name
        if member.required and value.get(name) is None:
            yield details.required(inner, shape.expected)
        elif member.required and value[name] == "" and shape.wanted == "string":
            yield details.empty(inner, shape.expected)
        elif name in value:
            yield from _value(shape, value[name], inner, _swapped(members, member, value))
    if members.closed:
        unknown_names = (name for name in value if name not in members.by_name)
        for count, name in enumerate(unknown_names):
            look_up = count < _LOOKED_UP
            yield _unknown(members, name, prefix + name, elsewhere, look_up=look_up)


def _value(shape: Shape, value: Any, path: str, swapped: str = "") -> Iterator[Detail]:
    """What is wrong with a field's value; `swapped` is added when it is out of range."""
    if shape.members is not None:
        yield from _object(shape.members, value, path)
    elif shape.item is not None:
        yield from _list(shape, shape.item, value, path)
    elif not _is_a(shape.wanted, value):
        # Quotes alone make no date of a number.
        remedy = "" if shape.meant else retyped(shape.wanted, value)
        yield details.wrong_type(path, shape.expected, value, remedy)
    elif shape.bounds is not None:
        yield from _number(shape, shape.bounds, value, path, swapped)
    elif isinstance(value, str):
        yield from _text(shape, value, path)


def _is_a(wanted: str, value: Any) -> bool:
    match wanted:
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
    return isinstance(value, str)


def _list(shape: Shape, item: Shape, value: Any, path: str) -> Iterator[Detail]:
    kind = shape.kind
    assert isinstance(kind, types.ListType)
    if not isinstance(value, list):
        yield details.wrong_type(path, shape.expected, value, retyped("list", value))
        return
    if kind.max_length is not None and len(value) > kind.max_length:
        yield details.too_long(path, kind.max_length, "items")
        return
    yield from _too_short(shape, kind.min_length, value, path)
    for index, element in enumerate(value):
        yield from _value(item, element, f"{path}[{index}]")


def _text(shape: Shape, value: str, path: str) -> Iterator[Detail]:
    match shape.kind:
        case types.StrType(pattern=str(pattern), max_length=most):
            # A pattern is a form: whatever is wrong with the text, it is malformed.
            too_long = most is not None and len(value) > most
            if too_long or not re.search(pattern, value):
                yield _malformed(shape, value, path)
        case types.StrType(min_length=least, max_length=most):
            if most is not None and len(value) > most:
                yield details.too_long(path, most, "characters")
            yield from _too_short(shape, least, value, path)
        case types.LiteralType():
            if value not in shape.choices:
                meant = shape.meant(value) if shape.meant else ()
                yield details.not_allowed(path, shape.choices, value, meant)
        case types.DateType():
            if not is_date(value):
                yield _malformed(shape, value, path)
        case types.CustomType(cls=cls):
            if not CHECKS[cls](value):
                yield _malformed(shape, value, path)


def _malformed(shape: Shape, value: str, path: str) -> Detail:
    meant = shape.meant(value) if shape.meant else ()
    return details.malformed(path, shape.expected, value, meant)


def _too_short(
    shape: Shape, least: int | None, value: str | list[Any], path: str
) -> Iterator[Detail]:
    if not value and least:
        yield details.empty(path, shape.expected)
    elif least and len(value) < least:
        yield details.out_of_range(path, shape.expected, value)


def _number(
    shape: Shape,
    bounds: types.FloatType | types.IntType,
    value: float,
    path: str,
    swapped: str,
) -> Iterator[Detail]:
    if isinstance(bounds, types.IntType) and isinstance(value, float):
        # A client with typed numbers would not read 4200.0 back as an integer.
        remedy = f"send {int(value)}" if value.is_integer() else ""
        yield details.wrong_type(path, shape.expected, value, remedy)
    elif not _within(bounds, value):
        yield details.out_of_range(path, shape.expected, value, swapped)


def _within(bounds: types.FloatType | types.IntType, value: float) -> bool:
    try:
        number = float(value)
    except OverflowError:
        return False
    if isinstance(bounds, types.IntType):
        # As a float, an integer just beyond its bound would equal it.
        number = value
    return (
        math.isfinite(number)
        and (bounds.ge is None or number >= bounds.ge)
        and (bounds.gt is None or number > bounds.gt)
        and (bounds.le is None or number <= bounds.le)
        and (bounds.lt is None or number < bounds.lt)
    )


def _swapped(members: Members, member: Member, value: Mapping[str, Any]) -> str:
    """A sentence when a field and the one it is mistaken for have each other's values."""
    other = members.by_name.get(member.shape.swapped_with)
    if other is None or member.shape.bounds is None or other.shape.bounds is None:
        return ""
    mine, theirs = value.get(member.name), value.get(other.name)
    fits = (
        isinstance(mine, int | float)
        and isinstance(theirs, int | float)
        and _within(other.shape.bounds, mine)
        and _within(member.shape.bounds, theirs)
    )
    if not fits:
        return ""
    return f"{member.name} and {other.name} seem to be the wrong way round"
