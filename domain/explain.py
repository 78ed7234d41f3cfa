"""Validation: msgspec decides fast; only a refused value is walked, to list ALL that is wrong."""

import math
import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect as types

from domain.errors import Detail
from domain.fields import CHECKS, check_custom, is_date


def validate(struct: type[msgspec.Struct], data: Any) -> list[Detail]:
    """Everything that keeps `data` (decoded JSON) from being a `struct`; empty when valid."""
    try:
        msgspec.convert(data, struct, dec_hook=check_custom)
    except (msgspec.ValidationError, OverflowError) as error:
        details = explain(struct, data)
        if not details:
            raise AssertionError(f"{struct.__name__}: unexplained: {error}") from error
        return details
    return []


def explain(struct: type[msgspec.Struct], data: Any) -> list[Detail]:
    """The details of a refusal, in the order of declaration, unknown fields last."""
    return list(_walk(types.type_info(struct), data, ""))


def _walk(kind: types.Type, value: Any, path: str) -> Iterator[Detail]:
    kind = bare(kind)
    if isinstance(kind, types.StructType):
        yield from _walk_struct(kind, value, path)
    elif isinstance(kind, types.ListType):
        if not isinstance(value, list):
            yield Detail(path, "wrong_type")
            return
        for index, element in enumerate(value):
            yield from _walk(kind.item_type, element, f"{path}[{index}]")
    elif reason := _leaf(kind, value):
        yield Detail(path, reason)


def _walk_struct(kind: types.StructType, value: Any, path: str) -> Iterator[Detail]:
    if not isinstance(value, dict):
        yield Detail(path, "wrong_type")
        return
    prefix = f"{path}." if path else ""
    known = set()
    for field in kind.fields:
        name = field.encode_name
        known.add(name)
        if field.required and value.get(name) is None:
            yield Detail(prefix + name, "required")
        elif field.required and value[name] == "" and _is_text(field.type):
            yield Detail(prefix + name, "empty")
        elif name in value:
            yield from _walk(field.type, value[name], prefix + name)
    if kind.forbid_unknown_fields:
        for name in value:
            if name not in known:
                yield Detail(prefix + name, "unknown_field")


def bare(kind: types.Type) -> types.Type:
    """The type under its annotations."""
    while isinstance(kind, types.Metadata):
        kind = kind.type
    return kind


def _is_text(kind: types.Type) -> bool:
    """Whether values of this type are strings in JSON."""
    text = types.StrType | types.LiteralType | types.DateType | types.CustomType
    return isinstance(bare(kind), text)


def _leaf(kind: types.Type, value: Any) -> str | None:
    """Why a single value is refused, or None."""
    match kind:
        case types.StrType():
            return _string(kind, value)
        case types.FloatType() | types.IntType():
            return _number(kind, value)
        case types.BoolType():
            return None if isinstance(value, bool) else "wrong_type"
        case types.LiteralType(values=allowed):
            if not isinstance(value, str):
                return "wrong_type"
            return None if value in allowed else "not_allowed"
        case types.DateType():
            if not isinstance(value, str):
                return "wrong_type"
            return None if is_date(value) else "malformed"
        case types.CustomType(cls=cls):
            if not isinstance(value, str):
                return "wrong_type"
            return None if CHECKS[cls](value) else "malformed"
        case types.AnyType() | types.RawType():
            return None
    raise TypeError(f"no rule for {kind}")


def _string(kind: types.StrType, value: Any) -> str | None:
    if not isinstance(value, str):
        return "wrong_type"
    if kind.min_length and len(value) < kind.min_length:
        return "empty"
    if kind.pattern is not None:
        # A pattern is a format: whatever is wrong with the text, it is malformed.
        too_long = kind.max_length is not None and len(value) > kind.max_length
        return "malformed" if too_long or not re.search(kind.pattern, value) else None
    if kind.max_length is not None and len(value) > kind.max_length:
        return "too_long"
    return None


def _number(kind: types.FloatType | types.IntType, value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "wrong_type"
    if isinstance(kind, types.IntType) and value != int(value):
        return "wrong_type"
    try:
        number = float(value)
    except OverflowError:
        return "out_of_range"
    if not math.isfinite(number):
        return "out_of_range"
    if kind.ge is not None and number < kind.ge:
        return "out_of_range"
    if kind.le is not None and number > kind.le:
        return "out_of_range"
    return None
