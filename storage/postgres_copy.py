"""Many rows into Postgres, by COPY, while the next ones are made.

Not by one COPY: Postgres checks the foreign keys of all its rows at its end, 25 ms for 10,000 of
them, in which nobody makes rows and others wait for the processor. And as text, since asyncpg keeps
half a megabyte of records back until it sends them.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Any, Final

from storage.turns import give_way

_ROWS_AT_ONCE: Final = 300
"""Of one COPY: Postgres is busy with them for 3 ms."""
_TURN: Final = 20
"""Rows after which others get theirs: the COPY before, and whoever waits for the processor."""

_ESCAPES: Final = str.maketrans({"\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t"})


async def copy(
    connection: Any, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Stores rows of texts, numbers and None; each is taken before those before it are stored.

    Within a transaction, since it takes several statements. Raises what they raise, and what taking
    the rows does.
    """
    taken = iter(rows)
    upcoming = asyncio.create_task(_piece(taken))
    try:
        while piece := await upcoming:
            upcoming = asyncio.create_task(_piece(taken))
            await connection.copy_to_table(table, columns=columns, source=_only(piece))
    finally:
        upcoming.cancel()
        await asyncio.gather(upcoming, return_exceptions=True)


async def _piece(rows: Iterator[Sequence[Any]]) -> bytes:
    """The next rows for one COPY; nothing after the last."""
    lines: list[str] = []
    while len(lines) < _ROWS_AT_ONCE:
        turn = list(map(_line, itertools.islice(rows, _TURN)))
        if not turn:
            break
        lines += turn
        give_way()
        await asyncio.sleep(0)
    return "".join(lines).encode()


async def _only(piece: bytes) -> AsyncIterator[bytes]:
    yield piece


def _line(row: Sequence[Any]) -> str:
    return "\t".join(map(_cell, row)) + "\n"


def _cell(value: str | float | None) -> str:
    """A value in COPY's text format (PostgreSQL manual, COPY, "Text Format")."""
    if value is None:
        return r"\N"
    if not isinstance(value, str):
        return str(value)
    if "\\" in value or "\n" in value or "\r" in value or "\t" in value:
        return value.translate(_ESCAPES)
    return value
