"""Rows of trips, read: everything a trip holds, of whatever kind.

They are written in `storage.changes`.
"""

import itertools
import math
from collections.abc import Iterable
from typing import Final

from domain.cursor import Position
from domain.plan import Needs, Plan
from domain.resources import BY_KIND, RESOURCES
from domain.row import Row
from storage import trips
from storage.changes import json_array
from storage.page import AFTER_ALL, BEFORE_ALL, Page
from storage.store import Tx

COLUMNS = "kind, id, parent_id, doc, sort_key, rev, client_ref, created_rev"
"""Those of which a `Row` is made, in its order."""

_MANY_REFS: Final = 1_000
"""clientRefs from which it pays to ask how many the trip has."""
_PER_REF: Final = 5
"""What looking up one costs, in rows passed over."""


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
        condition, order = "<", "sort_key DESC, created_rev DESC, id DESC"
        start = after or AFTER_ALL
    else:
        condition, order = ">", "sort_key, created_rev, id"
        start = after or BEFORE_ALL
    records = await tx.fetch(
        "SELECT sort_key, created_rev, id, doc FROM items"
        " WHERE trip_id = $1 AND kind = $2 AND parent_id = $3"
        f" AND (sort_key, created_rev, id) {condition} ($4, $5, $6)"
        f" ORDER BY {order} LIMIT $7",
        trip_id,
        kind,
        parent_id,
        *start,
        limit + 1,
    )
    return Page.of(records, limit)


async def page_of_kind(
    tx: Tx, trip_id: str, kind: str, *, after: Position | None, limit: int
) -> Page:
    """One page of all rows of a kind, by the rows they belong to, then in their own order."""
    records = await tx.fetch(
        "SELECT parent_id || '/' || sort_key, created_rev, id, doc FROM items"
        f" WHERE {_OF_KIND_AFTER} ORDER BY parent_id, sort_key, created_rev, id LIMIT $7",
        *_place_in_kind(trip_id, kind, after),
        limit + 1,
    )
    return Page.of(records, limit)


async def count_of_kind(tx: Tx, trip_id: str, kind: str, *, after: Position | None) -> int:
    """How many rows `page_of_kind` has from there on."""
    count: int = await tx.fetchval(
        f"SELECT count(*) FROM items WHERE {_OF_KIND_AFTER}", *_place_in_kind(trip_id, kind, after)
    )
    return count


_OF_KIND_AFTER: Final = (
    "trip_id = $1 AND kind = $2 AND (parent_id, sort_key, created_rev, id) > ($3, $4, $5, $6)"
)


def _place_in_kind(trip_id: str, kind: str, after: Position | None) -> tuple[object, ...]:
    place, age, row_id = after or BEFORE_ALL
    # No id has a slash.
    parent_id, _, sort_key = place.partition("/")
    return trip_id, kind, parent_id, sort_key, age, row_id


async def counts(tx: Tx, trip_id: str) -> dict[str, int]:
    """How many rows a trip has of each kind of which it has any."""
    records = await tx.fetch(
        "SELECT kind, count(*) FROM items WHERE trip_id = $1 GROUP BY kind", trip_id
    )
    return dict(records)  # type: ignore[arg-type]  # records of two


async def count_before(tx: Tx, trip_id: str, kind: str, parent_id: str, before: Position) -> int:
    """How many rows a list with the newest first has after a place."""
    count: int = await tx.fetchval(
        "SELECT count(*) FROM items WHERE trip_id = $1 AND kind = $2 AND parent_id = $3"
        " AND (sort_key, created_rev, id) < ($4, $5, $6)",
        trip_id,
        kind,
        parent_id,
        *before,
    )
    return count


async def get(tx: Tx, trip_id: str, kind: str, row_id: str) -> Row | None:
    """One row, or None when this trip has none of that kind and id."""
    record = await tx.fetchrow(
        f"SELECT {COLUMNS} FROM items WHERE trip_id = $1 AND id = $2", trip_id, row_id
    )
    row = Row(*record) if record else None
    return row if row and row.kind == kind else None


async def by_ref(tx: Tx, trip_id: str, kind: str, parent_id: str, client_ref: str) -> Row | None:
    """The row of that kind and parent with a clientRef, or None."""
    record = await tx.fetchrow(
        f"SELECT {COLUMNS} FROM items"
        " WHERE trip_id = $1 AND kind = $2 AND parent_id = $3 AND client_ref = $4",
        trip_id,
        kind,
        parent_id,
        client_ref,
    )
    return Row(*record) if record else None


async def by_ids(tx: Tx, trip_id: str, ids: Iterable[str]) -> list[Row]:
    """Those of these rows that this trip has, of whatever kind."""
    sql = tx.dialect.each(COLUMNS, "id", "$2")
    return list(itertools.starmap(Row, await tx.fetch(sql, trip_id, json_array(ids))))


async def last_written_at(tx: Tx, trip_id: str, rev: int) -> list[Row]:
    """The rows whose last change was at a revision."""
    records = await tx.fetch(
        f"SELECT {COLUMNS} FROM items WHERE trip_id = $1 AND rev = $2", trip_id, rev
    )
    return list(itertools.starmap(Row, records))


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
    if needs.ids:
        named = await by_ids(tx, plan.trip_id, needs.ids)
        plan.add_stored(named)
        _need_namesakes(needs, named)
    present = await _count_refs(tx, plan.trip_id, needs)
    for kind, refs in needs.refs.items():
        if refs and present != 0:
            enough = math.inf if present is None else max(_MANY_REFS, present / _PER_REF)
            in_one_pass = len(refs) >= enough
            sql = _by_ref_in_one_pass(tx) if in_one_pass else _by_ref(tx)
            rows = await tx.fetch(sql, plan.trip_id, kind, json_array(refs))
            plan.add_stored(itertools.starmap(Row, rows))
    if needs.members:
        plan.add_members(await trips.member_ids(tx, plan.trip_id))


def _need_namesakes(needs: Needs, rows: Iterable[Row]) -> None:
    """A row that moves to another parent may meet one of its own clientRef there."""
    for row in rows:
        resource = BY_KIND.get(row.kind)
        if resource is not None and resource.parent is not None and row.client_ref is not None:
            needs.refs.setdefault(row.kind, set()).add(row.client_ref)


def _by_ref(tx: Tx) -> str:
    """Finds rows of the trip `$1` and kind `$2` by clientRefs, `$3`, one by one."""
    return f"{tx.dialect.each(COLUMNS, 'client_ref', '$3')} AND kind = $2"


def _by_ref_in_one_pass(tx: Tx) -> str:
    """Finds the same in one pass over the trip's rows of the kind."""
    named = tx.dialect.one_of("client_ref", "$3")
    return f"SELECT {COLUMNS} FROM items WHERE trip_id = $1 AND kind = $2 AND {named}"


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


async def children(tx: Tx, trip_id: str, row: Row) -> list[Row]:
    """The rows that belong to a row."""
    kinds = [r.kind for r in RESOURCES if r.parent is not None and r.parent.kind == row.kind]
    found: list[Row] = []
    for kind in kinds:
        records = await tx.fetch(
            f"SELECT {COLUMNS} FROM items WHERE trip_id = $1 AND kind = $2 AND parent_id = $3",
            trip_id,
            kind,
            row.id,
        )
        found += itertools.starmap(Row, records)
    return found


async def linking_to(tx: Tx, trip_id: str, ids: Iterable[str]) -> list[Row]:
    """The rows that name any of these rows."""
    records = await tx.fetch(
        f"SELECT {COLUMNS} FROM items WHERE trip_id = $1 AND id IN"
        f" (SELECT source_id FROM links WHERE trip_id = $1 AND target_id"
        f" {tx.dialect.among('$2')}) ORDER BY id",
        trip_id,
        json_array(ids),
    )
    return list(itertools.starmap(Row, records))
