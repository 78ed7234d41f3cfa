"""The shapes of requests and replies, derived from what the resources declare.

No handler uses these structs: documents go in and out as JSON. They are what the route table
names, and what the OpenAPI document is made of.
"""

import datetime
import functools
import inspect
from collections.abc import Collection
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType
from msgspec import inspect as types

from domain.fields import words
from domain.imports import BATCH_ITEMS, IGNORED_IN_SYNC, CategoryResult
from domain.merge import Document
from domain.message import CHANNEL, MESSAGE
from domain.resource import Resource
from domain.resources import LEG, RESOURCES
from domain.shape import bare, bounds_of, members_of
from domain.trip import TRIP
from domain.undo import CATEGORIES, UndoneRows
from domain.webhook import Webhook
from operations.shares import SafeMember
from storage.trips import Member
from storage.webhooks import Hook

Moment = Annotated[datetime.datetime, Meta(tz=True)]

READ_ONLY = Meta(extra_json_schema={"readOnly": True})
"""Marks what is accepted and ignored, whatever it is, so that what was read can be sent back."""

_SENT_BACK = "Members marked read-only are accepted and ignored: what was read can be sent back."
_MERGES = (
    "With a `clientRef` that is there already it merges into that row, and then nothing is required"
    " of it; a new row needs {needed}. null is as if absent in a new row, and clears a field of one"
    " that is there."
)

_ANY = Annotated[dict[str, Any], Meta(extra_json_schema={"additionalProperties": True})]
_LOOSELY = {"trip": _ANY, "members": list[_ANY], "rev": int}
"""What a sync ignores of an export."""

Field = tuple[str, Any, Any]


def _required(name: str, kind: Any) -> Field:
    return name.lstrip("_") if name != "_id" else "own_id", kind, msgspec.field(name=name)


def _optional(name: str, kind: Any) -> Field:
    return name, kind | UnsetType, msgspec.field(name=name, default=UNSET)


def _define(
    name: str, about: str, fields: list[Field], *, closed: bool = False
) -> type[msgspec.Struct]:
    said = {"__doc__": about}
    return msgspec.defstruct(
        name, fields, kw_only=True, forbid_unknown_fields=closed, namespace=said
    )


def _declared(resource: Resource) -> list[Field]:
    """The resource's own fields, as documents have them."""
    filled: Document = {}
    # What it puts where nothing was sent is in every document.
    resource.normalise(filled)
    return [
        _required(field.encode_name, field.type)
        if field.required or field.encode_name in filled
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
    fields = [*identity, *_declared(resource), *stamped, *times]
    return _define(resource.struct.__name__, inspect.getdoc(resource.struct) or "", fields)


@functools.cache
def documents() -> frozenset[type[msgspec.Struct]]:
    """What a row of a trip, or a trip, may be read as."""
    return frozenset(map(document, (TRIP, *RESOURCES, CHANNEL, MESSAGE)))


@functools.cache
def create(resource: Resource) -> type[msgspec.Struct]:
    """The body of a create: null is as if absent, and what was read can be sent back."""
    about = f"A new {words(resource.kind)}; null is as if absent. {_SENT_BACK}"
    fields = [*_settable(resource.struct), *_ignored(resource)]
    return _define(f"{resource.struct.__name__}Create", about, fields, closed=True)


@functools.cache
def patch(resource: Resource) -> type[msgspec.Struct]:
    """The body of a PATCH: every field may be absent, and null where it may be cleared."""
    about = (
        f"What to change of a {words(resource.kind)} (RFC 7396): what is absent stays, null clears"
        f" a field, objects are merged, lists are replaced. {_SENT_BACK}"
    )
    fields = [*_settable(resource.struct, partly=True), *_ignored(resource)]
    return _define(f"{resource.struct.__name__}Patch", about, fields, closed=True)


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
    about = f"{inspect.getdoc(struct)} null clears a field."
    return _define(f"{struct.__name__}Input", about, _settable(struct))


def open_objects() -> set[str]:
    """Names of the shapes that keep members they do not know."""
    structs = {
        inner.kind.cls.__name__
        for resource in RESOURCES
        for member in members_of(resource.struct).by_name.values()
        for inner in (member.shape.item or member.shape,)
        if isinstance(inner.kind, types.StructType)
    }
    return structs | {f"{name}Input" for name in structs}


def _info(struct: type[msgspec.Struct]) -> types.StructType:
    info = types.type_info(struct)
    assert isinstance(info, types.StructType)
    return info


def _ignored(resource: Resource, *, but: tuple[str, ...] = ()) -> list[Field]:
    """What a document has beside its settable fields."""
    return _read_only(document(resource), {*resource.fields, *but})


def _read_only(struct: type[msgspec.Struct], but: Collection[str]) -> list[Field]:
    """The fields of what is read, but for those that can be set."""
    return [
        _renamed(_optional(field.encode_name, Annotated[field.type, READ_ONLY]))
        for field in msgspec.structs.fields(struct)
        if field.encode_name not in but
    ]


def _renamed(field: Field) -> Field:
    """Python wants another name for `_id`."""
    name, kind, rule = field
    return name.replace("_id", "own_id"), kind, rule


@functools.cache
def webhook(*, partly: bool = False) -> type[msgspec.Struct]:
    """The body of a webhook's create; or, where fields may be absent, of its PATCH."""
    about = "What to change of a webhook" if partly else "A new webhook"
    fields = [
        *_settable(Webhook, partly=partly),
        *_read_only(Hook, Webhook.__struct_encode_fields__),
    ]
    name = f"Webhook{'Patch' if partly else 'Create'}"
    return _define(name, f"{about}. {_SENT_BACK}", fields, closed=True)


@functools.cache
def _upsert(resource: Resource) -> type[msgspec.Struct]:
    """An item of a batch."""
    about = f"{_merges(resource)} {_SENT_BACK}"
    fields = [*_settable(resource.struct, partly=True), *_ignored(resource)]
    return _define(f"{resource.struct.__name__}Upsert", about, fields, closed=True)


def _merges(resource: Resource) -> str:
    needed = [f.encode_name for f in msgspec.structs.fields(resource.struct) if f.required]
    return f"One {words(resource.kind)}. {_MERGES.format(needed=', '.join(needed))}"


@functools.cache
def batch(resource: Resource) -> type[msgspec.Struct]:
    """The body of a batch."""
    item: Any = _upsert(resource)
    items = Annotated[list[item], Meta(min_length=1, max_length=BATCH_ITEMS)]
    about = "Items are applied in order: a later one may merge into an earlier one."
    name = f"{resource.struct.__name__}Batch"
    return _define(name, about, [_required("items", items)], closed=True)


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
        *_settable(resource.struct, partly=True),
        *(
            _renamed(_optional(name, Annotated[str, Meta(description=meaning)] | None))
            for name, meaning in named
        ),
        *_ignored(resource, but=tuple(name for name, _ in named)),
    ]
    about = f"{_merges(resource)} So it does by `_id`. {_SENT_BACK}"
    return _define(f"{resource.struct.__name__}SyncItem", about, fields, closed=True)


@functools.cache
def sync() -> type[msgspec.Struct]:
    """The body of a sync."""
    categories = [
        _optional(resource.snapshot, list[_snapshot_item(resource)] | None)  # type: ignore[misc]
        for resource in RESOURCES
    ]
    about = (
        "Rows of a trip, as far as they are to be merged into it: what is not here stays. An export"
        " can be sent as it is."
    )
    ignored = [
        _optional(name, Annotated[_LOOSELY[name], READ_ONLY]) for name in sorted(IGNORED_IN_SYNC)
    ]
    return _define("Snapshot", about, [*categories, *ignored], closed=True)


@functools.cache
def sync_result() -> type[msgspec.Struct]:
    """The reply to a sync: each category that was sent."""
    categories = [_optional(resource.snapshot, CategoryResult) for resource in RESOURCES]
    about = "What became of the items, for each list that was sent."
    return _define("SyncResult", about, [_required("dryRun", bool), *categories])


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
    about = (
        "What became of what a file holds: of its rows as of a sync's, by list; what could be no"
        " row, and why; how much of what else it has was left."
    )
    return _define("FileResult", about, [_required("dryRun", bool), *categories, *told])


@functools.cache
def undo_result() -> type[msgspec.Struct]:
    """The reply to an undo: each kind of row that is concerned."""
    categories = [_optional(resource.snapshot, UndoneRows) for resource in CATEGORIES]
    known = [_required("dryRun", bool), _required("rev", int)]
    about = "What became of the rows, by kind; `rev` is the changeset that this made."
    return _define("UndoResult", about, [*known, *categories])


@functools.cache
def page(item: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """A page of a list."""
    return _define(
        f"{item.__name__}Page",
        "A page of a list; `nextCursor` leads to the next one, and is null on the last.",
        [_required("items", list[item]), _required("nextCursor", str | None)],  # type: ignore[valid-type]
    )


@functools.cache
def export() -> type[msgspec.Struct]:
    """A whole trip."""
    lists = [_required(r.snapshot, list[document(r)]) for r in RESOURCES]  # type: ignore[misc]
    return _define(
        "Export",
        "A whole trip at one moment: the state that `rev`, its last change, left.",
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
        "SharedView",
        "A shared trip and its legs: what is safe to show to anyone.",
        [_required("trip", TRIP.safe), _required("legs", list[LEG.safe])],  # type: ignore[name-defined]
    )


@functools.cache
def shared_export() -> type[msgspec.Struct]:
    """The shared view of a whole trip."""
    lists = [_required(r.snapshot, list[r.safe]) for r in RESOURCES]  # type: ignore[name-defined]
    return _define(
        "SharedExport",
        "A whole shared trip: what is safe to show to anyone.",
        [_required("trip", TRIP.safe), *lists, _required("members", list[SafeMember])],
    )
