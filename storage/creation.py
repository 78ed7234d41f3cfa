"""One new row stored at one stroke: what most writes are, in one round trip to the database.

It is what `items.apply` and `idempotency` do for a create that finds nothing in its way. What
does find something (the clientRef exists, the Idempotency-Key was used) is for them.
"""

import dataclasses
from typing import Any, Final

import msgspec

from domain.row import Row
from storage import items
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
        row.client_ref,
        row.json,
    ]
    if first is not None:
        answer = first.answer
        headers = msgspec.json.encode(answer.headers).decode()
        remembered = (answer.status, headers, answer.body, first.now)
        arguments += [first.api_key_id, first.key, first.fingerprint, *remembered]
    record = await tx.chain(_UNPROTECTED if first is None else _PROTECTED, *arguments)
    return record[0] if record else None


# A clientRef that is null equals none.
_REF_IS_FREE: Final = (
    "NOT EXISTS (SELECT 1 FROM items WHERE trip_id = $1 AND client_ref = $6 AND kind = $2"
    " AND parent_id = $3)"
)
_KEY_IS_FREE: Final = (
    "NOT EXISTS (SELECT 1 FROM idempotency WHERE api_key_id = $8 AND idempotency_key = $9)"
)
_BUMPED: Final = (
    "bumped",
    "UPDATE trips SET rev = rev + 1 WHERE id = $1 AND EXISTS (SELECT 1 FROM free) RETURNING rev",
)
_REMEMBERED: Final = (
    "remembered",
    "INSERT INTO idempotency (api_key_id, idempotency_key, fingerprint, status, headers, body,"
    f" created_at) SELECT $8, $9, $10, $11, replace($12, '{REVISION}', CAST(rev AS TEXT)), $13,"
    " $14 FROM bumped RETURNING status",
)
_STORED: Final = (
    "stored",
    f"INSERT INTO items ({', '.join(items.STORED)})"
    " SELECT $1, $2, $3, $4, $5, $6, rev, $7 FROM bumped RETURNING rev",
)
_UNPROTECTED: Final = (("free", f"SELECT 1 AS free WHERE {_REF_IS_FREE}"), _BUMPED, _STORED)
_PROTECTED: Final = (
    ("free", f"SELECT 1 AS free WHERE {_REF_IS_FREE} AND {_KEY_IS_FREE}"),
    _BUMPED,
    _REMEMBERED,
    _STORED,
)
