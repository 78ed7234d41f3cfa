"""The messages of a trip's members."""

from domain.errors import ValidationFailed
from operations import messages, overview
from server.pages.handlers import trip
from server.pages.problems import problems_of
from server.pages.sent_twice import reference
from server.pages.visit import Document, Redirect, Visit
from storage.store import Tx


async def send(visit: Visit) -> Document | Redirect:
    """A new message; the same form sent twice is one message."""
    trip_id, content = visit.call.trip_id, visit.form.get("content", "")
    body = {
        "content": content,
        "clientRef": reference(visit.form.get("clientRef", ""), content),
    }

    async def write(tx: Tx) -> None:
        channel_id = await overview.channel_of(tx, trip_id)
        await messages.send(tx, visit.call.cause, trip_id, channel_id, body)

    try:
        await visit.write(write)
    except ValidationFailed as error:
        problems = problems_of(visit.words, error)
        return await trip.page(visit, problems=problems, sent={"content": content}, status=400)
    return Redirect(f"/trips/{trip_id}#messages")
