"""The journal of changes after they are written (by `storage.changes`): what is dropped of it.

`storage.history` reads it for people.
"""

from typing import Final

from storage.store import Tx

_BEGIN_AFTER: Final = "UPDATE trips SET pruned_rev = $2 WHERE id = $1 AND pruned_rev < $2"


async def request_of(tx: Tx, trip_id: str | None, rev: int | None) -> str | None:
    """The request that made a change; None of what is no change of a trip, or not kept."""
    request_id: str | None = await tx.fetchval(
        "SELECT request_id FROM changesets WHERE trip_id = $1 AND rev = $2", trip_id, rev
    )
    return request_id


async def begin_after(tx: Tx, trip_id: str, rev: int) -> None:
    """Has nothing told of changesets up to a revision: readers begin anew, and hold nothing false.

    They are dropped when they are too old, as others are.
    """
    await tx.executemany(_BEGIN_AFTER, [(trip_id, rev)])


async def prune(tx: Tx, before: str, limit: int) -> int:
    """Drops the oldest changesets from before a moment, with the rows as they were before them.

    `limit` rows at most; how many. A changeset that is dropped in part is gone already: its trip's
    `pruned_rev` says so. A trip that is being written is left for later.
    """
    oldest = await tx.fetch(
        "SELECT trip_id, rev FROM changesets WHERE at < $1 ORDER BY at, trip_id, rev LIMIT $2",
        before,
        limit,
    )
    # One by one: rows of several parts of a database cannot be locked by one statement.
    free = f"SELECT 1 FROM trips WHERE id = $1 {tx.dialect.skip_locked}"
    named = {trip_id for trip_id, _ in oldest}
    trips = {trip_id for trip_id in named if await tx.fetchval(free, trip_id) is not None}
    changesets = [(trip_id, rev) for trip_id, rev in oldest if trip_id in trips]
    latest: dict[str, int] = {}
    for trip_id, rev in changesets:
        latest[trip_id] = max(rev, latest.get(trip_id, 0))
    await tx.executemany(_BEGIN_AFTER, list(latest.items()))
    dropped = 0
    for trip_id, rev in changesets:
        dropped += await tx.execute(
            "DELETE FROM prior_rows WHERE trip_id = $1 AND rev = $2 AND id IN"
            " (SELECT id FROM prior_rows WHERE trip_id = $1 AND rev = $2 LIMIT $3)",
            trip_id,
            rev,
            limit - dropped,
        )
        if dropped >= limit:
            break
        dropped += await tx.execute(
            "DELETE FROM changesets WHERE trip_id = $1 AND rev = $2", trip_id, rev
        )
        if dropped >= limit:
            break
    return dropped
