"""What a resource of a trip is.

Everything about one follows from its declaration: routes, scopes, validation, PATCH, batch,
sync, export, the shared view, OpenAPI.
"""

import dataclasses
import functools
import struct as binary
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import inspect as types

from domain.errors import Detail, ValidationFailed
from domain.explain import bare, validate
from domain.fields import MAX_ITEM_BYTES, is_date
from domain.merge import Document, merge
from domain.projection import safe_struct

SERVER_MEMBERS = frozenset(
    {"_id", "tripId", "createdAt", "updatedAt", "createdBy", "authorId", "completedAt"}
)
"""Members only the server sets: accepted in a request and ignored (contract section 1)."""


@dataclasses.dataclass(frozen=True)
class Link:
    """A field holding the id of a row of `kind` in the same trip.

    In a sync the row may be named by its clientRef instead, in the member `ref`.
    """

    field: str
    kind: str
    ref: str


def by_age(_fields: Document) -> str:
    """Sort key of lists that go by age: the id alone decides."""
    return ""


def number_key(number: float) -> str:
    """A number ≥ 0 as text that sorts bytewise as the numbers do (IEEE 754, big-endian)."""
    return binary.pack(">d", float(number) + 0.0).hex()


def _nothing(_fields: Document) -> None:
    return None


def _no_rule(_fields: Document) -> list[Detail]:
    return []


def _no_stamp(_before: Document, _after: Document, _now: str) -> None:
    return None


@dataclasses.dataclass(frozen=True, eq=False)
class Resource:
    """The declaration of one kind of thing in a trip.

    `struct` holds what a client may set, its JSON names being the document's members. The
    rule functions work on those members: `normalise` edits them before they are checked,
    `check` gives what is wrong across fields (which may be wrong one by one too), `sort_key`
    gives bytewise-sortable text, and `stamp(before, after, now)` sets the server's own members
    on a stored document.
    """

    kind: str
    """The stored name, singular: `leg`."""
    struct: type[msgspec.Struct]
    collection: str
    """The path segment: `legs`."""
    id_param: str
    """The id's name in path templates: `legId`."""
    snapshot: str
    """The name in sync and export: `legs`."""
    parent: "Resource | None" = None
    sort_key: Callable[[Document], str] = by_age
    normalise: Callable[[Document], None] = _nothing
    check: Callable[[Document], list[Detail]] = _no_rule
    stamp: Callable[[Document, Document, str], None] = _no_stamp
    stamped: tuple[str, ...] = ()
    """Names of the members only the server sets, beside id, parents and times."""

    @property
    def path(self) -> str:
        """The collection's path template below `/trips/{tripId}`."""
        above = f"{self.parent.path}/{{{self.parent.id_param}}}" if self.parent else ""
        return f"{above}/{self.collection}"

    @functools.cached_property
    def fields(self) -> tuple[str, ...]:
        """JSON names of what a client may set, in declared order."""
        return self.struct.__struct_encode_fields__

    @functools.cached_property
    def links(self) -> tuple[Link, ...]:
        """The fields that name other rows of the trip, or members."""
        found = []
        for field in _info(self.struct).fields:
            extra = field.type.extra if isinstance(field.type, types.Metadata) else None
            if kind := (extra or {}).get("link"):
                name = field.encode_name
                found.append(Link(name, kind, f"{name.removesuffix('Id')}Ref"))
        return tuple(found)

    @functools.cached_property
    def parent_link(self) -> Link | None:
        """How a row names its parent in a sync and in its document."""
        if self.parent is None:
            return None
        name = self.parent.id_param
        return Link(name, self.parent.kind, f"{name.removesuffix('Id')}Ref")

    @functools.cached_property
    def ignored(self) -> frozenset[str]:
        """Members accepted and ignored where the path names trip, parent and row."""
        own = SERVER_MEMBERS | ({self.parent_link.field} if self.parent_link else set())
        return frozenset(own - set(self.fields))

    @functools.cached_property
    def safe(self) -> type[msgspec.Struct]:
        """The struct of the shared view (contract section 7)."""
        parent = (self.parent_link.field,) if self.parent_link else ()
        return safe_struct(self.struct, always=("_id", *parent))

    @functools.cached_property
    def _open_lists(self) -> tuple[tuple[str, frozenset[str]], ...]:
        found = []
        for field in _info(self.struct).fields:
            kind = bare(field.type)
            if isinstance(kind, types.ListType):
                element = bare(kind.item_type)
                if isinstance(element, types.StructType):
                    names = frozenset(f.encode_name for f in element.fields)
                    found.append((field.encode_name, names))
        return tuple(found)

    def sent(self, body: Any, *, with_parent: bool = False) -> Document:
        """The members of a request's object that count; `ValidationFailed` if it is none.

        `with_parent` keeps the one that names the row's parent, as in a sync.
        """
        if not isinstance(body, dict):
            raise ValidationFailed([Detail("", "wrong_type")])
        if self.ignored.isdisjoint(body):
            return body.copy()
        kept = self.parent_link.field if with_parent and self.parent_link else None
        return {n: value for n, value in body.items() if n not in self.ignored or n == kept}

    def merge(self, before: Document, patch: Document) -> tuple[Document, list[Detail]]:
        """The members `before` has under a patch (RFC 7396), and all that is wrong with them.

        A null that clears nothing we know is an unknown field like any other.
        """
        fields, details = self.settle(merge(before, patch))
        if None in patch.values():
            details += [
                Detail(name, "unknown_field")
                for name, value in patch.items()
                if value is None and name not in self.fields
            ]
        return fields, details

    def settle(self, merged: Document) -> tuple[Document, list[Detail]]:
        """A merged document's members in canonical order, and all that is wrong with them."""
        for name, known in self._open_lists:
            if isinstance(elements := merged.get(name), list):
                merged[name] = [_without_nulls(element, known) for element in elements]
        self.normalise(merged)
        details = validate(self.struct, merged) + self.check(merged)
        if len(msgspec.json.encode(merged)) > MAX_ITEM_BYTES:
            details.append(Detail("", "too_long"))
        if details:
            return merged, details
        return {name: merged[name] for name in self.fields if name in merged}, []

    def fields_of(self, document: Document) -> Document:
        """The client's members of a stored document."""
        return {name: document[name] for name in self.fields if name in document}

    def members_at(self, row_id: str, trip_id: str, parent_id: str) -> int:
        """Where in the JSON of a stored document the client's members begin."""
        return self._opening_length + len(row_id) + len(trip_id) + len(parent_id)

    @functools.cached_property
    def _opening_length(self) -> int:
        return len(self._opening("", "", ""))

    def _opening(self, row_id: str, trip_id: str, parent_id: str) -> str:
        parent = f'"{self.parent_link.field}":"{parent_id}",' if self.parent_link else ""
        return f'{{"_id":"{row_id}","tripId":"{trip_id}",{parent}'

    def compose(
        self,
        fields: Document,
        before: Document | None,
        *,
        row_id: str,
        trip_id: str,
        parent_id: str,
        now: str,
    ) -> str:
        """The stored document as JSON: identity, the client's members, the server's.

        `fields` are one member at least, in canonical order; `before` is the document until now.
        """
        if self.stamp is not _no_stamp:
            fields = fields.copy()
            self.stamp(before or {}, fields, now)
        members = msgspec.json.encode(fields)[1:-1].decode()
        created = before["createdAt"] if before else now
        opening = self._opening(row_id, trip_id, parent_id)
        return f'{opening}{members},"createdAt":"{created}","updatedAt":"{now}"}}'


def _info(struct: type[msgspec.Struct]) -> types.StructType:
    info = types.type_info(struct)
    assert isinstance(info, types.StructType)
    return info


def _without_nulls(element: Any, known: frozenset[str]) -> Any:
    """An element of an array as sent, but for known members that are null: as if absent."""
    if not isinstance(element, dict):
        return element
    return {k: v for k, v in element.items() if v is not None or k not in known}


def end_not_before_start(fields: Document) -> list[Detail]:
    """`endDate` not before `startDate`, where both are dates; in this form they sort as text."""
    start, end = fields.get("startDate"), fields.get("endDate")
    if not isinstance(start, str) or not isinstance(end, str):
        return []
    if is_date(start) and is_date(end) and end < start:
        return [Detail("endDate", "out_of_range")]
    return []
