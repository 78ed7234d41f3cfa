"""Batches and syncs: many items in one request (contract section 5)."""

import collections
import functools
from collections.abc import Iterator
from typing import Any, Final, Literal

import msgspec

from domain import details
from domain.errors import ValidationFailed
from domain.meant import retyped
from domain.merge import Document
from domain.near import Names
from domain.plan import ItemResult, Needs, Plan, Put, Tally
from domain.resource import Resource
from domain.resources import BY_KIND, RESOURCES
from domain.row import Row

BATCH_ITEMS: Final = 50
"""The most items of one batch."""

IGNORED_IN_SYNC: Final = frozenset({"trip", "members"})
"""Members of an export that a sync accepts, ignores, and does not answer."""


_NAMES_IN_ORDER: Final = [resource.snapshot for resource in RESOURCES]
_CATEGORIES: Final = frozenset(_NAMES_IN_ORDER)
_NAMES: Final = Names(
    {resource.snapshot: (resource.collection, *resource.also) for resource in RESOURCES}
)

ImportKind = Literal["batch", "sync"]


class ImportRequest(msgspec.Struct, omit_defaults=True):
    """What to do with a body of items; stored with a job, so that a worker can do it."""

    kind: ImportKind
    resource: str = ""
    """The kind of a batch's items."""
    parent_id: str = ""
    """The row a batch's items belong to, for kinds that have a parent."""
    dry_run: bool = False


class BatchResult(msgspec.Struct):
    """The answer to a batch."""

    results: list[ItemResult]
    created: int
    updated: int
    unchanged: int
    errors: int


class CategoryResult(msgspec.Struct):
    """The answer for one category of a sync."""

    created: int
    updated: int
    unchanged: int
    errors: int
    items: list[ItemResult]


ItemLists = list[tuple[Resource, list[Any]]]


def items_of(request: ImportRequest, body: Any) -> ItemLists:
    """The items of a body by resource, in the order to apply them.

    Raises `ValidationFailed` when the body is not such a request; items are not looked at.
    """
    if request.kind == "batch":
        return [(BY_KIND[request.resource], _batch_items(body))]
    return _sync_items(body)


def count_items(kind: ImportKind, body: Any) -> int:
    """How many items a body has; refuses what `items_of` refuses."""
    if kind == "batch":
        return len(_batch_items(body))
    return sum(len(items) for _, items in _sync_items(body))


def _object(body: Any, expected: str) -> Document:
    if isinstance(body, dict):
        return body
    remedy = "" if isinstance(body, list) else retyped("object", body)
    raise ValidationFailed([details.wrong_type("", expected, body, remedy)])


def _batch_items(sent: Any) -> list[Any]:
    expected = f"a list of 1 to {BATCH_ITEMS} items"
    body = _object(sent, 'an object {"items": [...]}')
    items = body.get("items")
    wrong = []
    if items is None:
        wrong.append(details.required("items", expected))
    elif not isinstance(items, list):
        wrong.append(details.wrong_type("items", expected, items, retyped("list", items)))
    elif not items:
        wrong.append(details.empty("items", expected))
    elif len(items) > BATCH_ITEMS:
        wrong.append(details.too_long("items", BATCH_ITEMS, "items; POST .../sync takes more"))
    for name in body:
        if name != "items":
            meant = ["items"] if items is None else []
            wrong.append(details.unknown_field(name, name, ["items"], meant))
    if wrong or not isinstance(items, list):
        raise ValidationFailed(wrong)
    return items


def _sync_items(sent: Any) -> ItemLists:
    body = _object(sent, 'an object such as {"legs": [...], "mapPins": [...]}')
    wrong = []
    lists: ItemLists = []
    for resource in RESOURCES:
        items = body.get(resource.snapshot)
        if isinstance(items, list):
            lists.append((resource, items))
        elif items is not None:
            remedy = retyped("list", items)
            wrong.append(details.wrong_type(resource.snapshot, "a list of items", items, remedy))
    for name, value in body.items():
        inner = _CATEGORIES & value.keys() if isinstance(value, dict) else ()
        if name not in _CATEGORIES and inner:
            where = f"not within {details.clipped(name)}: {', '.join(sorted(inner))} go to the top"
            wrong += [details.misplaced(f"{name}.{each}", where) for each in sorted(inner)]
        elif name not in _CATEGORIES | IGNORED_IN_SYNC:
            meant = _NAMES.find(name)
            wrong.append(details.unknown_field(name, name, _NAMES_IN_ORDER, meant))
    if wrong:
        raise ValidationFailed(wrong)
    return lists


def needs_of(lists: ItemLists) -> Needs:
    """What a plan must know to take these items."""
    needs = Needs()
    for resource, items in lists:
        needs.add(resource, items)
    return needs


class Run:
    """Items on their way into a plan, and in the end the answer to their import."""

    def __init__(self, plan: Plan, request: ImportRequest, lists: ItemLists) -> None:
        self._plan = plan
        self._request = request
        self._lists = lists
        self._tallies: list[tuple[Resource, Tally]] = []

    def new_rows(self) -> Iterator[Row]:
        """Applies the items; gives each new row once it is planned."""
        for resource, items in self._lists:
            tally = Tally()
            self._tallies.append((resource, tally))
            yield from tally.apply(self._plan, items, self._put(resource))

    @property
    def held(self) -> list[list[Any] | dict[Any, Any]]:
        """What it holds of each item, with its plan, for whoever clears it away."""
        items = [listed for _, listed in self._lists]
        results = [tally.results for _, tally in self._tallies]
        return [*items, *results, *self._plan.held]

    def finish(self) -> None:
        """Applies the items."""
        collections.deque(self.new_rows(), maxlen=0)

    def _put(self, resource: Resource) -> Put:
        plan, parent_id = self._plan, self._request.parent_id
        if self._request.kind == "batch":
            return lambda item: plan.upsert(resource, item, parent_id)
        return functools.partial(plan.upsert_from_snapshot, resource)

    def answer(self) -> tuple[int, bytes]:
        """The response's status and JSON body, once all items are applied."""
        answer: Any
        told = [(resource, tally.counts, tally.results) for resource, tally in self._tallies]
        if self._request.kind == "batch":
            ((_, counts, results),) = told
            answer = BatchResult(results=results, **counts)
        else:
            answer = {"dryRun": self._request.dry_run} | {
                resource.snapshot: CategoryResult(**counts, items=results)
                for resource, counts, results in told
            }
        failed = any(counts["errors"] for _, counts, _ in told)
        return 207 if failed else 200, msgspec.json.encode(answer)
