"""Files of other programs: read, placed in a trip, and then diff-merged as a sync is."""

import collections
import io
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from domain.changes import Cause
from domain.errors import Detail, ValidationFailed
from domain.file_import import MAX_REJECTS, FileImportRequest
from domain.imports import ImportRequest, ImportResult, ItemLists
from domain.precondition import Precondition
from domain.resource import Resource
from domain.resources import COMMITMENT, LEG, RESOURCES, STAY
from formats.found import (
    Document,
    Found,
    Notice,
    NotImported,
    Part,
    Reading,
    Reject,
    Row,
    Unreadable,
    named,
)
from formats.placing import place, still_there
from formats.reading import read
from operations import imports
from operations.imports import PlannedImport
from storage import changes, snapshots, trips
from storage.snapshots import Snapshot
from storage.store import Tx

_PLACED: Final = ("legs", "stays")
"""The lists of rows for which the trip's own legs are looked at."""


class Gathered(msgspec.Struct, frozen=True):
    """What a file holds, whatever trip it is for."""

    rows: list[Row | Part]
    others: list[Found]
    """Rejects, what is not imported, notices."""

    @property
    def needs_legs(self) -> bool:
        """Whether some of it has to find its place among the legs of the trip."""
        return any(isinstance(row, Part) or row.list in _PLACED for row in self.rows)


class Outcome(msgspec.Struct, frozen=True):
    """What an import came to."""

    result: ImportResult
    others: list[Found]


class PlannedFile(msgspec.Struct, frozen=True):
    """What a file comes to, while the trip's content is at a revision."""

    planned: PlannedImport
    others: list[Found]


def gather(raw: bytes, filename: str, trip_id: str, max_items: int) -> Gathered:
    """Reads a file to its end. It takes a while: not for the event loop.

    `ValidationFailed` for one that cannot be read whole, `PayloadTooLarge` for too many rows.
    """
    rows: list[Row | Part] = []
    others: list[Found] = []
    try:
        for each in read(io.BytesIO(raw), filename, Reading(trip_id=trip_id)):
            if isinstance(each, Row | Part):
                rows.append(each)
                imports.require_within(len(rows), max_items)
            else:
                others.append(each)
    except Unreadable as error:
        raise ValidationFailed([Detail("", "malformed", str(error))]) from None
    return Gathered(rows, others)


async def plan(
    tx: Tx, trip_id: str, request: FileImportRequest, file: Gathered, now: str
) -> PlannedFile:
    """Finds everything its place, and what it would change; writes nothing."""
    legs: list[Document] = []
    stays: list[Document] = []
    if file.needs_legs:
        # Of the moment in which these rows were read.
        trip = await snapshots.of_trip(tx, trip_id, (LEG, STAY))
        rev = trip.rev
        legs, stays = (_decoded(trip, resource) for resource in (LEG, STAY))
    else:
        rev = (await trips.revisions(tx, trip_id)).content
    made = await _plan_among(tx, rev, trip_id, request, file, now, legs, stays)
    return PlannedFile(made.planned, [*made.others, *await _still_there(tx, trip_id, made.others)])


async def plan_new(
    tx: Tx, trip_id: str, request: FileImportRequest, file: Gathered, now: str
) -> PlannedFile:
    """The same for a trip that is still to be stored, in which nothing is."""
    return await _plan_among(tx, 0, trip_id, request, file, now, [], [])


def as_sync(request: FileImportRequest) -> ImportRequest:
    """What the rows of a file are merged as."""
    return ImportRequest("sync", dry_run=request.dry_run)


async def _plan_among(
    tx: Tx,
    rev: int,
    trip_id: str,
    request: FileImportRequest,
    file: Gathered,
    now: str,
    legs: list[Document],
    stays: list[Document],
) -> PlannedFile:
    """Plans for a trip that has these legs and stays at a revision."""
    found = [*place([*file.rows, *file.others], legs, stays)]
    lists = _lists_of(each for each in found if isinstance(each, Row))
    planned = await imports.plan_at(tx, rev, trip_id, as_sync(request), lists, now)
    _name(planned.result, lists)
    return PlannedFile(planned, [each for each in found if not isinstance(each, Row)])


async def apply(
    tx: Tx,
    cause: Cause,
    trip_id: str,
    request: FileImportRequest,
    file: Gathered,
    precondition: Precondition = Precondition.NONE,
    ahead: PlannedFile | None = None,
) -> Outcome:
    """Diff-merges a file into a trip, unless it is a dry run.

    A plan made `ahead` of the transaction holds if the trip's content has not changed since.
    """
    trip = await changes.begin(tx, trip_id)
    precondition.check(trip.revs.content)
    if ahead is None or ahead.planned.rev != trip.revs.content:
        ahead = await plan(tx, trip_id, request, file, cause.now)
    made = ahead.planned.plan
    if made.changed and not request.dry_run:
        await changes.commit(tx, trip, made.changes, msgspec.structs.replace(cause, via="import"))
    imports.count(tx, as_sync(request), ahead.planned.result)
    return Outcome(ahead.planned.result, ahead.others)


def response(outcome: Outcome) -> tuple[int, bytes]:
    """The status and the body of the response to the request that asked for an import."""
    status, answer = answer_of(outcome)
    return status, msgspec.json.encode(answer)


def answer_of(outcome: Outcome) -> tuple[int, dict[str, Any]]:
    """The same before it is encoded."""
    rejects = [each for each in outcome.others if isinstance(each, Reject)]
    counts: collections.Counter[str] = collections.Counter()
    for each in outcome.others:
        if isinstance(each, NotImported):
            counts[each.what] += each.count
    answer: dict[str, Any] = {
        **outcome.result.answer,  # type: ignore[dict-item]  # of a sync it is a dictionary
        "rejects": [_told(each) for each in rejects[:MAX_REJECTS]],
        "notImported": counts,
        "notices": [each.text for each in outcome.others if isinstance(each, Notice)],
    }
    if len(rejects) > MAX_REJECTS:
        answer["moreRejects"] = len(rejects) - MAX_REJECTS
    failed = outcome.result.failed or bool(rejects)
    return 207 if failed else 200, answer


async def _still_there(tx: Tx, trip_id: str, others: Iterable[Found]) -> list[Notice]:
    """A notice of each row of the trip that the file says is cancelled: no file deletes any."""
    cancelled = [e for e in others if isinstance(e, NotImported) and e.what == "cancelled"]
    if not cancelled:
        return []
    kinds = (LEG, STAY, COMMITMENT)
    trip = await snapshots.of_trip(tx, trip_id, kinds)
    rows = {each.snapshot: _decoded(trip, each) for each in kinds}
    return [
        Notice(text=f"cancelled, and still in the trip: {name}")
        for name in still_there(cancelled, rows)
    ]


def _name(result: ImportResult, lists: ItemLists) -> None:
    """Tells of the rows what they are called: no one who sent a file knows their indexes."""
    assert isinstance(result.answer, dict)
    for resource, documents in lists:
        for item in result.answer[resource.snapshot].items:
            if item.status != "unchanged":
                item.name = named(documents[item.index])


def _decoded(trip: Snapshot, resource: Resource) -> list[Document]:
    return msgspec.json.decode(f"[{trip.rows[resource.kind]}]", type=list[Document])


def _lists_of(rows: Iterable[Row]) -> ItemLists:
    """The rows as the lists of a sync, in the order to apply them."""
    lists: dict[str, list[Any]] = {}
    for row in rows:
        lists.setdefault(row.list, []).append(row.document)
    return [
        (resource, lists[resource.snapshot]) for resource in RESOURCES if resource.snapshot in lists
    ]


def _told(reject: Reject) -> dict[str, Any]:
    where = msgspec.to_builtins(reject.at)
    name = {"name": reject.name} if reject.name else {}
    return {**where, **name, "reason": reject.reason, "row": reject.row}
