"""Calendar tokens: an unguessable one opens the feed of a user's trips."""

from runtime.ids import new_secret
from storage.store import Tx


async def active(tx: Tx, user_id: str) -> str | None:
    """The user's token, if they have one."""
    token: str | None = await tx.fetchval(
        "SELECT token FROM calendar_tokens WHERE user_id = $1", user_id
    )
    return token


async def create(tx: Tx, user_id: str, now: str) -> bool:
    """Gives a user who has no token one; False where a request beside this one has."""
    made = await tx.execute(
        "INSERT INTO calendar_tokens (user_id, token, created_at) VALUES ($1, $2, $3)"
        " ON CONFLICT (user_id) DO NOTHING",
        user_id,
        new_secret(),
        now,
    )
    return made > 0


async def revoke(tx: Tx, user_id: str) -> None:
    """Ends the user's token, if they have one."""
    await tx.execute("DELETE FROM calendar_tokens WHERE user_id = $1", user_id)


async def user_of(tx: Tx, token: str) -> str | None:
    """Whose an active token is."""
    user_id: str | None = await tx.fetchval(
        "SELECT user_id FROM calendar_tokens WHERE token = $1", token
    )
    return user_id
