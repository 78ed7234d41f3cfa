"""Deliveries to webhooks: what each was told or is to be told, and what came of it.

Workers make them, by `storage.webhook_claims`.
"""

from typing import Any, Final, Literal

import msgspec

from domain.cursor import Position
from domain.webhook import TEST
from runtime.clock import text
from runtime.ids import new_id
from storage.page import Page
from storage.store import Tx

Status = Literal["pending", "succeeded", "failed"]


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
