"""What a worker process does: jobs, and deliveries to webhooks."""

import asyncio

from runtime.lookups import LookUp, look_up
from runtime.settings import Settings
from runtime.signals import Signals
from storage.store import Store
from workers.delivery_loop import DeliveryLoop
from workers.loop import JobLoop


class WorkerLoops:
    """Both loops; neither waits for the other."""

    def __init__(
        self, store: Store, signals: Signals, settings: Settings, look_up: LookUp = look_up
    ) -> None:
        self._loops = (
            JobLoop(store, signals, settings),
            DeliveryLoop(store, settings, look_up=look_up),
        )

    def start(self) -> None:
        """Starts working in the background."""
        for loop in self._loops:
            loop.start()

    async def stop(self) -> None:
        """Finishes what is at hand, and leaves the rest for the next start."""
        await asyncio.gather(*(loop.stop() for loop in self._loops))
