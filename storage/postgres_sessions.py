"""Sessions with Postgres: how they are opened, and what their transactions begin with.

A session is asked at its start for time-outs, and one that reads also to refuse writes. A pooler
such as pgbouncer may take that away: it refuses what it does not know of, or is told to ignore it,
and each transaction goes to another session of the server anyway. That is noticed at the start, and
then each transaction says these things itself. It costs a read two round trips, so a session that
does keep them goes without.
"""

from collections.abc import Mapping
from typing import Any, Final

import asyncpg

from runtime.ids import new_id
from storage.postgres_url import PostgresUrl

COMMAND_SECONDS: Final = 20.0
"""How long one statement may take: past it, its connection is given up."""
CACHED_STATEMENTS: Final = 512

TIME_OUTS: Final = {
    "statement_timeout": "20s",
    "lock_timeout": "12s",
    # Shorter, so that what waits for a process that has stalled gets its turn.
    "idle_in_transaction_session_timeout": "10s",
}
"""As Postgres shows them."""
_READ_ONLY: Final = {"default_transaction_read_only": "on"}
_NO_LIMIT: Final = {"statement_timeout": "0"}

_NEXT_HOST: Final = (
    OSError,
    TimeoutError,
    asyncpg.TargetServerAttributeNotMatched,
    asyncpg.CannotConnectNowError,
)
"""Failures after which the next host is tried, as libpq does."""


class Sessions:
    """Opens the sessions of a store, and knows whether they keep what they were asked for."""

    def __init__(self, url: PostgresUrl) -> None:
        self._url = url
        self._cached_statements = CACHED_STATEMENTS
        self.kept = True
        """Whether they do, as far as is known."""

    @property
    def silence(self) -> str:
        """What to say of a server of which no error tells anything."""
        return f"it does not answer within {self._url.connect_seconds:g} s"

    async def writing(self) -> Any:
        """A connection whose transactions write."""
        return await self._open(TIME_OUTS, self._url.target_session_attrs, COMMAND_SECONDS)

    async def reading(self) -> Any:
        """A connection that cannot write."""
        # A session that refuses writes is none that asyncpg takes for read-write.
        target = self._url.target_session_attrs.replace("read-write", "primary")
        return await self._open(TIME_OUTS | _READ_ONLY, target, COMMAND_SECONDS)

    async def writing_slowly(self) -> Any:
        """A connection whose statements take as long as they take."""
        settings = TIME_OUTS | _NO_LIMIT
        return await self._open(settings, self._url.target_session_attrs, command_seconds=None)

    def begin(self, *, read_only: bool = False, slowly: bool = False) -> str:
        """What a transaction begins with."""
        if self.kept:
            return "BEGIN"
        settings = TIME_OUTS | (_NO_LIMIT if slowly else {})
        return _begin("BEGIN READ ONLY" if read_only else "BEGIN", settings)

    def begin_snapshot(self) -> str:
        """What a transaction begins with that reads one moment, for as long as it takes."""
        settings = TIME_OUTS | _NO_LIMIT | {"idle_in_transaction_session_timeout": "0"}
        return _begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", settings)

    async def _open(
        self, settings: Mapping[str, str], target: str, command_seconds: float | None
    ) -> Any:
        if self.kept:
            try:
                connection = await self._connect(settings, target, command_seconds)
            except asyncpg.ProtocolViolationError:
                # How a pooler refuses settings; what else it means comes again below.
                pass
            else:
                if await _has(connection, settings):
                    return connection
                await connection.close()
            self._cached_statements = 0
            connection = await self._connect({}, target, command_seconds)
            if await _renames_statements(connection):
                self._cached_statements = CACHED_STATEMENTS
            await connection.close()
            self.kept = False
        return await self._connect({}, target, command_seconds)

    async def _connect(
        self, settings: Mapping[str, str], target: str, command_seconds: float | None
    ) -> Any:
        """By the first host that lets us in, each within a time-out of its own."""
        # Poolers keep the first two.
        settings = {
            "application_name": self._url.application_name,
            "timezone": "UTC",
            **settings,
        }
        failures: list[BaseException] = []
        for host in self._url.hosts:
            try:
                return await asyncpg.connect(
                    self._url.dsn,
                    host=host.name,
                    port=host.port,
                    target_session_attrs=target,
                    timeout=self._url.connect_seconds,
                    command_timeout=command_seconds,
                    statement_cache_size=self._cached_statements,
                    server_settings=settings,
                )
            except _NEXT_HOST as error:
                failures.append(error)
        raise failures[-1]


def _begin(begin: str, settings: Mapping[str, str]) -> str:
    return "; ".join([begin, *(f"SET LOCAL {n} = '{t}'" for n, t in settings.items())])


async def _has(connection: Any, settings: Mapping[str, str]) -> bool:
    """Whether a session has these settings; asked without a prepared statement."""
    conditions = " AND ".join(f"current_setting('{n}') = '{t}'" for n, t in settings.items())
    status: str = await connection.execute(f"SELECT WHERE {conditions}")
    return status == "SELECT 1"


async def _renames_statements(connection: Any) -> bool:
    """Whether a pooler knows prepared statements, and has them under names of its own.

    One that does not would mix up those of different sessions: then none may outlive its
    transaction.
    """
    name = f"carnet_{new_id()}"
    await connection.execute("BEGIN")
    await connection.prepare("SELECT 1", name=name)
    status: str = await connection.execute(
        f"SELECT FROM pg_prepared_statements WHERE name = '{name}'"
    )
    if status == "SELECT 1":
        await connection.execute(f"DEALLOCATE {name}")
    await connection.execute("ROLLBACK")
    return status == "SELECT 0"
