"""Reads of trips by a standby of Postgres, never older than what the primary had.

Who reads a trip has asked the primary for its revisions before, together with the key. The standby
answers if it has these or later ones, and is asked that on the connection that would answer. So it
does not matter how far it is behind, who wrote, or by which server; nothing about writes is kept
anywhere, and a standby that is away costs one second in ten.
"""

import asyncio
from typing import Final, TypeVar

import asyncpg
import structlog

from domain.actor import TripAccess
from domain.errors import Unavailable
from runtime import measured
from storage import trips
from storage.postgres_readers import Readers
from storage.postgres_sessions import Sessions
from storage.postgres_url import READABLE, parse_url
from storage.store import Operation, Tx

T = TypeVar("T")

ANSWER_SECONDS: Final = 1.0
"""How long the standby may take to tell what it has, or to let us in."""
AGAIN_SECONDS: Final = 10.0
"""The pause after it did not."""

_SILENCE: Final = f"it does not answer within {ANSWER_SECONDS:g} s"

_log = structlog.get_logger()


class NotByStandby(Exception):
    """The standby did not answer, or is behind: the primary is to be asked."""


class Standby:
    """The connections to a standby; they are opened when a trip is read."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers
        self._is_away = False
        self._again_at = 0.0
        """When it is asked again, by the loop's time."""

    async def read_trip(self, operation: Operation[T], trip_id: str, seen: TripAccess) -> T:
        """The operation's result; `NotByStandby` where the primary is to be asked."""
        now = asyncio.get_running_loop().time()
        if now < self._again_at:
            raise _missed("away")
        if self._is_away:
            # One tries, and the others do not wait for what comes of it.
            self._again_at = now + AGAIN_SECONDS
        patience = asyncio.timeout(ANSWER_SECONDS)

        async def answer(tx: Tx) -> T:
            if not await trips.has(tx, trip_id, seen):
                raise NotByStandby
            patience.reschedule(None)
            return await operation(tx)

        try:
            async with patience:
                result = await self._readers.read(answer)
        except (NotByStandby, asyncpg.SerializationError) as error:
            # The second: what was being read had to make way for what is replayed.
            self._is_back()
            raise _missed("behind") from error
        except (Unavailable, TimeoutError, asyncpg.PostgresError, ValueError) as error:
            self._is_gone(error)
            raise _missed("away") from error
        self._is_back()
        measured.STANDBY_READS.add("standby")
        return result

    def _is_back(self) -> None:
        if self._is_away:
            self._is_away, self._again_at = False, 0.0
            _log.info("standby_back")

    def _is_gone(self, error: Exception) -> None:
        self._again_at = asyncio.get_running_loop().time() + AGAIN_SECONDS
        if not self._is_away:
            self._is_away = True
            _log.warning("standby_away", reason=str(error.__cause__ or error) or _SILENCE)

    async def close(self) -> None:
        """Lets what is being read end, and closes the connections."""
        await self._readers.close()


def _missed(why: str) -> NotByStandby:
    measured.STANDBY_READS.add(why)
    return NotByStandby()


def open_standby(url: str) -> Standby:
    """A standby, not connected yet; `StorageUrlError` when the URL is wrong."""
    return Standby(Readers(Sessions(parse_url(url, READABLE, "standby")), "standby"))
