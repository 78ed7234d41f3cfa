"""The first run: whoever has the code that the server has printed makes it theirs."""

import dataclasses

import structlog

from domain.actor import Actor
from domain.changes import Cause
from domain.errors import CarnetError, Conflict, Forbidden
from domain.scopes import BASE_SCOPES, Scopes
from operations import sample
from operations.set_up import claim
from server.pages.problems import Problems, problems_of
from server.pages.visit import Document, Redirect, Visit
from server.set_up import check_code
from server.signing_in import begin_session
from storage import accounts, groups
from storage.store import Tx

FIELDS = ("code", "email", "name")
"""What is shown again of a form that is not right; the password is not."""

_log = structlog.get_logger("carnet.pages")


async def show(visit: Visit) -> Document | Redirect:
    """The form, with the code of the link that the server has printed."""
    if not await visit.read(accounts.unclaimed):
        return Redirect("/trips" if visit.signed_in else "/sign-in")
    filled = {"code": visit.query.get("code", ""), "email": "", "name": ""}
    return _form(filled, True, {})


async def set_up(visit: Visit) -> Document | Redirect:
    """The first user is whoever sends this, who is signed in, and may have a trip to look at."""
    body = {name: visit.form.get(name, "") for name in FIELDS}
    wanted = "sample" in visit.form

    async def begin(tx: Tx) -> tuple[Actor, str]:
        user_id = await claim(tx, sent, hashed)
        session, cookie = await begin_session(tx, visit.call, user_id)
        scopes = Scopes(BASE_SCOPES)
        return Actor(user_id, sent.name, sent.email, scopes, session_id=session.id), cookie

    try:
        sent, hashed = await check_code(visit.call, {**body, "password": visit.typed("password")})
        actor, cookie = await visit.write(begin)
    except Conflict:
        return Redirect("/sign-in")
    except Forbidden:
        return _form(body, wanted, {"code": visit.words("setup.wrong_code")}, 403)
    except CarnetError as error:
        form = _form(body, wanted, problems_of(visit.words, error), error.status)
        return dataclasses.replace(form, headers=error.headers)
    if wanted:
        await _plant(visit, actor)
    return Redirect("/trips", {"Set-Cookie": cookie})


async def _plant(visit: Visit, actor: Actor) -> None:
    """Makes the sample trip. Without it the set-up is done all the same."""
    call = visit.call
    try:
        group, *_ = await visit.read(lambda tx: groups.of_user(tx, actor.user))
        cause = Cause(actor, call.now, "web", request_id=call.request_id)
        await sample.plant(call.services.store, cause, group.id)
    except CarnetError:
        _log.warning("no_sample_trip", request_id=call.request_id)


def _form(filled: dict[str, str], planted: bool, problems: Problems, status: int = 200) -> Document:
    context = {**filled, "planted": planted, "problems": problems}
    return Document(template="setup.html", context=context, status=status)
