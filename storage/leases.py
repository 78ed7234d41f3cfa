"""Leases of jobs and of webhooks: those that end further ahead than any can.

A lease ends by the clock of who holds it. One that ends too far ahead is of a clock that has been
set back since, or of one that is ahead of this one: the time alone does not tell whether its holder
lives. A holder that lives changes its lease, and one that never changes is ended (`workers.watch`).
"""

import dataclasses
from collections.abc import Iterable
from typing import Final, NamedTuple

from storage.store import Tx

FURTHEST_SECONDS: Final = 60.0
"""No lease, and no pause before another attempt of a job, is longer."""
_AT_ONCE: Final = 1_000


class LeaseLost(Exception):
    """It is not this holder's any more; what is done under it must have no effect."""


@dataclasses.dataclass(frozen=True)
class Leases:
    """Where leases of a kind stand."""

    table: str
    condition: str
    """What is true of those rows that may be under one."""
    number: str
    """The column that counts who has held it."""
    until: str
    """The column of its end, in Unix seconds."""
    seconds: float
    """Its length: who lives has changed it by then."""


class Lease(NamedTuple):
    """A lease as it was seen. A job that waits has one of nobody: until when it waits."""

    user_id: str
    id: str
    number: int
    until: float


async def put_off(tx: Tx, of: Leases, unix_now: float) -> list[Lease]:
    """The first of those that end further ahead than any can."""
    found = await tx.fetch(
        f"SELECT user_id, id, {of.number}, {of.until} FROM {of.table}"
        f" WHERE {of.condition} AND {of.until} > $1 ORDER BY {of.until} LIMIT $2",
        unix_now + FURTHEST_SECONDS,
        _AT_ONCE,
    )
    return [Lease(*record) for record in found]


async def end(tx: Tx, of: Leases, leases: Iterable[Lease], unix_now: float) -> None:
    """Ends leases now, but for those that have changed."""
    for lease in leases:
        await tx.execute(
            f"UPDATE {of.table} SET {of.until} = $1 WHERE {of.condition}"
            f" AND user_id = $2 AND id = $3 AND {of.number} = $4 AND {of.until} = $5",
            unix_now,
            *lease,
        )
