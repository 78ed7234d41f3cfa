"""Whom a provider of OpenID Connect means by its subjects (Core 1.0, section 2)."""

from storage.store import Tx


async def find(tx: Tx, issuer: str, subject: str) -> str | None:
    """The id of the user that a provider's subject is."""
    user_id: str | None = await tx.fetchval(
        "SELECT user_id FROM identities WHERE issuer = $1 AND subject = $2", issuer, subject
    )
    return user_id


async def has_one(tx: Tx, issuer: str, user_id: str) -> bool:
    """Whether a user is some subject of a provider."""
    found = await tx.fetchval(
        "SELECT 1 FROM identities WHERE user_id = $1 AND issuer = $2", user_id, issuer
    )
    return found is not None


async def add(tx: Tx, *, issuer: str, subject: str, user_id: str, now: str) -> None:
    """Notes that a user is a provider's subject; nothing where that is noted already."""
    await tx.execute(
        "INSERT INTO identities (user_id, issuer, subject, created_at) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (issuer, subject) DO NOTHING",
        *(user_id, issuer, subject, now),
    )
