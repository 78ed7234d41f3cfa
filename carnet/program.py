"""What servers and workers tell of themselves: what they are, and how they are."""

import os
from importlib.metadata import version
from typing import Any

from runtime.settings import Settings
from runtime.signals import Signals
from server.health import Check, Health, disk_check, schema_check, storage_check
from storage.migrate import migrations_in
from storage.store import Store


def program(store: Store) -> dict[str, Any]:
    """What the log line of a start says of the program, which fits the database by then."""
    schema = len(migrations_in(store.dialect.migrations))
    return {"version": version("carnet"), "schema": schema, "pid": os.getpid()}


def health_of(store: Store, settings: Settings, signals: Signals, has_worker: Check) -> Health:
    """The health of this process, and of what it stands on."""

    async def queue() -> str:
        return signals.queue_state

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
