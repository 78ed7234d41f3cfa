"""Share links: an unguessable token, of which a hash is stored, shows a trip's safe view."""

import dataclasses

from domain.account import key_hash
from domain.link_token import seal, unseal
from runtime.ids import new_secret
from storage.store import Tx


@dataclasses.dataclass(frozen=True)
class Share:
    """A trip's active share link."""

    token: str
    created_at: str


async def active(tx: Tx, trip_id: str, secret: bytes) -> Share | None:
    """The trip's share, if it has one; the secret is the server's."""
    record = await tx.fetchrow(
        "SELECT hash, sealed, created_at FROM shares WHERE trip_id = $1", trip_id
    )
    if record is None:
        return None
    hashed, sealed, created_at = record
    return Share(unseal(secret, hashed, sealed), created_at)


async def trip_of(tx: Tx, token: str) -> str | None:
    """The trip that an active token shows; None when the token is unknown or revoked."""
    trip_id: str | None = await tx.fetchval(
        "SELECT trip_id FROM shares WHERE hash = $1", key_hash(token)
    )
    return trip_id


async def create(tx: Tx, trip_id: str, secret: bytes, now: str) -> Share:
    """A new share for a trip that has none."""
    share = Share(new_secret(), now)
    await tx.execute(
        "INSERT INTO shares (trip_id, hash, sealed, created_at) VALUES ($1, $2, $3, $4)",
        trip_id,
        key_hash(share.token),
        seal(secret, share.token),
        share.created_at,
    )
    return share


async def revoke(tx: Tx, trip_id: str) -> None:
    """Ends the trip's share, if it has one."""
    await tx.execute("DELETE FROM shares WHERE trip_id = $1", trip_id)
