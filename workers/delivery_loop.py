"""The loop that tells webhooks what is due: each one thing at a time, many of them at once.

Their order needs a lease for each webhook and not for each delivery, so this is a loop of its own
beside that of the jobs, which no slow receiver delays.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Final

import structlog

from domain.errors import CarnetError
from runtime.lookups import LookUp, look_up
from runtime.settings import Settings
from storage import webhook_claims
from storage.leases import LeaseLost
from storage.store import Store
from storage.webhook_claims import Claim
from workers.deliveries import Clock, Sender, deliver_next
from workers.outage import Outage
from workers.watch import Watch

SWEEP_SECONDS = 1.0
"""How often the database is asked for what is due."""
AT_ONCE: Final = 32
"""Webhooks that one process tells something at a time."""
SLOW_AT_ONCE: Final = 16
"""How many of these may have receivers that failed or took long the last time."""
TURN_SECONDS = 10.0
"""After so long others with something due get the slot: a receiver that answers nothing has as many
deliveries as it likes."""
DRAIN_SECONDS: Final = 15.0
"""How long a worker that stops waits for the deliveries at hand: they have a time-out of their own.
What is not recorded then, is delivered again."""

_log = structlog.get_logger("carnet.webhooks")


class DeliveryLoop:
    """Delivers what is due until stopped."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        look_up: LookUp = look_up,
        clock: Clock = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._settings = settings
        self._look_up = look_up
        self._clock = clock
        self._watch = Watch(webhook_claims.LEASES, monotonic)
        self._outage = Outage()
        self._stopping = False
        self._wake = asyncio.Event()
        self._dispatching: asyncio.Task[None] | None = None
        self._running: dict[asyncio.Task[None], Claim] = {}
        self._sender: Sender | None = None

    def start(self) -> None:
        """Starts delivering in the background."""
        self._dispatching = asyncio.create_task(self._dispatch())

    async def stop(self) -> None:
        """Finishes the deliveries at hand, and leaves the rest for the next start."""
        self._stopping = True
        self._wake.set()
        if self._dispatching is not None:
            await self._dispatching

    async def _dispatch(self) -> None:
        while not self._stopping:
            with self._outliving():
                await self._begin_due()
                await self._watch.look(self._store, self._clock())
                if self._outage.ends():
                    _log.info("deliveries_go_on")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), SWEEP_SECONDS)
            self._wake.clear()
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=DRAIN_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        if self._sender is not None:
            await self._sender.close()

    async def _begin_due(self) -> None:
        """Takes as many webhooks as there are slots, of those with something due."""
        while len(self._running) < AT_ONCE and not self._stopping:
            claim = await self._claim()
            if claim is None:
                return
            task = asyncio.create_task(self._tell(claim))
            self._running[task] = claim
            task.add_done_callback(self._end)

    async def _claim(self) -> Claim | None:
        slow = sum(claim.slow for claim in self._running.values()) < SLOW_AT_ONCE
        # Nearly always there is nothing, and a read costs less than a write.
        due = await self._store.read(
            lambda tx: webhook_claims.any_due(tx, self._clock(), slow=slow)
        )
        if not due:
            return None
        return await self._store.write(
            lambda tx: webhook_claims.claim_next(tx, self._clock(), slow=slow)
        )

    def _end(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        # Another webhook may have waited for the slot.
        self._wake.set()

    async def _tell(self, claim: Claim) -> None:
        """Tells a claimed webhook what is due, for a while, then gives it back."""
        loop = asyncio.get_running_loop()
        until = loop.time() + TURN_SECONDS
        with self._outliving(), contextlib.suppress(LeaseLost):
            while not self._stopping:
                told = await deliver_next(self._store, self._sending(), claim, self._clock)
                if not told or loop.time() >= until:
                    break
            await self._store.write(lambda tx: webhook_claims.release(tx, claim, self._clock()))

    def _sending(self) -> Sender:
        if self._sender is None:
            # Imported where it is used: the client takes 10 MB.
            from workers.sender import HttpSender

            allow_private = self._settings.webhooks.allow_private
            self._sender = HttpSender(self._look_up, allow_private=allow_private)
        return self._sender

    @contextlib.contextmanager
    def _outliving(self) -> Iterator[None]:
        """Lets nothing that happens end the loop: what is left is found again."""
        try:
            yield
        except CarnetError as error:
            if self._outage.begins(error.message):
                _log.warning("deliveries_wait", reason=error.message)
        except Exception:  # noqa: BLE001 - the loop outlives whatever a delivery does
            _log.exception("deliveries_stumbled")
