"""What waits in the database, and what is remembered of its care, for the metrics.

All of it is read from indexes of what is not done: however many jobs have ended, it costs the same.
"""

from collections import Counter
from typing import Final, NamedTuple

from storage.jobs import UNFINISHED
from storage.server_state import LastBackup, last_backup
from storage.store import Tx

MOST_DELIVERIES: Final = 100_000
"""More deliveries than these are not counted."""


class UnfinishedJobs(NamedTuple):
    """The jobs of a kind that have not ended."""

    kind: str
    queued: int
    """Those that wait, also for another attempt, or whose worker is gone."""
    running: int
    """Those under a worker's lease."""
    due_at: float
    """When the first of them is due, in Unix seconds."""


class Backlog(NamedTuple):
    """What waits, and what was done last."""

    jobs: list[UnfinishedJobs]
    deliveries: int
    schema: int
    """The number of the last migration."""
    last_backup: LastBackup | None


async def backlog(tx: Tx, unix_now: float) -> Backlog:
    """What waits at a moment in Unix seconds."""
    # Whether a job runs stands in its row, and a row may be large: of the few only whose lease or
    # pause is not over it is looked at, and the rest is told by the index.
    running = await tx.fetch(
        f"SELECT kind FROM jobs WHERE {UNFINISHED} AND due_at > $1 AND status = 'running'",
        unix_now,
    )
    leased = Counter(kind for (kind,) in running)
    unfinished = await tx.fetch(
        f"SELECT kind, count(*), min(due_at) FROM jobs WHERE {UNFINISHED} GROUP BY kind"
    )
    deliveries: int = await tx.fetchval(
        "SELECT count(*) FROM"
        f" (SELECT 1 FROM deliveries WHERE status = 'pending' LIMIT {MOST_DELIVERIES}) AS waiting"
    )
    schema: int = await tx.fetchval("SELECT max(version) FROM schema_migrations")
    return Backlog(
        [
            # Each statement sees a moment of its own.
            UnfinishedJobs(kind, max(0, count - leased[kind]), leased[kind], due_at)
            for kind, count, due_at in unfinished
        ],
        deliveries,
        schema,
        await last_backup(tx),
    )
