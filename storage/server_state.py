"""What all processes on a database share, made by whichever needs it first."""

from runtime.ids import new_secret
from storage.store import Tx


async def epoch(tx: Tx) -> str:
    """What tells this database's revisions from those of one restored from a backup."""
    await tx.execute(
        "INSERT INTO server_state (name, value) VALUES ('epoch', $1) ON CONFLICT (name) DO NOTHING",
        new_secret(characters=8),
    )
    value: str = await tx.fetchval("SELECT value FROM server_state WHERE name = 'epoch'")
    return value


async def signing_secret(tx: Tx) -> bytes:
    """The secret that signs cursors, the same for all processes on this database."""
    await tx.execute(
        "INSERT INTO server_state (name, value) VALUES ('signing-secret', $1)"
        " ON CONFLICT (name) DO NOTHING",
        new_secret(),
    )
    value: str = await tx.fetchval("SELECT value FROM server_state WHERE name = 'signing-secret'")
    return value.encode()
