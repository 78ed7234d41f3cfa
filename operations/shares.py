"""Share links, and the view they open to anyone."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from domain.changes import Cause
from domain.errors import NotFound
from domain.precondition import Precondition
from domain.resource import Resource
from domain.trip import TRIP
from storage import changes, shares, snapshots
from storage.shares import Share
from storage.snapshots import Snapshot
from storage.store import Tx


class SafeMember(msgspec.Struct):
    """A member of a shared trip."""

    name: str
    role: str


class SharedTrip(NamedTuple):
    """A trip in the safe projection: structs that have no room for anything private."""

    trip: msgspec.Struct
    rows: dict[str, list[Any]]
    """By the resources' names in an export."""
    members: list[SafeMember]


class StoredShare(NamedTuple):
    """A shared trip as it is stored, with all that is private: only `safe` gives of it."""

    whole: Snapshot
    resources: Sequence[Resource]

    @property
    def rev(self) -> int:
        """The revision of what it shows."""
        return self.whole.rev

    def safe(self) -> SharedTrip:
        """What anyone may see of it, which takes a while where there is much."""
        rows = {
            resource.snapshot: msgspec.json.decode(
                f"[{self.whole.rows[resource.kind]}]",
                type=list[resource.safe],  # type: ignore[name-defined]
            )
            for resource in self.resources
        }
        members = [SafeMember(member.name, member.role) for member in self.whole.members]
        return SharedTrip(msgspec.json.decode(self.whole.trip, type=TRIP.safe), rows, members)


def page_of(public_url: str, token: str) -> str:
    """Where people see what an active token shows."""
    return f"{public_url}/t/{token}"


async def share(
    tx: Tx,
    cause: Cause,
    trip_id: str,
    secret: bytes,
    precondition: Precondition = Precondition.NONE,
) -> tuple[Share, bool]:
    """The trip's share, and whether it is a new one; the secret is the server's."""
    trip = await changes.begin(tx, trip_id)
    precondition.check(trip.revs.content)
    active = await shares.active(tx, trip_id, secret)
    if active is not None:
        return active, False
    return await shares.create(tx, trip_id, secret, cause.now), True


async def stop_sharing(
    tx: Tx, trip_id: str, precondition: Precondition = Precondition.NONE
) -> None:
    """Ends the trip's share, if it has one."""
    trip = await changes.begin(tx, trip_id)
    precondition.check(trip.revs.content)
    await shares.revoke(tx, trip_id)


async def read(tx: Tx, token: str, resources: Sequence[Resource]) -> StoredShare:
    """The trip that an active token shows, with these resources, yet to be decoded."""
    whole = await snapshots.of_share(tx, token, resources)
    if whole is None:
        raise NotFound("This link is unknown, or its owner has stopped sharing")
    return StoredShare(whole, resources)


async def view(tx: Tx, token: str, resources: Sequence[Resource]) -> SharedTrip:
    """The trip that an active token shows, with these resources (contract section 7)."""
    return (await read(tx, token, resources)).safe()
