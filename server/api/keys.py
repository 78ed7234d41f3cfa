"""API keys of whoever is signed in."""

import msgspec

from operations import keys
from server.api.lists import PageRequest
from server.route import Call, Reply, json_reply
from storage.store import Tx


async def create(tx: Tx, call: Call) -> Reply:
    """A new key, with the key itself."""
    made = await keys.create(tx, call.actor, call.body, call.now)
    return msgspec.structs.replace(json_reply(made, 201), once=True)


async def list_(tx: Tx, call: Call) -> Reply:
    """A page of the user's keys."""
    request = PageRequest(call, f"keys/{call.actor.user}")
    return request.reply(await keys.list_keys(tx, call.actor, request.after, request.limit))


async def revoke(tx: Tx, call: Call) -> Reply:
    """Ends a key."""
    await keys.revoke(tx, call.actor, call.path("keyId"), call.now)
    return Reply(204)
