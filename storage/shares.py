"""Share links: an unguessable token that shows a trip's safe view."""

import dataclasses

from runtime.ids import new_secret
from storage.store import Tx


@dataclasses.dataclass(frozen=True)
class Share:
    """A trip's active share link."""

    token: str
    created_at: str


async def active(tx: Tx, trip_id: str) -> Share | None:
    """The trip's share, if it has one."""
    record = await tx.fetchrow("SELECT token, created_at FROM shares WHERE trip_id = $1", trip_id)
    return Share(*record) if record else None


async def create(tx: Tx, trip_id: str, now: str) -> Share:
    """A new share for a trip that has none."""
    share = Share(new_secret(), now)
    await tx.execute(
        "INSERT INTO shares (trip_id, token, created_at) VALUES ($1, $2, $3)",
        trip_id,
        share.token,
        share.created_at,
    )
    return share


async def revoke(tx: Tx, trip_id: str) -> None:
    """Ends the trip's share, if it has one."""
    await tx.execute("DELETE FROM shares WHERE trip_id = $1", trip_id)
