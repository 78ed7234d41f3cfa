"""What migration 11 does of itself that SQL cannot: tokens in clear become hashed and sealed ones.

It belongs to what was released, and changes as little as the migration's text.
"""

from domain.account import key_hash
from domain.link_token import seal
from storage import server_state
from storage.store import Tx


async def hash_clear_tokens(tx: Tx) -> None:
    """Fills `shares` and `calendar_tokens` from the table that the migration has left."""
    for name, owner, owners in (
        ("shares", "trip_id", "trips"),
        ("calendar_tokens", "user_id", "users"),
    ):
        # An owner deleted by hand, without foreign keys, leaves a link that opens nothing.
        found = await tx.fetch(
            "SELECT owner_id, token, created_at FROM clear_tokens"
            f" WHERE name = $1 AND owner_id IN (SELECT id FROM {owners})",
            name,
        )
        # A database that is new is to stay empty.
        if found:
            secret = await server_state.signing_secret(tx)
            rows = [
                (owner_id, key_hash(token), seal(secret, token), created_at)
                for owner_id, token, created_at in found
            ]
            await tx.insert(name, (owner, "hash", "sealed", "created_at"), rows)
    await tx.execute("DROP TABLE clear_tokens")
