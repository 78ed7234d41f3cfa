"""Signing in and out."""

from server import cookies
from server.pages.locations import local
from server.pages.visit import Document, Redirect, Visit
from storage import sessions


async def home(visit: Visit) -> Redirect:
    """One's trips; signed out, where one signs in."""
    return Redirect("/trips" if visit.signed_in else "/sign-in")


async def show(visit: Visit) -> Document | Redirect:
    """The form to sign in with."""
    following = local(visit.query.get("next", "")) or "/trips"
    if visit.signed_in:
        return Redirect(following)
    return Document(
        template="sign-in.html", context={"next": following, "email": "", "problems": {}}
    )


async def sign_out(visit: Visit) -> Redirect:
    """Ends the session."""
    if visit.signed_in:
        actor = visit.actor
        assert actor.session_id is not None
        session_id = actor.session_id
        await visit.write(lambda tx: sessions.delete(tx, actor.user, session_id))
    cleared = cookies.clear_session(visit.call.request, visit.call.services)
    return Redirect("/sign-in", {"Set-Cookie": cleared})
