"""When keys and sessions were used last, and from where: written at most once a minute each."""

import datetime
from collections.abc import Iterable
from typing import Final, Literal, NamedTuple, get_args

from domain.clock import timestamp
from storage.store import Tx

APART_SECONDS: Final = 60
"""Between two uses of the same key or session that are written down."""

Table = Literal["api_keys", "sessions"]


class Use(NamedTuple):
    """A use of a row of a table; `used_from` as `domain.account.used_from` has it."""

    table: Table
    user_id: str
    id: str
    at: str
    used_from: str


async def record(tx: Tx, uses: Iterable[Use]) -> None:
    """Writes uses down, but where another process has just done it; a statement for each table."""
    # In one order, so that two processes do not wait for each other.
    ordered = sorted(uses)
    for table in get_args(Table):
        rows = [
            (use.user_id, use.id, use.at, use.used_from, _long_before(use.at))
            for use in ordered
            if use.table == table
        ]
        if rows:
            await tx.executemany(
                f"UPDATE {table} SET last_used_at = $3, last_used_from = $4 WHERE user_id = $1"
                " AND id = $2 AND (last_used_at IS NULL OR last_used_at <= $5)",
                rows,
            )


def _long_before(at: str) -> str:
    moment = datetime.datetime.fromisoformat(at)
    return timestamp(moment - datetime.timedelta(seconds=APART_SECONDS))
