"""Share links, and the view they open to anyone."""

from typing import Any

import msgspec

from domain.errors import NotFound
from domain.resources import LEG, RESOURCES
from domain.trip import TRIP
from server.call import API, Call, Reply, json_reply
from storage import items, shares, trips
from storage.shares import Share
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
    base = call.services.public_url()
    return ShareLink(share.token, f"{base}{API}/shared/trips/{share.token}", share.created_at)


async def revoke(tx: Tx, call: Call) -> Reply:
    """Ends the share link."""
    await shares.revoke(tx, call.trip_id)
    return Reply(204)


async def show(tx: Tx, call: Call) -> Reply:
    """The safe trip with its safe legs."""
    trip_id = await _shared_trip(tx, call)
    documents = await items.all_of(tx, trip_id, (LEG,))
    return json_reply(
        {"trip": await _safe_trip(tx, trip_id), "legs": _safe(LEG.safe, documents[LEG.kind])}
    )


async def export(tx: Tx, call: Call) -> Reply:
    """The shape of an export, in the safe projection."""
    trip_id = await _shared_trip(tx, call)
    documents = await items.all_of(tx, trip_id, RESOURCES)
    snapshot: dict[str, Any] = {"trip": await _safe_trip(tx, trip_id)}
    for resource in RESOURCES:
        snapshot[resource.snapshot] = _safe(resource.safe, documents[resource.kind])
    snapshot["members"] = [
        SafeMember(member.name, member.role) for member in await trips.members(tx, trip_id)
    ]
    return json_reply(snapshot)


async def _shared_trip(tx: Tx, call: Call) -> str:
    trip_id = await shares.trip_of(tx, call.path("token"))
    if trip_id is None:
        raise NotFound("This link is unknown or no longer valid")
    return trip_id


async def _safe_trip(tx: Tx, trip_id: str) -> Any:
    return msgspec.json.decode(await trips.document(tx, trip_id), type=TRIP.safe)


def _safe(struct: type[msgspec.Struct], documents: list[str]) -> list[Any]:
    decoder = msgspec.json.Decoder(struct)
    return [decoder.decode(document) for document in documents]
