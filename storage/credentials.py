"""Passwords at rest, and the links by which a new one is set; of both only a hash is stored."""

from typing import NamedTuple

from domain.account import key_hash
from runtime.ids import new_secret
from storage import sessions
from storage.store import Tx


class Credentials(NamedTuple):
    """What a user signs in with."""

    user_id: str
    email: str
    password: str | None
    """An Argon2id hash; None for one who has no password."""


async def find(tx: Tx, email: str) -> Credentials | None:
    """Of the user with this address, in whatever case; none of one who was deleted."""
    record = await tx.fetchrow(
        "SELECT id, email, password FROM users WHERE lower(email) = lower($1)"
        " AND deleted_at IS NULL",
        email,
    )
    return Credentials(*record) if record else None


async def of_user(tx: Tx, user_id: str, *, lock: bool = False) -> Credentials | None:
    """Of a user; none of one who was deleted. A lock keeps them as they are to the end."""
    record = await tx.fetchrow(
        "SELECT id, email, password FROM users WHERE id = $1 AND deleted_at IS NULL"
        f" {tx.dialect.lock if lock else ''}",
        user_id,
    )
    return Credentials(*record) if record else None


async def set_password(tx: Tx, user_id: str, hashed: str, *, keep: str | None = None) -> None:
    """A new password: the user's sessions end, but for the one to keep, and so does a reset."""
    await tx.execute("UPDATE users SET password = $2 WHERE id = $1", user_id, hashed)
    await tx.execute("DELETE FROM resets WHERE user_id = $1", user_id)
    await sessions.delete_others(tx, user_id, keep)


async def rehash(tx: Tx, found: Credentials, hashed: str) -> None:
    """The same password, hashed anew; unless it has been changed since it was found."""
    await tx.execute(
        "UPDATE users SET password = $3 WHERE id = $1 AND password = $2",
        *(found.user_id, found.password, hashed),
    )


async def create_reset(tx: Tx, user_id: str, *, now: str, expires_at: str) -> str:
    """The token of a new link, which is stored nowhere; an older one is void."""
    token = new_secret()
    await tx.execute(
        "INSERT INTO resets (user_id, hash, created_at, expires_at) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash,"
        " created_at = excluded.created_at, expires_at = excluded.expires_at",
        *(user_id, key_hash(token), now, expires_at),
    )
    return token


async def has_reset_since(tx: Tx, user_id: str, since: str) -> bool:
    """Whether a user has a link that was made after a moment."""
    found = await tx.fetchval(
        "SELECT 1 FROM resets WHERE user_id = $1 AND created_at > $2", user_id, since
    )
    return found is not None


async def of_reset(tx: Tx, token: str, now: str, *, lock: bool = False) -> Credentials | None:
    """Of the user who has a link with this token, unless it is past its time."""
    record = await tx.fetchrow(
        "SELECT user_id FROM resets WHERE hash = $1 AND expires_at > $2"
        f" {tx.dialect.lock if lock else ''}",
        *(key_hash(token), now),
    )
    return await of_user(tx, record[0], lock=lock) if record else None


async def prune_resets(tx: Tx, now: str, limit: int) -> int:
    """Drops links past their time, `limit` at most; how many."""
    return await tx.execute(
        "DELETE FROM resets WHERE user_id IN"
        " (SELECT user_id FROM resets WHERE expires_at <= $1 ORDER BY user_id LIMIT $2)",
        *(now, limit),
    )
