"""JSON Schemas of arguments, made from the structs that check them; as short as they can be.

All tools together are told to a model at the beginning of each conversation. What a schema does not
say (lengths, rules across fields), the refusal does.
"""

from typing import Any, Final

import msgspec
from msgspec import inspect as types

from domain.fields import DateTime, TimeZone
from domain.imports import BATCH_ITEMS, ImportRequest
from domain.resource import Resource
from domain.resources import BY_KIND, RESOURCES
from domain.shape import Member, Members, Shape, members_of

Schema = dict[str, Any]

_TEXTS: Final[dict[type, str]] = {TimeZone: "IANA time zone", DateTime: "ISO 8601 date and time"}


def of_struct(struct: type[msgspec.Struct]) -> Schema:
    """The schema of a closed object with these members."""
    members = members_of(struct)
    required = [name for name, member in members.by_name.items() if member.required]
    told: Schema = {"type": "object", "properties": _properties(members)}
    if required:
        told["required"] = required
    return told | {"additionalProperties": False}


def of_items(request: ImportRequest) -> Schema:
    """The members that hold the items of an import; what they are is told where they come alone."""
    if request.resource:
        item = _of_item(BY_KIND[request.resource])
        return {"items": {"type": "array", "items": item, "minItems": 1, "maxItems": BATCH_ITEMS}}
    return {each.snapshot: {"type": "array", "items": {"type": "object"}} for each in RESOURCES}


def _of_item(resource: Resource) -> Schema:
    """The schema of an item of an upsert: nothing is required of one that changes a row."""
    named = {"_id": _STRING}
    if resource.parent_link:
        named |= {resource.parent_link.field: _STRING, resource.parent_link.ref: _STRING}
    named |= {link.ref: _STRING for link in resource.links if link.kind != "member"}
    properties = named | _properties(members_of(resource.struct))
    return {"type": "object", "properties": properties, "additionalProperties": False}


_STRING: Final[Schema] = {"type": "string"}


def _properties(members: Members) -> Schema:
    return {name: _of_member(member) for name, member in members.by_name.items()}


def _of_member(member: Member) -> Schema:
    if member.link:
        target = "userId of a member" if member.link == "member" else f"_id of a {member.link}"
        return {"type": "string", "description": target}
    return _of_shape(member.shape)


def _of_shape(shape: Shape) -> Schema:
    if shape.members is not None:
        return {"type": "object", "properties": _properties(shape.members)}
    if shape.item is not None:
        return {"type": "array", "items": _of_shape(shape.item), **_bounds_of_list(shape.kind)}
    if shape.choices:
        return {"type": "string", "enum": list(shape.choices)}
    match shape.kind:
        case types.StrType(pattern=None) if not shape.expected.startswith("a string"):
            return {"type": "string", "description": shape.expected}
        case types.DateType():
            return {"type": "string", "format": "date"}
        case types.CustomType(cls=cls):
            return {"type": "string", "description": _TEXTS[cls]}
        case types.StrType(pattern=str()):
            return {"type": "string", "description": "HH:mm"}
        case types.IntType(ge=least):
            return {"type": "integer"} if least is None else {"type": "integer", "minimum": least}
    return {"type": shape.wanted}


def _bounds_of_list(kind: types.Type) -> Schema:
    assert isinstance(kind, types.ListType)
    bounds = {"minItems": kind.min_length, "maxItems": kind.max_length}
    return {name: bound for name, bound in bounds.items() if bound is not None}
