"""Makes one delivery to a webhook: what it is told, whether it may be, and what came of it."""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

import msgspec
import structlog
from msgspec import UNSET, UnsetType

from domain.changes import Via
from domain.delivery import body_of, signed_headers
from domain.history import Author, Change, ChangesetEvent
from domain.scopes import Scopes
from domain.webhook import MESSAGE_CREATED
from runtime import measured, tracing
from runtime.clock import text
from storage import history, trips, webhook_claims
from storage.store import Store, Tx
from storage.webhook_claims import Answer, Claim, Delivery, Receiver

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
        await store.write(lambda tx: webhook_claims.disable(tx, claim, KEY_GONE, _text(started)))
        measured.WEBHOOKS_DISABLED.add()
        log.warning("webhook_disabled", reason=KEY_GONE)
        return False
    if prepared.refusal:
        why = prepared.refusal
        await store.write(
            lambda tx: webhook_claims.drop(tx, claim, delivery, why, _text(started), started)
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
    receiver = await webhook_claims.receiver(tx, claim, _text(now))
    delivery = await webhook_claims.next_due(tx, claim, now) if receiver else None
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
        lambda tx: webhook_claims.record_answer(tx, claim, delivery, answer, _text(now), now)
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
