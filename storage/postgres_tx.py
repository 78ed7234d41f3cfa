"""Statements on a connection to Postgres: each by itself, or all in a transaction."""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from storage.postgres_dialect import DIALECT
from storage.postgres_sessions import Sessions
from storage.store import Operation, Record, Tx

T = TypeVar("T")

COPY_FROM: Final = 100
"""Rows from which COPY is faster than inserting them."""


class PostgresTx(Tx):
    """Statements on a connection, each a transaction of its own or all in one begun before."""

    dialect = DIALECT

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def _ready(self) -> Any:
        """The connection, ready for a statement."""
        return self._connection

    async def fetch(self, sql: str, *args: Any) -> Sequence[Record]:
        """See `Tx.fetch`."""
        records: Sequence[Record] = await (await self._ready()).fetch(sql, *args)
        return records

    async def fetchrow(self, sql: str, *args: Any) -> Record | None:
        """See `Tx.fetchrow`."""
        record: Record | None = await (await self._ready()).fetchrow(sql, *args)
        return record

    async def fetchval(self, sql: str, *args: Any) -> Any:
        """See `Tx.fetchval`."""
        return await (await self._ready()).fetchval(sql, *args)

    async def execute(self, sql: str, *args: Any) -> int:
        """See `Tx.execute`."""
        status: str = await (await self._ready()).execute(sql, *args)
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> None:
        """See `Tx.insert`."""
        connection = await self._ready()
        if len(rows) >= COPY_FROM:
            await connection.copy_records_to_table(table, columns=columns, records=rows)
            return
        marks = ", ".join(f"${n}" for n in range(1, len(columns) + 1))
        statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
        if len(rows) == 1:
            await connection.execute(statement, *rows[0])
        else:
            await connection.executemany(statement, rows)

    async def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """See `Tx.executemany`."""
        await (await self._ready()).executemany(sql, rows)

    async def autocommit(self, sql: str, *args: Any) -> Any:
        """See `Tx.autocommit`."""
        raise TypeError("a read commits nothing")

    def after_commit(self, tell: Callable[[], None]) -> None:
        """See `Tx.after_commit`."""
        raise TypeError("a read commits nothing")

    def trip_changed(self, trip_id: str, rev: int) -> None:
        """See `Tx.trip_changed`."""
        raise TypeError("a read changes nothing")


class Transaction(PostgresTx):
    """Statements in a transaction, which the first one begins."""

    def __init__(self, connection: Any, begin: str) -> None:
        super().__init__(connection)
        self._begin = begin
        self._begun = False

    async def run(self, operation: Operation[T]) -> T:
        """The operation's result, committed; what it raises undoes all it did."""
        try:
            result = await operation(self)
        except (OSError, TimeoutError):
            # A server that does not answer would not answer the ROLLBACK either.
            self._connection.terminate()
            raise
        except Exception:
            # One that is cancelled sends nothing more: who gave it the connection closes that.
            if self._begun:
                await self._connection.execute("ROLLBACK")
            raise
        if self._begun:
            await self._connection.execute("COMMIT")
        return result

    async def _ready(self) -> Any:
        if not self._begun:
            await self._connection.execute(self._begin)
            self._begun = True
        return self._connection


class WriteTx(Transaction):
    """A transaction, or one statement that is the whole of it."""

    def __init__(self, connection: Any, sessions: Sessions) -> None:
        super().__init__(connection, sessions.begin())
        self.changed: list[tuple[str, int]] = []
        """Trips and their new revisions, to be told of after the commit."""
        self.afterwards: list[Callable[[], None]] = []
        self._alone = sessions.kept
        """Whether a statement may go without a transaction around it."""
        self._committed = False

    async def _ready(self) -> Any:
        if self._committed:
            raise RuntimeError("the statement before was the whole transaction")
        return await super()._ready()

    async def autocommit(self, sql: str, *args: Any) -> Any:
        """See `Tx.autocommit`; in a transaction that has begun it is a statement like others."""
        if self._begun or not self._alone:
            return await self.fetchval(sql, *args)
        value = await self._connection.fetchval(sql, *args)
        self._committed = value is not None
        return value

    def after_commit(self, tell: Callable[[], None]) -> None:
        """See `Tx.after_commit`."""
        self.afterwards.append(tell)

    def trip_changed(self, trip_id: str, rev: int) -> None:
        """See `Tx.trip_changed`."""
        self.changed.append((trip_id, rev))
