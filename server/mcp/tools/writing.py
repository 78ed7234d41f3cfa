"""Items of a trip: make, change and delete them, one kind at a time or all at once."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from domain import details
from domain.errors import NotFound
from domain.fields import also, words
from domain.imports import ImportRequest
from domain.merge import Document
from domain.resource import Resource
from domain.resources import RESOURCES
from operations import imports, rows
from server.mcp.arguments import Cursor, DryRun, OfTrip
from server.mcp.results import (
    BREVITIES,
    Answer,
    Entry,
    cut,
    name_of,
    outcome,
    tell_all,
)
from server.mcp.tool import Tool, Use
from server.mcp.tools.reading import Kind
from server.mcp.wording import upsert_name
from server.route import Queued
from storage import items, jobs, trips
from storage.store import Tx

_IN_HISTORY: Final = "history with the rev of this sync lists all that was changed"
"""That rev is in history too: the result of a job does not tell it."""


class Upsert(OfTrip, rename="camel", kw_only=True):
    """What to do with the items."""

    dry_run: DryRun | UnsetType = UNSET


class Deletion(OfTrip, rename="camel", kw_only=True):
    """Which items."""

    ids: Annotated[list[str], Meta(min_length=1, max_length=20), also("id", "items", "itemIds")]
    kind: Annotated[Kind, also("type")] | UnsetType = UNSET


class Sync(OfTrip, rename="camel", kw_only=True):
    """What to do with the snapshot."""

    dry_run: DryRun | UnsetType = UNSET
    cursor: Cursor | UnsetType = UNSET


async def _upsert(tx: Tx, use: Use) -> Answer:
    (resource, sent), *_ = use.items
    dry_run = bool(use.get("dryRun", False))
    request = ImportRequest("upsert", resource.kind, dry_run=dry_run)
    result = await imports.apply(tx, use.call.cause, use.trip_id, request, use.items)
    told: Document = msgspec.to_builtins(result.answer)
    results: list[Document] = told.pop("results")
    stored = await _names(tx, use.trip_id, [each["_id"] for each in results if "_id" in each])
    for each in results:
        name = stored.get(each.get("_id", "")) or name_of(sent[each["index"]])
        if name is not None:
            each["name"] = name
    return await _answer(tx, use, told, [(words(resource.kind), each) for each in results])


async def _names(tx: Tx, trip_id: str, ids: Sequence[str]) -> dict[str, str | None]:
    found = await items.by_ids(tx, trip_id, ids)
    return {row.id: name_of(row.document) for row in found}


async def _answer(
    tx: Tx, use: Use, counts: Document, outcomes: Sequence[tuple[str, Document]]
) -> Answer:
    """What became of items; a failure where that is nothing at all."""
    dry_run = use.get("dryRun", False)
    rev = (await trips.revisions(tx, use.trip_id)).rev
    head = {"tripId": use.trip_id, "dryRun": dry_run, "rev": rev, **counts}
    told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    text = f"Nothing is written yet; it would be: {told}" if dry_run else f"{told} (rev {rev})"
    failed = counts["errors"] == len(outcomes)
    answer = Answer(
        text=text, head=head, listed="results", failed=failed, rest="there is no room for them here"
    )
    return tell_all(answer, outcomes)


async def _delete_items(tx: Tx, use: Use) -> Answer:
    ids = list(dict.fromkeys(use.get("ids")))
    wanted = use.get("kind")
    if wanted is not None:
        kinds = {row.id: row.kind for row in await items.by_ids(tx, use.trip_id, ids)}
        ids_of_kind = [each for each in ids if kinds.get(each) == wanted]
    else:
        ids_of_kind = ids
    deleted = await rows.delete_named(tx, use.call.cause, use.trip_id, ids_of_kind)
    gone = {row.id: row for row in deleted}
    outcomes = []
    for row_id in ids:
        if row_id in gone:
            row = gone[row_id]
            told = {"_id": row_id, "kind": row.kind, "status": "deleted"}
            told["name"] = name_of(row.document)
            outcomes.append((words(row.kind), told))
        else:
            what = words(wanted) if wanted else "item"
            message = f"No {what} of this trip has the _id {details.shown(row_id)}: list_items"
            error = msgspec.to_builtins(NotFound(f"{message} tells those there are").for_item())
            outcomes.append((what, {"_id": row_id, "status": "error", "error": error}))
    counts = {"deleted": len(gone), "errors": len(ids) - len(gone)}
    return await _answer(tx, use, counts, outcomes)


def _total(use: Use) -> int:
    return sum(len(listed) for _, listed in use.items)


async def _pack_large(use: Use) -> bytes | None:
    """A large snapshot as the payload of a job; None of one that is applied here and now."""
    if _total(use) <= use.call.services.settings.imports.inline_items:
        return None
    return await asyncio.to_thread(lambda: jobs.pack(msgspec.json.encode(use.body)))


async def _sync_trip(tx: Tx, use: Use) -> Answer | Queued:
    request = ImportRequest("sync", dry_run=use.get("dryRun", True))
    settings, total = use.call.services.settings.imports, _total(use)
    imports.require_within(total, settings.max_items)
    if use.prepared is not None:
        job_id = await imports.enqueue(
            tx,
            use.call.cause,
            use.trip_id,
            request,
            use.prepared,
            total=total,
            due_at=use.call.unix_seconds,
        )
        return Queued(job_id, settings.wait_seconds)
    result = await imports.apply(tx, use.call.cause, use.trip_id, request, use.items)
    rev = (await trips.revisions(tx, use.trip_id)).rev
    answer = _synced(use, result.failed, msgspec.to_builtins(result.answer))
    return msgspec.structs.replace(answer, head={**answer.head, "rev": rev})


def _synced(use: Use, failed: bool, told: Mapping[str, Any]) -> Answer:
    """What became of a snapshot: what failed first, and what stays as it is last."""
    counts: Document = {}
    entries: list[Entry] = []
    for resource in RESOURCES:
        if resource.snapshot in told:
            category = dict(told[resource.snapshot])
            entries += _of_category(resource, category.pop("items"), use.body)
            counts[resource.snapshot] = category
    order = ("error", "updated", "created", "unchanged")
    entries.sort(key=lambda entry: order.index(entry.data["status"]))
    dry_run = told["dryRun"]
    parts = [
        f"{name}: {', '.join(f'{count} {what}' for what, count in each.items() if count)}"
        for name, each in counts.items()
    ]
    done = "; ".join(parts) or "nothing was sent"
    text = f"Nothing is written yet; send dryRun false to do it. {done}" if dry_run else done
    head = {"tripId": use.trip_id, "dryRun": dry_run, **counts}
    nothing = failed and all(entry.data["status"] == "error" for entry in entries)
    answer = Answer(text=text, head=head, listed="results", failed=nothing)
    if dry_run:
        return use.page(answer, entries)
    return msgspec.structs.replace(cut(answer, entries), rest=_IN_HISTORY)


def _of_category(
    resource: Resource, results: Sequence[Document], body: Mapping[str, Any]
) -> list[Entry]:
    sent = body[resource.snapshot]
    told = []
    for result in results:
        name = name_of(sent[result["index"]])
        named = {} if name is None else {"name": name}
        result = {"kind": resource.kind, **result, **named}
        told.append(outcome(words(resource.kind), result, BREVITIES[0]))
    return told


def _finish_sync(use: Use, status: int, told: Any) -> Answer:
    """What became of a snapshot that a worker has applied."""
    return _synced(use, status != 200, told)


_DESCRIPTIONS: Final = {
    "leg": "Legs are the stages of a trip; order is 0, 1, 2, ...",
    "stay": "Further places to sleep on a leg; each names its leg by legId or legRef.",
    "mapPin": "Places worth remembering; degrees in WGS 84.",
    "actionItem": "The checklist; owner is a member's userId.",
    "commitment": "Scheduled events such as dinners and activities, in local time.",
}


def upsert(resource: Resource) -> Tool:
    """The tool that makes and changes rows of a resource."""
    many = words(resource.snapshot)
    needed = ", ".join(
        field.encode_name for field in msgspec.structs.fields(resource.struct) if field.required
    )
    return Tool(
        name=upsert_name(resource),
        title=f"Create or change {many}",
        description=(
            f"{_DESCRIPTIONS.get(resource.kind, '')} Creates or changes 1 to 50 {many}: an item"
            " with an _id, or a clientRef that is there, changes that one (what is left out stays,"
            f" null clears, lists are replaced); any other is created and needs {needed}."
        ).lstrip(),
        arguments=Upsert,
        body=ImportRequest("upsert", resource.kind),
        required=("items",),
        run=_upsert,
        scope="trips:write",
        writes=True,
    )


DELETE_ITEMS = Tool(
    name="delete_items",
    title="Delete items",
    description=(
        "Deletes 1 to 20 items of any kind by their ids; a leg with its stays. One undo brings all"
        " of them back."
    ),
    arguments=Deletion,
    run=_delete_items,
    scope="trips:write",
    writes=True,
    destructive=True,
    idempotent=True,
)
SYNC_TRIP = Tool(
    name="sync_trip",
    title="Sync a trip",
    description=(
        "Merges a whole plan into a trip in one go, items as for the upsert tools; nothing is"
        " deleted. By default it only tells what would change: send dryRun false to do it. Give"
        " each item a clientRef; items can name others by legRef and mapPinRef."
    ),
    arguments=Sync,
    body=ImportRequest("sync"),
    prepare=_pack_large,
    run=_sync_trip,
    scope="trips:write",
    writes=True,
    finish=_finish_sync,
)
UPSERTS: Final = tuple(upsert(resource) for resource in RESOURCES)
