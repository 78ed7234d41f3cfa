"""Users, by whom they are and by their addresses."""

import msgspec

from domain.account import AccountError
from runtime.ids import new_id
from storage.groups import Group
from storage.store import Tx


class UserInfo(msgspec.Struct, rename={"id": "_id", "created_at": "createdAt"}):
    """A user, with the groups they are in."""

    id: str
    email: str
    name: str
    created_at: str
    groups: list[Group]


async def create(tx: Tx, *, email: str, name: str, now: str) -> str:
    """A new user's id; `AccountError` when the address is taken."""
    if await find(tx, email) is not None:
        raise AccountError(f"there is a user {email} already")
    user_id = new_id()
    await tx.execute(
        "INSERT INTO users (id, email, name, created_at) VALUES ($1, $2, $3, $4)",
        user_id,
        email,
        name,
        now,
    )
    return user_id


async def find(tx: Tx, email: str) -> str | None:
    """The id of the user with this address, in whatever case; None when there is none."""
    user_id: str | None = await tx.fetchval(
        "SELECT id FROM users WHERE lower(email) = lower($1)", email
    )
    return user_id


async def id_of(tx: Tx, email: str) -> str:
    """The id of the user with this address; `AccountError` when there is none."""
    user_id = await find(tx, email)
    if user_id is None:
        raise AccountError(f"there is no user {email}")
    return user_id


async def list_all(tx: Tx) -> list[UserInfo]:
    """All users, oldest first, each with their groups in the order of `groups_of`."""
    records = await tx.fetch(
        "SELECT u.id, u.email, u.name, u.created_at, g.id, g.name, m.role FROM users u"
        " LEFT JOIN group_members m ON m.user_id = u.id LEFT JOIN groups g ON g.id = m.group_id"
        " ORDER BY u.id, m.created_at, g.id"
    )
    users: dict[str, UserInfo] = {}
    for user_id, email, name, created_at, *group in records:
        user = users.setdefault(user_id, UserInfo(user_id, email, name, created_at, []))
        if group[0] is not None:
            user.groups.append(Group(*group))
    return list(users.values())
