"""Channels and messages."""

from operations import messages
from server.api.lists import PageRequest
from server.route import Call, Reply
from storage.store import Tx


async def list_channels(tx: Tx, call: Call) -> Reply:
    """A page of the trip's channels."""
    request = PageRequest(call, f"{call.trip_id}/channels")
    return request.reply(
        await messages.list_channels(tx, call.trip_id, request.after, request.limit)
    )


async def list_messages(tx: Tx, call: Call) -> Reply:
    """A page of a channel's messages, newest first."""
    channel_id = call.path("channelId")
    request = PageRequest(call, f"{call.trip_id}/messages/{channel_id}")
    return request.reply(
        await messages.list_messages(tx, call.trip_id, channel_id, request.after, request.limit)
    )


async def send(tx: Tx, call: Call) -> Reply:
    """A new message."""
    status, message = await messages.send(
        tx, call.cause, call.trip_id, call.path("channelId"), call.body, call.precondition
    )
    return Reply(201 if status == "created" else 200, message.json.encode(), rev=message.rev)
