"""Postgres by asyncpg: kept connections, writers in transactions, conflicts retried."""

import asyncio
import configparser
import contextlib
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import asyncpg

from domain.errors import Unavailable
from runtime import measured
from runtime.signals import TripListener
from storage.postgres_pool import Pool
from storage.postgres_sessions import COMMAND_SECONDS, Sessions
from storage.postgres_url import CONNECT_SECONDS, read_url
from storage.store import (
    DatabaseError,
    Dialect,
    Operation,
    Record,
    Tx,
    ignore_changes,
)

T = TypeVar("T")

ATTEMPTS: Final = 5
"""How often an operation is run before a conflict with others is told."""
COPY_FROM: Final = 100
"""Rows from which COPY is faster than inserting them."""

DIALECT = Dialect(
    name="postgres",
    migrations=Path(__file__).parent / "migrations" / "postgres",
    # Made an array first: as a subquery it would be joined, and expanded again for every row.
    among=lambda parameter: f"= ANY (ARRAY(SELECT json_array_elements_text({parameter}::json)))",
    # As a mere IN it could be made a join, by any method; this is always a hashed subplan.
    one_of=lambda column, parameter: (
        f"({column} IN (SELECT json_array_elements_text({parameter}::json))) IS TRUE"
    ),
    # OFFSET keeps the planner from a plan of its own: on a table it knows nothing of yet, that
    # would compare all rows with all values.
    each=lambda columns, column, parameter: (
        f"SELECT {columns} FROM json_array_elements_text({parameter}::json) AS wanted (value)"
        f" CROSS JOIN LATERAL (SELECT {columns} FROM items WHERE trip_id = $1"
        f" AND {column} = wanted.value OFFSET 0) AS found WHERE true"
    ),
    by_index=lambda _index: "",
    join=lambda column: f"string_agg({column}, ',')",
    rows=lambda columns: f"json_agg(json_build_array({columns}))::text",
    one_statement=True,
    lock="FOR UPDATE",
    skip_locked="FOR UPDATE SKIP LOCKED",
    migration_lock="SELECT pg_advisory_xact_lock(hashtext('carnet migrations'))",
    integrity_check="",
    has_table="SELECT to_regclass($1::text) IS NOT NULL",
    refused=asyncpg.PostgresError,
)

_CONFLICTS: Final = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.UniqueViolationError,
)
"""Failures of two writers meeting: the one that comes second is run again."""

_AWAY: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,
)
"""Failures of a server that is gone, stopping, full or too slow."""


async def open_postgres(url: str) -> "PostgresStore":
    """Connects to a database, which must exist.

    `StorageUrlError` when the URL is wrong, `DatabaseError` when nobody lets us in.
    """
    sessions = Sessions(read_url(url))
    store = PostgresStore(sessions)
    try:
        await store.open()
    except (*_AWAY, asyncpg.PostgresError, ValueError, configparser.Error) as error:
        await store.close()
        reason = str(error) or sessions.silence
        raise DatabaseError(f"cannot connect to the Postgres of storage.url: {reason}") from error
    return store


class PostgresStore:
    """A `Store` on a Postgres database. Readers have connections that cannot write."""

    dialect = DIALECT

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self.on_commit: TripListener = ignore_changes
        self._writers = Pool(sessions.writing)
        self._readers = Pool(sessions.reading)
        self._running = _Running()
        self._followed: list[Callable[[], None]] = []

    async def open(self) -> None:
        """Connects, so that what is wrong with the URL is told at once."""
        await self._writers.open()
        await self._readers.open()
        pools = {"read": self._readers, "write": self._writers}
        for name, pool in pools.items():
            self._followed += _have_measured(pool, name)

    @property
    def is_pooled(self) -> bool:
        """Whether a pooler is between, which does not keep what a session was asked for."""
        return not self._sessions.kept

    @property
    def full(self) -> bool:
        """See `Store.full`."""
        return self._writers.full

    async def read(self, operation: Operation[T]) -> T:
        """See `Store.read`. Where it can be, there is no transaction around the statements."""
        with self._running, _Timed("read"):
            async with self._readers.connection() as connection:
                if self._sessions.kept:
                    return await operation(PostgresTx(connection))
                begin = self._sessions.begin(read_only=True)
                return await _Transaction(connection, begin).run(operation)

    async def look_up(self, operation: Operation[T], name: Hashable) -> T:
        """See `Store.look_up`. Nothing tells here that nothing has changed."""
        return await self.read(operation)

    async def snapshot(self, operation: Operation[T]) -> T:
        """See `Store.snapshot`."""
        return await self._alone(self._sessions.begin_snapshot(), operation)

    async def write(self, operation: Operation[T]) -> T:
        """See `Store.write`. An operation that meets another one's write is run again."""
        with self._running, _Timed("write"):
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    async with self._writers.connection() as connection:
                        tx = _WriteTx(connection, self._sessions)
                        result = await tx.run(operation)
                except _CONFLICTS:
                    if attempt == ATTEMPTS:
                        raise
                    await asyncio.sleep(0.002 * 2**attempt)
                else:
                    for trip_id, rev in tx.changed:
                        self.on_commit(trip_id, rev)
                    for tell in tx.afterwards:
                        tell()
                    return result
        raise AssertionError("the loop returns or raises")

    async def write_slowly(self, operation: Operation[T]) -> T:
        """See `Store.write_slowly`."""
        return await self._alone(self._sessions.begin(slowly=True), operation)

    async def _alone(self, begin: str, operation: Operation[T]) -> T:
        """Runs an operation on a connection of its own, which no time-out ends."""
        with self._running:
            connection = await self._sessions.writing_slowly()
            try:
                return await _Transaction(connection, begin).run(operation)
            finally:
                await connection.close(timeout=CONNECT_SECONDS)

    async def close(self) -> None:
        """See `Store.close`."""
        while self._followed:
            self._followed.pop()()
        await self._running.end(COMMAND_SECONDS)
        for pool in (self._readers, self._writers):
            await pool.close()


def _have_measured(pool: Pool, name: str) -> Iterator[Callable[[], None]]:
    yield measured.POSTGRES_CONNECTIONS.follow(lambda: pool.size, name, "open")
    yield measured.POSTGRES_CONNECTIONS.follow(lambda: pool.in_use, name, "in_use")
    yield measured.POSTGRES_WAITING.follow(lambda: pool.waiting, name)


class _Timed:
    """Measures the operation of a `with`; a generator for it would cost more."""

    __slots__ = ("_name", "_started")

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        self._started = time.perf_counter()

    def __exit__(self, *_error: object) -> None:
        measured.STORAGE_SECONDS.observe(time.perf_counter() - self._started, self._name)


class _Running:
    """The operations that run, each in a `with`; what the driver raises in one is told as ours."""

    def __init__(self) -> None:
        self._number = 0
        self._at_rest = asyncio.Event()
        self._at_rest.set()
        self._ending = False

    def __enter__(self) -> None:
        if self._ending:
            raise Unavailable("The database is closed")
        self._number += 1
        self._at_rest.clear()

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        self._number -= 1
        if not self._number:
            self._at_rest.set()
        # An argument the driver cannot send is a bug, though it is an InterfaceError too.
        if isinstance(error, _AWAY) and not isinstance(error, ValueError):
            raise Unavailable("The database is unavailable") from error

    async def end(self, seconds: float) -> None:
        """Lets no more begin, and waits at most so long for those that run."""
        self._ending = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._at_rest.wait(), seconds)


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


class _Transaction(PostgresTx):
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
        except BaseException:
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


class _WriteTx(_Transaction):
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
