"""First answers to requests with an Idempotency-Key (contract section 4).

A record is written in the transaction of the change it protects, at its end: where the key is
taken, the change is undone. Where the change is a job's, the record points at the job until it is
known what the request was answered.
"""

import dataclasses
from typing import Any, Final

import msgspec

from storage.store import Tx


class KeyTaken(Exception):
    """Another request has used the Idempotency-Key: what this one did is undone."""


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """A response as it was first sent; no body means the result of the job."""

    status: int
    headers: dict[str, str]
    body: bytes | None
    rev: int | None = None
    """The revision that its entity tag tells, where it has one."""


@dataclasses.dataclass(frozen=True, slots=True)
class IdempotencyRecord:
    """What is remembered of a request."""

    fingerprint: str
    answer: Answer | None
    """None while it is open whether the job's result or a 202 is the answer."""
    job_id: str | None
    """Without an answer and without a job: what was answered is shown only once."""


@dataclasses.dataclass(slots=True)
class Protection:
    """A request's Idempotency-Key, in one run of its operation."""

    scope: str
    """The id of the API key, or what else keys are remembered for."""
    key: str
    fingerprint: str
    """What tells the request from another with the same key."""
    now: float
    """Unix seconds."""
    since: float
    """What was recorded by then is forgotten, in Unix seconds."""
    recorded: bool = False
    """Whether the operation has recorded its answer together with its change."""

    def columns(self, answer: Answer | None) -> list[Any]:
        """The values of `COLUMNS` but for job and revision."""
        return [
            *(self.scope, self.key, self.fingerprint, self.now),
            answer.status if answer else None,
            _headers(answer),
            answer.body if answer else None,
        ]


COLUMNS: Final = (
    *("api_key_id", "idempotency_key", "fingerprint", "created_at", "status", "headers", "body"),
    *("rev", "job_id"),
)


_REMEMBER: Final = (
    f"INSERT INTO idempotency ({', '.join(COLUMNS)})"
    f" VALUES ({', '.join(f'${n}' for n in range(1, len(COLUMNS) + 1))})"
    " ON CONFLICT (api_key_id, idempotency_key) DO UPDATE SET"
    f" {', '.join(f'{name} = excluded.{name}' for name in COLUMNS[2:])}"
    f" WHERE idempotency.created_at <= ${len(COLUMNS) + 1}"
)


async def find(tx: Tx, scope: str, key: str, since: float) -> IdempotencyRecord | None:
    """What is remembered of a key, unless it was recorded by `since`, in Unix seconds."""
    record = await tx.fetchrow(
        "SELECT fingerprint, status, headers, body, rev, job_id FROM idempotency"
        " WHERE api_key_id = $1 AND idempotency_key = $2 AND created_at > $3",
        scope,
        key,
        since,
    )
    if record is None:
        return None
    fingerprint, status, headers, body, rev, job_id = record
    answer = None
    if status is not None:
        answer = Answer(status, msgspec.json.decode(headers, type=dict[str, str]), body, rev)
    return IdempotencyRecord(fingerprint, answer, job_id)


async def remember(
    tx: Tx, protection: Protection, answer: Answer | None, job_id: str | None = None
) -> None:
    """Records the answer of a request, or the job that will give it; `KeyTaken` if it is too late.

    Where several can write at once, this waits for a request that is recording the same key. A
    record past its time gives way.
    """
    recorded = await tx.execute(
        _REMEMBER,
        *protection.columns(answer),
        answer.rev if answer else None,
        job_id,
        protection.since,
    )
    if not recorded:
        raise KeyTaken


def key_is_taken(first: int) -> str:
    """A query for a record of the key in the parameters from `$first` on, `Protection.columns`."""
    return (
        f"SELECT 1 FROM idempotency WHERE api_key_id = ${first} AND idempotency_key = ${first + 1}"
    )


def remember_from(step: str, first: int) -> str:
    """A statement that records those parameters with the `rev` of a step of the same statement."""
    marks = ", ".join(f"${n}" for n in range(first, first + 7))
    names = ", ".join(COLUMNS[:8])
    return f"INSERT INTO idempotency ({names}) SELECT {marks}, rev FROM {step}"


async def complete(tx: Tx, scope: str, key: str, answer: Answer) -> None:
    """Records what a request that waited for a job was answered; the first to do so wins."""
    await tx.execute(
        "UPDATE idempotency SET status = $1, headers = $2, body = $3"
        " WHERE api_key_id = $4 AND idempotency_key = $5 AND status IS NULL",
        answer.status,
        _headers(answer),
        answer.body,
        scope,
        key,
    )


async def forget_job(tx: Tx, job_id: str) -> None:
    """Drops the record of a job that failed for good: failures are not remembered."""
    await tx.execute("DELETE FROM idempotency WHERE job_id = $1 AND status IS NULL", job_id)


async def prune(tx: Tx, since: float, limit: int) -> int:
    """Drops the oldest records made by `since`, in Unix seconds, `limit` at most; how many."""
    # The age again outside: a key may be taken by a new request after it was found.
    return await tx.execute(
        "DELETE FROM idempotency WHERE created_at <= $1 AND (api_key_id, idempotency_key) IN"
        " (SELECT api_key_id, idempotency_key FROM idempotency WHERE created_at <= $1"
        " ORDER BY created_at LIMIT $2)",
        since,
        limit,
    )


def _headers(answer: Answer | None) -> str | None:
    return msgspec.json.encode(answer.headers).decode() if answer else None
