"""Sessions: a browser's token, of which only a hash is stored, acts as a user."""

from collections.abc import Collection

import msgspec

from domain.account import key_hash
from domain.actor import Actor, Caller
from domain.scopes import BASE_SCOPES, Scopes
from domain.session import ends_at
from runtime.ids import new_id, new_secret
from storage.access import PART_IN_TRIP, part_in_trip
from storage.store import Tx

_ALL: Scopes = Scopes(BASE_SCOPES)


class SessionInfo(msgspec.Struct, rename="camel", omit_defaults=True):
    """A session; `lastUsedFrom` is an address, and what the browser calls itself."""

    id: str = msgspec.field(name="_id")
    created_at: str
    last_used_at: str
    last_used_from: str | None = None


async def create(tx: Tx, *, user_id: str, used_from: str, now: str) -> tuple[SessionInfo, str]:
    """A new session and its token, which is in the browser's cookie and nowhere else."""
    token = new_secret()
    made = SessionInfo(new_id(), now, now, used_from)
    await tx.execute(
        "INSERT INTO sessions (user_id, id, hash, created_at, last_used_at, last_used_from)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        *(user_id, made.id, key_hash(token), now, now, used_from),
    )
    return made, token


async def authenticate(tx: Tx, hashed: str, trip_id: str, idle_days: int) -> Caller | None:
    """The caller whose session's token has this hash, with its part in a trip ("": none is meant).

    None where there is no such session, or it was begun while its user was deleted. Whether it is
    over after `idle_days` is not looked at: `Actor.may_act_at` tells. One statement.
    """
    record = await tx.fetchrow(
        f"SELECT s.id, s.last_used_at, u.id, u.name, u.email, {PART_IN_TRIP}"
        " FROM sessions s JOIN users u ON u.id = s.user_id"
        " LEFT JOIN trips t ON t.id = $2"
        " LEFT JOIN groups g ON g.id = t.group_id"
        " LEFT JOIN group_members m ON m.group_id = t.group_id AND m.user_id = s.user_id"
        " WHERE s.hash = $1 AND u.deleted_at IS NULL",
        hashed,
        trip_id,
    )
    if record is None:
        return None
    session_id, last_used_at, user_id, name, email, *part = record
    actor = Actor(
        user_id=user_id,
        name=name,
        email=email,
        scopes=_ALL,
        session_id=session_id,
        expires_at=ends_at(last_used_at, idle_days),
    )
    return Caller(actor, part_in_trip(part))


async def get(tx: Tx, user_id: str, session_id: str) -> SessionInfo | None:
    """A user's session."""
    record = await tx.fetchrow(
        "SELECT id, created_at, last_used_at, last_used_from FROM sessions"
        " WHERE user_id = $1 AND id = $2",
        user_id,
        session_id,
    )
    return SessionInfo(*record) if record else None


async def of_user(tx: Tx, user_id: str, since: str) -> list[SessionInfo]:
    """A user's sessions that were used after `since`, the one used last first."""
    records = await tx.fetch(
        "SELECT id, created_at, last_used_at, last_used_from FROM sessions"
        " WHERE user_id = $1 AND last_used_at > $2 ORDER BY last_used_at DESC, id DESC",
        user_id,
        since,
    )
    return [SessionInfo(*record) for record in records]


async def delete(tx: Tx, user_id: str, session_id: str) -> bool:
    """Ends a user's session at once; whether there was one."""
    ended = await tx.execute(
        "DELETE FROM sessions WHERE user_id = $1 AND id = $2", user_id, session_id
    )
    return ended > 0


async def delete_others(tx: Tx, user_id: str, session_id: str | None) -> None:
    """Ends all sessions of a user but one, or without exception."""
    await tx.execute(
        "DELETE FROM sessions WHERE user_id = $1 AND id <> $2", user_id, session_id or ""
    )


async def scopes_of(tx: Tx, session_ids: Collection[str], since: str) -> dict[str, Scopes]:
    """The scopes of those sessions that were used after `since`; one statement."""
    records = await tx.fetch(
        f"SELECT id FROM sessions WHERE id {tx.dialect.among('$1')} AND last_used_at > $2",
        msgspec.json.encode(sorted(session_ids)).decode(),
        since,
    )
    return {session_id: _ALL for (session_id,) in records}


async def prune(tx: Tx, since: str, limit: int) -> int:
    """Drops sessions that were not used after `since`, `limit` at most; how many."""
    return await tx.execute(
        "DELETE FROM sessions WHERE last_used_at <= $1 AND id IN"
        " (SELECT id FROM sessions WHERE last_used_at <= $1 ORDER BY last_used_at, id LIMIT $2)",
        since,
        limit,
    )
