"""First answers to requests with an Idempotency-Key (contract section 4).

A record is written in the transaction of the change it protects. Where the change is a
job's, the record points at the job until the request's answer is settled.
"""

import dataclasses
from typing import Final

import msgspec

from storage.store import Tx

KEPT_SECONDS: Final = 24 * 60 * 60


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """A response as it was first sent; no body means the result of the job."""

    status: int
    headers: dict[str, str]
    body: bytes | None


@dataclasses.dataclass(frozen=True, slots=True)
class IdempotencyRecord:
    """What is remembered of a request."""

    fingerprint: str
    answer: Answer | None
    """None while it is not settled whether the job's result or a 202 is the answer."""
    job_id: str | None


async def find(tx: Tx, api_key_id: str, key: str, now: float) -> IdempotencyRecord | None:
    """The live record of a key; `now` in Unix seconds."""
    record = await tx.fetchrow(
        "SELECT fingerprint, status, headers, body, job_id FROM idempotency"
        " WHERE api_key_id = $1 AND idempotency_key = $2 AND created_at > $3",
        api_key_id,
        key,
        now - KEPT_SECONDS,
    )
    if record is None:
        return None
    fingerprint, status, headers, body, job_id = record
    answer = None
    if status is not None:
        answer = Answer(status, msgspec.json.decode(headers, type=dict[str, str]), body)
    return IdempotencyRecord(fingerprint, answer, job_id)


async def reserve(tx: Tx, api_key_id: str, key: str, fingerprint: str, now: float) -> bool:
    """Takes the key for this request; False when a live record has it.

    Where several can write at once, this waits for a request that is taking the same key.
    """
    return (
        await tx.fetchval(
            "INSERT INTO idempotency (api_key_id, idempotency_key, fingerprint, created_at)"
            " VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (api_key_id, idempotency_key) DO UPDATE SET"
            " fingerprint = excluded.fingerprint, created_at = excluded.created_at,"
            " status = NULL, headers = NULL, body = NULL, job_id = NULL"
            " WHERE idempotency.created_at <= $5 RETURNING 1",
            api_key_id,
            key,
            fingerprint,
            now,
            now - KEPT_SECONDS,
        )
        is not None
    )


async def remember(
    tx: Tx, api_key_id: str, key: str, *, answer: Answer | None, job_id: str | None = None
) -> None:
    """Stores the first answer under a reserved key, or the job that will give it."""
    await tx.execute(
        "UPDATE idempotency SET status = $1, headers = $2, body = $3, job_id = $4"
        " WHERE api_key_id = $5 AND idempotency_key = $6",
        answer.status if answer else None,
        _headers(answer),
        answer.body if answer else None,
        job_id,
        api_key_id,
        key,
    )


async def settle(tx: Tx, api_key_id: str, key: str, answer: Answer) -> None:
    """Fixes the answer of a request that waited for a job; the first to settle wins."""
    await tx.execute(
        "UPDATE idempotency SET status = $1, headers = $2, body = $3"
        " WHERE api_key_id = $4 AND idempotency_key = $5 AND status IS NULL",
        answer.status,
        _headers(answer),
        answer.body,
        api_key_id,
        key,
    )


async def forget_job(tx: Tx, job_id: str) -> None:
    """Drops the record of a job that failed for good: failures are not remembered."""
    await tx.execute("DELETE FROM idempotency WHERE job_id = $1 AND status IS NULL", job_id)


async def prune(tx: Tx, now: float, limit: int) -> int:
    """Drops the oldest records past their time, `limit` at most; how many."""
    # The age again outside: a key may be taken by a new request after it was found.
    return await tx.execute(
        "DELETE FROM idempotency WHERE created_at <= $1 AND (api_key_id, idempotency_key) IN"
        " (SELECT api_key_id, idempotency_key FROM idempotency WHERE created_at <= $1"
        " ORDER BY created_at LIMIT $2)",
        now - KEPT_SECONDS,
        limit,
    )


def _headers(answer: Answer | None) -> str | None:
    return msgspec.json.encode(answer.headers).decode() if answer else None
