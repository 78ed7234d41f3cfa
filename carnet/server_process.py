"""One server process: what it is made of, and its listener.

`carnet serve` either is that process itself, or has several of them as children
(`carnet _run server`). All of them accept from one listening socket, which the parent opened and
keeps open: a connection that comes while a process is replaced waits for another one to take it.
"""

import contextlib
import os
import socket
from collections.abc import AsyncIterator
from typing import NamedTuple

import structlog

from carnet.address import public_url
from carnet.child import Parent
from carnet.collector import spare_what_stays
from carnet.console import require_current
from carnet.measuring import measuring
from carnet.messages import Message
from carnet.program import health_of, program
from runtime import measured
from runtime.settings import Settings
from runtime.signals import Signals
from server.app import build_app
from server.body_budget import BodyBudget
from server.events import EventHub
from server.health import Check
from server.last_use import LastUse
from server.listener import Listener
from server.ratelimit import RateLimiter
from server.services import Services
from server.traced import traced
from storage import server_state
from storage.store import Store

LINGER_SECONDS = 3.0
"""For a client that has connected and not sent its request: one at rest in a browser never does."""
PAUSE_SECONDS = 0.001
"""Between two connections that a process takes, where several take them from one socket."""

_log = structlog.get_logger("carnet.server")


class Shared(NamedTuple):
    """What server processes and workers have in common, within this process or through Redis."""

    signals: Signals
    limiter: RateLimiter
    has_worker: Check


@contextlib.asynccontextmanager
async def shared_by_redis(url: str) -> AsyncIterator[Shared]:
    """Signals and limits that all processes with the same Redis share."""
    # Imported where it is used: the client costs memory and start-up time.
    from runtime.heartbeat import Heartbeat
    from runtime.redis_signals import RedisSignals
    from server.redis_ratelimit import RedisRateLimiter

    async with contextlib.AsyncExitStack() as stack:
        signals, limiter, heartbeat = RedisSignals(url), RedisRateLimiter(url), Heartbeat(url)
        signals.start()
        stack.push_async_callback(signals.stop)
        stack.push_async_callback(limiter.close)
        stack.push_async_callback(heartbeat.close)

        async def has_worker() -> str:
            return "ok" if await heartbeat.heard() else "failing"

        yield Shared(signals, limiter, has_worker)


@contextlib.asynccontextmanager
async def running_server(
    settings: Settings, store: Store, shared: Shared, listening: socket.socket
) -> AsyncIterator[None]:
    """Serves on an open socket inside the block, and finishes running requests at its end."""
    store.on_commit = shared.signals.trip_changed
    services = Services(
        settings=settings,
        store=store,
        signals=shared.signals,
        limiter=shared.limiter,
        events=EventHub(store, shared.signals, settings),
        last_use=LastUse(store),
        signing_secret=await store.write(server_state.signing_secret),
        epoch=await store.write(server_state.epoch),
        public_url=public_url(settings),
        bodies=BodyBudget(settings.http.max_inflight_bytes),
    )
    http = settings.http

    async def queue() -> str:
        return shared.signals.queue_state

    health = health_of(store, settings, queue, shared.has_worker)
    listener = Listener(
        traced(build_app(services, health)),
        linger_seconds=LINGER_SECONDS,
        pause_seconds=PAUSE_SECONDS if http.processes > 1 else 0.0,
        # What comes from a proxy is many clients'.
        most_of_one=0 if http.trusted_proxies else http.max_connections_per_address,
    )
    await listener.start_on(listening)
    ends = (
        measured.IN_FLIGHT.follow(lambda: listener.in_flight),
        measured.CONNECTIONS.follow(lambda: listener.connections),
        measured.EVENT_STREAMS.follow(lambda: services.events.open),
    )
    spare_what_stays()
    place = {"socket": http.socket} if http.socket else {"port": http.port}
    _log.info("started", **place, **program(store))
    try:
        yield
    finally:
        health.draining = True
        _log.info("stopping", pid=os.getpid())
        # They would not end by themselves, and the listener waits for all that runs.
        await services.events.stop()
        await listener.stop()
        await services.last_use.stop()
        await services.mail.stop()
        await health.stop()
        for end in ends:
            end()
        _log.info("stopped", pid=os.getpid())


async def serve_for(parent: Parent, store: Store, descriptor: int) -> None:
    """Serves on the socket of a descriptor, as a child, until its parent ends it."""
    settings = parent.settings
    # The files of the program may be newer than the parent.
    await require_current(store)
    async with measuring(settings, store):
        with socket.socket(fileno=descriptor) as listening:
            async with (
                shared_by_redis(settings.queue.url) as shared,
                running_server(settings, store, shared, listening),
            ):
                parent.send(Message(ready=True))
                await parent.finish_requested()
        parent.tell_measures()
