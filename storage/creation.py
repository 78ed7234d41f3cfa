"""One new row stored at one stroke: what most writes are, in one round trip to the database.

It is what `items.apply` and `idempotency` do for a create that finds nothing in its way. What
does find something (the clientRef exists, the Idempotency-Key was used) is for them.
"""

import dataclasses
import functools
from typing import Any, Final

import msgspec

from domain.plan import Row
from storage.idempotency import Answer
from storage.store import Tx

REVISION: Final = "{rev}"
"""Stands for the trip's new revision in the headers of an answer that is to be remembered."""


@dataclasses.dataclass(frozen=True, slots=True)
class FirstAnswer:
    """What to remember under an Idempotency-Key; `now` in Unix seconds."""

    api_key_id: str
    key: str
    fingerprint: str
    answer: Answer
    now: float


async def store(tx: Tx, trip_id: str, row: Row, first: FirstAnswer | None) -> int | None:
    """Stores a row that names no other row; the trip's new revision.

    None, with nothing stored, when a row has its clientRef or a request its Idempotency-Key.
    """
    arguments: list[Any] = [
        trip_id,
        row.kind,
        row.parent_id,
        row.sort_key,
        row.id,
        msgspec.json.encode(row.document).decode(),
    ]
    if row.client_ref is not None:
        arguments.append(row.client_ref)
    if first is not None:
        answer = first.answer
        headers = msgspec.json.encode(answer.headers).decode()
        remembered = (answer.status, headers, answer.body, first.now)
        arguments += [first.api_key_id, first.key, first.fingerprint, *remembered]
    steps = _steps(row.client_ref is not None, first is not None)
    record = await tx.chain(steps, *arguments)
    return record[0] if record else None


@functools.cache
def _steps(named: bool, protected: bool) -> tuple[tuple[str, str], ...]:
    """The statements; `named`: with a clientRef, `protected`: with an Idempotency-Key."""
    ref, after = ("$7", 8) if named else ("NULL", 7)
    key_id, key, fingerprint, status, headers, body, now = (f"${after + n}" for n in range(7))
    taken = []
    if named:
        taken.append(
            "SELECT 1 FROM items WHERE trip_id = $1 AND client_ref = $7 AND kind = $2"
            " AND parent_id = $3"
        )
    if protected:
        taken.append(
            f"SELECT 1 FROM idempotency WHERE api_key_id = {key_id} AND idempotency_key = {key}"
        )
    free = " AND ".join(f"NOT EXISTS ({query})" for query in taken) or "true"
    steps = [
        ("free", f"SELECT 1 AS free WHERE {free}"),
        (
            "bumped",
            "UPDATE trips SET rev = rev + 1 WHERE id = $1 AND EXISTS (SELECT 1 FROM free)"
            " RETURNING rev",
        ),
        (
            "stored",
            "INSERT INTO items (trip_id, kind, parent_id, sort_key, id, client_ref, rev, doc)"
            f" SELECT $1, $2, $3, $4, $5, {ref}, rev, $6 FROM bumped RETURNING rev",
        ),
    ]
    if protected:
        remembered = (
            "INSERT INTO idempotency (api_key_id, idempotency_key, fingerprint, status, headers,"
            f" body, created_at) SELECT {key_id}, {key}, {fingerprint}, {status},"
            f" replace({headers}, '{REVISION}', CAST(rev AS TEXT)), {body}, {now}"
            " FROM bumped RETURNING status"
        )
        steps.insert(2, ("remembered", remembered))
    return tuple(steps)
