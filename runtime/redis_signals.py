"""Signals between machines, by Redis: arq's queue is the bell, a channel tells of ended jobs.

Redis may be away at any time. Then nobody is told, and whoever waits finds out from the
database a little later.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
import structlog
from arq.connections import ArqRedis
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import RedisError

from runtime.signals import LocalSignals

QUEUE: Final = "carnet:jobs"
JOB_FUNCTION: Final = "work"
"""The name of the arq function that does a job."""

_ENDED: Final = "carnet:ended"
_TIMEOUT_SECONDS: Final = 1.0
_RECONNECT_SECONDS: Final = 0.5
_CANCEL_AGAIN_SECONDS: Final = 0.05
_AWAY_SECONDS: Final = 1.0
"""After a failure it is not rung for so long."""

serialize: Final[Callable[[dict[str, Any]], bytes]] = msgspec.msgpack.encode
deserialize: Final[Callable[[bytes], dict[str, Any]]] = msgspec.msgpack.decode
"""arq would pickle; what it carries here is a job's id."""

_log = structlog.get_logger("carnet.signals")


class _Pipeline(Pipeline):
    """Lets go of its connection whatever happens: the client's own keeps one that does not answer.

    It would never be used again, nor closed.
    """

    async def reset(self) -> None:
        """See `Pipeline.reset`."""
        try:
            await super().reset()  # type: ignore[no-untyped-call]  # it ships without types
        finally:
            connection, self.connection = self.connection, None
            if connection is not None:
                await connection.disconnect(nowait=True)
                await self.connection_pool.release(connection)


class _Redis(ArqRedis):
    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        """See `Redis.pipeline`."""
        pool, callbacks = self.connection_pool, self.response_callbacks
        return _Pipeline(pool, callbacks, transaction, shard_hint)


def connect(url: str) -> ArqRedis:
    """A client that gives a Redis up that does not answer; it connects when it is used."""
    redis = Redis.from_url(
        url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS
    )
    return _Redis(
        connection_pool=redis.connection_pool,
        job_serializer=serialize,
        job_deserializer=deserialize,
        default_queue_name=QUEUE,
    )


async def end(task: asyncio.Task[Any]) -> None:
    """Cancels a task that uses Redis until it has ended.

    A cancellation that comes while the client connects can be lost in it.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=_CANCEL_AGAIN_SECONDS)


class RedisSignals(LocalSignals):
    """Rings by arq, hears of ended jobs by a subscription."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._redis = connect(url)
        self._away = False
        self._away_until = 0.0
        self._listening: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Starts to listen for ended jobs."""
        self._listening = asyncio.create_task(self._listen())

    async def stop(self) -> None:
        """Stops listening, and closes the connections."""
        if self._listening is not None:
            await end(self._listening)
        await self._redis.aclose(close_connection_pool=True)

    async def ring(self, job_id: str) -> None:
        """See `JobSignals.ring`."""
        # Without it the sweep finds the job; the request is not made to wait for that in vain.
        if time.monotonic() >= self._away_until:
            await self._tell(self._redis.enqueue_job(JOB_FUNCTION, job_id))

    async def ended(self, job_id: str) -> None:
        """See `JobSignals.ended`."""
        await self._tell(self._redis.publish(_ENDED, job_id))

    async def _tell(self, message: Awaitable[Any]) -> None:
        try:
            # The client opens connections one after another, each within a time-out of its own.
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                await message
        except (RedisError, OSError, TimeoutError) as error:
            self._away_until = time.monotonic() + _AWAY_SECONDS
            self.note_away(error)
        else:
            self._away = False
            self._away_until = 0.0

    def note_away(self, error: BaseException) -> None:
        """One line when Redis goes, not one for each thing that could not be told."""
        if not self._away:
            _log.warning("redis_away", reason=str(error))
        self._away = True

    async def _listen(self) -> None:
        while True:
            try:
                await self._hear()
            except (RedisError, OSError, TimeoutError) as error:
                self.note_away(error)
            # What was told meanwhile was not heard.
            self.wake_watches()
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _hear(self) -> None:
        """Passes on what comes by the channel, until the connection breaks."""
        async with self._redis.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.subscribe(_ENDED)
            self.wake_watches()
            asked = False
            while True:
                message = await channel.get_message(timeout=_TIMEOUT_SECONDS)
                if message is not None and message["type"] == "message":
                    await super().ended(message["data"].decode())
                if message is not None:
                    asked = False
                elif asked:
                    raise TimeoutError("the subscription is silent")
                else:
                    # Nothing told, or a network that drops what is told.
                    asked = True
                    await channel.ping()
