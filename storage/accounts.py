"""The first account of a database."""

import dataclasses

from domain.account import AccountError
from domain.scopes import Role
from storage import groups, keys, users
from storage.store import Tx


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
    group_id = await groups.create(tx, name=group, now=now)
    user_id = await users.create(tx, email=email, name=name, now=now)
    await groups.add_member(tx, group_id=group_id, user_id=user_id, role=Role.OWNER, now=now)
    _, key = await keys.create(tx, user_id=user_id, name="first key", now=now)
    return FirstAccount(user_id, group_id, key)


async def unclaimed(tx: Tx, *, lock: bool = False) -> str | None:
    """The id of the first user, while nobody has set a password for them."""
    first = await tx.fetchrow(
        "SELECT id, password, deleted_at FROM users ORDER BY id LIMIT 1"
        f" {tx.dialect.lock if lock else ''}"
    )
    if first is None:
        return None
    user_id, password, deleted_at = first
    return user_id if password is None and deleted_at is None else None


async def nobody_signs_in(tx: Tx) -> bool:
    """Whether the first user is nobody's yet, and no other has a way to sign in."""
    if await unclaimed(tx) is None:
        return False
    found = await tx.fetchval(
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM users WHERE password IS NOT NULL)"
        " OR EXISTS (SELECT 1 FROM passkeys) OR EXISTS (SELECT 1 FROM identities)"
    )
    return found is None
