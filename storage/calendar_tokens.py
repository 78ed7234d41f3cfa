"""Calendar tokens: an unguessable one, of which a hash is stored, opens a user's feed."""

from domain.account import key_hash
from domain.link_token import seal, unseal
from runtime.ids import new_secret
from storage.store import Tx


async def active(tx: Tx, user_id: str, secret: bytes) -> str | None:
    """The user's token, if they have one; the secret is the server's."""
    record = await tx.fetchrow(
        "SELECT hash, sealed FROM calendar_tokens WHERE user_id = $1", user_id
    )
    return unseal(secret, *record) if record else None


async def create(tx: Tx, user_id: str, secret: bytes, now: str) -> bool:
    """Gives a user who has no token one; False where a request beside this one has."""
    token = new_secret()
    made = await tx.execute(
        "INSERT INTO calendar_tokens (user_id, hash, sealed, created_at) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (user_id) DO NOTHING",
        user_id,
        key_hash(token),
        seal(secret, token),
        now,
    )
    return made > 0


async def revoke(tx: Tx, user_id: str) -> None:
    """Ends the user's token, if they have one."""
    await tx.execute("DELETE FROM calendar_tokens WHERE user_id = $1", user_id)


async def user_of(tx: Tx, token: str) -> str | None:
    """Whose an active token is."""
    user_id: str | None = await tx.fetchval(
        "SELECT user_id FROM calendar_tokens WHERE hash = $1", key_hash(token)
    )
    return user_id
