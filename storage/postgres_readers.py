"""Reads by connections that cannot write."""

from collections.abc import Callable
from typing import TypeVar

from storage.postgres_operations import Running, Timed
from storage.postgres_pool import Pool, have_measured
from storage.postgres_sessions import COMMAND_SECONDS, Sessions
from storage.postgres_tx import PostgresTx, Transaction
from storage.store import Operation

T = TypeVar("T")


class Readers:
    """The connections of a store that read, of which `name` is told in what is measured."""

    def __init__(self, sessions: Sessions, name: str) -> None:
        self._sessions = sessions
        self._name = name
        self._pool = Pool(sessions.reading)
        self._running = Running()
        self._followed: list[Callable[[], None]] = [*have_measured(self._pool, name)]

    async def open(self) -> None:
        """Connects, so that what is wrong with the URL is told at once."""
        await self._pool.open()

    async def read(self, operation: Operation[T]) -> T:
        """See `Store.read`. Where it can be, there is no transaction around the statements."""
        with self._running, Timed(self._name):
            async with self._pool.connection() as connection:
                if self._sessions.kept:
                    return await operation(PostgresTx(connection))
                begin = self._sessions.begin(read_only=True)
                return await Transaction(connection, begin).run(operation)

    async def close(self) -> None:
        """Lets what runs end, and closes the connections."""
        while self._followed:
            self._followed.pop()()
        await self._running.end(COMMAND_SECONDS)
        await self._pool.close()
