"""Signals between machines, by Redis: arq's queue tells of queued jobs, channels of the rest.

Redis may be away at any time. Then whatever waits finds out from the database a little later;
changes of trips are told once it is back.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
import structlog
from arq.connections import ArqRedis
from redis.asyncio.client import Pipeline
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    NoPermissionError,
    RedisError,
    ResponseError,
)

from runtime import measured
from runtime.ids import new_id
from runtime.redis_url import pool_of
from runtime.signals import LocalSignals, QueueState

QUEUE: Final = "carnet:jobs"
JOB_FUNCTION: Final = "work"
"""The name of the arq function that does a job."""

_ENDED: Final = "carnet:ended"
"""The channel of ended jobs: each message is a job's id."""
_CHANGED: Final = "carnet:changed"
"""The channel of changed trips: each message is a `_Changes`."""
_TIMEOUT_SECONDS: Final = 1.0
_RECONNECT_SECONDS: Final = 0.5
_CANCEL_AGAIN_SECONDS: Final = 0.05
_AWAY_SECONDS: Final = 1.0
"""After a failure nothing that can be done without is sent for so long."""
_PUBLISH_SECONDS: Final = 0.005
"""How long changes of trips are collected for one message."""
_MOST_KEPT: Final = 100_000
"""Changed trips that are remembered while Redis is away; of more, the first are forgotten."""

GONE: Final = (RedisError, OSError, TimeoutError, RuntimeError)
"""What a Redis that goes away makes the client raise: uvloop calls a write to a closed connection a
RuntimeError, which the client passes on."""

serialize: Final[Callable[[dict[str, Any]], bytes]] = msgspec.msgpack.encode
deserialize: Final[Callable[[bytes], dict[str, Any]]] = msgspec.msgpack.decode
"""arq would pickle; what it carries here is a job's id."""

_log = structlog.get_logger("carnet.signals")


class _Changes(msgspec.Struct, array_like=True):
    """The trips that a process has changed, each with its greatest revision."""

    process: str
    revisions: dict[str, int]


_encode_changes: Final = msgspec.msgpack.encode
_decode_changes: Final = msgspec.msgpack.Decoder(_Changes).decode


class _Pipeline(Pipeline):
    """Releases its connection whatever happens: the client's own keeps one that does not answer.

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
    pool = pool_of(url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS)
    return _Redis(
        connection_pool=pool,
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


def state_by(error: BaseException) -> QueueState:
    """How it is with a Redis of which the client has raised one of `GONE`.

    It may be there, but will not have what the URL says of user, password or database.
    """
    refused = isinstance(error, AuthenticationError | AuthorizationError)
    if isinstance(error, ResponseError):
        # Of a database that is none, no code tells.
        refused = isinstance(error, NoPermissionError) or str(error).startswith("DB index")
    return "wrong credentials" if refused else "away"


class RedisSignals(LocalSignals):
    """Signals between the processes of all machines: jobs by arq's queue, the rest by channels.

    A job's end and a trip's change are published, and are heard after `start`. The end of a job is
    lost while Redis is away: requests that wait for it look again when the subscription is back.
    Changes of trips are kept until they can be published, and listeners are told that some may not
    have been heard (`on_loss`), so that they catch up from the database.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self._redis = connect(url)
        self._state: QueueState = "ok"
        self._away_until = 0.0
        self._listening: asyncio.Task[None] | None = None
        self._process = new_id()
        self._changed: dict[str, int] = {}
        self._publishing: asyncio.Task[None] | None = None
        self._losing: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Starts to listen for ended jobs and changed trips."""
        self._listening = asyncio.create_task(self._listen())

    async def stop(self) -> None:
        """Publishes what is left, stops listening, and closes the connections."""
        if self._publishing is not None:
            await asyncio.wait({self._publishing}, timeout=_TIMEOUT_SECONDS)
            await end(self._publishing)
        if self._listening is not None:
            await end(self._listening)
        await self._redis.aclose(close_connection_pool=True)

    @property
    def queue_state(self) -> QueueState:
        """See `Signals.queue_state`."""
        return self._state

    async def job_queued(self, job_id: str) -> None:
        """See `Signals.job_queued`."""
        # Without it the sweep finds the job: no request waits in vain for a Redis that is away.
        if time.monotonic() >= self._away_until:
            await self._send(self._redis.enqueue_job(JOB_FUNCTION, job_id))

    async def job_ended(self, job_id: str) -> None:
        """See `Signals.job_ended`."""
        await self._send(self._redis.publish(_ENDED, job_id))

    def trip_changed(self, trip_id: str, rev: int) -> None:
        """See `Signals.trip_changed`; other processes are told some milliseconds later."""
        self.notify_listeners(trip_id, rev)
        self._keep({trip_id: rev})
        if self._publishing is None or self._publishing.done():
            self._publishing = asyncio.create_task(self._publish_changes())

    def _keep(self, changes: dict[str, int]) -> None:
        """Keeps changes to be published."""
        for trip_id, rev in changes.items():
            self._changed[trip_id] = max(rev, self._changed.get(trip_id, rev))
        while len(self._changed) > _MOST_KEPT:
            del self._changed[next(iter(self._changed))]

    async def _publish_changes(self) -> None:
        """Publishes changes until there are none, those of some milliseconds in one message."""
        while self._changed:
            await asyncio.sleep(max(_PUBLISH_SECONDS, self._away_until - time.monotonic()))
            changes, self._changed = self._changed, {}
            message = _encode_changes(_Changes(self._process, changes))
            if not await self._send(self._redis.publish(_CHANGED, message)):
                self._keep(changes)

    async def _send(self, command: Awaitable[Any]) -> bool:
        """Whether it came through."""
        try:
            # The client opens connections one after another, each within a time-out of its own.
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                await command
        except GONE as error:
            self._away_until = time.monotonic() + _AWAY_SECONDS
            self.note_failure(error)
            return False
        self.note_success()
        self._away_until = 0.0
        return True

    def note_success(self) -> None:
        """Redis has answered."""
        self._state = "ok"
        measured.redis_is("signals")

    def note_failure(self, error: BaseException) -> None:
        """One line when Redis goes or refuses, not one for each message that could not be sent."""
        state = state_by(error)
        if state == self._state:
            return
        self._state = state
        measured.redis_is("signals", "unreachable" if state == "away" else "credentials")
        if state == "away":
            _log.warning("redis_away", reason=str(error))
        else:
            mend = "correct the user, the password or the database in queue.url"
            _log.error("redis_refused", reason=str(error), mend=mend)

    async def _listen(self) -> None:
        while True:
            self._tell_losses()
            try:
                await self._receive()
            except GONE as error:
                self.note_failure(error)
            finally:
                self._end_losses()
            # What was published meanwhile was not received.
            self.wake_watches()
            await asyncio.sleep(_RECONNECT_SECONDS)

    def _tell_losses(self) -> None:
        """Tells that changes may be missed, until the subscription is there."""
        self.notify_loss()
        loop = asyncio.get_running_loop()
        self._losing = loop.call_later(_RECONNECT_SECONDS, self._tell_losses)

    def _end_losses(self) -> None:
        if self._losing is not None:
            self._losing.cancel()
            self._losing = None

    async def _receive(self) -> None:
        """Passes on what comes by the channels, until the connection breaks."""
        async with self._redis.pubsub() as subscription:
            await subscription.subscribe(_ENDED, _CHANGED)
            self._end_losses()
            self.notify_loss()
            self.wake_watches()
            asked = False
            while True:
                message = await subscription.get_message(timeout=_TIMEOUT_SECONDS)
                if message is not None and message["type"] == "message":
                    await self._pass_on(message["channel"].decode(), message["data"])
                if message is not None and message["type"] == "subscribe":
                    self.note_success()
                if message is not None:
                    asked = False
                elif asked:
                    raise TimeoutError("the subscription is silent")
                else:
                    # Nothing published, or a network that drops what is.
                    asked = True
                    await subscription.ping()

    async def _pass_on(self, channel: str, data: bytes) -> None:
        if channel == _ENDED:
            await super().job_ended(data.decode())
            return
        try:
            changes = _decode_changes(data)
        except msgspec.MsgspecError as error:
            # Of a version of Carnet that is not known yet.
            _log.warning("trip_changes_unread", reason=str(error))
            return
        if changes.process != self._process:
            for trip_id, rev in changes.revisions.items():
                self.notify_listeners(trip_id, rev)
