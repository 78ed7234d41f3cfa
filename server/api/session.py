"""The session in use: signing in, who is signed in, signing out (contract section 19)."""

import msgspec

from domain.errors import Unauthorized
from domain.explain import parsed
from domain.sign_in import SignIn
from server import cookies
from server.api import me
from server.api.me import Me
from server.route import Call, Reply, json_reply
from server.signing_in import Checked, begin_session, check_password, confirm, outcome_of, require
from storage import sessions, users
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
    return json_reply(_signed_in(await me.of(tx, call), found))


def _signed_in(about: Me, session: SessionInfo) -> SignedIn:
    return SignedIn(
        user=about.user,
        groups=about.groups,
        default_group_id=about.default_group_id,
        session=Session(session.id, session.created_at, session.last_used_at),
    )


async def begin(tx: Tx, call: Call, user_id: str, status: int = 200) -> Reply:
    """Signs a user in: what `show` tells them from now on, and the cookie that lets them ask."""
    session, cookie = await begin_session(tx, call, user_id)
    name, email = await users.name_and_email(tx, user_id)
    about = await me.of_user(tx, me.User(user_id, name, email))
    headers = {"Set-Cookie": cookie}
    return json_reply(_signed_in(about, session), status, headers)


async def check(call: Call) -> Checked:
    """Compares the password that was sent."""
    return await outcome_of(_check(call))


async def _check(call: Call) -> Checked:
    sent = parsed(SignIn, call.body)
    return await check_password(call, sent.email, sent.password)


async def sign_in(tx: Tx, call: Call) -> Reply:
    """A new session for whoever knows the password."""
    found = await confirm(tx, require(call.prepared))
    return await begin(tx, call, found.user_id)


async def sign_out(tx: Tx, call: Call) -> Reply:
    """Ends the session in use, and takes its cookie away."""
    assert call.actor.session_id is not None
    await sessions.delete(tx, call.actor.user, call.actor.session_id)
    cookie = cookies.clear_session(call.request, call.services)
    return Reply(204, headers={"Set-Cookie": cookie})
