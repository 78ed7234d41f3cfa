"""Claims of webhooks, by the workers that tell them what is due.

The order in which a webhook is told needs one worker for it at a time: a worker claims the webhook
under a lease, and each outcome is recorded under its claim. A later claim makes an earlier one
worthless.
"""

import dataclasses
from typing import Any, Final

from domain.delivery import RETRY_SECONDS, is_success
from domain.scopes import BASE_SCOPES, Scopes
from storage import journal
from storage.deliveries import Status
from storage.keys import scopes_in
from storage.leases import LeaseLost, Leases
from storage.store import Tx

LEASE_SECONDS: Final = 30.0
"""Longer than an attempt takes, with all that comes before and after it."""
LEASES: Final = Leases("webhooks", "enabled = 1", "lease", "leased_until", LEASE_SECONDS)
SLOW_MS: Final = 1_000
"""A receiver that takes longer is slow, as is one that fails."""


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
            "SELECT id, event, trip_id, rev, payload, attempts, created_at FROM deliveries"
            f" WHERE webhook_id = $1 AND status = 'pending' AND due_at <= $2{condition}"
            " ORDER BY due_at, trip_id, rev, id LIMIT 1",
            claim.hook_id,
            unix_now,
        )
        if record is not None:
            # A statement of its own: the journal may be in other parts of a database.
            request_id = await journal.request_of(tx, *record[2:4])
            return Delivery(*[*record, request_id])
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
