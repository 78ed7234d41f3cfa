"""Users, groups, members and API keys.

Every change of a membership goes through `_touch_group`: it takes them one after another, and
moves the tags of what shows the members.
"""

import dataclasses
import functools
from collections.abc import Collection, Sequence
from typing import Any, Final

import msgspec

from domain.account import KEY_PREFIX, key_hash
from domain.actor import Actor, Caller, TripAccess
from domain.revisions import Revisions
from domain.scopes import BASE_SCOPES, Role, Scopes
from runtime.ids import new_id, new_secret
from storage.store import Tx

PART_IN_TRIP: Final = "t.rev, t.content_rev, t.message_rev, t.doc_rev, g.rev, m.role"
"""The columns of a trip `t`, its group `g` and a member `m`, for `part_in_trip`."""


class AccountError(ValueError):
    """A user, group or key that cannot be made, changed or found; the text is for a person."""


class Group(msgspec.Struct, rename={"id": "_id"}):
    """A group of yours, and your role in it."""

    id: str
    name: str
    role: str


class UserInfo(msgspec.Struct, rename={"id": "_id", "created_at": "createdAt"}):
    """A user, with the groups they are in."""

    id: str
    email: str
    name: str
    created_at: str
    groups: list[Group]


class KeyInfo(msgspec.Struct, rename="camel", omit_defaults=True):
    """What is stored of a key, which is not the key."""

    id: str = msgspec.field(name="_id")
    user: str
    name: str
    scopes: list[str]
    created_at: str
    rate_limit: int | None = None
    expires_at: str | None = None
    revoked_at: str | None = None


@dataclasses.dataclass(frozen=True)
class FirstAccount:
    """What the set-up makes; `api_key` is shown now and never again."""

    user_id: str
    group_id: str
    api_key: str


async def is_set_up(tx: Tx) -> bool:
    """Whether there is any user."""
    return await tx.fetchval("SELECT 1 FROM users LIMIT 1") is not None


async def set_up(tx: Tx, *, email: str, name: str, group: str, now: str) -> FirstAccount:
    """The first user, owner of the first group, with a key; `AccountError` when not the first."""
    if await is_set_up(tx):
        raise AccountError("this database is set up already")
    # Of two set-ups at once, this lets the second run only after the first, and then fail above.
    await tx.execute("INSERT INTO server_state (name, value) VALUES ('set-up', $1)", now)
    group_id = await create_group(tx, name=group, now=now)
    user_id = await create_user(tx, email=email, name=name, now=now)
    await add_member(tx, group_id=group_id, user_id=user_id, role=Role.OWNER, now=now)
    _, key = await create_key(tx, user_id=user_id, name="first key", now=now)
    return FirstAccount(user_id, group_id, key)


async def create_user(tx: Tx, *, email: str, name: str, now: str) -> str:
    """A new user's id; `AccountError` when the address is taken."""
    if await find_user(tx, email) is not None:
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


async def create_group(tx: Tx, *, name: str, now: str) -> str:
    """A new group's id."""
    group_id = new_id()
    await tx.execute(
        "INSERT INTO groups (id, name, created_at) VALUES ($1, $2, $3)", group_id, name, now
    )
    return group_id


async def add_member(tx: Tx, *, group_id: str, user_id: str, role: Role, now: str) -> None:
    """Puts a user into a group; `AccountError` when there is no such group, or they are in it."""
    joined_rev = await _touch_group(tx, group_id)
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
    await _touch_group(tx, group_id)
    changed = await tx.execute(
        "UPDATE group_members SET role = $3 WHERE group_id = $1 AND user_id = $2",
        group_id,
        user_id,
        role.value,
    )
    await _check_members(tx, group_id, changed)


async def remove_member(tx: Tx, *, group_id: str, user_id: str) -> None:
    """Takes a member out of a group; `AccountError` for no member, and for a group's only owner."""
    await _touch_group(tx, group_id)
    changed = await tx.execute(
        "DELETE FROM group_members WHERE group_id = $1 AND user_id = $2", group_id, user_id
    )
    await _check_members(tx, group_id, changed)


async def _touch_group(tx: Tx, group_id: str) -> int:
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


async def find_user(tx: Tx, email: str) -> str | None:
    """The id of the user with this address, in whatever case; None when there is none."""
    user_id: str | None = await tx.fetchval(
        "SELECT id FROM users WHERE lower(email) = lower($1)", email
    )
    return user_id


async def user_id_of(tx: Tx, email: str) -> str:
    """The id of the user with this address; `AccountError` when there is none."""
    user_id = await find_user(tx, email)
    if user_id is None:
        raise AccountError(f"there is no user {email}")
    return user_id


async def name_and_email(tx: Tx, user_id: str) -> tuple[str, str]:
    """What a user is called, and their address."""
    record = await tx.fetchrow("SELECT name, email FROM users WHERE id = $1", user_id)
    assert record is not None
    name, email = record
    return name, email


async def list_users(tx: Tx) -> list[UserInfo]:
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


async def create_key(
    tx: Tx,
    *,
    user_id: str,
    name: str,
    now: str,
    scopes: Sequence[str] = BASE_SCOPES,
    rate_limit: int | None = None,
    expires_at: str | None = None,
) -> tuple[str, str]:
    """A new key: its id, and the key itself, of which only a hash is stored."""
    key_id, key = new_id(), new_secret(KEY_PREFIX)
    await tx.execute(
        "INSERT INTO api_keys (id, hash, user_id, name, scopes, rate_limit, expires_at, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        key_id,
        key_hash(key),
        user_id,
        name,
        msgspec.json.encode(list(scopes)).decode(),
        rate_limit,
        expires_at,
        now,
    )
    return key_id, key


async def list_keys(tx: Tx) -> list[KeyInfo]:
    """All keys, oldest first."""
    records = await tx.fetch(
        "SELECT k.id, u.email, k.name, k.scopes, k.created_at, k.rate_limit, k.expires_at,"
        " k.revoked_at FROM api_keys k JOIN users u ON u.id = k.user_id ORDER BY k.id"
    )
    return [
        KeyInfo(key_id, email, name, msgspec.json.decode(scopes, type=list[str]), *rest)
        for key_id, email, name, scopes, *rest in records
    ]


async def revoke_key(tx: Tx, key_id: str, now: str) -> str:
    """Ends a key at once; when it was revoked first. `AccountError` when there is none."""
    revoked_at: str | None = await tx.fetchval(
        "UPDATE api_keys SET revoked_at = coalesce(revoked_at, $1) WHERE id = $2"
        " RETURNING revoked_at",
        now,
        key_id,
    )
    if revoked_at is None:
        raise AccountError(f"there is no key {key_id}")
    return revoked_at


async def authenticate(tx: Tx, hashed: str, trip_id: str) -> Caller | None:
    """The caller whose key has this hash, with its part in a trip ("": none is meant).

    None for a wrong or revoked key. Whether the key has expired is not looked at:
    `Actor.may_act_at` tells. One statement.
    """
    record = await tx.fetchrow(
        "SELECT k.id, k.name, k.scopes, k.rate_limit, k.expires_at,"
        f" u.id, u.name, u.email, {PART_IN_TRIP}"
        " FROM api_keys k JOIN users u ON u.id = k.user_id"
        " LEFT JOIN trips t ON t.id = $2"
        " LEFT JOIN groups g ON g.id = t.group_id"
        " LEFT JOIN group_members m ON m.group_id = t.group_id AND m.user_id = k.user_id"
        " WHERE k.hash = $1 AND k.revoked_at IS NULL",
        hashed,
        trip_id,
    )
    if record is None:
        return None
    key_id, key_name, scopes, rate_limit, expires_at, user_id, name, email, *part = record
    actor = Actor(
        user_id=user_id,
        name=name,
        email=email,
        scopes=scopes_in(scopes),
        key_id=key_id,
        key_name=key_name,
        rate_limit=rate_limit,
        expires_at=expires_at,
    )
    return Caller(actor, part_in_trip(part))


def part_in_trip(columns: Sequence[Any]) -> TripAccess | None:
    """A user's part in a trip, from the columns `PART_IN_TRIP`; None where there is no trip."""
    *revs, group_rev, role = columns
    if group_rev is None:
        return None
    return TripAccess(Revisions.stored(*revs), group_rev, Role(role) if role else None)


async def scopes_of(tx: Tx, key_ids: Collection[str], now: str) -> dict[str, Scopes]:
    """The scopes of keys, without those that are revoked or have expired; one statement."""
    records = await tx.fetch(
        f"SELECT id, scopes, expires_at FROM api_keys WHERE id {tx.dialect.among('$1')}"
        " AND revoked_at IS NULL",
        msgspec.json.encode(sorted(key_ids)).decode(),
    )
    return {
        key_id: scopes_in(scopes)
        for key_id, scopes, expires_at in records
        if expires_at is None or now < expires_at
    }


async def groups_of(tx: Tx, user_id: str) -> list[Group]:
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


async def epoch(tx: Tx) -> str:
    """What tells this database's revisions from those of one restored from a backup."""
    await tx.execute(
        "INSERT INTO server_state (name, value) VALUES ('epoch', $1) ON CONFLICT (name) DO NOTHING",
        new_secret(characters=8),
    )
    value: str = await tx.fetchval("SELECT value FROM server_state WHERE name = 'epoch'")
    return value


async def signing_secret(tx: Tx) -> bytes:
    """The secret that signs cursors, the same for all processes on this database."""
    await tx.execute(
        "INSERT INTO server_state (name, value) VALUES ('signing-secret', $1)"
        " ON CONFLICT (name) DO NOTHING",
        new_secret(),
    )
    value: str = await tx.fetchval("SELECT value FROM server_state WHERE name = 'signing-secret'")
    return value.encode()


@functools.lru_cache(maxsize=1_000)
def scopes_in(text: str) -> Scopes:
    """A key's scopes, as they are stored."""
    return Scopes(msgspec.json.decode(text, type=list[str]))
