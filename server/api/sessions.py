"""A user's sessions: where they are signed in (contract section 19)."""

from domain.errors import NotFound
from server import cookies
from server.route import Call, Reply, json_reply
from storage import sessions
from storage.sessions import SessionInfo
from storage.store import Tx


class ListedSession(SessionInfo, kw_only=True, rename="camel"):
    """A session; `lastUsedFrom` is an address, and what the browser calls itself."""

    current: bool
    """Whether it is the one that asks."""


async def list_(tx: Tx, call: Call) -> Reply:
    """Where the user is signed in."""
    return json_reply({"items": await of_actor(tx, call), "nextCursor": None})


async def of_actor(tx: Tx, call: Call) -> list[ListedSession]:
    """The sessions of the call's user, and which of them asks."""
    return [
        ListedSession(
            id=each.id,
            created_at=each.created_at,
            last_used_at=each.last_used_at,
            last_used_from=each.last_used_from,
            current=each.id == call.actor.session_id,
        )
        for each in await sessions.of_user(tx, call.actor.user, call.sessions_since)
    ]


async def end(tx: Tx, call: Call) -> Reply:
    """Ends a session of the user's; the one that asks loses its cookie too."""
    session_id = call.path("sessionId")
    if not await sessions.delete(tx, call.actor.user, session_id):
        raise NotFound("You have no such session: GET /api/v1/sessions lists yours")
    if session_id != call.actor.session_id:
        return Reply(204)
    cookie = cookies.clear_session(call.request, call.services)
    return Reply(204, headers={"Set-Cookie": cookie})
