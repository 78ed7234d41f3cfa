"""Channels and messages."""

from typing import Any

from domain.changes import Cause, ChangeSet
from domain.cursor import Position
from domain.errors import NotFound, ValidationFailed
from domain.message import CHANNEL, MESSAGE
from domain.precondition import Precondition
from domain.row import Row
from runtime.ids import new_id
from storage import changes, items
from storage.page import Page
from storage.store import Tx


async def list_channels(tx: Tx, trip_id: str, after: Position | None, limit: int) -> Page:
    """A page of the trip's channels."""
    return await items.page(tx, trip_id, CHANNEL.kind, after=after, limit=limit)


async def list_messages(
    tx: Tx, trip_id: str, channel_id: str, after: Position | None, limit: int
) -> Page:
    """A page of a channel's messages, newest first."""
    await _require_channel(tx, trip_id, channel_id)
    return await items.page(
        tx, trip_id, MESSAGE.kind, channel_id, after=after, limit=limit, newest_first=True
    )


async def send(
    tx: Tx,
    cause: Cause,
    trip_id: str,
    channel_id: str,
    body: Any,
    precondition: Precondition = Precondition.NONE,
) -> Row:
    """A new message."""
    trip = await changes.begin(tx, trip_id)
    await _require_channel(tx, trip_id, channel_id)
    precondition.check(None)
    fields, details = MESSAGE.merge({}, MESSAGE.sent(body))
    parent_id = fields.get("parentId")
    if isinstance(parent_id, str):
        parent = await items.get(tx, trip_id, MESSAGE.kind, parent_id)
        if parent is None or parent.parent_id != channel_id:
            details.append(MESSAGE.links[0].not_found("parentId", parent_id))
    if details:
        raise ValidationFailed(details)
    row_id = new_id()
    json = MESSAGE.compose(
        {**fields, "authorId": cause.actor.user},
        None,
        row_id=row_id,
        trip_id=trip_id,
        parent_id=channel_id,
        now=cause.now,
    )
    message = Row(MESSAGE.kind, row_id, channel_id, json)
    await changes.commit(tx, trip, ChangeSet(created=[message]), cause)
    return message


async def _require_channel(tx: Tx, trip_id: str, channel_id: str) -> None:
    if not await items.exists(tx, trip_id, CHANNEL.kind, channel_id):
        raise NotFound("There is no such channel in this trip: GET .../channels lists them")
