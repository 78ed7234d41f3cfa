"""Reads of trips by a standby of Postgres, never older than what the primary had.

Who reads a trip has asked the primary for its revisions before, together with the key. The standby
answers if it has these or later ones, and is asked that on the connection that would answer. So it
does not matter how far it is behind, who wrote, or by which server; nothing about writes is kept
anywhere, and a standby that is away costs one second in ten.

It must be of the primary's own history: one that followed another primary, and has what that one
lost, is to be made anew before it is read again, as Postgres wants it anyway.
"""

import asyncio
from typing import Final, TypeVar

import asyncpg
import structlog

from domain.actor import TripAccess
from domain.errors import Unavailable
from runtime import measured
from storage import trips
from storage.postgres_pool import POOL_SIZE
from storage.postgres_readers import Readers
from storage.postgres_sessions import Sessions
from storage.postgres_url import READABLE, parse_url
from storage.store import Operation, StorageUrlError, Tx

T = TypeVar("T")

ANSWER_SECONDS: Final = 1.0
"""How long the standby may take to let us in and to tell what it has."""
AGAIN_SECONDS: Final = 10.0
"""The pause after it did not."""

_SILENCE: Final = f"it does not answer within {ANSWER_SECONDS:g} s"
_ITS_OWN: Final = (
    # What was being read had to make way for what is replayed.
    asyncpg.SerializationError,
    # It is not on the schema yet.
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
)
"""Failures of a read on the standby that the primary would not have."""

_log = structlog.get_logger()


class NotByStandby(Exception):
    """The standby does not answer, is behind or has much to do: the primary is to be asked."""


class Standby:
    """The connections to a standby; they are opened when a trip is read."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers
        self._reading = 0
        self._is_away = False
        self._tried_at = 0.0
        """When it was asked in vain last, by the loop's time."""

    async def read_trip(self, operation: Operation[T], trip_id: str, seen: TripAccess) -> T:
        """The operation's result; `NotByStandby` where the primary is to be asked."""
        now = asyncio.get_running_loop().time()
        if self._is_away and now < self._tried_at + AGAIN_SECONDS:
            raise _missed("away")
        # Nobody waits for a connection: that would look as if it did not answer.
        if self._reading == POOL_SIZE:
            raise _missed("busy")
        if self._is_away:
            # One tries, and the others do not wait for what comes of it.
            self._tried_at = now
        self._reading += 1
        try:
            return await self._read(operation, trip_id, seen)
        finally:
            self._reading -= 1

    async def _read(self, operation: Operation[T], trip_id: str, seen: TripAccess) -> T:
        patience = asyncio.timeout(ANSWER_SECONDS)
        has: bool | None = None

        async def answer(tx: Tx) -> T:
            nonlocal has
            has = await trips.has(tx, trip_id, seen)
            patience.reschedule(None)
            self._is_back()
            if not has:
                raise NotByStandby
            result = await operation(tx)
            measured.STANDBY_READS.add("standby")
            return result

        try:
            async with patience:
                return await self._readers.read(answer)
        except Exception as error:
            if has is None:
                self._is_gone(error)
                raise _missed("away") from error
            if not has or _is_its_own(error):
                raise _missed("behind") from error
            raise

    def _is_back(self) -> None:
        if self._is_away:
            self._is_away = False
            _log.info("standby_back")

    def _is_gone(self, error: Exception) -> None:
        self._tried_at = asyncio.get_running_loop().time()
        if not self._is_away:
            self._is_away = True
            _log.warning("standby_away", reason=str(error.__cause__ or error) or _SILENCE)

    async def close(self) -> None:
        """Lets what is being read end, and closes the connections."""
        await self._readers.close()


def _is_its_own(error: Exception) -> bool:
    """Whether a read that failed may be right on the primary; one that takes too long is not."""
    if isinstance(error, Unavailable):
        return not isinstance(error.__cause__, TimeoutError)
    return isinstance(error, _ITS_OWN)


def _missed(why: str) -> NotByStandby:
    measured.STANDBY_READS.add(why)
    return NotByStandby()


def open_standby(url: str) -> Standby:
    """A standby, not connected yet; `StorageUrlError` when the URL is wrong."""
    try:
        there = parse_url(url, READABLE, "standby")
    except StorageUrlError as error:
        raise StorageUrlError(str(error), "storage.read_url") from error
    return Standby(Readers(Sessions(there), "standby"))
