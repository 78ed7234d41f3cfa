"""Many rows into Postgres, by COPY, while the next ones are made.

Not by one COPY: Postgres checks the foreign keys of all its rows at its end, 25 ms for 10,000 of
them, in which nobody makes rows and others wait for the processor.
"""

import asyncio
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from storage.turns import in_turns

_ROWS_AT_ONCE: Final = 80
"""Of one COPY: Postgres is busy with them for a millisecond."""
_TURN: Final = 40
"""Rows after which the COPY of those before goes on."""
_SHORT_TURN: Final = 10
"""Rows after which whoever waits for the processor goes on."""


async def copy(
    connection: Any, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Stores rows; the next ones are taken while those before them are stored.

    Within a transaction, since it takes several statements. Raises what they raise, and what taking
    the rows does.
    """
    rest = iter(rows)
    upcoming = asyncio.create_task(_take(rest))
    try:
        while some := await upcoming:
            upcoming = asyncio.create_task(_take(rest))
            await connection.copy_records_to_table(table, columns=columns, records=some)
    finally:
        upcoming.cancel()
        await asyncio.gather(upcoming, return_exceptions=True)


async def _take(rest: Iterator[Sequence[Any]]) -> list[Sequence[Any]]:
    """The next rows for one COPY; none after the last."""
    taken = []
    for row in in_turns(itertools.islice(rest, _ROWS_AT_ONCE), _SHORT_TURN):
        taken.append(row)
        if len(taken) % _TURN == 0:
            await asyncio.sleep(0)
    return taken
