"""The database looked through for what does not fit together; `operations.check` tells of it."""

import itertools
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import msgspec
from isal import isal_zlib

from domain.row import Row
from storage import jobs as stored_jobs
from storage.changes import json_array
from storage.items import COLUMNS
from storage.store import Record, Tx

REFERENCES: Final = (
    *(("group_members", "group_id", "groups"), ("group_members", "user_id", "users")),
    *(("api_keys", "user_id", "users"), ("sessions", "user_id", "users")),
    *(("passkeys", "user_id", "users"), ("identities", "user_id", "users")),
    *(("resets", "user_id", "users"), ("calendar_tokens", "user_id", "users")),
    *(("invites", "group_id", "groups"), ("invites", "created_by", "users")),
    *(("webhooks", "user_id", "users"), ("jobs", "user_id", "users")),
    ("deliveries", "webhook_id", "webhooks"),
    *(
        ("trips", "group_id", "groups"),
        ("shares", "trip_id", "trips"),
        ("jobs", "trip_id", "trips"),
    ),
    *(("items", "trip_id", "trips"), ("links", "trip_id", "trips")),
    *(("changesets", "trip_id", "trips"), ("prior_rows", "trip_id", "trips")),
)
"""Columns that name a row of another table by its id: table, column, the other table. Not all of
them are foreign keys, and those of SQLite are not looked at when somebody edits by hand. The key
and the trip of a webhook may be gone: it is told of nothing then."""

COUNTERS: Final = {
    "trips": "SELECT coalesce(max(age), 0) FROM trips",
    "webhooks": "SELECT coalesce(max(age), 0) FROM webhooks",
    "sign-ins": "SELECT 0",
}
"""The least that each counter must have come to."""


class TripFacts(NamedTuple):
    """A trip as it is stored."""

    id: str
    group_id: str
    doc: str
    rev: int
    content_rev: int
    message_rev: int
    doc_rev: int
    pruned_rev: int


class JobFacts(NamedTuple):
    """A job as it is stored, without the bodies."""

    user_id: str
    id: str
    kind: str
    status: str
    attempts: int
    due_at: float
    started_at: str | None
    finished_at: str | None
    result_status: int | None


async def damage(tx: Tx) -> list[str]:
    """What the database finds wrong with its own file; of a server's it is the server's to know."""
    if not tx.dialect.integrity_check:
        return []
    found = [line for (line,) in await tx.fetch(tx.dialect.integrity_check)]
    return [] if found == ["ok"] else found


async def dangling(tx: Tx, table: str, column: str, other: str) -> Sequence[Record]:
    """The ids in a column that are none of another table's, and in how many rows each stands."""
    return await tx.fetch(
        f"SELECT named.{column}, count(*) FROM {table} named"
        # Joined, since not every table has an index of its ids.
        f" LEFT JOIN {other} there ON there.id = named.{column}"
        f" WHERE named.{column} IS NOT NULL AND there.id IS NULL"
        f" GROUP BY named.{column} ORDER BY named.{column}"
    )


async def counters_behind(tx: Tx) -> list[tuple[str, int]]:
    """The counters that are missing, or behind what they have counted, and what they must be."""
    behind = []
    for name, least in COUNTERS.items():
        value = await tx.fetchval("SELECT value FROM counters WHERE name = $1", name)
        needed: int = await tx.fetchval(least)
        if value is None or value < needed:
            behind.append((name, needed))
    return behind


async def advance_counter(tx: Tx, name: str, needed: int) -> None:
    """Has a counter be at least so far."""
    await tx.execute(
        "INSERT INTO counters (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE"
        " SET value = excluded.value WHERE counters.value < excluded.value",
        name,
        needed,
    )


async def trips(tx: Tx, after: str, limit: int) -> list[TripFacts]:
    """The next trips after an id."""
    columns = ", ".join(TripFacts._fields)
    sql = f"SELECT {columns} FROM trips WHERE id > $1 ORDER BY id LIMIT $2"
    return [TripFacts(*record) for record in await tx.fetch(sql, after, limit)]


async def rows(tx: Tx, trip_id: str, after: str, limit: int) -> list[Row]:
    """The next rows of a trip after an id."""
    sql = f"SELECT {COLUMNS} FROM items WHERE trip_id = $1 AND id > $2 ORDER BY id LIMIT $3"
    return list(itertools.starmap(Row, await tx.fetch(sql, trip_id, after, limit)))


async def kinds(tx: Tx, trip_id: str, ids: Iterable[str]) -> dict[str, str]:
    """The kinds of those of these rows that a trip has."""
    sql = f"SELECT id, kind FROM items WHERE trip_id = $1 AND id {tx.dialect.among('$2')}"
    return dict(await tx.fetch(sql, trip_id, json_array(ids)))  # type: ignore[arg-type]  # of two


async def links(tx: Tx, trip_id: str, sources: Iterable[str]) -> dict[str, set[str]]:
    """The rows that these rows name by the links that are stored."""
    among = tx.dialect.among("$2")
    sql = f"SELECT source_id, target_id FROM links WHERE trip_id = $1 AND source_id {among}"
    found: dict[str, set[str]] = {}
    for source, target in await tx.fetch(sql, trip_id, json_array(sources)):
        found.setdefault(source, set()).add(target)
    return found


async def links_of_no_row(tx: Tx, trip_id: str) -> list[str]:
    """The ids of rows that links are from, and that a trip has not."""
    records = await tx.fetch(
        "SELECT DISTINCT source_id FROM links WHERE trip_id = $1 AND NOT EXISTS"
        " (SELECT 1 FROM items WHERE items.trip_id = $1 AND items.id = links.source_id)"
        " ORDER BY source_id",
        trip_id,
    )
    return [source for (source,) in records]


async def changesets(tx: Tx, trip_id: str, after: int, limit: int) -> Sequence[Record]:
    """The next changesets after a revision: revision, summary, and what is undone."""
    return await tx.fetch(
        "SELECT rev, summary, undoes FROM changesets WHERE trip_id = $1 AND rev > $2"
        " ORDER BY rev LIMIT $3",
        trip_id,
        after,
        limit,
    )


async def rows_written(tx: Tx, trip_id: str, after: int, last: int) -> dict[int, int]:
    """How many rows each revision wrote, of those after one and up to another.

    A version of a row is in `items` or, replaced, in `prior_rows`; a deletion is a tombstone.
    """
    parts = (
        f"SELECT {column} AS rev FROM {table} WHERE {trip} = $1 AND {column} > $2"
        f" AND {column} <= $3{condition}"
        for column, table, trip, condition in (
            ("rev", "items", "trip_id", ""),
            ("was_rev", "prior_rows", "trip_id", ""),
            ("rev", "prior_rows", "trip_id", " AND deleted = 1"),
            ("doc_rev", "trips", "id", ""),
        )
    )
    sql = f"SELECT rev, count(*) FROM ({' UNION ALL '.join(parts)}) AS written GROUP BY rev"
    return dict(await tx.fetch(sql, trip_id, after, last))  # type: ignore[arg-type]  # of two


async def latest_told(tx: Tx, trip_id: str) -> int:
    """The latest revision that the journal of a trip has anything of."""
    found: int = await tx.fetchval(
        "SELECT max(rev) FROM (SELECT max(rev) AS rev FROM changesets WHERE trip_id = $1"
        " UNION ALL SELECT max(rev) FROM prior_rows WHERE trip_id = $1) AS told",
        trip_id,
    )
    return found or 0


async def jobs(tx: Tx, after: tuple[str, str], limit: int) -> list[JobFacts]:
    """The next jobs after a user's id and a job's."""
    columns = ", ".join(JobFacts._fields)
    sql = f"SELECT {columns} FROM jobs WHERE (user_id, id) > ($1, $2) ORDER BY user_id, id LIMIT $3"
    return [JobFacts(*record) for record in await tx.fetch(sql, *after, limit)]


class JobBodies(NamedTuple):
    """What a job is to do, and what came of it."""

    params: str
    payload: bytes | None
    result: str | None
    packed_result: bytes | None
    error: str | None


async def job_bodies(tx: Tx, user_id: str, job_id: str) -> JobBodies:
    """The bodies of a job that is there."""
    columns = ", ".join(JobBodies._fields)
    sql = f"SELECT {columns} FROM jobs WHERE user_id = $1 AND id = $2"
    record = await tx.fetchrow(sql, user_id, job_id)
    assert record is not None
    return JobBodies(*record)


def is_readable(stored: str | bytes, *, json: bool) -> bool:
    """Whether a body that a job has can be unpacked, and is JSON where it must be."""
    try:
        body = stored_jobs.unpack(stored.encode() if isinstance(stored, str) else stored)
        if json:
            msgspec.json.decode(body)
    except (isal_zlib.error, msgspec.DecodeError, UnicodeError):  # type: ignore[misc]  # its stub
        return False
    return True


async def make_due(tx: Tx, job: JobFacts, unix_now: float) -> None:
    """Ends the lease of a job, unless something has happened to it."""
    await tx.execute(
        "UPDATE jobs SET due_at = $4 WHERE user_id = $1 AND id = $2 AND due_at = $3"
        " AND status = 'running'",
        job.user_id,
        job.id,
        job.due_at,
        unix_now,
    )
