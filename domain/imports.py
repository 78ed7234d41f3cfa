"""Batches and syncs: many items in one request (contract section 5)."""

import dataclasses
import functools
from typing import Any, Final, Literal

import msgspec

from domain import details, json_body, plain
from domain.errors import MAX_DETAILS, ValidationFailed
from domain.meant import retyped
from domain.merge import Document
from domain.near import Names
from domain.plan import (
    ItemResult,
    Needs,
    Plan,
    Put,
    apply_items,
    count_details,
    count_results,
)
from domain.resource import Resource
from domain.resources import BY_KIND, RESOURCES

BATCH_ITEMS: Final = 50
"""The most items of one batch."""

IGNORED_IN_SYNC: Final = frozenset({"trip", "members", "rev"})
"""Members of an export that a sync accepts, ignores, and does not answer."""


_NAMES_IN_ORDER: Final = [resource.snapshot for resource in RESOURCES]
_CATEGORIES: Final = frozenset(_NAMES_IN_ORDER)
NAMES_IN_SYNC: Final = _CATEGORIES | IGNORED_IN_SYNC
"""The members that a sync may have."""
_NAMES: Final = Names(
    {resource.snapshot: (resource.collection, *resource.also) for resource in RESOURCES}
)

_ELSEWHERE: Final = {
    "dryRun": "dryRun goes into the query: POST /trips/{tripId}/sync?dryRun=true",
    "messages": "messages go one by one to POST /trips/{tripId}/channels/{channelId}/messages",
}
"""What callers expect in a sync, and what has it."""

ImportKind = Literal["batch", "sync", "upsert"]
"""An upsert is like a batch, but its items may name rows as those of a sync do."""


class ImportRequest(msgspec.Struct, omit_defaults=True):
    """What to do with a body of items; stored with a job, so that a worker can do it."""

    kind: ImportKind
    resource: str = ""
    """The kind of the items; "" for a sync, which has several."""
    parent_id: str = ""
    """The row a batch's items belong to, for kinds that have a parent."""
    dry_run: bool = False
    content_rev: int | None = None
    """The revision of the trip's content that it was asked for with `If-Match`; it must not have
    changed when the import is done."""


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
"""Items of resources, each plain or decoded JSON."""

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_items = msgspec.json.Decoder(list[msgspec.Raw])


def split(raw: bytes) -> Any:
    """A body decoded as far as its lists, which costs a tenth of decoding their items."""
    try:
        return {name: _list_or_value(value) for name, value in _members.decode(raw).items()}
    except (msgspec.MsgspecError, ValueError, RecursionError):
        # It is no object, or no JSON: what is wrong, decoding it whole tells.
        return json_body.decode(raw, json_body.IMPORT_DEPTH)


def _list_or_value(raw: msgspec.Raw) -> Any:
    if bytes(memoryview(raw)[:1]) == b"[":
        return _items.decode(raw)
    return msgspec.json.decode(raw)


def read(request: ImportRequest, raw: bytes, parts: Any) -> ItemLists:
    """The items of a body, of which `parts` is what `split` gives.

    Raises `ValidationFailed` when the body is malformed, or not such a request.
    """
    lists = items_of(request, parts)
    plainly = [(resource, plain.decode_list(resource, items)) for resource, items in lists]
    if _all_plain(raw, lists, plainly):
        return plainly
    whole = items_of(request, json_body.decode(raw, json_body.IMPORT_DEPTH))
    return [
        (
            resource,
            [value if item is None else item for item, value in zip(items, values, strict=True)],
        )
        for (resource, items), (_, values) in zip(plainly, whole, strict=True)
    ]


def _all_plain(raw: bytes, lists: ItemLists, plainly: ItemLists) -> bool:
    """Whether a body is nothing but lists of plain items."""
    if not all(all(items) for _, items in plainly):
        return False
    # Further members, and a list whose name comes again, have colons too.
    colons = sum(b"".join(items).count(b":") for _, items in lists)
    return raw.count(b":") == len(lists) + colons


def items_of(request: ImportRequest, body: Any) -> ItemLists:
    """The items of a body by resource, in the order to apply them.

    Raises `ValidationFailed` when the body is not such a request; items are not looked at.
    """
    if request.resource:
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
        elif name in _ELSEWHERE:
            wrong.append(details.misplaced(name, _ELSEWHERE[name]))
        elif name not in NAMES_IN_SYNC:
            meant = _NAMES.find(name)
            wrong.append(details.unknown_field(name, name, _NAMES_IN_ORDER, meant))
    if wrong:
        raise ValidationFailed(wrong)
    return lists


def needs_of(lists: ItemLists) -> Needs:
    """What a plan must be given to take these items."""
    needs = Needs()
    for resource, items in lists:
        needs.add(resource, items)
    return needs


@dataclasses.dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of the items: the body to answer with."""

    answer: BatchResult | dict[str, Any]
    """A `BatchResult`, or of a sync `dryRun` and a `CategoryResult` for each category sent."""
    failed: bool
    """Whether any item failed."""


def apply_import(plan: Plan, request: ImportRequest, lists: ItemLists) -> ImportResult:
    """Applies the items of a batch or a sync to a plan."""
    results, room = [], MAX_DETAILS
    for resource, items in lists:
        listed = apply_items(plan, items, _put(plan, request, resource), room)
        room -= sum(map(count_details, listed))
        results.append((resource, listed))
    failed = any(result.status == "error" for _, listed in results for result in listed)
    if request.resource:
        ((_, listed),) = results
        return ImportResult(BatchResult(results=listed, **count_results(listed)), failed)
    categories = {
        resource.snapshot: CategoryResult(**count_results(listed), items=listed)
        for resource, listed in results
    }
    return ImportResult({"dryRun": request.dry_run} | categories, failed)


def _put(plan: Plan, request: ImportRequest, resource: Resource) -> Put:
    if request.kind == "batch":
        return lambda item: plan.upsert(resource, item, request.parent_id)
    if request.kind == "upsert":
        return functools.partial(plan.upsert_by_id, resource)
    return functools.partial(plan.upsert_from_snapshot, resource)
