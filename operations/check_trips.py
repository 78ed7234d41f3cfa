"""Whether what is stored of a trip fits together: its document, rows, links and history."""

import functools
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from domain.actor import SYSTEM
from domain.changes import Cause, ChangeSet, Summary
from domain.deletion import link_fields, named_by
from domain.integrity import KINDS, as_derived, wrong_in_document
from domain.row import Row
from domain.trip import TRIP
from operations.findings import Finding
from storage import changes, inspection, items, journal
from storage.history import Kept
from storage.inspection import TripFacts
from storage.store import Tx

_BATCH: Final = 500

_BY_HAND: Final = "change it by the API, or restore a backup"


async def check(tx: Tx, trip: TripFacts, now: str) -> list[Finding]:
    """All that is found in a trip; `now` is the moment, as documents carry it."""
    found = [Finding("trip", trip.id, what, _BY_HAND) for what in _wrong_in_trip(trip)]
    after = ""
    while rows := await inspection.rows(tx, trip.id, after, _BATCH):
        found += await _rows(tx, trip, rows, now)
        after = rows[-1].id
    for source in await inspection.links_of_no_row(tx, trip.id):
        repair = functools.partial(_drop_links, trip_id=trip.id, row_id=source)
        what = "the row that it is from is not there"
        found.append(Finding("link", f"{trip.id}/{source}", what, "", repair))
    return found + await _history(tx, trip)


def _wrong_in_trip(trip: TripFacts) -> Iterator[str]:
    row = Row(TRIP.kind, trip.id, "", trip.doc)
    yield from wrong_in_document(row, {"_id": trip.id, "groupId": trip.group_id})
    revs = (trip.content_rev, trip.message_rev, trip.doc_rev, trip.pruned_rev)
    if trip.rev < 1 or max(revs) > trip.rev or min(revs) < 0:
        yield f"its revision {trip.rev} is not the latest of its revisions {revs}"


async def _rows(tx: Tx, trip: TripFacts, rows: Sequence[Row], now: str) -> list[Finding]:
    """What is found in a batch of rows."""
    found: list[Finding] = []
    whole: list[Row] = []
    for row in rows:
        wrong = list(_wrong_in_row(trip, row))
        found += [Finding("row", f"{trip.id}/{row.id}", what, _BY_HAND) for what in wrong]
        if not wrong:
            whole.append(row)
    named = {target for row in whole for target in named_by(row)}
    parents = {row.parent_id for row in whole if row.parent_id}
    kinds = await inspection.kinds(tx, trip.id, named | parents) if named or parents else {}
    stored = await inspection.links(tx, trip.id, [row.id for row in whole])
    for row in whole:
        place = f"{trip.id}/{row.id}"
        for what in _wrong_in_ends(row, kinds):
            found.append(Finding("row", place, what, _BY_HAND))
        repair = functools.partial(_rewrite, trip_id=trip.id, row_id=row.id, now=now)
        if as_derived(row) is not None:
            what = "it is not found and sorted by what its document says"
            found.append(Finding("row", place, what, _BY_HAND, repair))
        if set(named_by(row)) != stored.get(row.id, set()):
            what = "the links are not those of its document"
            found.append(Finding("link", place, what, _BY_HAND, repair))
    return found


def _wrong_in_row(trip: TripFacts, row: Row) -> Iterator[str]:
    """What is wrong with a row by itself."""
    members = {"_id": row.id, "tripId": trip.id}
    resource = KINDS.get(row.kind)
    if resource is not None and resource.parent_link is not None:
        members[resource.parent_link.field] = row.parent_id
    yield from wrong_in_document(row, members)
    if not 0 <= row.created_rev <= row.rev <= trip.rev or row.rev < 1:
        yield f"its revisions {row.created_rev} and {row.rev} are not of the trip's {trip.rev}"


def _wrong_in_ends(row: Row, kinds: dict[str, str]) -> Iterator[str]:
    """What is wrong with the rows that a row names, of which the kinds are known."""
    resource = KINDS[row.kind]
    if resource.parent is not None and kinds.get(row.parent_id) != resource.parent.kind:
        yield f"the {resource.parent.kind} {row.parent_id} that it belongs to is not there"
    for link in resource.links:
        if link.field not in link_fields(row.kind) or link.field not in row.document:
            continue
        if kinds.get(target := row.document[link.field]) != link.kind:
            yield f"{link.field} names no {link.kind} of the trip: {target}"


async def _rewrite(tx: Tx, trip_id: str, row_id: str, now: str) -> None:
    """Writes a row again, by the road of all writes: what is taken from its document is so anew."""
    trip = await changes.begin(tx, trip_id)
    for row in await items.by_ids(tx, trip_id, [row_id]):
        right = as_derived(row) or row.copy()
        if right.client_ref is not None and right.client_ref != row.client_ref:
            place = (row.kind, row.parent_id, right.client_ref)
            if await items.by_ref(tx, trip_id, *place) is not None:
                right.client_ref = row.client_ref
        same = (right.sort_key, right.client_ref) == (row.sort_key, row.client_ref)
        stored = await inspection.links(tx, trip_id, [row_id])
        if same and set(named_by(row)) == stored.get(row_id, set()):
            continue
        await changes.delete_links(tx, trip_id, [row_id])
        change = ChangeSet(updated=[right], before={row_id: row})
        await changes.commit(tx, trip, change, Cause(SYSTEM, now, via="system"))


async def _drop_links(tx: Tx, trip_id: str, row_id: str) -> None:
    await changes.begin(tx, trip_id)
    if not await inspection.kinds(tx, trip_id, [row_id]):
        await changes.delete_links(tx, trip_id, [row_id])


async def _history(tx: Tx, trip: TripFacts) -> list[Finding]:
    """Of each revision that the journal reaches back to, one changeset, true to what is stored.

    Where it is not, nothing can be told of the time until then: repaired, it begins afterwards.
    """
    found = []
    kept = Kept.of(trip.rev, trip.content_rev, trip.message_rev, trip.pruned_rev)
    if await inspection.latest_told(tx, trip.id) > trip.rev:
        what = "it tells of revisions after the trip's own"
        found.append(Finding("history", trip.id, what, _BY_HAND))
    wrong: list[int] = []
    after = kept.pruned_rev
    while after < trip.rev:
        batch = await inspection.changesets(tx, trip.id, after, _BATCH)
        last = min(batch[-1][0], trip.rev) if len(batch) == _BATCH else trip.rev
        written = await inspection.rows_written(tx, trip.id, after, last)
        told = {rev: _rows_told(summary) for rev, summary, undoes in batch if _is_past(undoes, rev)}
        wrong += [rev for rev in range(after + 1, last + 1) if told.get(rev) != written.get(rev)]
        after = last
    if wrong:
        repair = functools.partial(journal.begin_after, trip_id=trip.id, rev=wrong[-1])
        what = f"{len(wrong)} changesets are missing, or other rows are there, up to {wrong[-1]}"
        found.append(Finding("history", trip.id, what, _BY_HAND, repair))
    return found


def _is_past(undoes: int | None, rev: int) -> bool:
    return undoes is None or 0 < undoes < rev


def _rows_told(summary: str) -> int | None:
    try:
        counts = msgspec.json.decode(summary, type=Summary)
    except msgspec.DecodeError:
        return None
    return sum(sum(each.values()) for each in counts.values())
