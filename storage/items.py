"""Rows of trips: everything a trip holds, of whatever kind."""

import functools
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from domain.cursor import Position
from domain.plan import Needs, Plan
from domain.resources import BY_KIND, RESOURCES
from domain.row import Row
from storage import trips
from storage.page import Page
from storage.store import Tx

_encode = msgspec.json.encode

_COLUMNS = "kind, id, parent_id, doc, sort_key, rev, client_ref"
"""Those of which a `Row` is made, in its order."""
STORED = ("trip_id", "kind", "parent_id", "sort_key", "id", "client_ref", "rev", "doc")
"""The columns of a row, in the order of its records."""

_MANY_REFS: Final = 1_000
"""clientRefs from which it pays to ask how many the trip has."""
_PER_REF: Final = 5
"""What looking up one costs, in rows passed over."""

_AFTER_ALL = "\x7f"
"""Sorts after every sort key and id, which are ASCII."""


async def page(
    tx: Tx,
    trip_id: str,
    kind: str,
    parent_id: str = "",
    *,
    after: Position | None,
    limit: int,
    newest_first: bool = False,
) -> Page:
    """One page of a list, by keyset: it costs the same wherever it lies."""
    if newest_first:
        condition, order = "(sort_key, id) < ($4, $5)", "sort_key DESC, id DESC"
        start = after or (_AFTER_ALL, _AFTER_ALL)
    else:
        condition, order = "(sort_key, id) > ($4, $5)", "sort_key, id"
        start = after or ("", "")
    records = await tx.fetch(
        "SELECT sort_key, id, doc FROM items"
        f" WHERE trip_id = $1 AND kind = $2 AND parent_id = $3 AND {condition}"
        f" ORDER BY {order} LIMIT $6",
        trip_id,
        kind,
        parent_id,
        *start,
        limit + 1,
    )
    return Page.of(records, limit)


async def get(tx: Tx, trip_id: str, kind: str, row_id: str) -> Row | None:
    """One row, or None when this trip has none of that kind and id."""
    record = await tx.fetchrow(
        f"SELECT {_COLUMNS} FROM items WHERE trip_id = $1 AND id = $2", trip_id, row_id
    )
    row = Row(*record) if record else None
    return row if row and row.kind == kind else None


async def exists(tx: Tx, trip_id: str, kind: str, row_id: str) -> bool:
    """Whether this trip has a row of that kind and id."""
    return (
        await tx.fetchval(
            "SELECT 1 FROM items WHERE trip_id = $1 AND id = $2 AND kind = $3",
            trip_id,
            row_id,
            kind,
        )
        is not None
    )


async def load(tx: Tx, plan: Plan, needs: Needs) -> None:
    """Tells a plan of the stored rows it needs, in a number of statements that does not grow."""
    present = await _count_refs(tx, plan.trip_id, needs)
    for kind, refs in needs.refs.items():
        if refs and present != 0:
            enough = math.inf if present is None else max(_MANY_REFS, present / _PER_REF)
            in_one_pass = len(refs) >= enough
            sql = _by_ref_in_one_pass(tx) if in_one_pass else _by_ref(tx)
            rows = await tx.fetch(sql, plan.trip_id, kind, _array(refs))
            plan.know(itertools.starmap(Row, rows))
    if needs.ids:
        sql = tx.dialect.each(_COLUMNS, "id", "$2")
        plan.know(itertools.starmap(Row, await tx.fetch(sql, plan.trip_id, _array(needs.ids))))
    if needs.members:
        plan.know_members(await trips.member_ids(tx, plan.trip_id))


def _by_ref(tx: Tx) -> str:
    """Finds rows of the trip `$1` and kind `$2` by clientRefs, `$3`, one by one."""
    return f"{tx.dialect.each(_COLUMNS, 'client_ref', '$3')} AND kind = $2"


def _by_ref_in_one_pass(tx: Tx) -> str:
    """Finds the same in one pass over the trip's rows of the kind."""
    named = tx.dialect.one_of("client_ref", "$3")
    return f"SELECT {_COLUMNS} FROM items WHERE trip_id = $1 AND kind = $2 AND {named}"


async def _count_refs(tx: Tx, trip_id: str, needs: Needs) -> int | None:
    """How many clientRefs a trip has, no further than it matters; None where it does not."""
    most = max(map(len, needs.refs.values()), default=0)
    if most < _MANY_REFS:
        return None
    sql = "SELECT 1 FROM items WHERE trip_id = $1 AND client_ref IS NOT NULL LIMIT $2"
    count: int = await tx.fetchval(
        f"SELECT count(*) FROM ({sql}) AS refs", trip_id, most * _PER_REF + 1
    )
    return count


async def apply(tx: Tx, plan: Plan) -> None:
    """Writes what a plan came to, in a number of statements that does not grow."""
    if not plan.changed:
        return
    rev = await trips.bump(tx, plan.trip_id)
    if plan.rekeyed:
        # Rows may hand a clientRef on to each other, and uniqueness is checked row by row.
        await tx.executemany(
            "UPDATE items SET client_ref = NULL WHERE trip_id = $1 AND id = $2",
            [(plan.trip_id, row_id) for row_id in plan.rekeyed],
        )
    await _update(tx, plan.trip_id, plan.updated.values(), rev)
    await _insert(tx, plan.trip_id, plan.inserted.values(), rev)


async def stream(tx: Tx, plan: Plan, rows: Iterator[Row], *, count: int, rev: int) -> None:
    """Stores new rows, `count` at most, each once it is planned; then what changed in them since.

    `rev` is the trip's after this write.
    """
    streamed = _Streamed(plan, rows, count, rev)
    await tx.insert("items", STORED, streamed)
    if streamed.stored:
        await trips.bump(tx, plan.trip_id)
        await _insert_links(tx, plan.trip_id, streamed.linking)
        await _update(tx, plan.trip_id, plan.updated.values(), rev)


async def insert(tx: Tx, trip_id: str, row: Row, rev: int) -> None:
    """Stores one new row as it is; `rev` is the trip's after this write."""
    await _insert(tx, trip_id, [row], rev)


async def _insert(tx: Tx, trip_id: str, rows: Iterable[Row], rev: int) -> None:
    rows = _at_revision(rows, rev)
    if not rows:
        return
    await tx.insert("items", STORED, _Records(trip_id, rows))
    await _insert_links(tx, trip_id, rows)


class _Records:
    """Rows as records, each made when it is taken: while a database stores those before it."""

    def __init__(self, trip_id: str, rows: Sequence[Row]) -> None:
        self._trip_id = trip_id
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Sequence[Any]]:
        return (_record(self._trip_id, row) for row in self._rows)


class _Streamed:
    """The records of new rows as they are planned; to be gone through once."""

    def __init__(self, plan: Plan, rows: Iterator[Row], count: int, rev: int) -> None:
        self.stored = 0
        self.linking: list[Row] = []
        self._plan = plan
        self._rows = rows
        self._count = count
        self._rev = rev

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Sequence[Any]]:
        for row in self._rows:
            row.rev = self._rev
            self._plan.let_go(row)
            self.stored += 1
            if _item_links(row.kind):
                self.linking.append(row)
            yield _record(self._plan.trip_id, row)


def _record(trip_id: str, row: Row) -> Sequence[Any]:
    return (
        trip_id,
        row.kind,
        row.parent_id,
        row.sort_key,
        row.id,
        row.client_ref,
        row.rev,
        row.json,
    )


async def _update(tx: Tx, trip_id: str, rows: Iterable[Row], rev: int) -> None:
    rows = _at_revision(rows, rev)
    if not rows:
        return
    await tx.executemany(
        "UPDATE items SET parent_id = $1, sort_key = $2, client_ref = $3, rev = $4, doc = $5"
        " WHERE trip_id = $6 AND id = $7",
        [
            (
                row.parent_id,
                row.sort_key,
                row.client_ref,
                row.rev,
                row.json,
                trip_id,
                row.id,
            )
            for row in rows
        ],
    )
    linking = [row for row in rows if _item_links(row.kind)]
    if linking:
        await tx.executemany(
            "DELETE FROM links WHERE trip_id = $1 AND source_id = $2",
            [(trip_id, row.id) for row in linking],
        )
        await _insert_links(tx, trip_id, linking)


def _at_revision(rows: Iterable[Row], rev: int) -> list[Row]:
    rows = list(rows)
    for row in rows:
        row.rev = rev
    return rows


async def _insert_links(tx: Tx, trip_id: str, rows: Sequence[Row]) -> None:
    links = {
        (trip_id, row.document[field], row.id)
        for row in rows
        for field in _item_links(row.kind)
        if field in row.document
    }
    if links:
        await tx.insert("links", ("trip_id", "target_id", "source_id"), sorted(links))


@functools.cache
def _item_links(kind: str) -> list[str]:
    """The fields of a kind that name rows of the trip, rather than members."""
    resource = BY_KIND.get(kind)
    return [link.field for link in resource.links if link.kind in BY_KIND] if resource else []


async def delete(tx: Tx, trip_id: str, row: Row, now: str) -> None:
    """Deletes a row and its children, and clears the links that named them."""
    removed = [row.id]
    for resource in RESOURCES:
        if resource.parent is not None and resource.parent.kind == row.kind:
            children = await tx.fetch(
                "SELECT id FROM items WHERE trip_id = $1 AND kind = $2 AND parent_id = $3",
                trip_id,
                resource.kind,
                row.id,
            )
            removed += [child[0] for child in children]
    rev = await trips.bump(tx, trip_id)
    gone = _array(removed)
    await tx.execute(
        f"DELETE FROM items WHERE trip_id = $1 AND id {tx.dialect.among('$2')}", trip_id, gone
    )
    linking = await tx.fetch(
        f"SELECT {_COLUMNS} FROM items WHERE trip_id = $1 AND id IN"
        f" (SELECT source_id FROM links WHERE trip_id = $1 AND target_id"
        f" {tx.dialect.among('$2')}) ORDER BY id",
        trip_id,
        gone,
    )
    await _update(
        tx, trip_id, [_unlinked(Row(*record), set(removed), now) for record in linking], rev
    )
    await tx.execute(
        f"DELETE FROM links WHERE trip_id = $1 AND source_id {tx.dialect.among('$2')}",
        trip_id,
        gone,
    )


def _unlinked(row: Row, removed: set[str], now: str) -> Row:
    links = [field for field in _item_links(row.kind) if row.document.get(field) in removed]
    kept = {name: value for name, value in row.document.items() if name not in links}
    row.rewrite(_encode({**kept, "updatedAt": now}).decode(), row.client_ref)
    return row


def _array(values: Iterable[Any]) -> str:
    return _encode(list(values)).decode()
