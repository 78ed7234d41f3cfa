"""What a struct's values look like in JSON: read once from its declaration.

A declaration may use what validation, its messages, the shared view and the description of the
API all honour; anything else is a `TypeError` here, when it is declared, not when it is used.
"""

import dataclasses
import functools
import typing
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

import msgspec
from msgspec import inspect as types

from domain import meant
from domain.fields import EXPECTED, MEANT
from domain.near import Names

MAX_INTEGER: Final = 2**53 - 1
"""Integers go to JavaScript, which reads larger ones as their neighbours."""

DATE: Final = "a date as 2026-07-15"

Wanted = Literal["string", "number", "boolean", "object", "list"]


@dataclasses.dataclass(frozen=True)
class Shape:
    """What one value may be."""

    kind: types.Type
    """Its msgspec type, without annotations."""
    wanted: Wanted
    """Its JSON type; of whole numbers `number` too."""
    expected: str
    """What it must be, in words: `a number from -90 to 90`."""
    choices: tuple[str, ...] = ()
    """Of an enumeration, in declared order."""
    bounds: types.FloatType | types.IntType | None = None
    """Of a number, those that hold by default included."""
    meant: Callable[[str], list[str]] | None = None
    """Finds the values that a text of another form probably stands for."""
    swapped_with: str = ""
    """The field that has this one's value, when they are the wrong way round."""
    members: "Members | None" = None
    """Of an object."""
    item: "Shape | None" = None
    """Of a list."""


@dataclasses.dataclass(frozen=True)
class Member:
    """One field of an object."""

    name: str
    required: bool
    shape: Shape
    also: tuple[str, ...]
    """What else callers call it."""
    link: str
    """The kind of row whose id it holds; "" for none."""


@dataclasses.dataclass(frozen=True)
class Members:
    """The fields of an object."""

    by_name: Mapping[str, Member]
    closed: bool
    """Whether other names are refused."""

    @functools.cached_property
    def names(self) -> Names:
        """The names, to be found by those that callers use."""
        return Names({name: member.also for name, member in self.by_name.items()})

    @functools.cached_property
    def has_integers(self) -> bool:
        """Whether a whole number is anywhere within."""
        return any(_has_integers(member.shape) for member in self.by_name.values())


@functools.cache
def members_of(struct: type[msgspec.Struct]) -> Members:
    """The fields of a resource's struct; `TypeError` for a declaration that cannot be honoured.

    A field is a string (`min_length`, `max_length`, `pattern`), a number or whole number (`ge`,
    `gt`, `le`, `lt`), a boolean, a `Literal` of strings, a date, one of the classes in
    `fields.CHECKS`, an open object of such, or a list (`min_length`, `max_length`) of any of
    these. Objects do not nest further, nor do lists, since a merge looks for nulls no deeper.
    What is not required is `| UnsetType = UNSET`.
    """
    info = types.type_info(struct)
    assert isinstance(info, types.StructType)
    if not info.forbid_unknown_fields:
        raise TypeError(f"{struct.__name__}: declare it with forbid_unknown_fields=True")
    return _members(info, struct.__name__, nested=False)


def _members(info: types.StructType, where: str, *, nested: bool) -> Members:
    if info.tag is not None or info.array_like:
        raise TypeError(f"{where}: neither a tag nor array_like can be used")
    annotations = typing.get_type_hints(info.cls, include_extras=True)
    return Members(
        {
            field.encode_name: _member(field, annotations[field.name], where, nested)
            for field in info.fields
        },
        info.forbid_unknown_fields,
    )


def _member(field: types.Field, annotation: Any, where: str, nested: bool) -> Member:
    where = f"{where}.{field.name}"
    if (field.default, field.default_factory) != (msgspec.NODEFAULT, msgspec.NODEFAULT):
        # Documents hold what was sent: nothing would ever put the default into one.
        raise TypeError(f"{where}: no default but UNSET can be used")
    extra = (field.type.extra or {}) if isinstance(field.type, types.Metadata) else {}
    shape = _shape(field.type, annotation, where, nested)
    also, link = tuple(extra.get("also", ())), extra.get("link", "")
    return Member(field.encode_name, field.required, shape, also, link)


def _shape(kind: types.Type, annotation: Any, where: str, nested: bool) -> Shape:
    """The shape of a type; `annotation` is what it was declared by."""
    described = kind if isinstance(kind, types.Metadata) else None
    extra = (described and described.extra) or {}
    description = ((described and described.extra_json_schema) or {}).get("description", "")
    kind = bare(kind)
    match kind:
        case types.StrType():
            expected = description or _string(kind)
            return Shape(kind, "string", expected, meant=extra.get("meant"))
        case types.FloatType() | types.IntType() if kind.multiple_of is None:
            bounds = bounds_of(kind)
            return Shape(
                kind,
                "number",
                _number(bounds),
                bounds=bounds,
                swapped_with=extra.get("swapped_with", ""),
            )
        case types.BoolType():
            return Shape(kind, "boolean", "true or false")
        case types.LiteralType(values=values) if all(isinstance(each, str) for each in values):
            choices = tuple(each for each in _literals(annotation) if each in values)
            names = Names(dict.fromkeys(choices, ()))
            expected = f"one of {', '.join(choices)}"
            return Shape(kind, "string", expected, choices=choices, meant=names.find)
        case types.DateType():
            return Shape(kind, "string", DATE, meant=meant.date)
        case types.CustomType(cls=cls) if cls in EXPECTED:
            return Shape(kind, "string", EXPECTED[cls], meant=MEANT[cls])
        case types.StructType(cls=cls) if not nested and not kind.forbid_unknown_fields:
            inner = _members(kind, cls.__name__, nested=True)
            expected = f"an object with fields such as {', '.join([*inner.by_name][:3])}"
            return Shape(kind, "object", expected, members=inner)
        case types.ListType(item_type=item):
            if isinstance(bare(item), types.ListType):
                raise TypeError(f"{where}: lists of lists cannot be used")
            return Shape(kind, "list", _list(kind), item=_shape(item, annotation, where, nested))
    raise TypeError(f"{where}: {kind} cannot be used in a resource; see domain.shape.members_of")


def bare(kind: types.Type) -> types.Type:
    """The type under its annotations."""
    while isinstance(kind, types.Metadata):
        kind = kind.type
    return kind


def _literals(annotation: Any) -> list[str]:
    """The values of the `Literal`s in an annotation, in declared order (msgspec sorts them)."""
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) is Literal:
        return list(arguments)
    return [each for argument in arguments for each in _literals(argument)]


def _has_integers(shape: Shape) -> bool:
    if shape.item is not None:
        return _has_integers(shape.item)
    if shape.members is not None:
        return shape.members.has_integers
    return isinstance(shape.kind, types.IntType)


def _string(kind: types.StrType) -> str:
    if kind.pattern is not None:
        return f"a string that matches {kind.pattern}"
    return f"a string{_length(kind.min_length, kind.max_length, 'character')}"


def _list(kind: types.ListType) -> str:
    return f"a list{_length(kind.min_length, kind.max_length, 'item')}"


def _length(least: int | None, most: int | None, unit: str) -> str:
    if most is None:
        return f" of at least {least} {unit}{'s' if least != 1 else ''}" if least else ""
    return f" of {least} to {most} {unit}s" if least else f" of at most {most} {unit}s"


def bounds_of(kind: types.FloatType | types.IntType) -> types.FloatType | types.IntType:
    """The bounds of a number, of whole ones those that hold by default included."""
    if isinstance(kind, types.FloatType):
        return kind
    return types.IntType(
        gt=kind.gt,
        lt=kind.lt,
        ge=max(-MAX_INTEGER, -MAX_INTEGER if kind.ge is None else kind.ge),
        le=min(MAX_INTEGER, MAX_INTEGER if kind.le is None else kind.le),
    )


def _number(bounds: types.FloatType | types.IntType) -> str:
    parts = ["a whole number" if isinstance(bounds, types.IntType) else "a number"]
    least = None if bounds.gt is not None else bounds.ge
    most = None if bounds.lt is not None else bounds.le
    if least is not None and most is not None:
        parts.append(f"from {_plain(least)} to {_plain(most)}")
    elif least is not None:
        parts.append(f"of at least {_plain(least)}")
    elif most is not None:
        parts.append(f"of at most {_plain(most)}")
    if bounds.gt is not None:
        parts.append(f"above {_plain(bounds.gt)}")
    if bounds.lt is not None:
        parts.append(f"below {_plain(bounds.lt)}")
    return " ".join(parts)


def _plain(number: float) -> str:
    return str(int(number) if number == int(number) else number)
