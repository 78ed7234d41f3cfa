"""What a sign-in that takes several requests has begun with: each is taken once, or not in time."""

from typing import Final, Literal

from domain.account import key_hash
from storage.store import Tx

Purpose = Literal["passkey-sign-in", "passkey", "provider"]

SECONDS: Final = 300
"""How long there is for the second request."""


async def begin(tx: Tx, purpose: Purpose, held: str, data: str, unix_seconds: float) -> None:
    """Remembers `data` for whoever holds a random text, of which only a hash is stored."""
    await tx.execute(
        "INSERT INTO challenges (id, purpose, data, expires_at) VALUES ($1, $2, $3, $4)",
        *(key_hash(held), purpose, data, unix_seconds + SECONDS),
    )


async def take(tx: Tx, purpose: Purpose, held: str, unix_seconds: float) -> str | None:
    """What was remembered, which is gone then; None where it never was, or is over."""
    taken: str | None = await tx.fetchval(
        "DELETE FROM challenges WHERE id = $1 AND purpose = $2 AND expires_at > $3 RETURNING data",
        *(key_hash(held), purpose, unix_seconds),
    )
    return taken


async def prune(tx: Tx, unix_seconds: float, limit: int) -> int:
    """Drops those that are over, `limit` at most; how many."""
    return await tx.execute(
        "DELETE FROM challenges WHERE expires_at <= $1 AND id IN"
        " (SELECT id FROM challenges WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)",
        unix_seconds,
        limit,
    )
