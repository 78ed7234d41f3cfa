"""Groups and their members.

Every change of a membership goes through `touch`: it takes them one after another, and moves the
tags of what shows the members.
"""

from collections.abc import Sequence

import msgspec

from domain.account import AccountError, NoOwnerLeft
from domain.cursor import Position
from domain.scopes import Role
from runtime.ids import new_id
from storage.page import BEFORE_ALL, Page
from storage.store import Record, Tx


class Member(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """A member of a group, and so of its trips."""

    user_id: str
    name: str
    email: str
    phone: str | msgspec.UnsetType = msgspec.UNSET
    role: str


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
    joined_rev = await touch(tx, group_id)
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
    await touch(tx, group_id)
    changed = await tx.execute(
        "UPDATE group_members SET role = $3 WHERE group_id = $1 AND user_id = $2",
        group_id,
        user_id,
        role.value,
    )
    await _check_members(tx, group_id, changed)


async def remove_member(tx: Tx, *, group_id: str, user_id: str) -> None:
    """Takes a member out of a group; `AccountError` for no member, and for a group's only owner."""
    await touch(tx, group_id)
    changed = await tx.execute(
        "DELETE FROM group_members WHERE group_id = $1 AND user_id = $2", group_id, user_id
    )
    await _check_members(tx, group_id, changed)


async def touch(tx: Tx, group_id: str) -> int:
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
        raise NoOwnerLeft(
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


async def take(tx: Tx, group_id: str) -> None:
    """Makes other changes of a group's members wait until this transaction ends.

    It comes before reading what is to hold while they are changed.
    """
    await tx.fetchval(f"SELECT 1 FROM groups WHERE id = $1 {tx.dialect.lock}", group_id)


async def name_of(tx: Tx, group_id: str) -> str | None:
    """What a group is called; None where there is no such group."""
    name: str | None = await tx.fetchval("SELECT name FROM groups WHERE id = $1", group_id)
    return name


async def rename(tx: Tx, group_id: str, name: str) -> None:
    """Calls a group something else."""
    await tx.execute("UPDATE groups SET name = $2 WHERE id = $1", group_id, name)


async def members_page(tx: Tx, group_id: str, *, after: Position | None, limit: int) -> Page:
    """A page of a group's members, in the order in which they came."""
    _, joined_rev, user_id = after or BEFORE_ALL
    records = await tx.fetch(
        "SELECT m.user_id, u.name, u.email, u.phone, m.role, m.joined_rev FROM group_members m"
        " JOIN users u ON u.id = m.user_id"
        " WHERE m.group_id = $1 AND (m.joined_rev, m.user_id) > ($2, $3)"
        " ORDER BY m.joined_rev, m.user_id LIMIT $4",
        group_id,
        joined_rev,
        user_id,
        limit + 1,
    )
    return page_of_members(records, limit)


async def member(tx: Tx, group_id: str, user_id: str) -> Member | None:
    """A member of a group; None for who is none."""
    record = await tx.fetchrow(
        "SELECT m.user_id, u.name, u.email, u.phone, m.role FROM group_members m"
        " JOIN users u ON u.id = m.user_id WHERE m.group_id = $1 AND m.user_id = $2",
        group_id,
        user_id,
    )
    return member_of(*record) if record else None


async def role_in(tx: Tx, group_id: str, user_id: str) -> Role | None:
    """A user's role in a group, None outside of it."""
    role: str | None = await tx.fetchval(
        "SELECT role FROM group_members WHERE group_id = $1 AND user_id = $2", group_id, user_id
    )
    return Role(role) if role else None


def page_of_members(records: Sequence[Record], limit: int) -> Page:
    """A page of members, from their columns and the group's revision at which they came."""
    return Page.of(
        [
            ("", joined, columns[0], msgspec.json.encode(member_of(*columns)).decode())
            for *columns, joined in records
        ],
        limit,
    )


def member_of(user_id: str, name: str, email: str, phone: str | None, role: str) -> Member:
    """A member from its columns."""
    return Member(
        user_id=user_id,
        name=name,
        email=email,
        phone=msgspec.UNSET if phone is None else phone,
        role=role,
    )
