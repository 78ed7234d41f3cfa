"""The shapes of requests, derived from what the resources declare.

Like those of replies they are for the route table, and what the OpenAPI document is made of.
"""

import functools
import inspect
from collections.abc import Collection
from typing import Annotated, Any

import msgspec
from msgspec import Meta, UnsetType
from msgspec import inspect as types

from domain.fields import words
from domain.imports import BATCH_ITEMS, IGNORED_IN_SYNC
from domain.key import Key
from domain.resource import Resource
from domain.resources import RESOURCES
from domain.shape import bare, bounds_of, members_of
from domain.webhook import Webhook
from server.api.schemas import document
from server.api.shaping import Field, define, optional, renamed, required
from storage.keys import ApiKey
from storage.webhooks import Hook

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


@functools.cache
def create(resource: Resource) -> type[msgspec.Struct]:
    """The body of a create: null is as if absent, and what was read can be sent back."""
    about = f"A new {words(resource.kind)}; null is as if absent. {_SENT_BACK}"
    fields = [*_settable(resource.struct), *_ignored(resource)]
    return define(f"{resource.struct.__name__}Create", about, fields, closed=True)


@functools.cache
def patch(resource: Resource) -> type[msgspec.Struct]:
    """The body of a PATCH: every field may be absent, and null where it may be cleared."""
    about = (
        f"What to change of a {words(resource.kind)} (RFC 7396): what is absent stays, null clears"
        f" a field, objects are merged, lists are replaced. {_SENT_BACK}"
    )
    fields = [*_settable(resource.struct, partly=True), *_ignored(resource)]
    return define(f"{resource.struct.__name__}Patch", about, fields, closed=True)


def _settable(struct: type[msgspec.Struct], *, partly: bool = False) -> list[Field]:
    """The fields of a struct as they may be sent."""
    declared = zip(msgspec.structs.fields(struct), _info(struct).fields, strict=True)
    return [
        _settable_field(field.encode_name, _sendable(field.type, info.type), field.required, partly)
        for field, info in declared
    ]


def _settable_field(name: str, kind: Any, is_required: bool, partly: bool) -> Field:
    if not is_required:
        return optional(name, kind | None)
    return optional(name, kind) if partly else required(name, kind)


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
    return define(f"{struct.__name__}Input", about, _settable(struct))


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
        renamed(optional(field.encode_name, Annotated[field.type, READ_ONLY]))
        for field in msgspec.structs.fields(struct)
        if field.encode_name not in but
    ]


@functools.cache
def webhook(*, partly: bool = False) -> type[msgspec.Struct]:
    """The body of a webhook's create; or, where fields may be absent, of its PATCH."""
    about = "What to change of a webhook" if partly else "A new webhook"
    fields = [
        *_settable(Webhook, partly=partly),
        *_read_only(Hook, Webhook.__struct_encode_fields__),
    ]
    name = f"Webhook{'Patch' if partly else 'Create'}"
    return define(name, f"{about}. {_SENT_BACK}", fields, closed=True)


@functools.cache
def key() -> type[msgspec.Struct]:
    """The body of a new key."""
    fields = [*_settable(Key), *_read_only(ApiKey, Key.__struct_encode_fields__)]
    return define("ApiKeyCreate", f"A new key. {_SENT_BACK}", fields, closed=True)


@functools.cache
def of(
    struct: type[msgspec.Struct],
    shown: type[msgspec.Struct] | None = None,
    *,
    partly: bool = False,
) -> type[msgspec.Struct]:
    """The body that a struct is read from, or its PATCH; `shown` is what is read, where that is."""
    about = inspect.getdoc(struct) or ""
    fields = _settable(struct, partly=partly)
    if shown is not None:
        about = f"{about} {_SENT_BACK}"
        fields += _read_only(shown, struct.__struct_encode_fields__)
    name = f"{struct.__name__}{'Patch' if partly else 'Create'}"
    return define(name, about, fields, closed=True)


@functools.cache
def _upsert(resource: Resource) -> type[msgspec.Struct]:
    """An item of a batch."""
    about = f"{_merges(resource)} {_SENT_BACK}"
    fields = [*_settable(resource.struct, partly=True), *_ignored(resource)]
    return define(f"{resource.struct.__name__}Upsert", about, fields, closed=True)


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
    return define(name, about, [required("items", items)], closed=True)


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
            renamed(optional(name, Annotated[str, Meta(description=meaning)] | None))
            for name, meaning in named
        ),
        *_ignored(resource, but=tuple(name for name, _ in named)),
    ]
    about = f"{_merges(resource)} So it does by `_id`. {_SENT_BACK}"
    return define(f"{resource.struct.__name__}SyncItem", about, fields, closed=True)


@functools.cache
def sync() -> type[msgspec.Struct]:
    """The body of a sync."""
    categories = [
        optional(resource.snapshot, list[_snapshot_item(resource)] | None)  # type: ignore[misc]
        for resource in RESOURCES
    ]
    about = (
        "Rows of a trip, as far as they are to be merged into it: what is not here stays. An export"
        " can be sent as it is."
    )
    ignored = [
        optional(name, Annotated[_LOOSELY[name], READ_ONLY]) for name in sorted(IGNORED_IN_SYNC)
    ]
    return define("Snapshot", about, [*categories, *ignored], closed=True)
