"""Deliveries to webhooks: what is due, under whose lease, and what came of it.

The order in which a webhook is told needs one worker for it at a time: a worker claims the webhook,
and each outcome is recorded under its claim. A later claim makes an earlier one worthless.
"""

import dataclasses
from typing import Any, Final, Literal

import msgspec

from domain.cursor import Position
from domain.delivery import RETRY_SECONDS, is_success
from domain.scopes import BASE_SCOPES, Scopes
from domain.webhook import TEST
from runtime.clock import text
from runtime.ids import new_id
from storage.keys import scopes_in
from storage.page import Page
from storage.store import Tx

LEASE_SECONDS: Final = 30.0
"""Longer than an attempt takes, with all that comes before and after it."""
FURTHEST_SECONDS: Final = 60.0
"""What lies further ahead was put off by a clock that has been set back since, or by one that is
ahead of this one by more than clocks are apart."""
SLOW_MS: Final = 1_000
"""A receiver that takes longer is slow, as is one that fails."""

Status = Literal["pending", "succeeded", "failed"]


class LeaseLost(Exception):
    """Another worker has claimed the webhook, or its user has disabled or deleted it."""


class DeliveryInfo(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """What a webhook was told, or is to be told.

    `response` is the beginning of the response's body, or why there is no response.
    """

    id: str = msgspec.field(name="_id")
    event: str
    trip_id: str | msgspec.UnsetType = msgspec.UNSET
    rev: int | msgspec.UnsetType = msgspec.UNSET
    status: Status
    attempts: int
    response_status: int | msgspec.UnsetType = msgspec.UNSET
    duration_ms: int | msgspec.UnsetType = msgspec.UNSET
    response: str | msgspec.UnsetType = msgspec.UNSET
    next_attempt_at: str | msgspec.UnsetType = msgspec.UNSET
    created_at: str


@dataclasses.dataclass(frozen=True)
class Claim:
    """A webhook taken by a worker, to be told what is due."""

    user_id: str
    hook_id: str
    lease: int
    slow: bool = False
    """Whether the last attempt failed or took long."""


@dataclasses.dataclass(frozen=True)
class Receiver:
    """Where deliveries go at this moment, and by which right."""

    url: str
    secret: str
    scopes: Scopes | None
    """Of the key whose webhook it is; None where that is revoked or expired."""


@dataclasses.dataclass(frozen=True)
class Delivery:
    """One that is due."""

    id: str
    event: str
    trip_id: str | None
    rev: int | None
    payload: str | None
    attempts: int
    """Those that have ended."""
    created_at: str
    request_id: str | None
    """The request that made the change it tells of."""


@dataclasses.dataclass(frozen=True)
class Answer:
    """What came of an attempt: a response, or, without a status, why there is none."""

    status: int | None
    response: str
    duration_ms: int


_FREE: Final = (
    "enabled = 1 AND leased_until <= $1 AND slow <= $2 AND EXISTS (SELECT 1 FROM deliveries d"
    " WHERE d.webhook_id = webhooks.id AND d.status = 'pending' AND d.due_at <= $1)"
)


async def any_due(tx: Tx, unix_now: float, *, slow: bool = True) -> bool:
    """Whether there is a webhook to be claimed, with or without those that are slow."""
    sql = f"SELECT 1 FROM webhooks WHERE {_FREE} LIMIT 1"
    return await tx.fetchval(sql, unix_now, int(slow)) is not None


async def any_put_off(tx: Tx, unix_now: float) -> bool:
    """Whether a webhook is under a lease that is longer than any."""
    sql = "SELECT 1 FROM webhooks WHERE enabled = 1 AND leased_until > $1 LIMIT 1"
    return await tx.fetchval(sql, unix_now + FURTHEST_SECONDS) is not None


async def bring_forward(tx: Tx, unix_now: float) -> None:
    """Has no webhook wait for a clock that has been set back.

    A lease ends once it could have run out: by then a worker that lives, and whose clock is ahead
    of this one, has prolonged it or given it back.
    """
    await tx.execute(
        "UPDATE webhooks SET leased_until = $1 WHERE enabled = 1 AND leased_until > $2",
        unix_now + LEASE_SECONDS,
        unix_now + FURTHEST_SECONDS,
    )


async def claim_next(tx: Tx, unix_now: float, *, slow: bool = True) -> Claim | None:
    """Takes the webhook that has waited longest of those with something due, or None."""
    record = await tx.fetchrow(
        "UPDATE webhooks SET lease = lease + 1, leased_until = $3"
        f" WHERE (user_id, id) = (SELECT user_id, id FROM webhooks WHERE {_FREE}"
        f"  ORDER BY leased_until LIMIT 1 {tx.dialect.skip_locked})"
        " RETURNING user_id, id, lease, slow",
        unix_now,
        int(slow),
        unix_now + LEASE_SECONDS,
    )
    if record is None:
        return None
    user_id, hook_id, lease, is_slow = record
    return Claim(user_id, hook_id, lease, bool(is_slow))


async def receiver(tx: Tx, claim: Claim, now: str) -> Receiver | None:
    """Where a claimed webhook's deliveries go; None when it is not this claim's any more."""
    record = await tx.fetchrow(
        "SELECT w.url, w.secret, w.key_id, k.scopes, k.revoked_at, k.expires_at FROM webhooks w"
        " LEFT JOIN api_keys k ON k.id = w.key_id"
        " WHERE w.user_id = $1 AND w.id = $2 AND w.lease = $3 AND w.enabled = 1",
        claim.user_id,
        claim.hook_id,
        claim.lease,
    )
    if record is None:
        return None
    url, secret, key_id, scopes, revoked_at, expires_at = record
    if key_id is None:
        # Its user made it without a key, by what acts with all scopes.
        return Receiver(url, secret, Scopes(BASE_SCOPES))
    is_good = scopes is not None and revoked_at is None and (expires_at is None or now < expires_at)
    return Receiver(url, secret, scopes_in(scopes) if is_good else None)


async def next_due(tx: Tx, claim: Claim, unix_now: float) -> Delivery | None:
    """The webhook's delivery that is due first: by the revision, of those of a trip.

    Those that have failed come after those that were never tried, but before them at every other
    claim: to a slow receiver there may always be something new.
    """
    for condition in (" AND due_at > 0", "") if claim.lease % 2 == 0 else ("",):
        record = await tx.fetchrow(
            "SELECT id, event, trip_id, rev, payload, attempts, created_at, (SELECT c.request_id"
            " FROM changesets c WHERE c.trip_id = d.trip_id AND c.rev = d.rev) FROM deliveries d"
            f" WHERE webhook_id = $1 AND status = 'pending' AND due_at <= $2{condition}"
            " ORDER BY due_at, trip_id, rev, id LIMIT 1",
            claim.hook_id,
            unix_now,
        )
        if record is not None:
            return Delivery(*record)
    return None


async def record_answer(
    tx: Tx, claim: Claim, delivery: Delivery, answer: Answer, now: str, unix_now: float
) -> Status:
    """Records what came of an attempt, and keeps the claim; what the delivery is now.

    After its last attempt has failed, the webhook is disabled. `LeaseLost` records nothing.
    """
    attempts = delivery.attempts + 1
    status: Status = "succeeded" if is_success(answer.status) else "failed"
    slow = status == "failed" or answer.duration_ms > SLOW_MS
    until = unix_now + LEASE_SECONDS
    await _change(tx, claim, "leased_until = $4, slow = $5", until, int(slow))
    due_at = 0.0
    if status == "failed" and attempts <= len(RETRY_SECONDS):
        status, due_at = "pending", unix_now + RETRY_SECONDS[attempts - 1]
    await tx.execute(
        "UPDATE deliveries SET status = $3, attempts = $4, due_at = $5, response_status = $6,"
        " duration_ms = $7, response = $8, finished_at = $9 WHERE webhook_id = $1 AND id = $2",
        *(claim.hook_id, delivery.id, status, attempts, due_at),
        *(answer.status, answer.duration_ms, answer.response),
        None if status == "pending" else now,
    )
    if status == "failed":
        reason = f"Delivery {delivery.id} has failed {attempts} times"
        await disable(tx, claim, reason, now)
    return status


async def drop(tx: Tx, claim: Claim, delivery: Delivery, why: str, now: str, unix: float) -> None:
    """Ends a delivery that its webhook may not be told any more; it counts against nobody."""
    await _change(tx, claim, "leased_until = $4", unix + LEASE_SECONDS)
    await tx.execute(
        "UPDATE deliveries SET status = 'failed', response = $3, finished_at = $4"
        " WHERE webhook_id = $1 AND id = $2",
        claim.hook_id,
        delivery.id,
        why,
        now,
    )


async def disable(tx: Tx, claim: Claim, reason: str, now: str) -> None:
    """Ends a claim's deliveries until the user enables the webhook again."""
    await _change(
        tx,
        claim,
        "enabled = 0, disabled_reason = $4, disabled_at = $5",
        reason,
        now,
    )


async def release(tx: Tx, claim: Claim, unix_now: float) -> None:
    """Gives a claim back."""
    await _change(tx, claim, "leased_until = $4", unix_now)


async def _change(tx: Tx, claim: Claim, changes: str, *arguments: Any) -> None:
    touched = await tx.execute(
        f"UPDATE webhooks SET {changes}"
        " WHERE user_id = $1 AND id = $2 AND lease = $3 AND deleted_at IS NULL",
        claim.user_id,
        claim.hook_id,
        claim.lease,
        *arguments,
    )
    if not touched:
        raise LeaseLost(claim.hook_id)


_SHOWN: Final = (
    "id, event, trip_id, rev, status, attempts, response_status, duration_ms, response, due_at,"
    " created_at"
)


def _info(columns: Any) -> DeliveryInfo:
    delivery_id, event, trip_id, rev, status, attempts, *answer, due_at, created_at = columns
    response_status, duration_ms, response = map(_or_unset, answer)
    waits = status == "pending" and due_at > 0
    return DeliveryInfo(
        id=delivery_id,
        event=event,
        trip_id=_or_unset(trip_id),
        rev=_or_unset(rev),
        status=status,
        attempts=attempts,
        response_status=response_status,
        duration_ms=duration_ms,
        response=response,
        next_attempt_at=text(int(due_at * 10**9)) if waits else msgspec.UNSET,
        created_at=created_at,
    )


def _or_unset(value: Any) -> Any:
    return msgspec.UNSET if value is None else value


async def page(tx: Tx, hook_id: str, *, after: Position | None, limit: int) -> Page:
    """A page of a webhook's deliveries, newest first: ids tell when they were made."""
    records = await tx.fetch(
        f"SELECT {_SHOWN} FROM deliveries WHERE webhook_id = $1 AND id < $2"
        " ORDER BY id DESC LIMIT $3",
        hook_id,
        after[2] if after else "~",
        limit + 1,
    )
    shown = [_info(record) for record in records]
    return Page.of([("", 0, each.id, msgspec.json.encode(each).decode()) for each in shown], limit)


async def insert_test(tx: Tx, hook_id: str, now: str) -> DeliveryInfo:
    """Records a delivery that tells of nothing."""
    return _info(
        await tx.fetchrow(
            "INSERT INTO deliveries (webhook_id, id, event, status, created_at)"
            f" VALUES ($1, $2, $3, 'pending', $4) RETURNING {_SHOWN}",
            hook_id,
            new_id(),
            TEST,
            now,
        )
    )


async def redeliver(tx: Tx, hook_id: str, delivery_id: str) -> DeliveryInfo | None:
    """Makes a delivery due again, as if it had never been tried; None when there is none."""
    record = await tx.fetchrow(
        "UPDATE deliveries SET status = 'pending', attempts = 0, due_at = 0, finished_at = NULL"
        f" WHERE webhook_id = $1 AND id = $2 RETURNING {_SHOWN}",
        hook_id,
        delivery_id,
    )
    return _info(record) if record else None


async def begin_anew(tx: Tx, hook_id: str) -> None:
    """Makes all that waits for another attempt due, as if it had never been tried."""
    await tx.execute(
        "UPDATE deliveries SET attempts = 0, due_at = 0"
        " WHERE webhook_id = $1 AND status = 'pending' AND due_at > 0",
        hook_id,
    )


async def prune(tx: Tx, ended_before: str, limit: int) -> int:
    """Drops the first deliveries that ended before a moment, `limit` at most; how many."""
    ended = "status IN ('succeeded', 'failed') AND finished_at < $1"
    return await tx.execute(
        f"DELETE FROM deliveries WHERE {ended} AND (webhook_id, id) IN"
        f" (SELECT webhook_id, id FROM deliveries WHERE {ended} ORDER BY finished_at LIMIT $2)",
        ended_before,
        limit,
    )
