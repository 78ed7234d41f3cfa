"""SQLite's side of operations: connections with a thread each, and operations in groups.

A transaction's methods never suspend, so an operation's whole coroutine is driven to its end
inside a connection's thread; those that wait at the same time go there in one hop.
"""

import asyncio
import functools
import itertools
import operator
import re
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, TypeVar

import aiosqlite

from domain.errors import Unavailable
from runtime import measured
from runtime.signals import TripListener
from storage.store import (
    MAX_WAITING,
    DatabaseError,
    Dialect,
    Operation,
    Record,
    Tx,
    ignore_changes,
    overloaded,
)

T = TypeVar("T")

GROUP_SIZE: Final = 64
"""The most operations that go to a thread together."""

_LOOK_AGAIN_SECONDS: Final = 0.001

DIALECT = Dialect(
    name="sqlite",
    migrations=Path(__file__).parent / "migrations" / "sqlite",
    among=lambda parameter: f"IN (SELECT value FROM json_each({parameter}))",
    # The plus keeps the column's index from being used.
    one_of=lambda column, parameter: f"+{column} IN (SELECT value FROM json_each({parameter}))",
    # The index is named: others are taken for as good.
    each=lambda columns, column, parameter: (
        f"SELECT {columns} FROM items INDEXED BY items_by_{column} WHERE trip_id = $1"
        f" AND {column} IN (SELECT value FROM json_each({parameter}))"
    ),
    by_index=lambda index: f"INDEXED BY {index}",
    join=lambda column: f"group_concat({column}, ',')",
    rows=lambda columns: f"json_group_array(json_array({columns}))",
    one_statement=False,
    lock="",
    skip_locked="",
    migration_lock="",
    integrity_check="PRAGMA integrity_check",
    has_table="SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = $1",
    refused=sqlite3.Error,
)


class Outcome(NamedTuple):
    """What came of an operation."""

    value: Any = None
    error: BaseException | None = None
    changed: Sequence[tuple[str, int]] = ()
    """Trips that it changed, and their new revisions."""
    afterwards: Sequence[Callable[[], None]] = ()
    """What is to be called once it is committed."""


Waiting = tuple[Operation[Any], asyncio.Future[Any], float]
"""An operation, the future that its outcome goes to, and when it began to wait."""

Group = Callable[[sqlite3.Connection, Sequence[Waiting]], list[Outcome]]
"""Runs operations on a connection, in its thread."""


class ConnectionQueue:
    """A connection, and the operations that wait for its thread.

    The thread goes on with them group by group without the loop between: a loop that is busy
    refusing requests must not keep those from being done that were accepted.
    """

    def __init__(
        self, connection: aiosqlite.Connection, run: Group, name: Literal["read", "write"]
    ) -> None:
        """`name`: what its operations are measured by."""
        self.connection = connection
        self._name = name
        self.on_commit: TripListener = ignore_changes
        self._run = run
        self._waiting: list[Waiting] = []
        self._working: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._since = 0.0

    @property
    def backlog(self) -> float:
        """Seconds since the present group was begun; 0 when there is none."""
        return time.monotonic() - self._since if self._working else 0.0

    @property
    def waiting(self) -> int:
        """Operations that wait for the present group's end."""
        return len(self._waiting)

    @property
    def full(self) -> bool:
        """Whether so many operations wait that a further one is refused."""
        return len(self._waiting) >= MAX_WAITING

    def submit(self, operation: Operation[T]) -> asyncio.Future[T]:
        """The operation's value or error, once it has been run in a group.

        `Overloaded` when too many wait already.
        """
        if self.full:
            raise overloaded()
        done: asyncio.Future[T] = self._loop.create_future()
        self._waiting.append((operation, done, time.perf_counter()))
        if self._working is None:
            self._since = time.monotonic()
            self._working = asyncio.create_task(self._work())
        return done

    async def drained(self) -> None:
        """Returns when nothing waits and nothing runs."""
        while self._working is not None:
            await self._working

    async def _work(self) -> None:
        try:
            # What is submitted while the thread comes back does not start another task.
            while self._waiting:
                await _in_thread(self.connection, self._run_groups)
        finally:
            self._working = None

    def _run_groups(self, connection: sqlite3.Connection) -> None:
        """In the connection's thread: runs all that waits."""
        while self._waiting:
            # The loop only adds to the end meanwhile.
            group = self._waiting[:GROUP_SIZE]
            del self._waiting[:GROUP_SIZE]
            self._since = time.monotonic()
            self._loop.call_soon_threadsafe(self._finish, group, self._outcomes(connection, group))

    def _outcomes(self, connection: sqlite3.Connection, group: list[Waiting]) -> list[Outcome]:
        try:
            return self._run(connection, group)
        except BaseException as error:  # noqa: BLE001 - each waiting operation gets it
            return [Outcome(error=_translated(error))] * len(group)

    def _finish(self, group: list[Waiting], outcomes: list[Outcome]) -> None:
        """In the loop: hands the outcomes over."""
        if self._name == "write":
            measured.SQLITE_COMMIT_SIZE.observe(len(group))
        now = time.perf_counter()
        for (_, done, since), outcome in zip(group, outcomes, strict=True):
            measured.STORAGE_SECONDS.observe(now - since, self._name)
            for trip_id, rev in outcome.changed:
                self.on_commit(trip_id, rev)
            for tell in outcome.afterwards:
                tell()
            if done.cancelled():
                continue
            if outcome.error is not None:
                done.set_exception(outcome.error)
            else:
                done.set_result(outcome.value)
        # The thread refers to both lists until its next group: they must not hold a whole import.
        group.clear()
        outcomes.clear()


async def _in_thread(
    connection: aiosqlite.Connection, work: Callable[[sqlite3.Connection], T]
) -> T:
    """Runs `work` in the connection's thread: aiosqlite has no public call for it."""
    raw = connection._conn  # noqa: SLF001
    execute: Callable[..., Awaitable[T]] = connection._execute  # noqa: SLF001
    return await execute(work, raw)


def read_together(connection: sqlite3.Connection, group: Sequence[Waiting]) -> list[Outcome]:
    """Runs operations that all see the same moment, which is after they were asked for."""
    connection.execute("BEGIN")
    try:
        return [_attempt(connection, operation) for operation, *_ in group]
    finally:
        connection.execute("ROLLBACK")


def _attempt(connection: sqlite3.Connection, operation: Operation[Any]) -> Outcome:
    try:
        return drive(operation, connection)
    except BaseException as error:  # noqa: BLE001 - it is the operation's outcome
        return Outcome(error=_translated(error))


def commit_together(
    patience: float, connection: sqlite3.Connection, group: Sequence[Waiting]
) -> list[Outcome]:
    """Runs operations in one transaction, each undone alone if it fails; commits.

    Waits so many seconds for another process's transaction. What a single operation raises is
    raised.
    """
    outcomes: list[Outcome] | None
    _begin(patience, connection)
    try:
        if len(group) == 1:
            outcomes = [drive(group[0][0], connection)]
        else:
            outcomes = _attempt_all(connection, group)
        if outcomes is None:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            _begin(patience, connection)
            outcomes = [_attempt_alone(connection, operation) for operation, *_ in group]
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return outcomes


def _begin(patience: float, connection: sqlite3.Connection) -> None:
    """Begins a transaction as soon as no other process has one.

    SQLite's own waiting looks again after up to a tenth of a second.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_LOOK_AGAIN_SECONDS)
        else:
            return


def _attempt_all(connection: sqlite3.Connection, group: Sequence[Waiting]) -> list[Outcome] | None:
    """The outcomes of operations none of which has to be undone; None when one has.

    A savepoint for each would cost a third of what most operations do: so all are run again with
    one where that is needed.
    """
    outcomes = []
    for operation, *_ in group:
        before = connection.total_changes
        outcome = _attempt(connection, operation)
        # A full disk makes SQLite undo the whole transaction.
        if not connection.in_transaction:
            return None
        if outcome.error is not None and connection.total_changes != before:
            return None
        outcomes.append(outcome)
    return outcomes


def _attempt_alone(connection: sqlite3.Connection, operation: Operation[Any]) -> Outcome:
    connection.execute("SAVEPOINT operation")
    try:
        outcome = drive(operation, connection)
    except BaseException as error:
        # A full disk makes SQLite undo the whole transaction: nothing of it may count as done.
        if not connection.in_transaction:
            raise
        connection.execute("ROLLBACK TO operation")
        connection.execute("RELEASE operation")
        return Outcome(error=_translated(error))
    connection.execute("RELEASE operation")
    return outcome


def drive(operation: Operation[Any], connection: sqlite3.Connection) -> Outcome:
    """Runs an operation's coroutine to its end on a connection, in the thread it is called in.

    The operation may await nothing but its transaction. What it raises is raised.
    """
    tx = SQLiteTx(connection)
    steps = operation(tx).__await__()
    try:
        next(steps)
    except StopIteration as stop:
        return Outcome(stop.value, None, tx.changed, tx.afterwards)
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

_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def _translated(error: BaseException) -> BaseException:
    """What a client is to see of a failure: a passing one as `Unavailable`.

    That a file is damaged is told as such. Others, such as a misspelt column, are bugs and stay
    what they are.
    """
    code = getattr(error, "sqlite_errorcode", 0)
    if isinstance(error, sqlite3.OperationalError) and code & 0xFF in _PASSING:
        return Unavailable("The database is unavailable")
    if code & 0xFF in _DAMAGED:
        return DatabaseError(f"the database is damaged, restore a backup: {error}")
    return error


Pick = Callable[[Sequence[Any]], Sequence[Any]]
"""Arguments in the order of a statement's question marks."""


@functools.lru_cache(maxsize=512)
def _qmark(sql: str, count: int) -> tuple[str, Pick | None]:
    """SQL with `$n` as SQL with `?`, and how to pick its `count` arguments, unless in their order.

    `$1` itself would need a dict of arguments for every row.
    """
    order = [int(n) - 1 for n in re.findall(r"\$(\d+)", sql)]
    text = re.sub(r"\$\d+", "?", sql)
    if order == list(range(count)):
        return text, None
    return text, operator.itemgetter(*order) if len(order) > 1 else lambda args: [args[order[0]]]


_TOGETHER: Final = (100, 10, 1)
"""Rows that one statement inserts, where there are so many: more than a hundred gain nothing."""


@functools.cache
def _insert_statement(table: str, columns: Sequence[str], rows: int) -> str:
    marks = f"({', '.join('?' * len(columns))})"
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([marks] * rows)}"


class SQLiteTx(Tx):
    """A transaction on a connection, used inside that connection's thread."""

    dialect = DIALECT

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.changed: list[tuple[str, int]] = []
        """Trips and their new revisions, to be told of after the commit."""
        self.afterwards: list[Callable[[], None]] = []

    def _run(self, sql: str, args: Sequence[Any]) -> sqlite3.Cursor:
        text, pick = _qmark(sql, len(args))
        return self._connection.execute(text, pick(args) if pick else args)

    async def fetch(self, sql: str, *args: Any) -> Sequence[Record]:
        """See `Tx.fetch`."""
        return self._run(sql, args).fetchall()

    async def fetchrow(self, sql: str, *args: Any) -> Record | None:
        """See `Tx.fetchrow`."""
        # All of them: a statement that writes is only then at its end.
        rows = self._run(sql, args).fetchall()
        return rows[0] if rows else None

    async def fetchval(self, sql: str, *args: Any) -> Any:
        """See `Tx.fetchval`."""
        rows = self._run(sql, args).fetchall()
        return rows[0][0] if rows else None

    async def execute(self, sql: str, *args: Any) -> int:
        """See `Tx.execute`."""
        return self._run(sql, args).rowcount

    async def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> None:
        """See `Tx.insert`."""
        if len(rows) == 1:
            self._connection.execute(_insert_statement(table, columns, 1), rows[0])
            return
        start = 0
        for size in _TOGETHER:
            starts = range(start, len(rows) - size + 1, size)
            if starts:
                together = ([*itertools.chain.from_iterable(rows[n : n + size])] for n in starts)
                statement = _insert_statement(table, columns, size)
                self._connection.executemany(statement, together)
                start = starts[-1] + size

    async def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """See `Tx.executemany`."""
        text, pick = _qmark(sql, len(rows[0]) if rows else 0)
        self._connection.executemany(text, map(pick, rows) if pick else rows)

    async def autocommit(self, sql: str, *args: Any) -> Any:
        """See `Tx.autocommit`: there are no round trips to save."""
        raise TypeError("SQLite runs steps that write one by one")

    def after_commit(self, tell: Callable[[], None]) -> None:
        """See `Tx.after_commit`."""
        self.afterwards.append(tell)

    def trip_changed(self, trip_id: str, rev: int) -> None:
        """See `Tx.trip_changed`."""
        self.changed.append((trip_id, rev))
