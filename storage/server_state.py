"""What all processes on a database share, made by whichever needs it first."""

from typing import Final

import msgspec

from runtime.ids import new_secret
from storage.store import Tx

FORGET_EPOCH: Final = "DELETE FROM server_state WHERE name = 'epoch'"
"""A statement after which the database has a new epoch as soon as one is needed."""


class LastBackup(msgspec.Struct, frozen=True):
    """When the latest backup was made, in Unix seconds, and how large it is."""

    at: int
    bytes: int


async def epoch(tx: Tx) -> str:
    """What tells this database's revisions from those of one restored from a backup."""
    await tx.execute(
        "INSERT INTO server_state (name, value) VALUES ('epoch', $1) ON CONFLICT (name) DO NOTHING",
        new_secret(characters=8),
    )
    value: str = await tx.fetchval("SELECT value FROM server_state WHERE name = 'epoch'")
    return value


async def signing_secret(tx: Tx) -> bytes:
    """The secret of this database, the same for all its processes: cursors are signed with it."""
    await tx.execute(
        "INSERT INTO server_state (name, value) VALUES ('signing-secret', $1)"
        " ON CONFLICT (name) DO NOTHING",
        new_secret(),
    )
    value: str = await tx.fetchval("SELECT value FROM server_state WHERE name = 'signing-secret'")
    return value.encode()


async def note_backup(tx: Tx, backup: LastBackup) -> None:
    """Remembers the latest backup."""
    await tx.execute(
        "INSERT INTO server_state (name, value) VALUES ('last_backup', $1)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        msgspec.json.encode(backup).decode(),
    )


async def last_backup(tx: Tx) -> LastBackup | None:
    """The latest backup; None where there never was one."""
    value = await tx.fetchval("SELECT value FROM server_state WHERE name = 'last_backup'")
    return None if value is None else msgspec.json.decode(value, type=LastBackup)
