"""The journal of changes after they are written (by `storage.changes`): what is dropped of it."""

from typing import Final

from storage.store import Tx

_OLDEST: Final = (
    "(SELECT trip_id, rev FROM changesets WHERE at < $1 ORDER BY at, trip_id, rev LIMIT $2)"
)


async def prune(tx: Tx, before: str, limit: int) -> int:
    """Drops what the oldest changesets from before a moment changed, and then those themselves.

    `limit` of each kind of row at most; how many. A changeset that is dropped in part is gone
    already: its trip's `pruned_rev` says so.
    """
    await tx.execute(
        "UPDATE trips SET pruned_rev ="
        f" (SELECT max(rev) FROM {_OLDEST} AS oldest WHERE oldest.trip_id = trips.id)"
        f" WHERE id IN (SELECT trip_id FROM {_OLDEST} AS oldest WHERE rev > trips.pruned_rev)",
        before,
        limit,
    )
    dropped = await tx.execute(
        "DELETE FROM prior_rows WHERE (trip_id, rev, id) IN (SELECT prior.trip_id, prior.rev,"
        f" prior.id FROM {_OLDEST} AS oldest JOIN prior_rows AS prior"
        " ON prior.trip_id = oldest.trip_id AND prior.rev = oldest.rev LIMIT $2)",
        before,
        limit,
    )
    if dropped == limit:
        return dropped
    return dropped + await tx.execute(
        f"DELETE FROM changesets WHERE (trip_id, rev) IN {_OLDEST}", before, limit
    )
