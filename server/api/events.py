"""What changes in a trip, as it happens."""

import contextlib
from collections.abc import AsyncGenerator
from typing import Final

from domain import details
from domain.errors import ValidationFailed
from server.connection import on_lost
from server.query import whole_number
from server.route import Call

LAST_EVENT_ID: Final = "Last-Event-ID"

HEADERS: Final = {"X-Accel-Buffering": "no"}
"""Nobody between may wait for more of it (nginx obeys)."""

DESCRIPTION: Final = (
    "Server-sent events. `hello` comes first: its `id` is where the stream begins, its data"
    ' `{"rev"}` the present revision. `change` tells of a changeset: its `id` is the `rev`, its'
    " data is described here; one of over 100 rows has no `items` but `more`, and is to be read by"
    " `GET /trips/{tripId}/changes`. With `since` or `Last-Event-ID`, what came after that"
    ' revision comes first; where that is no longer kept, `reset` comes, with `{"rev"}`: read the'
    " export anew. In the order of `rev`, none missing, at least once. A comment comes every 15"
    " seconds. The stream ends when the key may not read it any longer; a client that does not"
    " read is cut off."
)

_check = whole_number(LAST_EVENT_ID, 0)


async def follow(call: Call) -> AsyncGenerator[bytes]:
    """The trip's changesets as they come, after those since a revision where one is named."""
    since = _since(call)
    assert call.caller is not None
    assert call.caller.trip is not None

    def cut() -> None:
        if call.request.transport is not None:
            call.request.transport.abort()

    hub = call.services.events
    watcher = hub.join(call.actor, call.trip_id, call.caller.trip.revs.rev, cut)
    try:
        on_lost(call.request, watcher.end)
        async with contextlib.aclosing(hub.follow(watcher, since)) as pieces:
            async for piece in pieces:
                yield piece
    finally:
        on_lost(call.request, None)
        hub.leave(watcher)


def _since(call: Call) -> int | None:
    """After which revision it begins: the header's, since that is of the stream before this one."""
    given = call.request.headers.getall(LAST_EVENT_ID, ())
    if len(given) > 1:
        raise ValidationFailed([details.duplicate(LAST_EVENT_ID, "send this header once")])
    text = given[0] if given else ""
    if text and (wrong := _check(text)):
        raise ValidationFailed([wrong])
    text = text or call.request.query.get("since", "")
    return int(text) if text else None
