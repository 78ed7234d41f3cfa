"""The shapes of requests and replies, derived from what the resources declare.

No handler uses these structs: documents go in and out as JSON. They are what the route table
names, and what the OpenAPI document is made of.
"""

import datetime
import functools
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType
from msgspec import inspect as types

from domain.imports import BATCH_ITEMS, IGNORED_IN_SYNC, CategoryResult
from domain.resource import Resource
from domain.resources import LEG, RESOURCES
from domain.shape import bare, bounds_of
from domain.trip import TRIP
from domain.undo import CATEGORIES, UndoneRows
from domain.webhook import READ_ONLY, Webhook
from operations.shares import SafeMember
from storage.trips import Member

Moment = Annotated[datetime.datetime, Meta(tz=True)]

Ignored = Annotated[
    Any,
    Meta(
        description="Accepted and ignored, so that what was read can be sent back.",
        extra_json_schema={"readOnly": True},
    ),
]

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
    stamped = [
        _optional(name, Moment) if name.endswith("At") else _required(name, str)
        for name in resource.stamped
    ]
    times = [_required("createdAt", Moment), _required("updatedAt", Moment)]
    name = f"{resource.struct.__name__}Document"
    return _define(name, [*identity, *_declared(resource), *stamped, *times])


@functools.cache
def create(resource: Resource) -> type[msgspec.Struct]:
    """The body of a create: null is as if absent, and what was read can be sent back."""
    fields = [*_settable(resource.struct), *_ignored(resource)]
    return _define(f"{resource.struct.__name__}Create", fields, closed=True)


@functools.cache
def patch(resource: Resource) -> type[msgspec.Struct]:
    """The body of a PATCH: every field may be absent, and null where it may be cleared."""
    fields = [*_settable(resource.struct, partly=True), *_ignored(resource)]
    return _define(f"{resource.struct.__name__}Patch", fields, closed=True)


def _settable(struct: type[msgspec.Struct], *, partly: bool = False) -> list[Field]:
    """The fields of a struct as they may be sent."""
    declared = zip(msgspec.structs.fields(struct), _info(struct).fields, strict=True)
    return [
        _settable_field(field.encode_name, _sendable(field.type, info.type), field.required, partly)
        for field, info in declared
    ]


def _settable_field(name: str, kind: Any, required: bool, partly: bool) -> Field:
    if not required:
        return _optional(name, kind | None)
    return _optional(name, kind) if partly else _required(name, kind)


def _sendable(declared: Any, kind: types.Type) -> Any:
    """A field's type as it may be sent; within objects, too, null is as if absent."""
    match bare(kind):
        case types.StructType(cls=cls):
            return _open_object(cls) | UnsetType
        case types.ListType(item_type=item, min_length=least, max_length=most) if isinstance(
            element := bare(item), types.StructType
        ):
            objects: Any = list[_open_object(element.cls)]  # type: ignore[misc]
            return Annotated[objects, Meta(min_length=least, max_length=most)] | UnsetType
        case types.IntType() as number:
            bounds = bounds_of(number)
            limits = {"minimum": bounds.ge, "maximum": bounds.le}
            return Annotated[declared, Meta(extra_json_schema=limits)]
    return declared


@functools.cache
def _open_object(struct: type[msgspec.Struct]) -> Any:
    return _define(f"{struct.__name__}Input", _settable(struct))


def _info(struct: type[msgspec.Struct]) -> types.StructType:
    info = types.type_info(struct)
    assert isinstance(info, types.StructType)
    return info


def _ignored(resource: Resource, *, but: tuple[str, ...] = ()) -> list[Field]:
    """What a document has beside its settable fields."""
    return [
        _renamed(_optional(name, Ignored))
        for name in document(resource).__struct_encode_fields__
        if name not in resource.fields and name not in but
    ]


def _renamed(field: Field) -> Field:
    """Python wants another name for `_id`."""
    name, kind, rule = field
    return name.replace("_id", "own_id"), kind, rule


@functools.cache
def webhook(*, partly: bool = False) -> type[msgspec.Struct]:
    """The body of a webhook's create; or, where fields may be absent, of its PATCH."""
    fields = _settable(Webhook, partly=partly)
    fields += [_renamed(_optional(name, Ignored)) for name in READ_ONLY]
    return _define(f"Webhook{'Patch' if partly else 'Create'}", fields, closed=True)


@functools.cache
def batch(resource: Resource) -> type[msgspec.Struct]:
    """The body of a batch."""
    item: Any = create(resource)
    items = Annotated[list[item], Meta(min_length=1, max_length=BATCH_ITEMS)]
    return _define(f"{resource.struct.__name__}Batch", [_required("items", items)], closed=True)


@functools.cache
def _snapshot_item(resource: Resource) -> type[msgspec.Struct]:
    """An item of a sync: it may carry an `_id`, and name rows by clientRef."""
    named = [("_id", "Of a row of this trip to merge into, or that links of this snapshot name.")]
    if resource.parent_link:
        named += [
            (resource.parent_link.field, f"Id of the {resource.parent_link.kind} it belongs to."),
            (resource.parent_link.ref, f"Or the {resource.parent_link.kind}'s clientRef."),
        ]
    named += [
        (link.ref, f"clientRef of the {link.kind}, instead of `{link.field}`.")
        for link in resource.links
        if link.kind != "member"
    ]
    fields = [
        *_settable(resource.struct),
        *(
            _renamed(_optional(name, Annotated[str, Meta(description=meaning)] | None))
            for name, meaning in named
        ),
        *_ignored(resource, but=tuple(name for name, _ in named)),
    ]
    return _define(f"{resource.struct.__name__}SnapshotItem", fields, closed=True)


@functools.cache
def sync() -> type[msgspec.Struct]:
    """The body of a sync."""
    categories = [
        _optional(resource.snapshot, list[_snapshot_item(resource)] | None)  # type: ignore[misc]
        for resource in RESOURCES
    ]
    ignored = [_optional(name, Ignored) for name in sorted(IGNORED_IN_SYNC)]
    return _define("Snapshot", [*categories, *ignored], closed=True)


@functools.cache
def sync_result() -> type[msgspec.Struct]:
    """The reply to a sync: each category that was sent."""
    categories = [_optional(resource.snapshot, CategoryResult) for resource in RESOURCES]
    return _define("SyncResult", [_required("dryRun", bool), *categories])


class FileReject(msgspec.Struct, omit_defaults=True):
    """What of a file could not be a row."""

    reason: str
    row: Any = None
    name: str = ""
    file: str = ""
    line: int | None = None
    index: int | None = None


@functools.cache
def file_result() -> type[msgspec.Struct]:
    """The reply to the import of a file: that of a sync, and what else there was to tell."""
    categories = [_optional(resource.snapshot, CategoryResult) for resource in RESOURCES]
    told = [
        _required("rejects", list[FileReject]),
        _required("notImported", dict[str, int]),
        _required("notices", list[str]),
        _optional("moreRejects", int),
    ]
    return _define("FileResult", [_required("dryRun", bool), *categories, *told])


@functools.cache
def undo_result() -> type[msgspec.Struct]:
    """The reply to an undo: each kind of row that is concerned."""
    categories = [_optional(resource.snapshot, UndoneRows) for resource in CATEGORIES]
    known = [_required("dryRun", bool), _required("rev", int)]
    return _define("UndoResult", [*known, *categories])


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
        [
            _required("trip", document(TRIP)),
            *lists,
            _required("members", list[Member]),
            _required("rev", int),
        ],
    )


@functools.cache
def shared_trip() -> type[msgspec.Struct]:
    """The shared view of a trip and its legs."""
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
