"""A Postgres database of the current schema, emptied for each test.

Making the schema anew takes several times as long as what most tests do with it.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg

from storage import open_store
from storage.migrate import migrate
from tests.support import now

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"

_SHAPE = """
SELECT string_agg(part, ' ' ORDER BY part) FROM (
  SELECT concat_ws(',', relname, relkind, attname, atttypid, attnotnull, relhastriggers) AS part
  FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
  WHERE relnamespace = 'public'::regnamespace AND NOT attisdropped
) AS parts
"""
"""Tables, views and indexes with their columns, as one text."""


class Emptied:
    """The database behind a URL, which may have any schema at first and between two tests.

    It keeps its connection: a new one would have to learn of every table first.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._runner = asyncio.Runner()
        self._connection: Any = self._runner.run(asyncpg.connect(url))
        self._shape: str | None = None
        self._rows: dict[str, Sequence[Any]] = {}
        """What the migrations wrote themselves, by table."""

    def close(self) -> None:
        """Closes the connection."""
        self._runner.run(self._connection.close())
        self._runner.close()

    def without_schema(self) -> str:
        """The URL, where there is nothing."""
        self._runner.run(self._drop())
        return self._url

    def migrated(self) -> str:
        """The URL, where there is the current schema, and no row of any test."""
        self._runner.run(self._migrate())
        return self._url

    async def _drop(self) -> None:
        await self._connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")

    async def _migrate(self) -> None:
        if self._shape is None or await self._connection.fetchval(_SHAPE) != self._shape:
            await self._make()
        else:
            await self._empty()

    async def _make(self) -> None:
        await self._drop()
        store = await open_store(self._url)
        await migrate(store, now())
        await store.close()
        for (table,) in await self._connection.fetch(_TABLES):
            self._rows[table] = await self._connection.fetch(f"SELECT * FROM {table}")
        self._shape = await self._connection.fetchval(_SHAPE)

    async def _empty(self) -> None:
        async with self._connection.transaction():
            # Foreign keys would ask for an order of the tables.
            await self._connection.execute(
                "SET LOCAL session_replication_role = replica;"
                + ";".join(f"DELETE FROM {table}" for table in self._rows)
            )
            for table, rows in self._rows.items():
                if rows:
                    await self._connection.copy_records_to_table(table, records=rows)
