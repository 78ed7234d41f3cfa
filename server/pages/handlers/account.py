"""One's own account: what others see of one, taking one's data along, deleting it all."""

import dataclasses
from collections.abc import Mapping

from msgspec import UNSET

from domain.errors import CarnetError, ValidationFailed
from domain.merge import Document as Fields
from operations import leaving, people
from server import cookies
from server.pages.handlers import passkeys
from server.pages.problems import Problems, problems_of
from server.pages.visit import Document, Redirect, Visit
from server.signing_in import check_own_password, confirm
from storage import credentials, removal, users
from storage.store import Tx

_HOME = "/settings/account"


async def show(visit: Visit) -> Document:
    """What others see of one, and what else there is to be set."""
    profile = await visit.read(lambda tx: users.profile(tx, visit.actor.user))
    return await _page(visit, {"name": profile.name, "phone": profile.phone or ""}, {})


async def change(visit: Visit) -> Document | Redirect:
    """Another name or phone."""
    sent: Fields = {"name": visit.form.get("name"), "phone": visit.form.get("phone") or None}
    try:
        await visit.write(lambda tx: people.change_profile(tx, visit.actor, sent))
    except ValidationFailed as error:
        return await _page(visit, visit.form, problems_of(visit.words, error))
    return Redirect(f"{_HOME}?done=saved")


async def _page(visit: Visit, sent: Mapping[str, str], problems: Problems) -> Document:
    return Document(
        template="account.html",
        context={
            "sent": sent,
            "problems": problems,
            "has_password": await _has_password(visit),
            "passkeys": await passkeys.of_visitor(visit),
        },
        status=400 if problems else 200,
    )


async def _has_password(visit: Visit) -> bool:
    found = await visit.read(lambda tx: credentials.of_user(tx, visit.actor.user))
    return found is not None and found.password is not None


async def ask_to_delete(visit: Visit) -> Document:
    """Says what becomes of groups, trips and messages, before it is asked for."""
    return await _farewell(visit, {})


async def delete(visit: Visit) -> Document | Redirect:
    """Deletes the account, and leads to where one signs in."""
    sent = visit.typed("password") if "password" in visit.fields else UNSET
    checked = await check_own_password(visit.call, "password", sent)

    async def leave(tx: Tx) -> None:
        await confirm(tx, checked)
        await leaving.leave(tx, visit.actor.user, visit.call.now)

    try:
        await visit.write(leave)
    except CarnetError as error:
        problems = problems_of(visit.words, error)
        if "password" in problems:
            problems["password"] = visit.words("account.wrong_password")
        page = await _farewell(visit, problems)
        return dataclasses.replace(page, status=error.status, headers=error.headers)
    cleared = cookies.clear_session(visit.call.request, visit.call.services)
    return Redirect("/sign-in?done=account_deleted", {"Set-Cookie": cleared})


async def _farewell(visit: Visit, problems: Problems) -> Document:
    async def read(tx: Tx) -> tuple[leaving.Outlook, dict[str, list[str]]]:
        outlook = await leaving.outlook(tx, visit.actor.user)
        going = {each.group_id: await removal.trips_of(tx, each.group_id) for each in outlook.going}
        return outlook, going

    outlook, trips = await visit.read(read)
    return Document(
        template="account-delete.html",
        context={
            "outlook": outlook,
            "trips": trips,
            "has_password": await _has_password(visit),
            "problems": problems,
        },
    )
