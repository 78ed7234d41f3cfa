"""Share links, and the view they open to anyone."""

import msgspec

from domain.resources import LEG, RESOURCES
from operations import shares
from server.route import API, Call, Reply, json_reply
from storage.shares import Share
from storage.store import Tx


class ShareLink(msgspec.Struct, rename="camel"):
    """A share token, and where it leads."""

    token: str
    url: str
    created_at: str


async def create(tx: Tx, call: Call) -> Reply:
    """The trip's share link: a new one (201), or the active one (200)."""
    share, is_new = await shares.share(
        tx, call.cause, call.trip_id, call.services.signing_secret, call.precondition
    )
    return json_reply(link_of(call, share), 201 if is_new else 200)


def link_of(call: Call, share: Share) -> ShareLink:
    """Where a share is to be seen."""
    url = f"{call.services.public_url}{API}/shared/trips/{share.token}"
    return ShareLink(share.token, url, share.created_at)


async def revoke(tx: Tx, call: Call) -> Reply:
    """Ends the share link."""
    await shares.stop_sharing(tx, call.trip_id, call.precondition)
    return Reply(204)


async def show(tx: Tx, call: Call) -> Reply:
    """The safe trip with its safe legs."""
    shown = await shares.view(tx, call.token, (LEG,))
    return json_reply({"trip": shown.trip, **shown.rows})


async def export(tx: Tx, call: Call) -> Reply:
    """The shape of an export, in the safe projection."""
    shown = await shares.view(tx, call.token, RESOURCES)
    return json_reply({"trip": shown.trip, **shown.rows, "members": shown.members})
