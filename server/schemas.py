"""The shapes of requests and replies, derived from what the resources declare.

No handler uses these structs: documents go in and out as JSON. They are what the route table
names, and what the OpenAPI document is made of.
"""

import datetime
import functools
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from domain.imports import BATCH_ITEMS, BatchResult, CategoryResult
from domain.resource import Resource
from domain.resources import RESOURCES
from domain.trip import TRIP
from server.shares import SafeMember
from storage.trips import Member

Moment = Annotated[datetime.datetime, Meta(tz=True)]

Field = tuple[str, Any, Any]


def _required(name: str, kind: Any) -> Field:
    return name.lstrip("_") if name != "_id" else "own_id", kind, msgspec.field(name=name)


def _optional(name: str, kind: Any) -> Field:
    return name, kind | UnsetType, msgspec.field(name=name, default=UNSET)


def _define(name: str, fields: list[Field], *, closed: bool = False) -> type[msgspec.Struct]:
    return msgspec.defstruct(name, fields, kw_only=True, forbid_unknown_fields=closed)


def _declared(resource: Resource) -> list[Field]:
    """The resource's own fields, as they are declared."""
    return [
        _required(field.encode_name, field.type)
        if field.required
        else _optional(field.encode_name, field.type)
        for field in msgspec.structs.fields(resource.struct)
    ]


@functools.cache
def document(resource: Resource) -> type[msgspec.Struct]:
    """A stored row as it is read."""
    identity = [_required("_id", str)]
    if resource is not TRIP:
        identity.append(_required("tripId", str))
    if resource.parent_link:
        identity.append(_required(resource.parent_link.field, str))
    stamped = [_optional(name, Moment if name.endswith("At") else str) for name in resource.stamped]
    times = [_required("createdAt", Moment), _required("updatedAt", Moment)]
    name = f"{resource.struct.__name__}Document"
    return _define(name, [*identity, *_declared(resource), *stamped, *times])


@functools.cache
def patch(resource: Resource) -> type[msgspec.Struct]:
    """The body of a PATCH: every field may be absent, and null where it may be cleared."""
    fields = [
        _optional(field.encode_name, field.type if field.required else field.type | None)
        for field in msgspec.structs.fields(resource.struct)
    ]
    return _define(f"{resource.struct.__name__}Patch", fields, closed=True)


@functools.cache
def batch(resource: Resource) -> type[msgspec.Struct]:
    """The body of a batch."""
    items = Annotated[list[resource.struct], Meta(min_length=1, max_length=BATCH_ITEMS)]  # type: ignore[name-defined]
    return _define(f"{resource.struct.__name__}Batch", [_required("items", items)], closed=True)


@functools.cache
def _snapshot_item(resource: Resource) -> type[msgspec.Struct]:
    """An item of a sync: it may carry an `_id`, and name rows by clientRef."""
    named = [_optional("_id", str)]
    if resource.parent_link:
        named += [
            _optional(resource.parent_link.field, str),
            _optional(resource.parent_link.ref, str),
        ]
    named += [_optional(link.ref, str) for link in resource.links if link.kind != "member"]
    name = f"{resource.struct.__name__}SnapshotItem"
    return _define(name, [*_declared(resource), *_renamed_id(named)])


def _renamed_id(fields: list[Field]) -> list[Field]:
    return [(name.replace("_id", "own_id"), kind, field) for name, kind, field in fields]


@functools.cache
def sync() -> type[msgspec.Struct]:
    """The body of a sync."""
    categories = [
        _optional(resource.snapshot, list[_snapshot_item(resource)])  # type: ignore[misc]
        for resource in RESOURCES
    ]
    ignored = [_optional("trip", dict[str, Any]), _optional("members", list[Any])]
    return _define("Snapshot", [*categories, *ignored], closed=True)


@functools.cache
def sync_result() -> type[msgspec.Struct]:
    """The reply to a sync: each category that was sent."""
    categories = [_optional(resource.snapshot, CategoryResult) for resource in RESOURCES]
    return _define("SyncResult", [_required("dryRun", bool), *categories])


@functools.cache
def page(item: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """A page of a list."""
    return _define(
        f"{item.__name__.removesuffix('Document')}Page",
        [_required("items", list[item]), _required("nextCursor", str | None)],  # type: ignore[valid-type]
    )


@functools.cache
def export() -> type[msgspec.Struct]:
    """A whole trip."""
    lists = [_required(r.snapshot, list[document(r)]) for r in RESOURCES]  # type: ignore[misc]
    return _define(
        "Export",
        [_required("trip", document(TRIP)), *lists, _required("members", list[Member])],
    )


@functools.cache
def shared_trip() -> type[msgspec.Struct]:
    """The shared view of a trip and its legs."""
    from domain.resources import LEG

    return _define(
        "SharedTrip",
        [_required("trip", TRIP.safe), _required("legs", list[LEG.safe])],  # type: ignore[name-defined]
    )


@functools.cache
def shared_export() -> type[msgspec.Struct]:
    """The shared view of a whole trip."""
    lists = [_required(r.snapshot, list[r.safe]) for r in RESOURCES]  # type: ignore[name-defined]
    return _define(
        "SharedExport",
        [_required("trip", TRIP.safe), *lists, _required("members", list[SafeMember])],
    )


__all__ = [
    "BatchResult",
    "batch",
    "document",
    "export",
    "page",
    "patch",
    "shared_export",
    "shared_trip",
    "sync",
    "sync_result",
]
