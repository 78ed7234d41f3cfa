"""Groups and their members.

Every change of a membership goes through `_touch`: it takes them one after another, and moves the
tags of what shows the members.
"""

import msgspec

from domain.account import AccountError
from domain.scopes import Role
from runtime.ids import new_id
from storage.store import Tx


class Group(msgspec.Struct, rename={"id": "_id"}):
    """A group of yours, and your role in it."""

    id: str
    name: str
    role: str


async def create(tx: Tx, *, name: str, now: str) -> str:
    """A new group's id."""
    group_id = new_id()
    await tx.execute(
        "INSERT INTO groups (id, name, created_at) VALUES ($1, $2, $3)", group_id, name, now
    )
    return group_id


async def add_member(tx: Tx, *, group_id: str, user_id: str, role: Role, now: str) -> None:
    """Puts a user into a group; `AccountError` when there is no such group, or they are in it."""
    joined_rev = await _touch(tx, group_id)
    if present := await role_in(tx, group_id, user_id):
        raise AccountError(f"the user is in group {group_id} already, as {present.value}")
    await tx.execute(
        "INSERT INTO group_members (group_id, user_id, role, joined_rev, created_at)"
        " VALUES ($1, $2, $3, $4, $5)",
        group_id,
        user_id,
        role.value,
        joined_rev,
        now,
    )


async def set_role(tx: Tx, *, group_id: str, user_id: str, role: Role) -> None:
    """Gives a member a role; `AccountError` for no member, and for a group's only owner."""
    if await role_in(tx, group_id, user_id) is role:
        return
    await _touch(tx, group_id)
    changed = await tx.execute(
        "UPDATE group_members SET role = $3 WHERE group_id = $1 AND user_id = $2",
        group_id,
        user_id,
        role.value,
    )
    await _check_members(tx, group_id, changed)


async def remove_member(tx: Tx, *, group_id: str, user_id: str) -> None:
    """Takes a member out of a group; `AccountError` for no member, and for a group's only owner."""
    await _touch(tx, group_id)
    changed = await tx.execute(
        "DELETE FROM group_members WHERE group_id = $1 AND user_id = $2", group_id, user_id
    )
    await _check_members(tx, group_id, changed)


async def _touch(tx: Tx, group_id: str) -> int:
    """Counts a change of a group's members, their names or roles; the group's new revision.

    It comes first: a second change waits for this one then, and two owners cannot each leave
    because the other is there. Entity tags of what shows members tell the revision (contract
    section 10). `AccountError` when there is no such group.
    """
    rev: int | None = await tx.fetchval(
        "UPDATE groups SET rev = rev + 1 WHERE id = $1 RETURNING rev", group_id
    )
    if rev is None:
        raise AccountError(f"there is no group {group_id}")
    return rev


async def _check_members(tx: Tx, group_id: str, changed: int) -> None:
    """Ends a change of one member: it was one, and the group still has an owner."""
    if not changed:
        raise AccountError(f"the user is not in group {group_id}")
    owner = "SELECT 1 FROM group_members WHERE group_id = $1 AND role = 'owner' LIMIT 1"
    if await tx.fetchval(owner, group_id) is None:
        raise AccountError(
            f"group {group_id} would have no owner: make another of its members an owner first"
        )


async def of_user(tx: Tx, user_id: str) -> list[Group]:
    """A user's groups, the one joined first being the default."""
    records = await tx.fetch(
        "SELECT g.id, g.name, m.role FROM group_members m JOIN groups g ON g.id = m.group_id"
        " WHERE m.user_id = $1 ORDER BY m.created_at, g.id",
        user_id,
    )
    return [Group(*record) for record in records]


async def role_in(tx: Tx, group_id: str, user_id: str) -> Role | None:
    """A user's role in a group, None outside of it."""
    role: str | None = await tx.fetchval(
        "SELECT role FROM group_members WHERE group_id = $1 AND user_id = $2", group_id, user_id
    )
    return Role(role) if role else None
