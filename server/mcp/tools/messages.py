"""The conversation about a trip."""

import msgspec

from domain.errors import NotFound
from domain.message import MESSAGE
from domain.people import FORMER_MEMBER
from operations import messages
from server.mcp.arguments import OfTrip, PagedOfTrip
from server.mcp.results import Answer, Entry, line, name_of, quote, shown
from server.mcp.tool import Tool, Use
from storage import items, trips
from storage.store import Tx


async def _channel(tx: Tx, trip_id: str) -> str:
    """The trip's channel, which it was made with."""
    page = await messages.list_channels(tx, trip_id, None, 1)
    if not page.documents:
        raise NotFound("This trip has no channel")
    channel_id: str = msgspec.json.decode(page.documents[0])["_id"]
    return channel_id


async def _list_messages(tx: Tx, use: Use) -> Answer:
    trip_id, channel_id = use.trip_id, await _channel(tx, use.trip_id)
    # Who the members are, a key for messages alone may not know.
    known = use.call.actor.scopes.covers("trips:read", trip_id)
    names = await trips.member_names(tx, trip_id) if known else {}

    def entry(document: str) -> Entry:
        said = shown(msgspec.json.decode(document))
        if known:
            said["authorName"] = names.get(said["authorId"], FORMER_MEMBER)
        by = quote(said.get("authorName") or said["authorId"])
        return Entry(said, f"{by}: {quote(name_of(said) or '')} ({said['_id']})")

    return await use.read_page(
        Answer(text="Messages, latest first:", head={"tripId": trip_id}),
        lambda after, limit: messages.list_messages(tx, trip_id, channel_id, after, limit),
        lambda after: items.count_before(tx, trip_id, MESSAGE.kind, channel_id, after),
        entry,
    )


async def _post_message(tx: Tx, use: Use) -> Answer:
    channel_id = await _channel(tx, use.trip_id)
    status, row = await messages.send(tx, use.call.cause, use.trip_id, channel_id, use.body)
    said = shown(row.document)
    told = "Sent" if status == "created" else "It was there already"
    return Answer(text=f"{told}: {line('message', said)}", head={"message": said})


LIST_MESSAGES = Tool(
    name="list_messages",
    title="List messages",
    description="What the members wrote to each other about a trip, latest first.",
    arguments=PagedOfTrip,
    run=_list_messages,
    scope="messages:read",
)
POST_MESSAGE = Tool(
    name="post_message",
    title="Post a message",
    description="Writes a message to a trip's members, in the name of the user.",
    arguments=OfTrip,
    body=MESSAGE,
    required=("content",),
    run=_post_message,
    scope="messages:write",
    writes=True,
)
