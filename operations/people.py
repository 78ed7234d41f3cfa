"""People, their groups, and who may change those."""

from typing import Any

import msgspec

from domain import people
from domain.account import NoOwnerLeft
from domain.actor import Actor
from domain.cursor import Position
from domain.errors import Conflict, Forbidden, NotFound, Unauthorized
from domain.merge import Document
from domain.people import GroupName, Membership, Profile
from domain.scopes import Role
from storage import credentials, groups, users
from storage.groups import Group, Member
from storage.page import Page
from storage.store import Tx
from storage.users import ProfileInfo


async def change_profile(tx: Tx, actor: Actor, body: Any) -> ProfileInfo:
    """A merge into what the actor tells of themselves."""
    before = await users.profile(tx, actor.user)
    told: Document = {"name": before.name}
    if before.phone is not None:
        told["phone"] = before.phone
    fields = people.merged(Profile, told, body)
    if fields == told:
        return before
    # In one order, so that two of them never wait for each other.
    for group in sorted(await groups.of_user(tx, actor.user), key=lambda group: group.id):
        await groups.touch(tx, group.id)
    await users.set_profile(tx, actor.user, name=fields["name"], phone=fields.get("phone"))
    return await users.profile(tx, actor.user)


async def create_group(tx: Tx, actor: Actor, body: Any, now: str) -> Group:
    """A new group, with the actor as its owner."""
    fields = people.merged(GroupName, {}, body)
    await require_present(tx, actor.user)
    group_id = await groups.create(tx, name=fields["name"], now=now)
    await groups.add_member(tx, group_id=group_id, user_id=actor.user, role=Role.OWNER, now=now)
    return Group(group_id, fields["name"], Role.OWNER)


async def rename_group(tx: Tx, actor: Actor, group_id: str, body: Any) -> Group:
    """A group under another name."""
    name = await take_as_owner(tx, actor, group_id)
    fields = people.merged(GroupName, {"name": name}, body)
    await groups.rename(tx, group_id, fields["name"])
    return Group(group_id, fields["name"], Role.OWNER)


async def members(tx: Tx, actor: Actor, group_id: str, after: Position | None, limit: int) -> Page:
    """A page of a group's members, for one of them."""
    await _part(tx, actor, group_id)
    return await groups.members_page(tx, group_id, after=after, limit=limit)


async def change_member(tx: Tx, actor: Actor, group_id: str, user_id: str, body: Any) -> Member:
    """A member in another role; to hand a group over is to make somebody else an owner."""
    await take_as_owner(tx, actor, group_id)
    before = await _require_member(tx, group_id, user_id)
    fields = people.merged(Membership, {"role": before.role}, body)
    try:
        await groups.set_role(tx, group_id=group_id, user_id=user_id, role=Role(fields["role"]))
    except NoOwnerLeft as error:
        raise _keeps_an_owner() from error
    return msgspec.structs.replace(before, role=fields["role"])


async def remove_member(tx: Tx, actor: Actor, group_id: str, user_id: str) -> None:
    """A group without a member, who is the actor, or whom an owner removes."""
    await groups.take(tx, group_id)
    _, role = await _part(tx, actor, group_id)
    if user_id != actor.user and role is not Role.OWNER:
        raise _only_for_owners()
    await _require_member(tx, group_id, user_id)
    try:
        await groups.remove_member(tx, group_id=group_id, user_id=user_id)
    except NoOwnerLeft as error:
        raise _keeps_an_owner() from error


async def take_as_owner(tx: Tx, actor: Actor, group_id: str) -> str:
    """The name of a group of which the actor is an owner, and stays one in this transaction."""
    await groups.take(tx, group_id)
    return await require_owner(tx, actor, group_id)


async def require_owner(tx: Tx, actor: Actor, group_id: str) -> str:
    """The name of a group of which the actor is an owner (404, 403)."""
    name, role = await _part(tx, actor, group_id)
    if role is not Role.OWNER:
        raise _only_for_owners()
    return name


async def require_present(tx: Tx, user_id: str) -> None:
    """`Unauthorized` for who was deleted after they were let in; nobody is while this goes on."""
    if await credentials.of_user(tx, user_id, lock=True) is None:
        raise Unauthorized("This account was deleted")


async def _part(tx: Tx, actor: Actor, group_id: str) -> tuple[str, Role]:
    """The name of a group, and the actor's role in it (404, 403)."""
    name = await groups.name_of(tx, group_id)
    if name is None:
        raise NotFound("There is no group with this id: GET /api/v1/me lists yours")
    role = await groups.role_in(tx, group_id, actor.user)
    if role is None:
        raise Forbidden("You are not in this group: an owner can invite you")
    return name, role


def _only_for_owners() -> Forbidden:
    return Forbidden("Only an owner of the group may do this")


async def _require_member(tx: Tx, group_id: str, user_id: str) -> Member:
    member = await groups.member(tx, group_id, user_id)
    if member is None:
        raise NotFound(
            "Nobody with this userId is in the group: GET /api/v1/groups/{groupId}/members lists"
            " who is"
        )
    return member


def _keeps_an_owner() -> Conflict:
    return Conflict(
        "The group would have no owner: make another of its members an owner first, by PATCH"
        ' /api/v1/groups/{groupId}/members/{userId} {"role": "owner"}'
    )
