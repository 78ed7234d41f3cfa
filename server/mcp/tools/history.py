"""What changed in a trip, who did it, and taking it back."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from domain.fields import also, words
from domain.history import Entry as Changeset
from domain.merge import Document
from domain.undo import CATEGORIES, UndoRequest
from operations import history, undo
from server.mcp.arguments import DryRun, OfTrip, PagedOfTrip
from server.mcp.results import BREVITIES, Answer, Entry, name_of, outcome, quote, shown, tell_all
from server.mcp.tool import PAGE, Tool, Use
from server.route import Queued
from storage import history as journal
from storage.store import Tx

_CHANGESETS: Final = 50
"""Of one page: of those of a busy trip an assistant needs the latest."""

Rev = Annotated[int, Meta(ge=1), also("revision", "changeset", "since")]


class OfHistory(PagedOfTrip, rename="camel", kw_only=True):
    """The whole history, or one changeset."""

    rev: Rev | UnsetType = UNSET


class Undo(OfTrip, rename="camel", kw_only=True):
    """What to take back."""

    rev: Rev
    dry_run: DryRun | UnsetType = UNSET
    force: Annotated[bool, also("overwrite")] | UnsetType = UNSET


async def _history(tx: Tx, use: Use) -> Answer:
    if use.get("rev") is not None:
        return await _changeset(tx, use, use.get("rev"))
    before, messages = use.after[1] if use.after else None, use.call.may_read_messages()
    found, following = await history.entries(
        tx, use.trip_id, before, _CHANGESETS, messages=messages
    )
    entries = [Entry(msgspec.to_builtins(each), _line(each)) for each in found]
    answer = Answer(text="Changesets, latest first:", head={"tripId": use.trip_id})
    fitting = answer.fitting(entries)
    if fitting < len(found):
        following = found[fitting - 1].rev
    answer.entries = entries[:fitting]
    if following is not None:
        answer.left = await journal.count_before(tx, use.trip_id, following, messages=messages)
        answer.next_cursor = use.cursor(("", following, ""))
    return answer


def _line(changeset: Changeset) -> str:
    counts = "; ".join(
        f"{name}: {', '.join(f'{count} {what}' for what, count in each.items() if count)}"
        for name, each in changeset.summary.items()
    )
    undone = changeset.undone_by
    took = f", took back rev {changeset.undoes}" if changeset.undoes is not UNSET else ""
    back = f", taken back by rev {undone}" if undone is not UNSET else ""
    by = quote(changeset.by.name)
    return f"rev {changeset.rev}: {by} at {changeset.at}: {counts}{took}{back}"


async def _changeset(tx: Tx, use: Use, rev: int) -> Answer:
    seen, after_id = (int(use.after[0]), use.after[2]) if use.after else (0, "")
    messages = use.call.may_read_messages()
    found = await history.changeset(tx, use.trip_id, rev, after_id, PAGE, messages=messages)
    entries = []
    for item in found.items:
        document: Document = msgspec.json.decode(item.document)
        told: Document = {"kind": item.kind, "_id": item.id, "status": item.op}
        told["name"] = name_of(document)
        if item.changes is not UNSET:
            told["changes"] = item.changes
        entry = outcome(words(item.kind), told, BREVITIES[0])
        if item.op != "updated":
            entry = Entry({**entry.data, "document": shown(document)}, entry.line)
        entries.append(entry)
    head = {"tripId": use.trip_id, **msgspec.to_builtins(found.entry)}
    answer = Answer(text=_line(found.entry), head=head)
    fitting = answer.fitting(entries)
    answer.entries = entries[:fitting]
    answer.left = found.entry.rows - seen - fitting
    if answer.left > 0 and fitting:
        place = (str(seen + fitting), rev, found.items[fitting - 1].id)
        answer.next_cursor = use.cursor(place)
    return answer


async def _undo(tx: Tx, use: Use) -> Answer | Queued:
    rev, call = use.get("rev"), use.call
    request = UndoRequest(rev, dry_run=use.get("dryRun", False), force=use.get("force", False))
    settings = call.services.settings.imports
    taken = await undo.take_back(
        tx,
        call.cause,
        use.trip_id,
        request,
        messages=call.may_read_messages(),
        inline_rows=settings.inline_items,
        due_at=call.unix_seconds,
    )
    if isinstance(taken, str):
        return Queued(taken, settings.wait_seconds)
    done, _ = await journal.entry_items(
        tx, use.trip_id, rev, "", settings.inline_items, messages=False
    )
    names = {item.id: name_of(msgspec.json.decode(item.document)) for item in done}
    return _undone(use, msgspec.to_builtins(taken.answer), names)


def _undone(use: Use, told: Document, names: dict[str, str | None]) -> Answer:
    outcomes: list[tuple[str, Document]] = []
    counts: Document = {}
    for resource in CATEGORIES:
        if resource.snapshot in told:
            category = told[resource.snapshot]
            for item in category.pop("items"):
                named = {"name": names[item["_id"]]} if names.get(item["_id"]) else {}
                outcomes.append((words(resource.kind), {"kind": resource.kind, **item, **named}))
            counts[resource.snapshot] = category
    head = {"tripId": use.trip_id, "dryRun": told["dryRun"], "rev": told["rev"], **counts}
    rev, became = use.get("rev"), {item["status"] for _, item in outcomes}
    failed = became == {"error"}
    if failed:
        text = "Nothing could be taken back:"
    elif became <= {"unchanged", "error"}:
        # Without a changeset of its own: the rev that is told is that of another one.
        text = f"Nothing of rev {rev} is left to take back:"
    elif told["dryRun"]:
        text = f"Nothing is taken back yet of rev {rev}; it would be:"
    else:
        text = f"Rev {rev} is taken back by rev {told['rev']}, which can be undone too:"
    answer = Answer(
        text=text,
        head=head,
        listed="results",
        failed=failed,
        rest="history with this rev lists all that was changed",
    )
    return tell_all(answer, outcomes)


def _finish_undo(use: Use, _status: int, told: Any) -> Answer:
    """What became of an undo that a worker has done."""
    return _undone(use, told, {})


HISTORY = Tool(
    name="history",
    title="History of a trip",
    description=(
        "Who changed what in a trip, latest first. With rev: what that one changeset did to each"
        " item, fields before and after."
    ),
    arguments=OfHistory,
    run=_history,
    scope="trips:read",
)
UNDO = Tool(
    name="undo",
    title="Undo a changeset",
    description=(
        "Takes back all that one changeset did, by its rev (from history, or from the result of a"
        " write). What was changed again since is left alone unless force is true."
    ),
    arguments=Undo,
    run=_undo,
    scope="trips:write",
    writes=True,
    destructive=True,
    finish=_finish_undo,
)
