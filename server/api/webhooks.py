"""Webhooks, and what they were told."""

import asyncio
from typing import Final

import msgspec

from domain.addresses import target_of
from operations import webhooks
from server.api.lists import PageRequest
from server.route import Call, Reply, json_reply
from storage.store import Tx

LOOK_UP_SECONDS: Final = 3.0
"""How long the look-up of a name may take; one that takes longer is looked up at the delivery."""


async def addresses_of(call: Call) -> list[str]:
    """The addresses that the URL in the body leads to, where they must be public."""
    services, body = call.services, call.body
    url = body.get("url") if isinstance(body, dict) else None
    target = target_of(url) if isinstance(url, str) else None
    if target is None or services.settings.webhooks.allow_private:
        return []
    if target.is_address:
        return [target.host]
    try:
        async with asyncio.timeout(LOOK_UP_SECONDS):
            return await services.look_up(target.host)
    except (OSError, TimeoutError):
        # The receiver may be set up later.
        return []


async def create(tx: Tx, call: Call) -> Reply:
    """A new webhook, with its secret."""
    made = await webhooks.create(tx, call.actor, call.body, call.prepared, call.now)
    return msgspec.structs.replace(json_reply(made, 201), once=True)


async def list_(tx: Tx, call: Call) -> Reply:
    """A page of the user's webhooks."""
    request = PageRequest(call, f"webhooks/{call.actor.user}")
    return request.reply(await webhooks.list_hooks(tx, call.actor, request.after, request.limit))


async def change(tx: Tx, call: Call) -> Reply:
    """A merge into a webhook."""
    hook_id = call.path("webhookId")
    return json_reply(
        await webhooks.change(tx, call.actor, hook_id, call.body, call.prepared, call.now)
    )


async def delete(tx: Tx, call: Call) -> Reply:
    """Ends a webhook."""
    await webhooks.delete(tx, call.actor, call.path("webhookId"), call.now)
    return Reply(204)


async def test(tx: Tx, call: Call) -> Reply:
    """A delivery for the receiver to answer."""
    return json_reply(await webhooks.test(tx, call.actor, call.path("webhookId"), call.now), 201)


async def list_deliveries(tx: Tx, call: Call) -> Reply:
    """A page of a webhook's deliveries, newest first."""
    hook_id = call.path("webhookId")
    request = PageRequest(call, f"webhooks/{hook_id}/deliveries")
    return request.reply(
        await webhooks.list_deliveries(tx, call.actor, hook_id, request.after, request.limit)
    )


async def redeliver(tx: Tx, call: Call) -> Reply:
    """A delivery that is due again."""
    return json_reply(
        await webhooks.redeliver(tx, call.actor, call.path("webhookId"), call.path("deliveryId"))
    )
