"""The safe projection (contract section 7): an allowlist derived from the `Safe` markers.

A safe struct holds the fields marked `Safe` and no others, at every depth, so decoding a
stored document into it drops whatever is not marked: fields added later, and unknown
members of open objects.
"""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from msgspec import inspect as types

from domain.shape import bare


def safe_struct(struct: type[msgspec.Struct], always: tuple[str, ...] = ()) -> type[msgspec.Struct]:
    """The struct of what may be shown of `struct`.

    `always` names string members that documents carry beside the struct's own fields and
    that are shown too, such as `_id`.
    """
    shown: list[tuple[str, Any, Any]] = [
        (_attribute(name), str, msgspec.field(name=name)) for name in always
    ]
    info = types.type_info(struct)
    assert isinstance(info, types.StructType)
    shown += [
        (
            field.name,
            _safe_type(field.type) | UnsetType,
            msgspec.field(default=UNSET, name=field.encode_name),
        )
        for field in info.fields
        if _is_safe(field.type)
    ]
    return msgspec.defstruct(f"Safe{struct.__name__}", shown, kw_only=True)


def _attribute(name: str) -> str:
    return f"own_{name.lstrip('_')}"


def _is_safe(kind: types.Type) -> bool:
    return isinstance(kind, types.Metadata) and bool((kind.extra or {}).get("safe"))


def _safe_type(kind: types.Type) -> Any:
    match bare(kind):
        case types.StructType(cls=cls):
            return safe_struct(cls)
        case types.ListType(item_type=item):
            return list[_safe_type(item)]  # type: ignore[misc]
        case types.FloatType() | types.IntType():
            return int | float
        case types.BoolType():
            return bool
        # Dates, zones and enumerations were checked when they were written.
        case types.StrType() | types.DateType() | types.LiteralType() | types.CustomType():
            return str
    raise TypeError(f"no safe form for {kind}")
