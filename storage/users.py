"""Users, by whom they are and by their addresses."""

import msgspec

from domain.account import AccountError
from runtime.ids import new_id
from storage.groups import Group
from storage.store import Tx


class ProfileInfo(msgspec.Struct, rename="camel", omit_defaults=True):
    """What is known of a person, but for what they have made."""

    id: str = msgspec.field(name="_id")
    name: str
    email: str
    created_at: str
    phone: str | None = None


class UserInfo(msgspec.Struct, rename={"id": "_id", "created_at": "createdAt"}):
    """A user, with the groups they are in."""

    id: str
    email: str
    name: str
    created_at: str
    groups: list[Group]


async def create(tx: Tx, *, email: str, name: str, now: str) -> str:
    """A new user's id; `AccountError` when the address is taken."""
    user_id = new_id()
    made = await tx.execute(
        "INSERT INTO users (id, email, name, created_at) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT DO NOTHING",
        user_id,
        email,
        name,
        now,
    )
    if not made:
        raise AccountError(f"there is a user {email} already")
    return user_id


async def find(tx: Tx, email: str) -> str | None:
    """The id of the user with this address, in whatever case; None when there is none."""
    user_id: str | None = await tx.fetchval(
        "SELECT id FROM users WHERE lower(email) = lower($1) AND deleted_at IS NULL", email
    )
    return user_id


async def id_of(tx: Tx, email: str) -> str:
    """The id of the user with this address; `AccountError` when there is none."""
    user_id = await find(tx, email)
    if user_id is None:
        raise AccountError(f"there is no user {email}")
    return user_id


async def name_and_email(tx: Tx, user_id: str) -> tuple[str, str]:
    """What a user is called, and their address."""
    record = await tx.fetchrow("SELECT name, email FROM users WHERE id = $1", user_id)
    assert record is not None
    name, email = record
    return name, email


async def rename(tx: Tx, user_id: str, *, name: str, email: str) -> None:
    """Gives a user another name and address; `groups.touch` comes before."""
    await tx.execute("UPDATE users SET name = $2, email = $3 WHERE id = $1", user_id, name, email)


async def list_all(tx: Tx) -> list[UserInfo]:
    """All users, oldest first, each with their groups in the order of `groups_of`."""
    records = await tx.fetch(
        "SELECT u.id, u.email, u.name, u.created_at, g.id, g.name, m.role FROM users u"
        " LEFT JOIN group_members m ON m.user_id = u.id LEFT JOIN groups g ON g.id = m.group_id"
        " WHERE u.deleted_at IS NULL ORDER BY u.id, m.created_at, g.id"
    )
    users: dict[str, UserInfo] = {}
    for user_id, email, name, created_at, *group in records:
        user = users.setdefault(user_id, UserInfo(user_id, email, name, created_at, []))
        if group[0] is not None:
            user.groups.append(Group(*group))
    return list(users.values())


async def profile(tx: Tx, user_id: str) -> ProfileInfo:
    """What is known of a user, who is there."""
    record = await tx.fetchrow(
        "SELECT id, name, email, created_at, phone FROM users WHERE id = $1", user_id
    )
    assert record is not None
    return ProfileInfo(*record)


async def set_profile(tx: Tx, user_id: str, *, name: str, phone: str | None) -> None:
    """Stores what a user tells of themselves."""
    await tx.execute("UPDATE users SET name = $2, phone = $3 WHERE id = $1", user_id, name, phone)
