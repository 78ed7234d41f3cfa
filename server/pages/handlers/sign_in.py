"""Signing in and out."""

import dataclasses

from domain.errors import RateLimited, Unauthorized
from server import cookies
from server.pages.locations import local
from server.pages.problems import Problems, problems_of
from server.pages.visit import Document, Redirect, Visit
from server.signing_in import begin_session, check_password, confirm
from storage import accounts, sessions
from storage.store import Tx


async def home(visit: Visit) -> Redirect:
    """One's trips; signed out, where one signs in."""
    return Redirect("/trips" if visit.signed_in else "/sign-in")


async def show(visit: Visit) -> Document | Redirect:
    """The form to sign in with; while nobody can, the set-up."""
    following = _following(visit.query.get("next", ""))
    if visit.signed_in:
        return Redirect(following)
    if await visit.read(accounts.nobody_signs_in):
        return Redirect("/setup")
    return _form(following, "", {})


async def sign_in(visit: Visit) -> Document | Redirect:
    """A new session for whoever knows the password; leads to where they were going."""
    following, email = _following(visit.form.get("next", "")), visit.form.get("email", "")
    checked = await check_password(visit.call, email, visit.typed("password"))

    async def begin(tx: Tx) -> str:
        found = await confirm(tx, checked)
        _, cookie = await begin_session(tx, visit.call, found.user_id)
        return cookie

    try:
        cookie = await visit.write(begin)
    except Unauthorized:
        return _form(following, email, {"": visit.words("sign_in.wrong")}, 400)
    except RateLimited as error:
        form = _form(following, email, problems_of(visit.words, error), error.status)
        return dataclasses.replace(form, headers=error.headers)
    return Redirect(following, {"Set-Cookie": cookie})


def _following(address: str) -> str:
    return local(address) or "/trips"


def _form(following: str, email: str, problems: Problems, status: int = 200) -> Document:
    context = {"next": following, "email": email, "problems": problems}
    return Document(template="sign-in.html", context=context, status=status)


async def sign_out(visit: Visit) -> Redirect:
    """Ends the session."""
    if visit.signed_in:
        actor = visit.actor
        assert actor.session_id is not None
        session_id = actor.session_id
        await visit.write(lambda tx: sessions.delete(tx, actor.user, session_id))
    cleared = cookies.clear_session(visit.call.request, visit.call.services)
    return Redirect("/sign-in", {"Set-Cookie": cleared})
