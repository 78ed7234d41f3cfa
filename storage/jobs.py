"""Jobs: the database is the queue's truth.

A job is stored with the request that asks for it, claimed under a lease, and finished in the
transaction of its effects. A claim counts an attempt, and only the latest attempt can finish:
whoever lost the lease finds the row changed and undoes its work.
"""

import dataclasses
from typing import Any, Final, Literal

import msgspec
from isal import isal_zlib

from domain.errors import ItemError, Unavailable
from domain.imports import ImportRequest
from storage.store import Tx
from storage.turns import pieces

LEASE_SECONDS: Final = 10.0
MAX_ATTEMPTS: Final = 5
KEPT_DAYS: Final = 7
MAX_UNFINISHED: Final = 1_000
"""Jobs of one user that may wait or run at a time."""
_FULL_SECONDS: Final = 5
"""After so long it is worth trying again."""

Status = Literal["queued", "running", "succeeded", "failed"]


class LeaseLost(Exception):
    """Another attempt has taken the job over; this one must have no effect."""


class Progress(msgspec.Struct):
    """Items applied, of how many."""

    done: int
    total: int


class Job(msgspec.Struct, rename="camel", omit_defaults=True):
    """A job as its user sees it."""

    id: str = msgspec.field(name="_id")
    kind: Literal["batch", "sync"]
    trip_id: str
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
    trip_id: str
    request: ImportRequest
    payload: bytes
    total: int
    attempt: int
    created_at: str


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The end of a job, as the response to the request that asked for it."""

    status: int
    packed: bytes
    """The body, by `pack` or as it is: `unpack` brings it back."""
    error: ItemError | None


def pack(body: bytes) -> bytes:
    """A request's or a response's body as it is stored, in zlib's format (RFC 1950)."""
    packer = isal_zlib.compressobj(1)
    return b"".join([*map(packer.compress, pieces(body)), packer.flush()])


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
    trip_id: str,
    request: ImportRequest,
    payload: bytes,
    total: int,
    now: str,
    due_at: float,
) -> None:
    """Queues a job; `payload` by `pack`, `total` in items, `due_at` in Unix seconds.

    `Unavailable` when too many of the user's are not done yet.
    """
    queued = await tx.execute(
        "INSERT INTO jobs (user_id, id, trip_id, kind, params, payload, status, total, due_at,"
        " created_at) SELECT $1, $2, $3, $4, $5, $6, 'queued', $7, $8, $9"
        " WHERE (SELECT count(*) FROM (SELECT 1 FROM jobs WHERE user_id = $1"
        f" AND status IN ('queued', 'running') LIMIT {MAX_UNFINISHED}) AS unfinished)"
        f" < {MAX_UNFINISHED}",
        user_id,
        job_id,
        trip_id,
        request.kind,
        msgspec.json.encode(request).decode(),
        payload,
        total,
        due_at,
        now,
    )
    if not queued:
        raise Unavailable("Too many of your imports are not done yet", _FULL_SECONDS)


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
        found_id,
        kind,
        trip_id,
        status,
        Progress(done, total),
        attempts,
        created_at,
        _or_unset(started_at),
        _or_unset(finished_at),
        msgspec.UNSET if result is None else msgspec.Raw(result),
        msgspec.UNSET if error is None else msgspec.Raw(error.encode()),
    )


async def outcome(tx: Tx, user_id: str, job_id: str) -> Outcome | None:
    """What an ended job came to; None while it has not ended."""
    record = await tx.fetchrow(
        "SELECT result_status, result, packed_result, error FROM jobs"
        " WHERE user_id = $1 AND id = $2 AND status IN ('succeeded', 'failed')",
        user_id,
        job_id,
    )
    if record is None:
        return None
    status, text, packed, error = record
    if error is not None:
        return Outcome(status, b"", msgspec.json.decode(error, type=ItemError))
    return Outcome(status, text.encode() if packed is None else packed, None)


async def claim_next(tx: Tx, now: str, unix_now: float) -> Claim | None:
    """Takes the job that is due first, queued or with a lease run out; None when none is."""
    record = await tx.fetchrow(
        "UPDATE jobs SET status = 'running', attempts = attempts + 1, due_at = $1,"
        " started_at = coalesce(started_at, $2)"
        " WHERE (user_id, id) = (SELECT user_id, id FROM jobs"
        "  WHERE status IN ('queued', 'running') AND due_at <= $3 ORDER BY due_at, id LIMIT 1"
        f"  {tx.dialect.skip_locked})"
        " RETURNING user_id, id, trip_id, params, payload, total, attempts, created_at",
        unix_now + LEASE_SECONDS,
        now,
        unix_now,
    )
    if record is None:
        return None
    user_id, job_id, trip_id, params, payload, total, attempt, created_at = record
    request = msgspec.json.decode(params, type=ImportRequest)
    return Claim(user_id, job_id, trip_id, request, payload, total, attempt, created_at)


async def renew(tx: Tx, claim: Claim, unix_now: float) -> None:
    """Prolongs the lease of a claim that is still being worked on; `LeaseLost` if it is not."""
    await _change(tx, claim, "due_at = $4", unix_now + LEASE_SECONDS)


async def succeed(tx: Tx, claim: Claim, now: str, status: int, result: bytes) -> None:
    """Ends a job in the transaction of its effects; `LeaseLost` undoes them.

    Who queued a payload that is not packed, a server of the first release, reads a result that is
    not either.
    """
    packed = _is_packed(claim.payload)
    await _change(
        tx,
        claim,
        "status = 'succeeded', done = total, payload = NULL, finished_at = $4,"
        f" result_status = $5, {'packed_result' if packed else 'result'} = $6",
        now,
        status,
        pack(result) if packed else result.decode(),
    )


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


async def next_due(tx: Tx) -> float | None:
    """When the next job is due, in Unix seconds; None when there is none."""
    due: float | None = await tx.fetchval(
        "SELECT min(due_at) FROM jobs WHERE status IN ('queued', 'running')"
    )
    return due


async def prune(tx: Tx, ended_before: str) -> int:
    """Drops jobs that ended before a moment; how many."""
    return await tx.execute(
        "DELETE FROM jobs WHERE status IN ('succeeded', 'failed') AND finished_at < $1",
        ended_before,
    )


def _or_unset(value: Any) -> Any:
    return msgspec.UNSET if value is None else value
