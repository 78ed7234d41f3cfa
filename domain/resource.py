"""What a resource of a trip is.

Everything about one follows from its declaration: routes, scopes, validation, PATCH, batch,
sync, export, the shared view, OpenAPI.
"""

import dataclasses
import functools
import struct as binary
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec
from msgspec import inspect as types

from domain import details
from domain.errors import Detail, ValidationFailed
from domain.explain import unknown, validate
from domain.fields import MAX_ITEM_BYTES, is_date, words
from domain.meant import MANY, retyped
from domain.merge import Document, merge
from domain.projection import safe_struct
from domain.shape import members_of

SERVER_MEMBERS: Final = frozenset(
    {"_id", "tripId", "createdAt", "updatedAt", "createdBy", "authorId", "completedAt"}
)
"""Members only the server sets: accepted of any resource and ignored (contract section 1)."""


@dataclasses.dataclass(frozen=True)
class Link:
    """A field holding the id of a row of `kind` in the same trip.

    In a sync the row may be named by its clientRef instead, in the member `ref`.
    """

    field: str
    kind: str
    ref: str

    @property
    def names_it(self) -> str:
        """What an item of a sync must say, in words."""
        return f"the _id of a {words(self.kind)} in {self.field}, or its clientRef in {self.ref}"

    def not_found(self, path: str, given: str) -> Detail:
        """That nothing is at the end of this link, by id or, with the path `ref`, by clientRef."""
        if self.kind == "member":
            where = "send the userId of one of GET /trips/{tripId}/members"
            return details.not_found(path, "member of this trip has the userId", given, where)
        what = words(self.kind)
        if path == self.ref:
            where = f"send the clientRef of a {what} of this trip or of an earlier item here"
            return details.not_found(path, f"{what} has the clientRef", given, where)
        where = (
            f"GET /trips/{{tripId}}/export has the _id of each {what}"
            f" (by clientRef, as {self.ref}, only in POST /trips/{{tripId}}/sync)"
        )
        return details.not_found(path, f"{what} of this trip has the _id", given, where)


def by_age(_fields: Document) -> str:
    """Sort key of lists that go by age: the revision that made a row decides, then its id."""
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
    also: tuple[str, ...] = ()
    """What else callers call the collection; errors name it for these."""
    elsewhere: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """For names that callers expect here, but something else has: a sentence on what has them."""

    def __post_init__(self) -> None:
        """Refuses, by a `TypeError`, what nothing would honour later."""
        members = members_of(self.struct).by_name
        where = self.struct.__name__
        if not any(member.required for member in members.values()):
            raise TypeError(f"{where}: at least one field must be required")
        own = SERVER_MEMBERS | {*self.stamped}
        if self.parent_link:
            own |= {self.parent_link.field, self.parent_link.ref}
        own |= {link.ref for link in self.links}
        if taken := own & members.keys():
            raise TypeError(f"{where}: {', '.join(sorted(taken))} cannot be fields")
        for name in ("clientRef", *(link.field for link in self.links)):
            if name in members and not isinstance(members[name].shape.kind, types.StrType):
                raise TypeError(f"{where}: {name} must be a string")

    @functools.cached_property
    def has_rules(self) -> bool:
        """Whether anything beside its struct decides what a new row is."""
        return (self.normalise, self.check, self.sort_key) != (_nothing, _no_rule, by_age)

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
        return tuple(
            Link(name, member.link, f"{name.removesuffix('Id')}Ref")
            for name, member in members_of(self.struct).by_name.items()
            if member.link
        )

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
        parent = {self.parent_link.field} if self.parent_link else set()
        return SERVER_MEMBERS | {*self.stamped} | parent

    @functools.cached_property
    def _not_here(self) -> Mapping[str, str]:
        """Sentences on names that are not this resource's, those of its links by ref included."""
        refs = {
            link.ref: f"{link.ref} is for POST /trips/{{tripId}}/sync;"
            f" here name the {words(link.kind)} by its _id, in {link.field}"
            for link in self.links
            if link.kind != "member"
        }
        if self.parent_link:
            refs[self.parent_link.ref] = (
                f"{self.parent_link.ref} is for POST /trips/{{tripId}}/sync;"
                f" here the path names the {words(self.parent_link.kind)}"
            )
        return {"items": MANY, **refs, **self.elsewhere}

    @functools.cached_property
    def safe(self) -> type[msgspec.Struct]:
        """The struct of the shared view (contract section 7)."""
        parent = (self.parent_link.field,) if self.parent_link else ()
        return safe_struct(self.struct, always=("_id", *parent))

    @functools.cached_property
    def _open_lists(self) -> tuple[tuple[str, frozenset[str]], ...]:
        return tuple(
            (name, frozenset(item.members.by_name))
            for name, member in members_of(self.struct).by_name.items()
            if (item := member.shape.item) is not None and item.members is not None
        )

    def sent(self, body: Any, *, with_parent: bool = False) -> Document:
        """The members of a request's object that count.

        `ValidationFailed` if it is no object. `with_parent` keeps the member that names the row's
        parent, as in a sync.
        """
        if not isinstance(body, dict):
            expected = f"an object with fields such as {', '.join(self.fields[:3])}"
            raise ValidationFailed(
                [details.wrong_type("", expected, body, retyped("object", body))]
            )
        kept = body.copy()
        if not self.ignored.isdisjoint(body):
            kept = {name: value for name, value in body.items() if name not in self.ignored}
        parent = self.parent_link
        if with_parent and parent is not None and parent.field in body:
            kept[parent.field] = body[parent.field]
        return kept

    def merge(self, before: Document, patch: Document) -> tuple[Document, list[Detail]]:
        """The members `before` has under a patch (RFC 7396), and all that is wrong with them.

        The patch's size is checked before anything looks into it. A null that clears no field is an
        unknown field like any other.
        """
        if too_large := _over_its_size(patch):
            return patch, too_large
        fields, found = self.validated(merge(before, patch))
        if before:
            # Each is within its size, and so may both be while they are not together.
            found += _over_its_size(fields)
        if None in patch.values():
            found += [
                unknown(self.struct, name, self._not_here)
                for name, value in patch.items()
                if value is None and name not in self.fields
            ]
        return fields, found

    def validated(self, merged: Document) -> tuple[Document, list[Detail]]:
        """A merged document's members in canonical order, and all that is wrong with them."""
        for name, known in self._open_lists:
            if isinstance(elements := merged.get(name), list):
                merged[name] = [_without_nulls(element, known) for element in elements]
        self.normalise(merged)
        found = validate(self.struct, merged, self._not_here) + self.check(merged)
        if found:
            return merged, found
        return {name: merged[name] for name in self.fields if name in merged}, []

    def fields_of(self, document: Document) -> Document:
        """The client's members of a stored document."""
        return {name: document[name] for name in self.fields if name in document}

    def members_at(self, row_id: str, trip_id: str, parent_id: str) -> int:
        """Where in the JSON of a stored document the client's members begin."""
        return self._opening_length + len(row_id) + len(trip_id) + len(parent_id)

    @functools.cached_property
    def _opening_length(self) -> int:
        return self._document("", "", "", "<", "", "").index("<")

    def _document(
        self, row_id: str, trip_id: str, parent_id: str, members: str, created: str, updated: str
    ) -> str:
        parent = f'"{self.parent_link.field}":"{parent_id}",' if self.parent_link else ""
        return (
            f'{{"_id":"{row_id}","tripId":"{trip_id}",{parent}{members}'
            f',"createdAt":"{created}","updatedAt":"{updated}"}}'
        )

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
        created = before["createdAt"] if before else now
        # A clock may have been set back since.
        updated = max(created, now)
        members = members_text(fields)
        return self._document(row_id, trip_id, parent_id, members, created, updated)

    def compose_new(
        self, members: str, *, row_id: str, trip_id: str, parent_id: str, now: str
    ) -> str:
        """The same for a new row, from what the client sets as `members_text`."""
        if self.stamp is not _no_stamp:
            fields = msgspec.json.decode(f"{{{members}}}")
            self.stamp({}, fields, now)
            members = members_text(fields)
        return self._document(row_id, trip_id, parent_id, members, now, now)


def members_text(fields: Document) -> str:
    """Members as JSON, without the braces around them."""
    return msgspec.json.encode(fields)[1:-1].decode()


def _without_nulls(element: Any, known: frozenset[str]) -> Any:
    """An element of an array as sent, but for known members that are null: as if absent."""
    if not isinstance(element, dict):
        return element
    return {k: v for k, v in element.items() if v is not None or k not in known}


def _over_its_size(members: Document) -> list[Detail]:
    if len(msgspec.json.encode(members)) <= MAX_ITEM_BYTES:
        return []
    return [details.too_long("", MAX_ITEM_BYTES, "bytes of JSON for one item")]


def not_before(
    fields: Document, start_name: str = "startDate", end_name: str = "endDate"
) -> list[Detail]:
    """That an end comes before its start, where both are dates; in this form they sort as text."""
    start, end = fields.get(start_name), fields.get(end_name)
    if not isinstance(start, str) or not isinstance(end, str):
        return []
    if is_date(start) and is_date(end) and end < start:
        return [details.out_of_range(end_name, f"not before {start_name}, {start}", end)]
    return []


def declared(*resources: Resource) -> tuple[Resource, ...]:
    """Resources that a trip holds together; `TypeError` where they do not fit each other.

    In a sync what is linked to comes first, and is named by a clientRef that is unique in the
    trip: of a resource with a parent it is not.
    """
    for number, resource in enumerate(resources):
        earlier = {each.kind: each for each in resources[:number]}
        for link in (*resource.links, *filter(None, [resource.parent_link])):
            target = earlier.get(link.kind)
            if link.kind != "member" and target is None:
                raise TypeError(f"{resource.kind}: {link.field} names no resource before it")
            if target is not None and target.parent is not None:
                raise TypeError(
                    f"{resource.kind}: {link.field} names a {target.kind},"
                    f" which belongs to a {target.parent.kind}"
                )
        for name in ("kind", "collection", "id_param", "snapshot"):
            if getattr(resource, name) in _values(earlier.values(), name):
                raise TypeError(f"{resource.kind}: another resource has this {name}")
    return resources


def _values(resources: Iterable[Resource], name: str) -> set[str]:
    return {getattr(resource, name) for resource in resources}
