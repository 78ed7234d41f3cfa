"""Passkeys of users: public keys, and how often each has signed."""

import msgspec
from msgspec import UNSET, UnsetType

from runtime.ids import new_id
from storage.store import Tx


class PasskeyInfo(msgspec.Struct, rename="camel", omit_defaults=True):
    """A passkey, of which the secret part never leaves its owner's device."""

    id: str = msgspec.field(name="_id")
    name: str
    created_at: str
    last_used_at: str | UnsetType = UNSET


class Passkey(msgspec.Struct, frozen=True):
    """What a sign-in by it is checked against."""

    user_id: str
    id: str
    public_key: bytes
    """As COSE has it (RFC 9052)."""
    sign_count: int


async def find(tx: Tx, credential_id: str) -> Passkey | None:
    """The passkey that an authenticator calls by this id, in base64url."""
    record = await tx.fetchrow(
        "SELECT user_id, id, public_key, sign_count FROM passkeys WHERE credential_id = $1",
        credential_id,
    )
    return Passkey(*record) if record else None


async def credential_ids(tx: Tx, user_id: str) -> list[str]:
    """What authenticators call a user's passkeys."""
    records = await tx.fetch(
        "SELECT credential_id FROM passkeys WHERE user_id = $1 ORDER BY id", user_id
    )
    return [credential_id for (credential_id,) in records]


async def add(
    tx: Tx,
    *,
    user_id: str,
    credential_id: str,
    public_key: bytes,
    sign_count: int,
    name: str,
    now: str,
) -> PasskeyInfo | None:
    """A new passkey; None where its authenticator's id for it is taken."""
    made = PasskeyInfo(new_id(), name, now)
    added = await tx.execute(
        "INSERT INTO passkeys"
        " (user_id, id, credential_id, public_key, sign_count, name, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (credential_id) DO NOTHING",
        *(user_id, made.id, credential_id, public_key, sign_count, name, now),
    )
    return made if added else None


async def used(tx: Tx, passkey: Passkey, sign_count: int, now: str) -> bool:
    """Notes a use; False where the passkey was used or removed since it was found."""
    noted = await tx.execute(
        "UPDATE passkeys SET sign_count = $1, last_used_at = $2"
        " WHERE user_id = $3 AND id = $4 AND sign_count = $5",
        *(sign_count, now, passkey.user_id, passkey.id, passkey.sign_count),
    )
    return noted > 0


async def of_user(tx: Tx, user_id: str) -> list[PasskeyInfo]:
    """A user's passkeys, oldest first."""
    records = await tx.fetch(
        "SELECT id, name, created_at, last_used_at FROM passkeys WHERE user_id = $1 ORDER BY id",
        user_id,
    )
    return [
        PasskeyInfo(passkey_id, name, created_at, used_at or UNSET)
        for passkey_id, name, created_at, used_at in records
    ]


async def delete(tx: Tx, user_id: str, passkey_id: str) -> bool:
    """Removes a user's passkey; whether there was one."""
    removed = await tx.execute(
        "DELETE FROM passkeys WHERE user_id = $1 AND id = $2", user_id, passkey_id
    )
    return removed > 0
