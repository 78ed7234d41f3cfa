"""Jobs: the database is the queue's truth.

A job is stored with the request that asks for it, and done by a worker that claims it
(`storage.job_claims`). What is to be done stands in `params` and `payload`, which only the job's
kind can read.
"""

import dataclasses
from typing import Any, Final, Literal

import msgspec
from isal import isal_zlib

from domain.errors import ItemError, Unavailable
from runtime import tracing
from storage.store import Tx

MAX_UNFINISHED: Final = 1_000
"""Jobs of one user that may wait or run at a time."""
_FULL_SECONDS: Final = 5
"""After so long it is worth trying again."""

UNFINISHED: Final = "status IN ('queued', 'running')"
_ENDED: Final = "status IN ('succeeded', 'failed')"

Status = Literal["queued", "running", "succeeded", "failed"]


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
    return isal_zlib.decompress(packed) if is_packed(packed) else packed


def is_packed(payload: bytes) -> bool:
    """Whether it is by `pack`: no JSON begins as zlib's format does (RFC 1950 section 2.2)."""
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
        f" AND {UNFINISHED} LIMIT {MAX_UNFINISHED}) AS unfinished) < {MAX_UNFINISHED}",
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
