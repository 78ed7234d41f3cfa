"""Channels and messages."""

from typing import Any

from domain.changes import Cause, ChangeSet
from domain.cursor import Position
from domain.errors import NotFound, ValidationFailed
from domain.message import CHANNEL, MESSAGE
from domain.precondition import Precondition
from domain.row import Row
from operations.rows import Written
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
) -> Written:
    """A new message, or the one that its author has sent with the same clientRef."""
    trip = await changes.begin(tx, trip_id)
    await _require_channel(tx, trip_id, channel_id)
    author_id = cause.actor.user
    # A clientRef is its author's: another member may use the same one.
    ref = body.get("clientRef") if isinstance(body, dict) else None
    client_ref = f"{author_id}/{ref}" if isinstance(ref, str) else None
    if client_ref is not None:
        sent = await items.by_ref(tx, trip_id, MESSAGE.kind, channel_id, client_ref)
        if sent is not None:
            precondition.check(sent.rev)
            _, details = MESSAGE.merge(MESSAGE.fields_of(sent.document), MESSAGE.sent(body))
            if details:
                raise ValidationFailed(details)
            return Written("unchanged", sent)
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
        {**fields, "authorId": author_id},
        None,
        row_id=row_id,
        trip_id=trip_id,
        parent_id=channel_id,
        now=cause.now,
    )
    message = Row(MESSAGE.kind, row_id, channel_id, json, client_ref=client_ref)
    await changes.commit(tx, trip, ChangeSet(created=[message]), cause)
    return Written("created", message)


async def _require_channel(tx: Tx, trip_id: str, channel_id: str) -> None:
    if not await items.exists(tx, trip_id, CHANNEL.kind, channel_id):
        raise NotFound(
            "No channel with this _id is in this trip: GET /trips/{tripId}/channels lists them"
        )
