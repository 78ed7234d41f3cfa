"""Claims of jobs, by the workers that do them.

A job is claimed under a lease, and finished in the transaction of its effects. A claim counts an
attempt, and only the latest attempt can finish: a worker that has lost the lease finds the row
changed and undoes its work.
"""

import dataclasses
from collections.abc import Collection
from typing import Any, Final

import msgspec

from domain.errors import ItemError
from storage.jobs import UNFINISHED, is_packed, pack
from storage.leases import LeaseLost, Leases
from storage.store import Tx
from storage.webhooks import tell_of_job

LEASE_SECONDS: Final = 10.0
LEASES: Final = Leases("jobs", UNFINISHED, "attempts", "due_at", LEASE_SECONDS)


@dataclasses.dataclass(frozen=True)
class Claim:
    """A job taken by a worker for one attempt."""

    user_id: str
    job_id: str
    kind: str
    trip_id: str | None
    params: str
    payload: bytes
    """As it is stored: `unpack` brings the body back."""
    total: int | None
    attempt: int
    created_at: str
    key_id: str | None
    """The API key of the request that asked for the job; None of older servers' jobs."""
    request_id: str | None
    traceparent: str | None
    """Where in which trace it was asked for (W3C Trace Context)."""


async def next_due(tx: Tx, kinds: Collection[str]) -> dict[str, float]:
    """When the first job of each kind is due, in Unix seconds; without the kinds that have none."""
    if not kinds:
        return {}
    looks = (
        f"(SELECT min(due_at) FROM jobs WHERE {UNFINISHED} AND kind = ${number})"
        for number in range(1, len(kinds) + 1)
    )
    found = await tx.fetchrow(f"SELECT {', '.join(looks)}", *kinds)
    assert found is not None
    return {kind: due for kind, due in zip(kinds, found, strict=True) if due is not None}


async def claim_next(tx: Tx, kind: str, now: str, unix_now: float) -> Claim | None:
    """Takes the job of a kind that is due first, queued or with a lease run out, or None."""
    record = await tx.fetchrow(
        "UPDATE jobs SET status = 'running', attempts = attempts + 1, due_at = $1,"
        " started_at = coalesce(started_at, $2)"
        " WHERE (user_id, id) = (SELECT user_id, id FROM jobs"
        f"  WHERE {UNFINISHED} AND kind = $4 AND due_at <= $3 ORDER BY due_at, id LIMIT 1"
        f"  {tx.dialect.skip_locked})"
        " RETURNING user_id, id, kind, trip_id, params, payload, total, attempts, created_at,"
        " key_id, request_id, traceparent",
        unix_now + LEASE_SECONDS,
        now,
        unix_now,
        kind,
    )
    if record is None:
        return None
    user_id, job_id, kind, trip_id, params, payload, *rest = record
    return Claim(user_id, job_id, kind, trip_id, params, payload or b"", *rest)


async def renew(tx: Tx, claim: Claim, unix_now: float) -> None:
    """Prolongs the lease of a claim that is still being worked on; `LeaseLost` if it is not."""
    await _change(tx, claim, "due_at = $4", unix_now + LEASE_SECONDS)


async def succeed(tx: Tx, claim: Claim, now: str, status: int, result: bytes) -> None:
    """Ends a job, in the transaction of its effects; `LeaseLost` undoes them.

    `status` and `result` (JSON, or empty) are what the request that waits is answered. A payload
    that is not packed was queued by a server that reads no result that is.
    """
    packed = is_packed(claim.payload)
    stored = pack(result) if packed else result.decode()
    await _change(
        tx,
        claim,
        "status = 'succeeded', done = coalesce(total, done), payload = NULL, finished_at = $4,"
        f" result_status = $5, {'packed_result' if packed else 'result'} = $6",
        now,
        status,
        stored if result else None,
    )
    job = (claim.user_id, claim.trip_id, claim.job_id, claim.kind)
    await tell_of_job(tx, *job, "succeeded", now)


async def fail(tx: Tx, claim: Claim, now: str, status: int, error: ItemError) -> None:
    """Ends a job that cannot succeed."""
    await _change(
        tx,
        claim,
        "status = 'failed', payload = NULL, finished_at = $4, result_status = $5, error = $6",
        now,
        status,
        msgspec.json.encode(error).decode(),
    )
    job = (claim.user_id, claim.trip_id, claim.job_id, claim.kind)
    await tell_of_job(tx, *job, "failed", now, error)


async def retry(tx: Tx, claim: Claim, due_at: float) -> None:
    """Puts a job back for a later attempt."""
    await _change(tx, claim, "status = 'queued', due_at = $4", due_at)


async def _change(tx: Tx, claim: Claim, changes: str, *arguments: Any) -> None:
    touched = await tx.execute(
        f"UPDATE jobs SET {changes}"
        " WHERE user_id = $1 AND id = $2 AND attempts = $3 AND status = 'running'",
        claim.user_id,
        claim.job_id,
        claim.attempt,
        *arguments,
    )
    if not touched:
        raise LeaseLost(claim.job_id)


async def fail_unknown(
    tx: Tx, kinds: Collection[str], due_before: float, now: str, limit: int, error: ItemError
) -> list[str]:
    """Fails jobs of other kinds that are due since a moment in Unix seconds; their ids."""
    known = msgspec.json.encode(list(kinds)).decode()
    failed = await tx.fetch(
        "UPDATE jobs SET status = 'failed', payload = NULL, finished_at = $1, result_status = 500,"
        f" error = $2 WHERE {UNFINISHED} AND due_at < $3 AND (user_id, id) IN"
        f" (SELECT user_id, id FROM jobs WHERE {UNFINISHED} AND due_at < $3"
        f" AND NOT kind {tx.dialect.among('$4')} ORDER BY due_at LIMIT $5)"
        " RETURNING user_id, trip_id, id, kind",
        now,
        msgspec.json.encode(error).decode(),
        due_before,
        known,
        limit,
    )
    for user_id, trip_id, job_id, kind in failed:
        await tell_of_job(tx, user_id, trip_id, job_id, kind, "failed", now, error)
    return [job_id for _, _, job_id, _ in failed]
