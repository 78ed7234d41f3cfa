"""One's groups: their names, members and invitations."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple, get_args

import msgspec

from domain.errors import CarnetError, Conflict, NotFound, ValidationFailed
from domain.people import INVITE_DAYS, MOST_INVITE_DAYS, RoleName
from domain.scopes import Role
from operations import invites, people
from operations.invites import Made
from server.api.invites import link_of
from server.pages.problems import Problems, problems_of
from server.pages.visit import Document, Redirect, Visit
from storage import groups
from storage.groups import Group, Member
from storage.invites import InviteInfo
from storage.store import Tx

_HOME: Final = "/settings/group"
_ROLES: Final[tuple[str, ...]] = get_args(RoleName)
_MOST_SHOWN: Final = 1_000
_NUMBER: Final = re.compile(r"[0-9]{1,9}", re.ASCII)


class Shown(NamedTuple):
    """A group as its page shows it."""

    mine: list[Group]
    """All of one's groups."""
    group: Group | None
    """None where one is in none."""
    members: list[Member]
    pending: list[InviteInfo]


async def show(visit: Visit) -> Document:
    """A group of one's own: the one in the path, or that joined first."""
    return await _page(visit)


async def create(visit: Visit) -> Document | Redirect:
    """A new group of one's own."""
    sent = {"name": visit.form.get("name")}
    try:
        made = await visit.write(
            lambda tx: people.create_group(tx, visit.actor, sent, visit.call.now)
        )
    except ValidationFailed as error:
        problems = problems_of(visit.words, error)
        return await _page(visit, {"new": problems.get("name", "")})
    return Redirect(f"{_HOME}/{made.id}?done=group_created")


async def rename(visit: Visit) -> Document | Redirect:
    """A group under another name."""
    sent = {"name": visit.form.get("name")}
    return await _changed(
        visit,
        lambda tx: people.rename_group(tx, visit.actor, _group_id(visit), sent),
        "?done=saved",
    )


async def change_role(visit: Visit) -> Document | Redirect:
    """A member in another role."""
    sent, user_id = {"role": visit.form.get("role")}, visit.call.path("userId")
    return await _changed(
        visit,
        lambda tx: people.change_member(tx, visit.actor, _group_id(visit), user_id, sent),
        "?done=saved",
    )


async def revoke(visit: Visit) -> Document | Redirect:
    """Ends an invitation."""
    invite_id = visit.call.path("inviteId")
    return await _changed(
        visit,
        lambda tx: invites.revoke(tx, visit.actor, _group_id(visit), invite_id),
        "?done=invite_revoked",
    )


async def _changed(
    visit: Visit, operation: Callable[[Tx], Awaitable[object]], notice: str
) -> Document | Redirect:
    """What a form has done, or its page with what is wrong."""
    try:
        await visit.write(operation)
    except (ValidationFailed, Conflict) as error:
        return await _page(visit, _problems(visit, error))
    return Redirect(f"{_HOME}/{_group_id(visit)}{notice}")


def _problems(visit: Visit, error: CarnetError) -> Problems:
    if isinstance(error, Conflict):
        return {"": visit.words("group.needs_owner")}
    return problems_of(visit.words, error)


async def ask_to_invite(visit: Visit) -> Document:
    """The form for an invitation."""
    name = await visit.read(lambda tx: people.require_owner(tx, visit.actor, _group_id(visit)))
    return _invite_form(visit, name, {})


async def invite(visit: Visit) -> Document:
    """A new invitation, whose link is shown now and never again."""
    days = visit.form.get("expiresInDays", "")
    sent: dict[str, Any] = {"role": visit.form.get("role")}
    if days:
        sent["expiresInDays"] = int(days) if _NUMBER.fullmatch(days) else days
    try:
        made = await visit.write(
            lambda tx: invites.create(tx, visit.actor, _group_id(visit), sent, visit.call.now)
        )
    except ValidationFailed as error:
        name = await visit.read(lambda tx: people.require_owner(tx, visit.actor, _group_id(visit)))
        return _invite_form(visit, name, problems_of(visit.words, error))
    return await _page(visit, made=made)


def _invite_form(visit: Visit, name: str, problems: Problems) -> Document:
    context = {
        "group_id": _group_id(visit),
        "name": name,
        "roles": _ROLES,
        "sent": visit.form,
        "days": INVITE_DAYS,
        "most_days": MOST_INVITE_DAYS,
        "problems": problems,
    }
    return Document(template="group-invite.html", context=context, status=400 if problems else 200)


async def ask_to_remove(visit: Visit) -> Document:
    """Asks whether a member is to be removed, or oneself is to leave."""
    user_id = visit.call.path("userId")
    shown = await visit.read(lambda tx: _shown(tx, visit, _group_id(visit)))
    for member in shown.members:
        if member.user_id == user_id:
            context = {"group": shown.group, "member": member}
            return Document(template="group-remove.html", context=context)
    raise NotFound("There is no such member")


async def remove(visit: Visit) -> Document | Redirect:
    """A group without a member; who has left it is led to their others."""
    user_id = visit.call.path("userId")
    try:
        await visit.write(
            lambda tx: people.remove_member(tx, visit.actor, _group_id(visit), user_id)
        )
    except Conflict as error:
        return await _page(visit, _problems(visit, error))
    if user_id == visit.actor.user:
        return Redirect(f"{_HOME}?done=group_left")
    return Redirect(f"{_HOME}/{_group_id(visit)}?done=member_removed")


def _group_id(visit: Visit) -> str:
    return visit.call.path("groupId")


async def _shown(tx: Tx, visit: Visit, group_id: str) -> Shown:
    """A group of one's own, as its page shows it."""
    mine = await groups.of_user(tx, visit.actor.user)
    group = next((each for each in mine if each.id == group_id), None)
    if group is None:
        raise NotFound("You have no such group")
    page = await groups.members_page(tx, group_id, after=None, limit=_MOST_SHOWN)
    members = [msgspec.json.decode(each, type=Member) for each in page.documents]
    is_owner = group.role == Role.OWNER
    pending = await invites.pending(tx, visit.actor, group_id, visit.call.now) if is_owner else []
    return Shown(mine, group, members, pending)


async def _page(
    visit: Visit, problems: Problems | None = None, made: Made | None = None
) -> Document:
    async def read(tx: Tx) -> Shown:
        mine = await groups.of_user(tx, visit.actor.user)
        if "groupId" in visit.call.params:
            return await _shown(tx, visit, _group_id(visit))
        return await _shown(tx, visit, mine[0].id) if mine else Shown([], None, [], [])

    context = {
        **(await visit.read(read))._asdict(),
        "roles": _ROLES,
        "link": made and link_of(visit.call, made.token),
        "problems": problems or {},
    }
    return Document(template="group.html", context=context, status=400 if problems else 200)
