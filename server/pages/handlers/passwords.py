"""A new password: instead of the one in use, or by a reset link."""

import dataclasses

from domain.errors import CarnetError, ValidationFailed
from domain.sign_in import PasswordChange, PasswordReset, chosen
from server.api.passwords import link_of
from server.pages.problems import Problems, problems_of
from server.pages.visit import Document, Redirect, Visit
from server.signing_in import check_own_password, confirm, require
from storage import credentials
from storage.store import Tx


async def show_change(visit: Visit) -> Document:
    """The form for another password."""
    return await _change_form(visit, {})


async def change(visit: Visit) -> Document | Redirect:
    """Another password; all other sessions of the user are over."""
    call, actor = visit.call, visit.actor
    body = {"new": visit.typed("new")}
    if "current" in visit.fields:
        body["current"] = visit.typed("current")

    async def set_password(tx: Tx) -> None:
        found = await confirm(tx, checked)
        await credentials.set_password(tx, found.user_id, hashed, keep=actor.session_id)

    try:
        sent = chosen(PasswordChange, body, "new", actor.email)
        checked = require(await check_own_password(call, "current", sent.current))
        hashed = await call.services.passwords.hash(sent.new)
        await visit.write(set_password)
    except CarnetError as error:
        form = await _change_form(visit, problems_of(visit.words, error))
        return dataclasses.replace(form, status=error.status, headers=error.headers)
    return Redirect("/settings/account?done=password_changed")


async def _change_form(visit: Visit, problems: Problems) -> Document:
    found = await visit.read(lambda tx: credentials.of_user(tx, visit.actor.user))
    return Document(
        template="password.html",
        context={
            "has_password": found is not None and found.password is not None,
            "password_problems": problems,
        },
    )


async def show_reset(visit: Visit) -> Document:
    """The form that a reset link leads to."""
    found = await visit.read(lambda tx: link_of(tx, visit.call))
    return _reset_form(visit, found.email, {})


async def reset(visit: Visit) -> Document | Redirect:
    """A new password; the user signs in with it."""
    call = visit.call
    found = await visit.read(lambda tx: link_of(tx, call))
    try:
        sent = chosen(PasswordReset, {"password": visit.typed("password")}, "password", found.email)
    except ValidationFailed as error:
        return _reset_form(visit, found.email, problems_of(visit.words, error))
    hashed = await call.services.passwords.hash(sent.password)

    async def set_password(tx: Tx) -> None:
        mine = await link_of(tx, call, lock=True)
        await credentials.set_password(tx, mine.user_id, hashed)

    await visit.write(set_password)
    return Redirect("/sign-in?done=password_set")


def _reset_form(visit: Visit, email: str, problems: Problems) -> Document:
    return Document(
        template="reset.html",
        context={"token": visit.call.token, "email": email, "problems": problems},
        status=400 if problems else 200,
    )
