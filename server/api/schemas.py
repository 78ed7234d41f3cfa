"""The shapes of replies, derived from what the resources declare.

No handler uses these structs: documents go in and out as JSON. They are what the route table
names, and what the OpenAPI document is made of.
"""

import datetime
import functools
import inspect
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from domain.imports import CategoryResult
from domain.merge import Document
from domain.message import CHANNEL, MESSAGE
from domain.resource import Resource
from domain.resources import LEG, RESOURCES
from domain.trip import TRIP
from domain.undo import CATEGORIES, UndoneRows
from operations.shares import SafeMember
from server.api.shaping import Field, define, optional, required
from storage.groups import Member

Moment = Annotated[datetime.datetime, Meta(tz=True)]


def _declared(resource: Resource) -> list[Field]:
    """The resource's own fields, as documents have them."""
    filled: Document = {}
    # What it puts where nothing was sent is in every document.
    resource.normalise(filled)
    return [
        required(field.encode_name, field.type)
        if field.required or field.encode_name in filled
        else optional(field.encode_name, field.type)
        for field in msgspec.structs.fields(resource.struct)
    ]


@functools.cache
def document(resource: Resource) -> type[msgspec.Struct]:
    """A stored row as it is read."""
    identity = [required("_id", str)]
    if resource is not TRIP:
        identity.append(required("tripId", str))
    if resource.parent_link:
        identity.append(required(resource.parent_link.field, str))
    stamped = [
        optional(name, Moment) if name.endswith("At") else required(name, str)
        for name in resource.stamped
    ]
    times = [required("createdAt", Moment), required("updatedAt", Moment)]
    fields = [*identity, *_declared(resource), *stamped, *times]
    return define(resource.struct.__name__, inspect.getdoc(resource.struct) or "", fields)


@functools.cache
def documents() -> frozenset[type[msgspec.Struct]]:
    """What a row of a trip, or a trip, may be read as."""
    return frozenset(map(document, (TRIP, *RESOURCES, CHANNEL, MESSAGE)))


@functools.cache
def sync_result() -> type[msgspec.Struct]:
    """The reply to a sync: each category that was sent."""
    categories = [optional(resource.snapshot, CategoryResult) for resource in RESOURCES]
    about = "What became of the items, for each list that was sent."
    return define("SyncResult", about, [required("dryRun", bool), *categories])


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
    categories = [optional(resource.snapshot, CategoryResult) for resource in RESOURCES]
    told = [
        required("rejects", list[FileReject]),
        required("notImported", dict[str, int]),
        required("notices", list[str]),
        optional("moreRejects", int),
    ]
    about = (
        "What became of what a file holds: of its rows as of a sync's, by list; what could be no"
        " row, and why; how much of what else it has was left."
    )
    return define("FileResult", about, [required("dryRun", bool), *categories, *told])


@functools.cache
def undo_result() -> type[msgspec.Struct]:
    """The reply to an undo: each kind of row that is concerned."""
    categories = [optional(resource.snapshot, UndoneRows) for resource in CATEGORIES]
    known = [required("dryRun", bool), required("rev", int)]
    about = "What became of the rows, by kind; `rev` is the changeset that this made."
    return define("UndoResult", about, [*known, *categories])


@functools.cache
def page(item: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """A page of a list."""
    return define(
        f"{item.__name__}Page",
        "A page of a list; `nextCursor` leads to the next one, and is null on the last.",
        [required("items", list[item]), required("nextCursor", str | None)],  # type: ignore[valid-type]
    )


@functools.cache
def export() -> type[msgspec.Struct]:
    """A whole trip."""
    lists = [required(r.snapshot, list[document(r)]) for r in RESOURCES]  # type: ignore[misc]
    return define(
        "Export",
        "A whole trip at one moment: the state that `rev`, its last change, left.",
        [
            required("trip", document(TRIP)),
            *lists,
            required("members", list[Member]),
            required("rev", int),
        ],
    )


@functools.cache
def shared_trip() -> type[msgspec.Struct]:
    """The shared view of a trip and its legs."""
    return define(
        "SharedView",
        "A shared trip and its legs: what is safe to show to anyone.",
        [required("trip", TRIP.safe), required("legs", list[LEG.safe])],  # type: ignore[name-defined]
    )


@functools.cache
def shared_export() -> type[msgspec.Struct]:
    """The shared view of a whole trip."""
    lists = [required(r.snapshot, list[r.safe]) for r in RESOURCES]  # type: ignore[name-defined]
    return define(
        "SharedExport",
        "A whole shared trip: what is safe to show to anyone.",
        [required("trip", TRIP.safe), *lists, required("members", list[SafeMember])],
    )
