"""Rows to be stored as they are, and what then stands in the journal and in every other table."""

from typing import Any

import msgspec

from domain.row import Row
from storage.store import Store, Tx

_TRIP = "SELECT rev, content_rev, message_rev, doc_rev FROM trips WHERE id = $1"
_CHANGESETS = (
    *("rev", "at", "user_id", "key_id", "session_id", "via", "request_id", "job_id", "undoes"),
    "summary",
)
_PRIOR = (
    *("rev", "id", "kind", "deleted", "parent_id", "sort_key", "created_rev", "client_ref"),
    *("was_rev", "doc"),
)
_ITEM = ("kind", "parent_id", "sort_key", "created_rev", "id", "client_ref", "rev", "doc")

Rows = list[dict[str, Any]]


def row(kind: str, row_id: str, **fields: Any) -> Row:
    """A row to be stored as it is."""
    json = msgspec.json.encode({"_id": row_id, **fields}).decode()
    return Row(kind, row_id, "", json, client_ref=fields.get("clientRef"))


async def revs(store: Store, trip_id: str) -> tuple[int, int, int, int]:
    """A trip's revision, and those of content, messages and document, as they are stored."""
    record = await store.read(lambda tx: tx.fetchrow(_TRIP, trip_id))
    assert record is not None
    rev, content, messages, doc = record
    return rev, content, messages, doc


async def changesets(store: Store, trip_id: str) -> Rows:
    """The trip's changesets, with their summaries decoded."""
    rows = await _rows(store, "changesets", _CHANGESETS, trip_id, "rev")
    return [{**row, "summary": msgspec.json.decode(row["summary"])} for row in rows]


async def prior_rows(store: Store, trip_id: str) -> Rows:
    """What the trip's rows were before."""
    return await _rows(store, "prior_rows", _PRIOR, trip_id, "rev, id")


async def stored_items(store: Store, trip_id: str) -> dict[str, dict[str, Any]]:
    """The trip's rows by their ids."""
    rows = await _rows(store, "items", _ITEM, trip_id, "id")
    return {row["id"]: row for row in rows}


async def _rows(
    store: Store, table: str, columns: tuple[str, ...], trip_id: str, order: str
) -> Rows:
    names = ", ".join(columns)
    found = await store.read(
        lambda tx: tx.fetch(
            f"SELECT {names} FROM {table} WHERE trip_id = $1 ORDER BY {order}", trip_id
        )
    )
    return [dict(zip(columns, record, strict=True)) for record in found]


EVERY_TABLE = (
    *("users", "groups", "group_members", "api_keys", "server_state", "counters", "trips"),
    *("items", "links", "changesets", "prior_rows", "shares", "jobs", "idempotency"),
)


async def everything(tx: Tx) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables."""
    return {
        table: sorted(
            (tuple(record) for record in await tx.fetch(f"SELECT * FROM {table}")), key=repr
        )
        for table in EVERY_TABLE
    }
