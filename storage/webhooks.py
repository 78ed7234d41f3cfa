"""Webhooks, and the outbox: what is to be told, recorded in the transaction of the change."""

import dataclasses
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from domain.actor import Actor
from domain.cursor import Position
from domain.errors import ItemError
from domain.merge import Document
from domain.webhook import Event
from runtime.ids import new_id
from storage.page import BEFORE_ALL, Page
from storage.store import Tx


class Hook(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """A webhook; `disabledReason` tells why it is told nothing any longer."""

    id: str = msgspec.field(name="_id")
    url: str
    events: list[Event]
    trip_id: str | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType = msgspec.UNSET
    enabled: bool
    disabled_reason: str | msgspec.UnsetType = msgspec.UNSET
    disabled_at: str | msgspec.UnsetType = msgspec.UNSET
    created_at: str
    updated_at: str


class NewHook(Hook, rename="camel", omit_defaults=True, kw_only=True):
    """A webhook that has just been made; `secret` signs what it is told, and is shown this once."""

    secret: str


@dataclasses.dataclass(frozen=True)
class HookRow:
    """A stored webhook: what a client may set, and what the server has set."""

    id: str
    fields: Document
    disabled_reason: str | None
    disabled_at: str | None
    created_at: str
    updated_at: str

    @property
    def trip_id(self) -> str | None:
        """The trip it is limited to."""
        return self.fields.get("tripId")

    def shown(self) -> Hook:
        """As its user sees it."""
        return Hook(**self._members())

    def shown_once(self, secret: str) -> NewHook:
        """The same with its secret."""
        return NewHook(secret=secret, **self._members())

    def _members(self) -> dict[str, Any]:
        fields = self.fields
        return {
            "id": self.id,
            "url": fields["url"],
            "events": fields["events"],
            "trip_id": fields.get("tripId", msgspec.UNSET),
            "description": fields.get("description", msgspec.UNSET),
            "enabled": fields["enabled"],
            "disabled_reason": self.disabled_reason or msgspec.UNSET,
            "disabled_at": self.disabled_at or msgspec.UNSET,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }


_COLUMNS: Final = (
    "id, url, events, trip_id, description, enabled, disabled_reason, disabled_at, created_at,"
    " updated_at"
)


def _row(columns: Sequence[Any]) -> HookRow:
    hook_id, url, events, trip_id, description, enabled, *rest = columns
    fields = {"url": url, "events": msgspec.json.decode(events), "enabled": bool(enabled)}
    if trip_id is not None:
        fields["tripId"] = trip_id
    if description is not None:
        fields["description"] = description
    return HookRow(hook_id, fields, *rest)


async def next_age(tx: Tx) -> int:
    """Makes other creates wait until this transaction ends; the place of a new one in lists."""
    age: int = await tx.fetchval(
        "UPDATE counters SET value = value + 1 WHERE name = 'webhooks' RETURNING value"
    )
    return age


async def count(tx: Tx, user_id: str) -> int:
    """How many a user has."""
    number: int = await tx.fetchval(
        "SELECT count(*) FROM webhooks WHERE user_id = $1 AND deleted_at IS NULL", user_id
    )
    return number


async def insert(tx: Tx, actor: Actor, hook: HookRow, secret: str, age: int) -> None:
    """Stores a new one."""
    names = "user_id, age, key_id, secret, " + _COLUMNS
    marks = ", ".join(f"${n}" for n in range(1, 15))
    await tx.execute(
        f"INSERT INTO webhooks ({names}) VALUES ({marks})",
        *(actor.user, age, actor.key_id, secret, hook.id),
        *_values(hook),
        *(hook.created_at, hook.updated_at),
    )


async def update(tx: Tx, actor: Actor, hook: HookRow) -> None:
    """Stores one that has changed; it is the actor's key's from now on."""
    await tx.execute(
        "UPDATE webhooks SET key_id = $3, url = $4, events = $5, trip_id = $6, description = $7,"
        " enabled = $8, disabled_reason = $9, disabled_at = $10, updated_at = $11"
        " WHERE user_id = $1 AND id = $2",
        *(actor.user, hook.id, actor.key_id),
        *_values(hook),
        hook.updated_at,
    )


def _values(hook: HookRow) -> list[Any]:
    fields = hook.fields
    return [
        fields["url"],
        msgspec.json.encode(fields["events"]).decode(),
        fields.get("tripId"),
        fields.get("description"),
        int(fields["enabled"]),
        hook.disabled_reason,
        hook.disabled_at,
    ]


async def get(tx: Tx, user_id: str, hook_id: str, *, lock: bool = False) -> HookRow | None:
    """A user's webhook, or None; with `lock` others that change it wait."""
    record = await tx.fetchrow(
        f"SELECT {_COLUMNS} FROM webhooks WHERE user_id = $1 AND id = $2 AND deleted_at IS NULL"
        f" {tx.dialect.lock if lock else ''}",
        user_id,
        hook_id,
    )
    return _row(record) if record else None


async def page(
    tx: Tx, user_id: str, *, among: frozenset[str] | None, after: Position | None, limit: int
) -> Page:
    """A page of a user's webhooks by age; with `among`, only those of these trips."""
    _, age, _ = after or BEFORE_ALL
    arguments: list[object] = [user_id, age, limit + 1]
    condition = ""
    if among is not None:
        condition = f" AND trip_id {tx.dialect.among('$4')}"
        arguments.append(msgspec.json.encode(sorted(among)).decode())
    records = await tx.fetch(
        f"SELECT age, {_COLUMNS} FROM webhooks"
        f" WHERE user_id = $1 AND deleted_at IS NULL AND age > $2{condition} ORDER BY age LIMIT $3",
        *arguments,
    )
    return Page.of(
        [
            ("", age, columns[0], msgspec.json.encode(_row(columns).shown()).decode())
            for age, *columns in records
        ],
        limit,
    )


async def delete(tx: Tx, user_id: str, hook_id: str, now: str) -> None:
    """Ends a webhook at once; its deliveries, which may be many, are dropped by `prune`."""
    await tx.execute(
        "UPDATE webhooks SET deleted_at = $3, enabled = 0, secret = ''"
        " WHERE user_id = $1 AND id = $2",
        user_id,
        hook_id,
        now,
    )


async def prune(tx: Tx, deleted_before: str, limit: int) -> int:
    """Drops what is left of those deleted before a moment, `limit` rows at most; how many."""
    dropped = 0
    while dropped < limit:
        gone = await tx.fetchrow(
            "SELECT user_id, id FROM webhooks WHERE deleted_at < $1 ORDER BY deleted_at LIMIT 1",
            deleted_before,
        )
        if gone is None:
            break
        user_id, hook_id = gone
        dropped += await tx.execute(
            "DELETE FROM deliveries WHERE webhook_id = $1 AND id IN"
            " (SELECT id FROM deliveries WHERE webhook_id = $1 LIMIT $2)",
            hook_id,
            limit - dropped,
        )
        if dropped < limit:
            dropped += await tx.execute(
                "DELETE FROM webhooks WHERE user_id = $1 AND id = $2", user_id, hook_id
            )
    return dropped


_LISTENS: Final = "w.enabled = 1 AND w.events LIKE '%\"' || {} || '\"%'"


def _told(trip: str, prefix: int, event: int, at: int) -> str:
    """A statement that tells webhooks of a write in the trip `$1`.

    `trip` gives its `rev` and `group_id`. The other numbers are those of parameters: the beginning
    of the deliveries' ids, which the age of each webhook completes, the event, and the moment.
    """
    listens = _LISTENS.format(f"CAST(${event} AS TEXT)")
    return (
        "INSERT INTO deliveries (webhook_id, id, event, trip_id, rev, status, created_at)"
        f" SELECT w.id, CAST(${prefix} AS TEXT) || w.age, CAST(${event} AS TEXT), $1, t.rev,"
        f" 'pending', CAST(${at} AS TEXT) FROM {trip} t"
        " JOIN group_members m ON m.group_id = t.group_id JOIN webhooks w ON w.user_id = m.user_id"
        f" WHERE (w.trip_id IS NULL OR w.trip_id = $1) AND {listens}"
    )


_TELL: Final = f"{_told('trips', 2, 3, 4)} AND t.id = $1"


async def tell(tx: Tx, trip_id: str, event: str, now: str) -> None:
    """Records what members' webhooks are to be told of this transaction's write in a trip."""
    await tx.execute(_TELL, trip_id, new_id(), event, now)


def tell_from(step: str, prefix: int, event: int, at: int) -> str:
    """The same as a step of one statement whose parameter `$1` is the trip.

    Another step gives `rev` and `group_id`; the numbers are those of the other parameters of
    `tell`, of which the first is a new id.
    """
    return _told(step, prefix, event, at)


async def tell_of_job(
    tx: Tx,
    user_id: str,
    trip_id: str | None,
    job_id: str,
    kind: str,
    status: str,
    now: str,
    error: ItemError | None = None,
) -> None:
    """Records that a job of a user has ended, in the transaction in which it does."""
    told: dict[str, Any] = {"jobId": job_id, "kind": kind, "status": status}
    if error is not None:
        told["error"] = error
    if trip_id is not None:
        told = {"tripId": trip_id, **told}
    await tx.execute(
        "INSERT INTO deliveries (webhook_id, id, event, trip_id, payload, status, created_at)"
        " SELECT w.id, CAST($2 AS TEXT) || w.age, 'job.finished', $3, $4, 'pending', $5"
        " FROM webhooks w"
        " WHERE w.user_id = $1 AND (w.trip_id IS NULL OR w.trip_id = $3) AND "
        + _LISTENS.format("'job.finished'"),
        user_id,
        new_id(),
        trip_id,
        msgspec.json.encode(told).decode(),
        now,
    )
