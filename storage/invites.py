"""Invitations: a token, of which only a hash is stored, makes whoever has it a member once.

One that was accepted or revoked is gone; nothing tells it from one that never was.
"""

import dataclasses

import msgspec

from domain.account import key_hash
from domain.scopes import Role
from runtime.ids import new_id, new_secret
from storage.store import Tx


class InviteInfo(msgspec.Struct, rename="camel"):
    """An invitation that waits to be accepted; `createdBy` is who invites, by name."""

    id: str = msgspec.field(name="_id")
    role: str
    created_at: str
    expires_at: str
    created_by: str


@dataclasses.dataclass(frozen=True)
class Offer:
    """What an invitation's token offers."""

    group_id: str
    invite_id: str
    group: str
    """The group's name."""
    role: Role
    inviter_id: str
    inviter: str
    """Their name."""
    expires_at: str


async def create(
    tx: Tx, *, group_id: str, role: Role, user_id: str, expires_at: str, now: str
) -> tuple[str, str]:
    """A new invitation by a user: its id and its token."""
    invite_id, token = new_id(), new_secret()
    await tx.execute(
        "INSERT INTO invites (group_id, id, hash, role, created_by, created_at, expires_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        *(group_id, invite_id, key_hash(token), role.value, user_id, now, expires_at),
    )
    return invite_id, token


async def pending(tx: Tx, group_id: str, now: str) -> list[InviteInfo]:
    """A group's invitations that can be accepted, oldest first.

    Those by whoever is no owner any more cannot.
    """
    records = await tx.fetch(
        "SELECT i.id, i.role, i.created_at, i.expires_at, u.name FROM invites i"
        " JOIN users u ON u.id = i.created_by"
        " JOIN group_members m ON m.group_id = i.group_id AND m.user_id = i.created_by"
        " WHERE i.group_id = $1 AND i.expires_at > $2 AND m.role = 'owner' ORDER BY i.id",
        group_id,
        now,
    )
    return [InviteInfo(*record) for record in records]


async def offer(tx: Tx, token: str, now: str) -> Offer | None:
    """What a token offers; None where it is unknown, used, revoked or expired.

    So it is where whoever invites is no owner of the group any more.
    """
    record = await tx.fetchrow(
        "SELECT i.group_id, i.id, g.name, i.role, u.id, u.name, i.expires_at FROM invites i"
        " JOIN groups g ON g.id = i.group_id JOIN users u ON u.id = i.created_by"
        " JOIN group_members m ON m.group_id = i.group_id AND m.user_id = i.created_by"
        " WHERE i.hash = $1 AND i.expires_at > $2 AND m.role = 'owner'",
        key_hash(token),
        now,
    )
    if record is None:
        return None
    group_id, invite_id, group, role, *rest = record
    return Offer(group_id, invite_id, group, Role(role), *rest)


async def delete(tx: Tx, group_id: str, invite_id: str) -> bool:
    """Ends an invitation, which is accepted or revoked; False where there is none."""
    ended = await tx.execute(
        "DELETE FROM invites WHERE group_id = $1 AND id = $2", group_id, invite_id
    )
    return ended > 0


async def prune(tx: Tx, now: str, limit: int) -> int:
    """Drops invitations past their time, `limit` at most; how many."""
    return await tx.execute(
        "DELETE FROM invites WHERE expires_at <= $1 AND id IN"
        " (SELECT id FROM invites WHERE expires_at <= $1 ORDER BY id LIMIT $2)",
        *(now, limit),
    )
