"""Postgres by asyncpg: kept connections, writers in transactions, conflicts retried."""

import asyncio
import configparser
import contextlib
import os
from collections.abc import Callable, Hashable
from typing import Final, TypeVar

import asyncpg

from domain.actor import TripAccess
from runtime.signals import TripListener
from storage.postgres_dialect import DIALECT
from storage.postgres_operations import AWAY, CONFLICTS, Running, Timed
from storage.postgres_pool import CLOSE_SECONDS, Pool, have_measured
from storage.postgres_readers import Readers
from storage.postgres_sessions import COMMAND_SECONDS, Sessions
from storage.postgres_tx import Transaction, WriteTx
from storage.postgres_url import WRITABLE, parse_url
from storage.standby import NotByStandby, Standby, open_standby
from storage.store import DatabaseError, Operation, ignore_changes

T = TypeVar("T")

ATTEMPTS: Final = 5
"""How often an operation is run before a conflict with others is told."""


async def open_postgres(url: str, standby_url: str = "") -> "PostgresStore":
    """Connects to a database, which must exist, and on demand to a standby of it.

    `StorageUrlError` when a URL is wrong, `DatabaseError` when nobody lets us in.
    """
    target = os.environ.get("PGTARGETSESSIONATTRS", "any")
    sessions = Sessions(parse_url(url, WRITABLE, target))
    standby = open_standby(standby_url) if standby_url else None
    store = PostgresStore(sessions, standby)
    try:
        await store.open()
    except (*AWAY, asyncpg.PostgresError, ValueError, configparser.Error) as error:
        await store.close()
        reason = str(error) or sessions.silence
        raise DatabaseError(f"cannot connect to the Postgres of storage.url: {reason}") from error
    return store


class PostgresStore:
    """A `Store` on a Postgres database. Readers have connections that cannot write."""

    dialect = DIALECT

    def __init__(self, sessions: Sessions, standby: Standby | None) -> None:
        self._sessions = sessions
        self._standby = standby
        self.on_commit: TripListener = ignore_changes
        self._readers = Readers(sessions, "read")
        self._writers = Pool(sessions.writing)
        self._writing = Running()
        self._followed: list[Callable[[], None]] = [*have_measured(self._writers, "write")]

    async def open(self) -> None:
        """Connects, so that what is wrong with the URL is told at once."""
        await self._writers.open()
        await self._readers.open()

    @property
    def is_pooled(self) -> bool:
        """Whether a pooler is between, which does not keep what a session was asked for."""
        return not self._sessions.kept

    @property
    def full(self) -> bool:
        """See `Store.full`."""
        return self._writers.full

    async def read(self, operation: Operation[T]) -> T:
        """See `Store.read`."""
        return await self._readers.read(operation)

    async def read_trip(self, operation: Operation[T], trip_id: str, seen: TripAccess) -> T:
        """See `Store.read_trip`."""
        if self._standby is not None:
            try:
                return await self._standby.read_trip(operation, trip_id, seen)
            except NotByStandby:
                pass
        return await self._readers.read(operation)

    async def look_up(self, operation: Operation[T], name: Hashable) -> T:
        """See `Store.look_up`. Nothing tells here that nothing has changed."""
        return await self._readers.read(operation)

    async def snapshot(self, operation: Operation[T]) -> T:
        """See `Store.snapshot`."""
        return await self._alone(self._sessions.begin_snapshot(), operation)

    async def write(self, operation: Operation[T]) -> T:
        """See `Store.write`. An operation that meets another one's write is run again."""
        with self._writing, Timed("write"):
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    async with self._writers.connection() as connection:
                        tx = WriteTx(connection, self._sessions)
                        result = await tx.run(operation)
                except CONFLICTS:
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
        with self._writing:
            connection = await self._sessions.writing_slowly()
            try:
                return await Transaction(connection, begin).run(operation)
            finally:
                # By now it is done, or is not: how the session ends changes nothing.
                with contextlib.suppress(*AWAY):
                    await connection.close(timeout=CLOSE_SECONDS)

    async def close(self) -> None:
        """See `Store.close`."""
        while self._followed:
            self._followed.pop()()
        readers = [self._readers.close()]
        if self._standby is not None:
            readers.append(self._standby.close())
        await asyncio.gather(self._writing.end(COMMAND_SECONDS), *readers)
        await self._writers.close()
