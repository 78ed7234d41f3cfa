"""Channels and messages."""

from domain.errors import NotFound, ValidationFailed
from domain.message import CHANNEL, MESSAGE
from domain.row import Row
from runtime.ids import new_id
from server.call import Call, Reply
from server.conditional import tagged
from server.lists import PageRequest
from storage import items, trips
from storage.store import Tx

DEFAULT_LIMIT = 50
MAX_LIMIT = 100


async def list_channels(tx: Tx, call: Call) -> Reply:
    """A page of the trip's channels."""
    request = PageRequest(call, f"{call.trip_id}/channels")
    page = await items.page(
        tx, call.trip_id, CHANNEL.kind, after=request.after, limit=request.limit
    )
    return request.reply(page)


async def list_messages(tx: Tx, call: Call) -> Reply:
    """A page of a channel's messages, newest first."""
    channel_id = await _channel(tx, call)
    request = PageRequest(
        call, f"{call.trip_id}/messages/{channel_id}", default=DEFAULT_LIMIT, maximum=MAX_LIMIT
    )
    page = await items.page(
        tx,
        call.trip_id,
        MESSAGE.kind,
        channel_id,
        after=request.after,
        limit=request.limit,
        newest_first=True,
    )
    return request.reply(page)


async def send(tx: Tx, call: Call) -> Reply:
    """A new message."""
    channel_id = await _channel(tx, call)
    fields, details = MESSAGE.merge({}, MESSAGE.sent(call.body))
    parent_id = fields.get("parentId")
    if isinstance(parent_id, str):
        parent = await items.get(tx, call.trip_id, MESSAGE.kind, parent_id)
        if parent is None or parent.parent_id != channel_id:
            details.append(MESSAGE.links[0].not_found("parentId", parent_id))
    if details:
        raise ValidationFailed(details)
    row_id = new_id()
    json = MESSAGE.compose(
        {**fields, "authorId": call.user.user_id},
        None,
        row_id=row_id,
        trip_id=call.trip_id,
        parent_id=channel_id,
        now=call.now,
    )
    rev = await trips.bump(tx, call.trip_id)
    await items.insert(tx, call.trip_id, Row(MESSAGE.kind, row_id, channel_id, json), rev)
    return Reply(201, json.encode(), tagged(rev))


async def _channel(tx: Tx, call: Call) -> str:
    channel_id = call.path("channelId")
    if not await items.exists(tx, call.trip_id, CHANNEL.kind, channel_id):
        raise NotFound("There is no such channel")
    return channel_id
