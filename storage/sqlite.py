"""SQLite by aiosqlite: one writer with group commit, and readers beside it (WAL).

A transaction's methods never suspend, so an operation's whole coroutine is driven to its
end inside a connection's thread: one hop between threads a request, however many statements.
"""

import asyncio
import functools
import os
import re
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import unquote, urlsplit

import aiosqlite

from domain.errors import Unavailable
from storage.store import DatabaseError, Dialect, Operation, Record, Tx

T = TypeVar("T")

READERS = 4
GROUP_SIZE = 64
"""The most operations that share one commit."""
BUSY_TIMEOUT_MS = 10_000

DIALECT = Dialect(
    name="sqlite",
    migrations=Path(__file__).parent / "migrations" / "sqlite",
    each=lambda parameter: f"(SELECT value FROM json_each({parameter}))",
    join=lambda column: f"group_concat({column}, ',')",
    rows=lambda columns: f"json_group_array(json_array({columns}))",
    lock="",
    skip_locked="",
    migration_lock="",
    has_table="SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = $1",
)


def path_of(url: str) -> Path:
    """The file of `sqlite:///relative.db` or `sqlite:////absolute.db`."""
    parts = urlsplit(url)
    path = unquote(parts.path.removeprefix("/"))
    if parts.netloc or not path:
        raise DatabaseError(
            f"{url!r} names no file: sqlite:///relative/path or sqlite:////absolute/path"
        )
    return Path(path)


async def open_sqlite(url: str, *, create: bool = True) -> "SQLiteStore":
    """Opens the database file; with `create` makes it and its folder too (0600 in 0700)."""
    path = path_of(url)
    if not create and not path.exists():
        raise DatabaseError(f"there is no database {path}: run `carnet init` or `carnet serve`")
    try:
        _create(path)
        store = SQLiteStore(path)
        await store.open()
    except (OSError, sqlite3.Error) as error:
        raise DatabaseError(f"cannot open the database {path}: {error}") from error
    return store


def _create(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


class SQLiteStore:
    """A `Store` on one SQLite file. Several may be open on the same file."""

    dialect = DIALECT

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: aiosqlite.Connection
        self._idle: asyncio.LifoQueue[aiosqlite.Connection] = asyncio.LifoQueue()
        self._readers: list[aiosqlite.Connection] = []
        self._waiting: list[tuple[Operation[Any], asyncio.Future[Any]]] = []
        self._committing: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connects the writer and the readers."""
        self._writer = await self._connect("PRAGMA journal_mode = WAL")
        try:
            for _ in range(READERS):
                reader = await self._connect("PRAGMA query_only = ON")
                self._readers.append(reader)
                self._idle.put_nowait(reader)
        except BaseException:
            await self.close()
            raise

    async def _connect(self, *pragmas: str) -> aiosqlite.Connection:
        connecting = aiosqlite.connect(
            self._path,
            isolation_level=None,
            cached_statements=512,
            timeout=BUSY_TIMEOUT_MS / 1000,
        )
        # A thread left behind by an exception must not keep the interpreter alive.
        connecting._thread.daemon = True  # noqa: SLF001
        connection = await connecting
        try:
            for pragma in (
                *pragmas,
                "PRAGMA synchronous = FULL",
                "PRAGMA foreign_keys = ON",
                "PRAGMA temp_store = MEMORY",
            ):
                await connection.execute_fetchall(pragma)
        except BaseException:
            await connection.close()
            raise
        return connection

    async def read(self, operation: Operation[T]) -> T:
        """See `Store.read`."""
        reader = await self._idle.get()
        try:
            return await _in_thread(reader, functools.partial(_read, operation=operation))
        except sqlite3.OperationalError as error:
            raise _translated(error) from error
        finally:
            self._idle.put_nowait(reader)

    async def write(self, operation: Operation[T]) -> T:
        """See `Store.write`. Operations waiting at the same time share one commit."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((operation, done))
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_groups())
        return await done

    async def _commit_groups(self) -> None:
        try:
            while self._waiting:
                group = self._waiting[:GROUP_SIZE]
                del self._waiting[:GROUP_SIZE]
                await self._commit(group)
        finally:
            self._committing = None

    async def _commit(self, group: list[tuple[Operation[Any], asyncio.Future[Any]]]) -> None:
        operations = [operation for operation, _ in group]
        try:
            outcomes = await _in_thread(
                self._writer, functools.partial(_write, operations=operations)
            )
        except BaseException as error:  # noqa: BLE001 - each waiting request must be told
            outcomes = [_Failure(_translated(error))] * len(group)
        for (_, done), outcome in zip(group, outcomes, strict=True):
            if done.cancelled():
                continue
            if isinstance(outcome, _Failure):
                done.set_exception(outcome.error)
            else:
                done.set_result(outcome)

    async def close(self) -> None:
        """See `Store.close`."""
        while self._committing is not None:
            await self._committing
        for reader in self._readers:
            await reader.close()
        try:
            await self._writer.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            await self._writer.close()


class _Failure:
    """An operation's exception, as its outcome."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


async def _in_thread(
    connection: aiosqlite.Connection, work: Callable[[sqlite3.Connection], T]
) -> T:
    """Runs `work` in the connection's thread: aiosqlite has no public call for it."""
    raw = connection._conn  # noqa: SLF001
    execute: Callable[..., Awaitable[T]] = connection._execute  # noqa: SLF001
    return await execute(work, raw)


def _read(connection: sqlite3.Connection, operation: Operation[T]) -> T:
    connection.execute("BEGIN")
    try:
        return _drive(operation, connection)
    finally:
        connection.execute("ROLLBACK")


def _write(connection: sqlite3.Connection, operations: Sequence[Operation[Any]]) -> list[Any]:
    """Runs operations in one transaction, each undone alone if it fails; commits."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        outcomes = [_attempt(connection, operation) for operation in operations]
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return outcomes


def _attempt(connection: sqlite3.Connection, operation: Operation[Any]) -> Any:
    connection.execute("SAVEPOINT operation")
    try:
        value = _drive(operation, connection)
    except BaseException as error:
        # A full disk makes SQLite undo the whole transaction: then nothing of it may be told.
        if not connection.in_transaction:
            raise
        connection.execute("ROLLBACK TO operation")
        connection.execute("RELEASE operation")
        return _Failure(_translated(error))
    connection.execute("RELEASE operation")
    return value


def _drive(operation: Operation[T], connection: sqlite3.Connection) -> T:
    """Runs an operation's coroutine to its end; it may await nothing but its transaction."""
    coroutine: Awaitable[T] = operation(SQLiteTx(connection))
    steps = coroutine.__await__()
    try:
        next(steps)
    except StopIteration as stop:
        value: T = stop.value
        return value
    raise RuntimeError("an operation awaited something other than its transaction")


_PASSING: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
    }
)
"""Result codes of failures that trying again later may cure."""


def _translated(error: BaseException) -> BaseException:
    """What a client is to see of a failure: a passing one as `Unavailable`.

    Others, such as a misspelt column, are bugs and stay what they are.
    """
    code = getattr(error, "sqlite_errorcode", 0)
    if isinstance(error, sqlite3.OperationalError) and code & 0xFF in _PASSING:
        return Unavailable("The database is unavailable")
    return error


@functools.lru_cache(maxsize=512)
def _qmark(sql: str) -> tuple[str, tuple[int, ...] | None]:
    """SQL with `$n` as SQL with `?`, and the order of its arguments where it is another.

    `$1` itself would need a dict of arguments for every row.
    """
    order = tuple(int(n) - 1 for n in re.findall(r"\$(\d+)", sql))
    plain = order == tuple(range(len(order)))
    return re.sub(r"\$\d+", "?", sql), None if plain else order


class SQLiteTx(Tx):
    """A transaction on a connection, used inside that connection's thread."""

    dialect = DIALECT

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def _run(self, sql: str, args: Sequence[Any]) -> sqlite3.Cursor:
        text, order = _qmark(sql)
        if order is not None:
            args = [args[index] for index in order]
        return self._connection.execute(text, args)

    async def fetch(self, sql: str, *args: Any) -> Sequence[Record]:
        """See `Tx.fetch`."""
        return self._run(sql, args).fetchall()

    async def fetchrow(self, sql: str, *args: Any) -> Record | None:
        """See `Tx.fetchrow`."""
        rows = self._run(sql, args).fetchall()
        return rows[0] if rows else None

    async def fetchval(self, sql: str, *args: Any) -> Any:
        """See `Tx.fetchval`."""
        row = await self.fetchrow(sql, *args)
        return row[0] if row else None

    async def execute(self, sql: str, *args: Any) -> int:
        """See `Tx.execute`."""
        return self._run(sql, args).rowcount

    async def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> None:
        """See `Tx.insert`."""
        marks = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
        self._connection.executemany(statement, rows)

    async def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """See `Tx.executemany`."""
        text, order = _qmark(sql)
        if order is not None:
            rows = [[row[index] for index in order] for row in rows]
        self._connection.executemany(text, rows)
