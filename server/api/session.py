"""The session in use: who is signed in, and signing out (contract section 19)."""

import msgspec

from domain.errors import Unauthorized
from server import cookies
from server.api import me
from server.api.me import Me
from server.route import Call, Reply, json_reply
from storage import sessions
from storage.sessions import SessionInfo
from storage.store import Tx


class Session(msgspec.Struct, rename={"id": "_id"}):
    """The session in use."""

    id: str
    created_at: str = msgspec.field(name="createdAt")
    last_used_at: str = msgspec.field(name="lastUsedAt")


class SignedIn(Me, kw_only=True, rename="camel", omit_defaults=True):
    """Who is signed in, and by which session."""

    session: Session


async def show(tx: Tx, call: Call) -> Reply:
    """Who is signed in."""
    assert call.actor.session_id is not None
    found = await sessions.get(tx, call.actor.user, call.actor.session_id)
    # It may have ended since the request was let in.
    if found is None:
        raise Unauthorized("This session is over: sign in again")
    return json_reply(await signed_in(tx, call, found))


async def signed_in(tx: Tx, call: Call, session: SessionInfo) -> SignedIn:
    """What the call's actor is told of itself and of a session of its own."""
    about = await me.of(tx, call)
    return SignedIn(
        user=about.user,
        groups=about.groups,
        default_group_id=about.default_group_id,
        session=Session(session.id, session.created_at, session.last_used_at),
    )


async def sign_out(tx: Tx, call: Call) -> Reply:
    """Ends the session in use, and takes its cookie away."""
    assert call.actor.session_id is not None
    await sessions.delete(tx, call.actor.user, call.actor.session_id)
    cookie = cookies.clear_session(call.request, call.services)
    return Reply(204, headers={"Set-Cookie": cookie})
