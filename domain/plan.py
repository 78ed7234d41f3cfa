"""Diff-merge: what applying items to a trip would create, change, leave, or refuse.

A `Plan` is given the stored rows that matter (`Needs` says which), takes items one by one in
order, and ends as a `ChangeSet`. Single writes, batches, syncs and dry runs are all this; a dry
run is a plan that is not committed.
"""

import collections
import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from domain import details as wording
from domain.changes import ChangeSet
from domain.errors import MAX_DETAILS, CarnetError, Detail, ItemError, ValidationFailed
from domain.fields import words
from domain.merge import Document, diff, leaves, same
from domain.plain import Plain, client_ref_of, decoded
from domain.resource import Link, Resource, members_text
from domain.row import Row

Status = Literal["created", "updated", "unchanged"]


Outcome = tuple[Status, Row, Document]
"""What happened to an item, its row, and the fields it changed (told in a dry run only)."""

Put = Callable[[Any], Outcome]


class Changes(msgspec.Struct, rename={"from_": "from"}):
    """One field's change in a dry run; null where it is not set."""

    from_: Any
    to: Any


class ItemResult(
    msgspec.Struct, omit_defaults=True, rename={"id": "_id", "client_ref": "clientRef"}
):
    """The outcome of one item, as in the results of a batch or a sync."""

    index: int
    status: Literal["created", "updated", "unchanged", "error"]
    id: str | UnsetType = UNSET
    client_ref: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    """Of a row that a file has, unless it is unchanged: what a person knows it by."""
    changes: dict[str, Changes] | UnsetType = UNSET
    error: ItemError | UnsetType = UNSET


@dataclasses.dataclass
class Needs:
    """What a plan must be given before it can take some items."""

    refs: dict[str, set[str]] = dataclasses.field(default_factory=dict)
    """clientRefs by kind."""
    ids: set[str] = dataclasses.field(default_factory=set)
    """Row ids, of whatever kind."""
    members: bool = False
    """Whether an item names a member of the trip."""

    def add(self, resource: Resource, items: Iterable[Any]) -> None:
        """Notes what these items, sent for this resource, refer to."""
        links = resource.links + ((resource.parent_link,) if resource.parent_link else ())
        own_refs = self.refs.setdefault(resource.kind, set())
        for item in items:
            if (ref := client_ref_of(item)) is not None:
                own_refs.add(ref)
            if not isinstance(item, dict):
                continue
            if isinstance(row_id := item.get("_id"), str):
                self.ids.add(row_id)
            for link in links:
                self._add_link(link, item)

    def _add_link(self, link: Link, item: Document) -> None:
        if isinstance(target := item.get(link.field), str):
            if link.kind == "member":
                self.members = True
            else:
                self.ids.add(target)
        if isinstance(ref := item.get(link.ref), str):
            self.refs.setdefault(link.kind, set()).add(ref)


class Plan:
    """The outcome of items applied in order to one trip."""

    def __init__(
        self, trip_id: str, *, now: str, new_id: Callable[[], str], dry_run: bool = False
    ) -> None:
        self.trip_id = trip_id
        self.now = now
        self.dry_run = dry_run
        self.inserted: dict[str, Row] = {}
        self.updated: dict[str, Row] = {}
        self._before: dict[str, Row] = {}
        self._new_id = new_id
        self._rows: dict[tuple[str, str], Row] = {}
        self._refs: dict[tuple[str, str, str], Row] = {}
        self._members: frozenset[str] = frozenset()
        self._followed: dict[tuple[str, str], str] = {}

    def add_stored(self, rows: Iterable[Row]) -> None:
        """Takes stored rows into account."""
        for row in rows:
            first = self._rows.setdefault((row.kind, row.id), row) is row
            if first and row.client_ref is not None:
                self._refs[row.kind, row.parent_id, row.client_ref] = row

    def add_members(self, user_ids: Iterable[str]) -> None:
        """Takes the trip's members into account."""
        self._members = frozenset(user_ids)

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.inserted or self.updated)

    @property
    def changes(self) -> ChangeSet:
        """What is to be written."""
        return ChangeSet(
            created=list(self.inserted.values()),
            updated=list(self.updated.values()),
            before=self._before,
        )

    def find(self, resource: Resource, item: Any, parent_id: str = "") -> Row | None:
        """The row that an item sent to create one would merge into."""
        return self._by_ref(resource, parent_id, client_ref_of(item))

    def upsert(self, resource: Resource, item: Any, parent_id: str = "") -> Outcome:
        """A create under `parent_id`: merges into the row with the item's clientRef, if any.

        An item is JSON, decoded or plain. Raises `ValidationFailed` and changes nothing when it is
        wrong.
        """
        if (outcome := self._put_plain(resource, item, parent_id)) is not None:
            return outcome
        patch = resource.sent(decoded(item))
        row = self._by_ref(resource, parent_id, patch.get("clientRef"))
        return self._put(resource, row, patch, parent_id, self._check_links(resource, patch))

    def patch(self, resource: Resource, row: Row, item: Any) -> Outcome:
        """A merge into a stored row."""
        patch = resource.sent(item)
        return self._put(resource, row, patch, row.parent_id, self._check_links(resource, patch))

    def upsert_from_snapshot(self, resource: Resource, item: Any) -> Outcome:
        """Like `upsert`, for an item of a sync (contract section 5).

        The item may name rows by clientRef (`legRef`), may itself be named by the `_id` of a
        row of this trip, and its links may name `_id`s of the same snapshot.
        """
        # What is plain names no row, but a parent has to be named.
        outcome = self._put_plain(resource, item, "") if resource.parent is None else None
        if outcome is not None:
            return outcome
        item = decoded(item)
        own_id = item.get("_id") if isinstance(item, dict) else None
        patch = resource.sent(item, with_parent=True)
        details = self._follow_links(resource.links, patch)
        row = self._rows.get((resource.kind, own_id)) if isinstance(own_id, str) else None
        parent_id = row.parent_id if row else ""
        if resource.parent_link:
            problems, parent_id = self._follow_parent(resource.parent_link, patch, parent_id)
            details += problems
        row = self._by_ref(resource, parent_id, patch.get("clientRef")) or row
        status, row, changes = self._put(resource, row, patch, parent_id, details)
        if isinstance(own_id, str):
            self._followed[resource.kind, own_id] = row.id
        return status, row, changes

    def upsert_by_id(self, resource: Resource, item: Any) -> Outcome:
        """Like `upsert_from_snapshot`, but what means to change a row creates none.

        An `_id` must be a row's, and the clientRef beside it no other row's.
        """
        own_id = item.get("_id") if isinstance(item, dict) else None
        if own_id is not None:
            named = self._rows.get((resource.kind, own_id)) if isinstance(own_id, str) else None
            if named is None:
                raise ValidationFailed([_no_row(resource, own_id)])
            namesake = self._by_ref(resource, named.parent_id, item.get("clientRef"))
            if namesake not in (None, named):
                raise ValidationFailed([_taken(namesake)])
        return self.upsert_from_snapshot(resource, item)

    def _put_plain(self, resource: Resource, item: Any, parent_id: str) -> Outcome | None:
        """What becomes of an item where its text alone tells; else None."""
        if not isinstance(item, Plain):
            return None
        members, ref = item.members, item.client_ref
        row = self._refs.get((resource.kind, parent_id, ref)) if ref is not None else None
        if row is None:
            return "created", self._insert(resource, members, ref, item.sort_key, parent_id), {}
        if row.has(members, resource.members_at(row.id, self.trip_id, parent_id)):
            return "unchanged", row, {}
        return None

    def _by_ref(self, resource: Resource, parent_id: str, ref: Any) -> Row | None:
        if not isinstance(ref, str):
            return None
        return self._refs.get((resource.kind, parent_id, ref))

    def _check_links(self, resource: Resource, patch: Document) -> list[Detail]:
        if not resource.links:
            return []
        return [
            link.not_found(link.field, target)
            for link in resource.links
            if isinstance(target := patch.get(link.field), str)
            and not self._exists(link.kind, target)
        ]

    def _exists(self, kind: str, target: str) -> bool:
        if kind == "member":
            return target in self._members
        return (kind, target) in self._rows

    def _follow_links(self, links: Sequence[Link], patch: Document) -> list[Detail]:
        """Puts the ids of this trip's rows where a snapshot's item names others."""
        details = []
        for link in links:
            target = patch.get(link.field)
            if isinstance(target, str):
                target = self._followed.get((link.kind, target), target)
                patch[link.field] = target
                if not self._exists(link.kind, target):
                    details.append(link.not_found(link.field, target))
            if link.kind == "member" or (ref := patch.pop(link.ref, None)) is None:
                continue
            if not isinstance(ref, str):
                details.append(wording.wrong_type(link.ref, "a clientRef, a string", ref))
            elif (named := self._refs.get((link.kind, "", ref))) is None:
                details.append(link.not_found(link.ref, ref))
            elif target is not None and target != named.id:
                details.append(
                    wording.fixed(link.ref, f"{link.field} names another row: send one of the two")
                )
            else:
                patch[link.field] = named.id
        return details

    def _follow_parent(self, link: Link, patch: Document, present: str) -> tuple[list[Detail], str]:
        """The id of the row an item of a snapshot belongs to, taken out of the item."""
        details = self._follow_links((link,), patch)
        parent_id = patch.pop(link.field, None) or present
        if not isinstance(parent_id, str):
            return [
                *details,
                wording.wrong_type(link.field, "an _id, a string", parent_id),
            ], present
        if not parent_id and not details:
            details.append(wording.required(link.field, link.names_it))
        return details, parent_id

    def _put(
        self,
        resource: Resource,
        row: Row | None,
        patch: Document,
        parent_id: str,
        details: list[Detail],
    ) -> Outcome:
        if row is None:
            fields, problems = resource.merge({}, patch)
            if details or problems:
                raise ValidationFailed(details + problems)
            members, sort_key = members_text(fields), resource.sort_key(fields)
            ref = fields.get("clientRef")
            return "created", self._insert(resource, members, ref, sort_key, parent_id), {}
        if not details and self._stays(resource, row, patch, parent_id):
            return "unchanged", row, {}
        before = resource.fields_of(row.document)
        fields, problems = resource.merge(before, patch)
        # A link that stays what it is may name what is gone, such as a member who has left.
        details = [each for each in details if not _is_unchanged(before, patch, each)] + problems
        taken = self._by_ref(resource, parent_id, fields.get("clientRef"))
        if taken is not None and taken is not row:
            details.append(_taken(taken))
        if details:
            raise ValidationFailed(details)
        if row.parent_id == parent_id and same(before, fields):
            return "unchanged", row, {}
        changes = self._changes(resource, row, parent_id, before, fields)
        self._update(resource, row, fields, parent_id)
        return "updated", row, changes

    def _stays(self, resource: Resource, row: Row, patch: Document, parent_id: str) -> bool:
        """Whether a row plainly stays what it is; False where it takes a merge to tell."""
        if row.parent_id != parent_id:
            return False
        start = resource.members_at(row.id, self.trip_id, parent_id)
        ordered = {name: patch[name] for name in resource.fields if name in patch}
        if len(ordered) == len(patch) and row.has(members_text(ordered), start):
            return True
        return leaves(row.document, patch)

    def _changes(
        self, resource: Resource, row: Row, parent_id: str, before: Document, fields: Document
    ) -> Document:
        if not self.dry_run:
            return {}
        changes = diff(before, fields)
        if resource.parent_link and row.parent_id != parent_id:
            changes[resource.parent_link.field] = {"from": row.parent_id, "to": parent_id}
        for link in (*resource.links, resource.parent_link):
            # A row that would be created has no id to tell yet.
            if link and link.field in changes and changes[link.field]["to"] in self.inserted:
                changes[link.field]["to"] = None
        return changes

    def _insert(
        self,
        resource: Resource,
        members: str,
        client_ref: str | None,
        sort_key: str,
        parent_id: str,
    ) -> Row:
        row_id = self._new_id()
        json = resource.compose_new(
            members, row_id=row_id, trip_id=self.trip_id, parent_id=parent_id, now=self.now
        )
        row = Row(resource.kind, row_id, parent_id, json, sort_key, client_ref=client_ref)
        self._index(row)
        self.inserted[row_id] = row
        return row

    def _update(self, resource: Resource, row: Row, fields: Document, parent_id: str) -> None:
        if row.id not in self.inserted and row.id not in self._before:
            self._before[row.id] = row.copy()
        if row.client_ref is not None:
            del self._refs[resource.kind, row.parent_id, row.client_ref]
        json = resource.compose(
            fields,
            row.document,
            row_id=row.id,
            trip_id=self.trip_id,
            parent_id=parent_id,
            now=self.now,
        )
        row.rewrite(json, fields.get("clientRef"))
        row.parent_id = parent_id
        row.sort_key = resource.sort_key(fields)
        self._index(row)
        if row.id not in self.inserted:
            self.updated[row.id] = row

    def _index(self, row: Row) -> None:
        """Makes a row to be found by its id and its clientRef."""
        self._rows[row.kind, row.id] = row
        if row.client_ref is not None:
            self._refs[row.kind, row.parent_id, row.client_ref] = row


def _taken(row: Row) -> Detail:
    return wording.duplicate("clientRef", f"the row {row.id} has this clientRef")


def _no_row(resource: Resource, given: Any) -> Detail:
    if not isinstance(given, str):
        return wording.wrong_type("_id", "an _id, a string", given)
    what = f"{words(resource.kind)} of this trip has the _id"
    where = "leave _id out to create one, or send one of GET /trips/{tripId}/export"
    return wording.not_found("_id", what, given, where)


def _is_unchanged(before: Document, patch: Document, detail: Detail) -> bool:
    name = detail.path
    return name in before and detail.reason == "not_found" and before[name] == patch.get(name)


def apply_items(
    plan: Plan, items: Iterable[Any], put: Put, room: int = MAX_DETAILS
) -> list[ItemResult]:
    """Applies `put` to each item in order; one that fails leaves the others alone.

    Of all that is wrong the first `room` details are given.
    """
    results = []
    for index, item in enumerate(items):
        result = _attempt(plan, index, item, put, room)
        room -= count_details(result)
        results.append(result)
    return results


def count_details(result: ItemResult) -> int:
    """How many details the outcome of an item has."""
    return len(result.error.details or ()) if result.error else 0


def count_results(results: Iterable[ItemResult]) -> dict[str, int]:
    """`created`, `updated`, `unchanged`, `errors`."""
    seen = collections.Counter(result.status for result in results)
    counts = {"created": seen["created"], "updated": seen["updated"]}
    return counts | {"unchanged": seen["unchanged"], "errors": seen["error"]}


def _attempt(plan: Plan, index: int, item: Any, put: Put, room: int) -> ItemResult:
    try:
        status, row, changes = put(item)
    except CarnetError as error:
        ref = client_ref_of(item)
        given = UNSET if ref is None else ref
        return ItemResult(index, "error", client_ref=given, error=error.for_item(room))
    result = ItemResult(index, status, row.id, row.client_ref or UNSET)
    if plan.dry_run and row.id in plan.inserted:
        result.id = UNSET
    if changes:
        result.changes = {name: Changes(c["from"], c["to"]) for name, c in changes.items()}
    return result
