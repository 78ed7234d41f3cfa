"""Share links, and the view they open to anyone."""

from collections.abc import Sequence
from typing import Any

import msgspec

from domain.errors import NotFound
from domain.resource import Resource
from domain.resources import LEG, RESOURCES
from domain.trip import TRIP
from server.call import API, Call, Reply, json_reply
from storage import shares, snapshots
from storage.shares import Share
from storage.snapshots import Snapshot
from storage.store import Tx


class ShareLink(msgspec.Struct, rename="camel"):
    """A share token, and where it leads."""

    token: str
    url: str
    created_at: str


class SafeMember(msgspec.Struct):
    """What a stranger sees of a member."""

    name: str
    role: str


async def create(tx: Tx, call: Call) -> Reply:
    """The trip's share link: a new one (201), or the active one (200)."""
    share = await shares.active(tx, call.trip_id)
    if share is not None:
        return json_reply(_link(call, share), 200)
    return json_reply(_link(call, await shares.create(tx, call.trip_id, call.now)), 201)


def _link(call: Call, share: Share) -> ShareLink:
    url = f"{call.services.public_url}{API}/shared/trips/{share.token}"
    return ShareLink(share.token, url, share.created_at)


async def revoke(tx: Tx, call: Call) -> Reply:
    """Ends the share link."""
    await shares.revoke(tx, call.trip_id)
    return Reply(204)


async def show(tx: Tx, call: Call) -> Reply:
    """The safe trip with its safe legs."""
    return json_reply(_safe(await _shared(tx, call, (LEG,)), (LEG,)))


async def export(tx: Tx, call: Call) -> Reply:
    """The shape of an export, in the safe projection."""
    whole = await _shared(tx, call, RESOURCES)
    members = [SafeMember(member.name, member.role) for member in whole.members]
    return json_reply(_safe(whole, RESOURCES) | {"members": members})


async def _shared(tx: Tx, call: Call, resources: Sequence[Resource]) -> Snapshot:
    whole = await snapshots.of_share(tx, call.token, resources)
    if whole is None:
        raise NotFound("This link is unknown or no longer valid")
    return whole


def _safe(whole: Snapshot, resources: Sequence[Resource]) -> dict[str, Any]:
    """The trip and its rows, decoded into structs that have no room for anything private."""
    shown: dict[str, Any] = {"trip": msgspec.json.decode(whole.trip, type=TRIP.safe)}
    for resource in resources:
        rows = f"[{whole.rows[resource.kind]}]"
        shown[resource.snapshot] = msgspec.json.decode(rows, type=list[resource.safe])  # type: ignore[name-defined]
    return shown
