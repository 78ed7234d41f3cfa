"""Tells webhooks what has changed: each one thing at a time, many of them at once.

Their order needs a lease for each webhook and not for each delivery, so this is a loop of its own
beside that of the jobs, which no slow receiver delays.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final, Protocol

import msgspec
import structlog
from msgspec import UNSET, UnsetType

from domain.changes import Via
from domain.delivery import body_of, signed_headers
from domain.errors import CarnetError
from domain.history import Author, Change, ChangesetEvent
from domain.scopes import Scopes
from domain.webhook import MESSAGE_CREATED
from runtime import measured, tracing
from runtime.clock import text
from runtime.lookups import LookUp, look_up
from runtime.settings import Settings
from storage import deliveries, history, trips
from storage.deliveries import Answer, Claim, Delivery, LeaseLost, Receiver
from storage.store import Store, Tx

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

KEY_GONE: Final = "The API key it was made with is revoked or has expired"
TRIP_GONE: Final = "Not sent: the webhook's user or key has no access to the trip any more"
NO_MESSAGES: Final = "Not sent: the webhook's key lacks the scope messages:read"

_log = structlog.get_logger("carnet.webhooks")

Clock = Callable[[], float]
"""The time, in Unix seconds."""


class Sender(Protocol):
    """What POSTs deliveries (`workers.sender`)."""

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """What comes of a POST; it raises nothing that a receiver may cause."""
        ...

    async def close(self) -> None:
        """Closes its connections."""
        ...


class DeliveryLoop:
    """Delivers what is due until stopped."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        look_up: LookUp = look_up,
        clock: Clock = time.time,
    ) -> None:
        self._store = store
        self._settings = settings
        self._look_up = look_up
        self._clock = clock
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
            with _outliving():
                await self._begin_due()
                await self._bring_forward()
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
        due = await self._store.read(lambda tx: deliveries.any_due(tx, self._clock(), slow=slow))
        if not due:
            return None
        return await self._store.write(
            lambda tx: deliveries.claim_next(tx, self._clock(), slow=slow)
        )

    async def _bring_forward(self) -> None:
        """Has no webhook wait for a clock that has been set back."""
        unix_now = self._clock()
        if await self._store.read(lambda tx: deliveries.any_put_off(tx, unix_now)):
            await self._store.write(lambda tx: deliveries.bring_forward(tx, unix_now))

    def _end(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        # Another webhook may have waited for the slot.
        self._wake.set()

    async def _tell(self, claim: Claim) -> None:
        """Tells a claimed webhook what is due, for a while, then gives it back."""
        loop = asyncio.get_running_loop()
        until = loop.time() + TURN_SECONDS
        with _outliving(), contextlib.suppress(LeaseLost):
            while not self._stopping:
                told = await deliver_next(self._store, self._sending(), claim, self._clock)
                if not told or loop.time() >= until:
                    break
            await self._store.write(lambda tx: deliveries.release(tx, claim, self._clock()))

    def _sending(self) -> Sender:
        if self._sender is None:
            # Imported where it is used: the client takes 10 MB.
            from workers.sender import HttpSender

            allow_private = self._settings.webhooks.allow_private
            self._sender = HttpSender(self._look_up, allow_private=allow_private)
        return self._sender


@contextlib.contextmanager
def _outliving() -> Iterator[None]:
    """Lets nothing that happens end the loop: what is left is found again."""
    try:
        yield
    except CarnetError as error:
        _log.warning("deliveries_wait", reason=error.message)
    except Exception:  # noqa: BLE001 - the loop outlives whatever a delivery does
        _log.exception("deliveries_stumbled")


class ChangeData(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """What is told of a change (contract section 13)."""

    trip_id: str
    rev: int
    by: Author | UnsetType = UNSET
    via: Via | UnsetType = UNSET
    items: list[Change] | UnsetType = UNSET
    more: bool = False


class Prepared(msgspec.Struct):
    """What is to become of a delivery."""

    delivery: Delivery
    receiver: Receiver
    body: bytes = b""
    refusal: str = ""
    """Why it is not sent."""


async def deliver_next(store: Store, sender: Sender, claim: Claim, clock: Clock) -> bool:
    """Makes one attempt of what is due first; False when nothing is.

    `LeaseLost` when the webhook is not this claim's any more.
    """
    started = clock()
    prepared = await store.read(lambda tx: _prepare(tx, claim, started))
    if prepared is None:
        return False
    delivery, receiver = prepared.delivery, prepared.receiver
    log = _log.bind(
        webhook_id=claim.hook_id,
        delivery_id=delivery.id,
        trip_id=delivery.trip_id,
        request_id=delivery.request_id,
    )
    if receiver.scopes is None:
        await store.write(lambda tx: deliveries.disable(tx, claim, KEY_GONE, _text(started)))
        measured.WEBHOOKS_DISABLED.add()
        log.warning("webhook_disabled", reason=KEY_GONE)
        return False
    if prepared.refusal:
        why = prepared.refusal
        await store.write(
            lambda tx: deliveries.drop(tx, claim, delivery, why, _text(started), started)
        )
        log.info("delivery_dropped", reason=why)
        return True
    headers = signed_headers(receiver.secret, delivery.id, int(started), prepared.body)
    with _traced(claim, delivery):
        answer = await sender.send(receiver.url, headers, prepared.body)
        await _record(store, claim, delivery, answer, clock(), log)
    return True


def _traced(claim: Claim, delivery: Delivery) -> tracing.Part:
    return tracing.task(
        f"deliver {delivery.event}",
        None,
        webhook_id=claim.hook_id,
        delivery_id=delivery.id,
        trip_id=delivery.trip_id,
        request_id=delivery.request_id,
    )


async def _prepare(tx: Tx, claim: Claim, now: float) -> Prepared | None:
    """What is due first, as its webhook's key may read it at this moment."""
    receiver = await deliveries.receiver(tx, claim, _text(now))
    delivery = await deliveries.next_due(tx, claim, now) if receiver else None
    if receiver is None or delivery is None:
        return None
    prepared = Prepared(delivery, receiver)
    if receiver.scopes is None:
        return prepared
    prepared.refusal = await _refusal(tx, claim, delivery, receiver.scopes)
    if not prepared.refusal:
        data = await _data(tx, delivery, receiver.scopes)
        prepared.body = body_of(delivery.event, delivery.created_at, data)
    return prepared


async def _refusal(tx: Tx, claim: Claim, delivery: Delivery, scopes: Scopes) -> str:
    trip_id = delivery.trip_id
    if trip_id is None:
        return ""
    trip = await trips.access(tx, trip_id, claim.user_id)
    if trip is None or trip.role is None or not scopes.covers("trips:read", trip_id):
        return TRIP_GONE
    if delivery.event == MESSAGE_CREATED and not scopes.covers("messages:read", trip_id):
        return NO_MESSAGES
    return ""


async def _data(tx: Tx, delivery: Delivery, scopes: Scopes) -> bytes:
    """The `data` of a delivery, as JSON."""
    if delivery.trip_id is None or delivery.rev is None:
        return (delivery.payload or "{}").encode()
    found = await history.events(tx, delivery.trip_id, delivery.rev - 1, 1)
    event: ChangesetEvent | None = found[0] if found and found[0].rev == delivery.rev else None
    if event is not None and not scopes.covers("messages:read", delivery.trip_id):
        event = event.without_messages()
    if event is None:
        # It is not kept any more.
        data = ChangeData(trip_id=delivery.trip_id, rev=delivery.rev, more=True)
    else:
        data = ChangeData(
            trip_id=delivery.trip_id,
            rev=event.rev,
            by=event.by,
            via=event.via,
            items=event.items,
            more=event.more,
        )
    return msgspec.json.encode(data)


async def _record(
    store: Store,
    claim: Claim,
    delivery: Delivery,
    answer: Answer,
    now: float,
    log: structlog.typing.FilteringBoundLogger,
) -> None:
    status = await store.write(
        lambda tx: deliveries.record_answer(tx, claim, delivery, answer, _text(now), now)
    )
    measured.DELIVERIES.add("succeeded" if status == "succeeded" else "failed")
    log = log.bind(attempt=delivery.attempts + 1, status=answer.status, ms=answer.duration_ms)
    if status == "succeeded":
        log.info("delivered")
    elif answer.status is None:
        log.warning("delivery_failed", reason=answer.response, again=status == "pending")
    else:
        log.warning("delivery_failed", again=status == "pending")
    if status == "failed":
        measured.WEBHOOKS_DISABLED.add()
        log.error("webhook_disabled", reason="its delivery has failed too often")


def _text(unix: float) -> str:
    """A moment as documents carry it."""
    return text(int(unix * 10**9))
