"""The operations on a Postgres: how many run, what they take, and what their failures mean."""

import asyncio
import contextlib
import time
from typing import Final

import asyncpg

from domain.errors import Unavailable
from runtime import measured

CONFLICTS: Final = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.UniqueViolationError,
)
"""Failures of two writers meeting: the one that comes second is run again."""

AWAY: Final = (
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


class Timed:
    """Measures the operation of a `with`; a generator for it would cost more."""

    __slots__ = ("_name", "_started")

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        self._started = time.perf_counter()

    def __exit__(self, *_error: object) -> None:
        measured.STORAGE_SECONDS.observe(time.perf_counter() - self._started, self._name)


class Running:
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
        if isinstance(error, AWAY) and not isinstance(error, ValueError):
            raise Unavailable("The database is unavailable") from error

    async def end(self, seconds: float) -> None:
        """Lets no more begin, and waits at most so long for those that run."""
        self._ending = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._at_rest.wait(), seconds)
