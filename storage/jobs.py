"""Jobs: the database is the queue's truth.

A job is stored with the request that asks for it, claimed under a lease, and finished in the
transaction of its effects. A claim counts an attempt, and only the latest attempt can finish: a
worker that has lost the lease finds the row changed and undoes its work. What is to be done stands
in `params` and `payload`, which only the job's kind can read.
"""

import dataclasses
from collections.abc import Collection
from typing import Any, Final, Literal

import msgspec
from isal import isal_zlib

from domain.errors import ItemError, Unavailable
from runtime import tracing
from storage.store import Tx
from storage.webhooks import tell_of_job

LEASE_SECONDS: Final = 10.0
FURTHEST_SECONDS: Final = 60.0
"""No pause before another attempt is longer: what is queued for later than that was put off by a
clock that has been set back since, and is due now. A lease is not looked at in that way: it may be
of a worker whose clock is ahead, and is prolonged as long as that works."""
MAX_UNFINISHED: Final = 1_000
"""Jobs of one user that may wait or run at a time."""
_FULL_SECONDS: Final = 5
"""After so long it is worth trying again."""

_UNFINISHED: Final = "status IN ('queued', 'running')"
_ENDED: Final = "status IN ('succeeded', 'failed')"

Status = Literal["queued", "running", "succeeded", "failed"]


class LeaseLost(Exception):
    """Another attempt has taken the job over; this one must have no effect."""


class Progress(msgspec.Struct, omit_defaults=True):
    """Items applied, of how many; of a job without items there is no total."""

    done: int
    total: int | msgspec.UnsetType = msgspec.UNSET


class Job(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """Work that is done after its request, and as `result` what that would have been answered."""

    id: str = msgspec.field(name="_id")
    kind: str
    trip_id: str | msgspec.UnsetType = msgspec.UNSET
    status: Status
    progress: Progress
    attempts: int
    created_at: str
    started_at: str | msgspec.UnsetType = msgspec.UNSET
    finished_at: str | msgspec.UnsetType = msgspec.UNSET
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


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


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The end of a job, as the response to the request that asked for it."""

    status: int
    packed: bytes
    """The body, by `pack` or as it is: `unpack` brings it back."""
    error: ItemError | None


def pack(body: bytes) -> bytes:
    """A request's or a response's body as it is stored, in zlib's format (RFC 1950)."""
    packed: bytes = isal_zlib.compress(body, 1)
    return packed


def unpack(packed: bytes) -> bytes:
    """The body again; a payload of the first release is the body itself."""
    return isal_zlib.decompress(packed) if _is_packed(packed) else packed


def _is_packed(payload: bytes) -> bool:
    """No JSON begins as zlib's format does (RFC 1950 section 2.2)."""
    return payload[:1] == b"x"


async def insert(
    tx: Tx,
    *,
    job_id: str,
    user_id: str,
    kind: str,
    params: str,
    payload: bytes,
    now: str,
    due_at: float,
    total: int | None = None,
    trip_id: str | None = None,
    key_id: str | None = None,
    request_id: str | None = None,
) -> None:
    """Queues a job; `total` in items, `due_at` in Unix seconds.

    `params` is JSON; `payload` is a body by `pack`, or empty. `Unavailable` when too many of the
    user's jobs are not done yet.
    """
    queued = await tx.execute(
        "INSERT INTO jobs (user_id, id, trip_id, kind, params, payload, status, total, due_at,"
        " created_at, key_id, request_id, traceparent)"
        " SELECT $1, $2, $3, $4, $5, $6, 'queued', $7, $8, $9, $10, $11, $12"
        " WHERE (SELECT count(*) FROM (SELECT 1 FROM jobs WHERE user_id = $1"
        f" AND {_UNFINISHED} LIMIT {MAX_UNFINISHED}) AS unfinished) < {MAX_UNFINISHED}",
        user_id,
        job_id,
        trip_id,
        kind,
        params,
        payload,
        total,
        due_at,
        now,
        key_id,
        request_id,
        tracing.traceparent(),
    )
    if not queued:
        raise Unavailable("Too many of your jobs are not done yet: try later", _FULL_SECONDS)


async def get(tx: Tx, user_id: str, job_id: str) -> Job | None:
    """A user's job, or None."""
    record = await tx.fetchrow(
        "SELECT id, kind, trip_id, status, done, total, attempts, created_at, started_at,"
        " finished_at, result, packed_result, error FROM jobs WHERE user_id = $1 AND id = $2",
        user_id,
        job_id,
    )
    if record is None:
        return None
    found_id, kind, trip_id, status, done, total, attempts, created_at, *ends = record
    started_at, finished_at, text, packed, error = ends
    result = None if text is None else text.encode()
    if packed is not None:
        result = unpack(packed)
    return Job(
        id=found_id,
        kind=kind,
        trip_id=_or_unset(trip_id),
        status=status,
        progress=Progress(done, _or_unset(total)),
        attempts=attempts,
        created_at=created_at,
        started_at=_or_unset(started_at),
        finished_at=_or_unset(finished_at),
        result=msgspec.UNSET if result is None else msgspec.Raw(result),
        error=msgspec.UNSET if error is None else msgspec.Raw(error.encode()),
    )


async def outcome(tx: Tx, user_id: str, job_id: str) -> Outcome | None:
    """What an ended job came to; None while it has not ended."""
    record = await tx.fetchrow(
        "SELECT result_status, result, packed_result, error FROM jobs"
        f" WHERE user_id = $1 AND id = $2 AND {_ENDED}",
        user_id,
        job_id,
    )
    if record is None:
        return None
    status, text, packed, error = record
    if error is not None:
        return Outcome(status, b"", msgspec.json.decode(error, type=ItemError))
    return Outcome(status, (text or "").encode() if packed is None else packed, None)


async def next_due(tx: Tx, kinds: Collection[str]) -> dict[str, float]:
    """When the first job of each kind is due, in Unix seconds; without the kinds that have none."""
    if not kinds:
        return {}
    looks = (
        f"(SELECT min(due_at) FROM jobs WHERE {_UNFINISHED} AND kind = ${number})"
        for number in range(1, len(kinds) + 1)
    )
    found = await tx.fetchrow(f"SELECT {', '.join(looks)}", *kinds)
    assert found is not None
    return {kind: due for kind, due in zip(kinds, found, strict=True) if due is not None}


def is_due(due_at: float, unix_now: float) -> bool:
    """Whether a job with this `due_at` is due, if it is queued."""
    return not unix_now < due_at <= unix_now + FURTHEST_SECONDS


async def claim_next(tx: Tx, kind: str, now: str, unix_now: float) -> Claim | None:
    """Takes the job of a kind that is due first, queued or with a lease run out, or None."""
    record = await tx.fetchrow(
        "UPDATE jobs SET status = 'running', attempts = attempts + 1, due_at = $1,"
        " started_at = coalesce(started_at, $2)"
        " WHERE (user_id, id) = (SELECT user_id, id FROM jobs"
        f"  WHERE {_UNFINISHED} AND kind = $4 AND (due_at <= $3"
        "   OR due_at > $5 AND status = 'queued') ORDER BY due_at, id LIMIT 1"
        f"  {tx.dialect.skip_locked})"
        " RETURNING user_id, id, kind, trip_id, params, payload, total, attempts, created_at,"
        " key_id, request_id, traceparent",
        unix_now + LEASE_SECONDS,
        now,
        unix_now,
        kind,
        unix_now + FURTHEST_SECONDS,
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
    packed = _is_packed(claim.payload)
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
        f" error = $2 WHERE {_UNFINISHED} AND due_at < $3 AND (user_id, id) IN"
        f" (SELECT user_id, id FROM jobs WHERE {_UNFINISHED} AND due_at < $3"
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


async def prune(tx: Tx, ended_before: str, limit: int) -> int:
    """Drops the first jobs that ended before a moment, `limit` at most; how many."""
    return await tx.execute(
        f"DELETE FROM jobs WHERE {_ENDED} AND finished_at < $1 AND (user_id, id) IN"
        f" (SELECT user_id, id FROM jobs WHERE {_ENDED} AND finished_at < $1"
        " ORDER BY finished_at LIMIT $2)",
        ended_before,
        limit,
    )


def _or_unset(value: Any) -> Any:
    return msgspec.UNSET if value is None else value
