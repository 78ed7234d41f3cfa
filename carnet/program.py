"""What servers and workers tell of themselves: what they are, and how they are."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from typing import Any

from runtime.release import release
from runtime.settings import Settings
from server.health import Check, Health, disk_check, schema_check, storage_check
from storage.migrate import migrations_in
from storage.store import Store


def program(store: Store) -> dict[str, Any]:
    """What the log line of a start says of the program, which fits the database by then."""
    schema = len(migrations_in(store.dialect.migrations))
    return {"version": release(), "schema": schema, "pid": os.getpid()}


def health_of(store: Store, settings: Settings, queue: Check, has_worker: Check) -> Health:
    """The health of this process, and of what it stands on."""
    url, folder = settings.storage.url, None
    if url.startswith("sqlite:"):
        from storage.sqlite import path_of

        folder = path_of(url).parent
    return Health(
        {
            "storage": storage_check(store),
            "schema": schema_check(store),
            "queue": queue,
            "worker": has_worker,
            "disk": disk_check(folder),
        }
    )


@contextlib.asynccontextmanager
async def health_of_worker(
    store: Store, settings: Settings, stopping: asyncio.Event
) -> AsyncIterator[Health]:
    """The health of a worker, which is there as long as it answers; it drains once `stopping`."""
    from runtime.heartbeat import Heartbeat
    from runtime.redis_signals import GONE, state_by

    heartbeat = Heartbeat(settings.queue.url)

    async def queue() -> str:
        try:
            await heartbeat.heard()
        except GONE as error:
            return state_by(error)
        return "ok"

    async def is_here() -> str:
        return "ok"

    health = health_of(store, settings, queue, is_here)

    async def drain() -> None:
        await stopping.wait()
        health.draining = True

    draining = asyncio.create_task(drain())
    try:
        yield health
    finally:
        draining.cancel()
        await health.stop()
        await heartbeat.close()
