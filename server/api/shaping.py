"""Structs put together from members, by their names in JSON."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

Field = tuple[str, Any, Any]


def required(name: str, kind: Any) -> Field:
    """A member that is always there."""
    return name.lstrip("_") if name != "_id" else "own_id", kind, msgspec.field(name=name)


def optional(name: str, kind: Any) -> Field:
    """A member that may be absent."""
    return name, kind | UnsetType, msgspec.field(name=name, default=UNSET)


def define(
    name: str, about: str, fields: list[Field], *, closed: bool = False
) -> type[msgspec.Struct]:
    """A struct of these members; a closed one takes no others."""
    said = {"__doc__": about}
    return msgspec.defstruct(
        name, fields, kw_only=True, forbid_unknown_fields=closed, namespace=said
    )


def renamed(field: Field) -> Field:
    """Python wants another name for `_id`."""
    name, kind, rule = field
    return name.replace("_id", "own_id"), kind, rule
