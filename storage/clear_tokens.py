"""What migration 11 does of itself that SQL cannot: tokens in clear become hashed and sealed ones.

It belongs to what was released, and changes as little as the migration's text.
"""

from domain.account import key_hash
from domain.link_token import seal
from storage import server_state
from storage.store import Tx


async def hash_clear_tokens(tx: Tx) -> None:
    """Fills `shares` and `calendar_tokens` from the table that the migration has left."""
    found = await tx.fetch("SELECT name, owner_id, token, created_at FROM clear_tokens")
    # A database that is new is to stay empty.
    secret = await server_state.signing_secret(tx) if found else b""
    for name, owner in (("shares", "trip_id"), ("calendar_tokens", "user_id")):
        rows = [
            (owner_id, key_hash(token), seal(secret, token), created_at)
            for table, owner_id, token, created_at in found
            if table == name
        ]
        if rows:
            await tx.insert(name, (owner, "hash", "sealed", "created_at"), rows)
    await tx.execute("DROP TABLE clear_tokens")
