"""SQLite by aiosqlite: one writer with group commit, and readers beside it (WAL)."""

import asyncio
import functools
import os
import sqlite3
import time
from collections.abc import Awaitable, Callable, Hashable
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import unquote, urlsplit

import aiosqlite

from domain.actor import TripAccess
from runtime import measured
from runtime.signals import TripListener
from storage.sqlite_engine import DIALECT, ConnectionQueue, commit_together, read_together
from storage.sqlite_lookups import LookUps
from storage.store import (
    DatabaseError,
    Operation,
    StorageUrlError,
)

T = TypeVar("T")

READERS: Final = 4
LOG_BYTES: Final = 64 * 1024 * 1024
"""The write-ahead log keeps its size when it begins anew, and is cut to this where it had grown
further, as behind a reader that took long."""
BUSY_SECONDS: Final = 0.002
"""A reader that has been at one group longer gets no more: the next one is asked."""
BUSY_TIMEOUT_MS = 10_000
_BUSY_PAUSE_SECONDS: Final = 0.01


def path_of(url: str) -> Path:
    """The file of `sqlite:///relative.db` or `sqlite:////absolute.db`; else `StorageUrlError`."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise StorageUrlError(str(error)) from error
    path = unquote(parts.path.removeprefix("/"))
    if parts.netloc or parts.query or parts.fragment or not path or path == ":memory:":
        raise StorageUrlError(
            f"{url!r} names no file: sqlite:///relative/path or sqlite:////absolute/path"
        )
    if path.startswith("~") and "/" in path:
        raise StorageUrlError(
            f"{url!r} begins with ~, which is not expanded: write the folder in full, as in"
            " sqlite:////home/you/carnet.db"
        )
    return Path(path)


async def open_sqlite(url: str, *, create: bool = True) -> "SQLiteStore":
    """Opens the database file; with `create` makes it and its folder too (0600 in 0700)."""
    path = path_of(url)
    if not create and not path.exists():
        raise DatabaseError(f"there is no database {path}: run `carnet init` or `carnet serve`")
    try:
        create_file(path)
        store = SQLiteStore(path)
        await store.open()
    except (OSError, sqlite3.Error) as error:
        raise DatabaseError(f"cannot open the database {path}: {error}") from error
    return store


def create_file(path: Path) -> None:
    """Makes a file that only its owner may read, and its folder, where they are not there."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


class SQLiteStore:
    """A `Store` on one SQLite file. Several may be open on the same file."""

    dialect = DIALECT

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: ConnectionQueue
        self._here: LookUps | None = None
        self._readers: list[ConnectionQueue] = []
        self._followed: list[Callable[[], None]] = []

    async def open(self) -> None:
        """Connects the writer and the readers."""
        commit = functools.partial(commit_together, BUSY_TIMEOUT_MS / 1000)
        self._writer = ConnectionQueue(await self._connect(), commit, "write")
        try:
            await _use_wal(self._writer.connection)
            # From here on its commits do the waiting for other processes.
            await self._writer.connection.execute_fetchall("PRAGMA busy_timeout = 0")
            for _ in range(READERS):
                # Small caches, since the system has the file in its own.
                reader = await self._connect("PRAGMA query_only = ON", "PRAGMA cache_size = -512")
                self._readers.append(ConnectionQueue(reader, read_together, "read"))
            self._here = LookUps(self._path)
            self._have_measured()
        except BaseException:
            await self.close()
            raise

    def _have_measured(self) -> None:
        log = self._path.with_name(f"{self._path.name}-wal")
        self._followed += (
            measured.SQLITE_WRITES_WAITING.follow(lambda: self._writer.waiting),
            measured.SQLITE_BYTES.follow(lambda: _size(self._path), "database"),
            measured.SQLITE_BYTES.follow(lambda: _size(log), "wal"),
        )

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
                f"PRAGMA journal_size_limit = {LOG_BYTES}",
                "PRAGMA foreign_keys = ON",
                "PRAGMA temp_store = MEMORY",
            ):
                await connection.execute_fetchall(pragma)
        except BaseException:
            await connection.close()
            raise
        return connection

    @property
    def full(self) -> bool:
        """See `Store.full`."""
        return self._writer.full

    def read(self, operation: Operation[T]) -> Awaitable[T]:
        """See `Store.read`. Operations waiting at the same time share a hop to a thread."""
        return self._reader().submit(operation)

    async def read_trip(self, operation: Operation[T], trip_id: str, seen: TripAccess) -> T:
        """See `Store.read_trip`. There is one database only."""
        return await self.read(operation)

    async def look_up(self, operation: Operation[T], name: Hashable) -> T:
        """See `Store.look_up`. In the loop itself, unless that would make it wait."""
        assert self._here is not None
        try:
            return self._here.look_up(operation, name)
        except sqlite3.OperationalError:
            return await self.read(operation)

    def _reader(self) -> ConnectionQueue:
        """The first reader that is not busy for long; several at once only where one is."""
        for queue in self._readers:
            if queue.backlog < BUSY_SECONDS:
                return queue
        return min(self._readers, key=lambda queue: queue.backlog)

    def snapshot(self, operation: Operation[T]) -> Awaitable[T]:
        """See `Store.snapshot`."""
        return self.read(operation)

    def write(self, operation: Operation[T]) -> Awaitable[T]:
        """See `Store.write`. Operations waiting at the same time share one commit."""
        return self._writer.submit(operation)

    @property
    def on_commit(self) -> TripListener:
        """See `Store.on_commit`."""
        return self._writer.on_commit

    @on_commit.setter
    def on_commit(self, listener: TripListener) -> None:
        self._writer.on_commit = listener

    async def write_slowly(self, operation: Operation[T]) -> T:
        """See `Store.write_slowly`."""
        return await self.write(operation)

    async def close(self) -> None:
        """See `Store.close`."""
        while self._followed:
            self._followed.pop()()
        await self._writer.drained()
        if self._here is not None:
            self._here.close()
        for reader in self._readers:
            await reader.drained()
            await reader.connection.close()
        try:
            # Not TRUNCATE: that waits for whoever reads, and Litestream always does.
            await self._writer.connection.execute_fetchall("PRAGMA wal_checkpoint(PASSIVE)")
        finally:
            await self._writer.connection.close()


def _size(path: Path) -> int:
    """Bytes of a file; 0 where there is none."""
    return path.stat().st_size if path.exists() else 0


async def _use_wal(connection: aiosqlite.Connection) -> None:
    """Turns on the write-ahead log; SQLite's own busy time-out does not cover that."""
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            await connection.execute_fetchall("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            await asyncio.sleep(_BUSY_PAUSE_SECONDS)
        else:
            return
