"""Invitations to groups: made by an owner, accepted once by whoever has the link."""

import datetime
from typing import Any, NamedTuple

from domain import details, people
from domain.actor import Actor
from domain.clock import timestamp
from domain.errors import NotFound, ValidationFailed
from domain.people import INVITE_DAYS, MOST_INVITES, Invitation
from domain.scopes import Role
from operations.people import require_owner, require_present, take_as_owner
from storage import groups, invites
from storage.invites import InviteInfo, Offer
from storage.store import Tx


class Made(NamedTuple):
    """A new invitation, and the token that accepts it, which is shown now and never again."""

    info: InviteInfo
    token: str


async def create(tx: Tx, actor: Actor, group_id: str, body: Any, now: str) -> Made:
    """A new invitation to a group of which the actor is an owner."""
    await take_as_owner(tx, actor, group_id)
    fields = people.merged(Invitation, {}, body)
    if len(await invites.pending(tx, group_id, now)) >= MOST_INVITES:
        unit = "invitations of one group: DELETE one that is not needed any more"
        raise ValidationFailed([details.too_long("", MOST_INVITES, unit)])
    role = Role(fields["role"])
    days = datetime.timedelta(days=int(fields.get("expiresInDays", INVITE_DAYS)))
    expires_at = timestamp(datetime.datetime.fromisoformat(now) + days)
    invite_id, token = await invites.create(
        tx, group_id=group_id, role=role, user_id=actor.user, expires_at=expires_at, now=now
    )
    return Made(InviteInfo(invite_id, role, now, expires_at, actor.name), token)


async def pending(tx: Tx, actor: Actor, group_id: str, now: str) -> list[InviteInfo]:
    """The invitations to a group of the actor's that can be accepted."""
    await require_owner(tx, actor, group_id)
    return await invites.pending(tx, group_id, now)


async def revoke(tx: Tx, actor: Actor, group_id: str, invite_id: str) -> None:
    """Ends an invitation to a group of which the actor is an owner."""
    await take_as_owner(tx, actor, group_id)
    if not await invites.delete(tx, group_id, invite_id):
        raise NotFound(
            "The group has no such invitation: it was accepted, or revoked, or never was"
        )


async def offer(tx: Tx, token: str, now: str) -> Offer:
    """What a token offers; for all that cannot be accepted the same `NotFound`."""
    found = await invites.offer(tx, token, now)
    if found is None:
        raise unknown()
    return found


async def accept(tx: Tx, token: str, user_id: str, now: str) -> None:
    """Makes a user a member, by a token that does so once; who is one already stays what they are.

    `NotFound` for what cannot be accepted, also where it was accepted at the same time.
    """
    found = await offer(tx, token, now)
    await groups.take(tx, found.group_id)
    # Only now is it certain that whoever invites stays an owner until this is done.
    if await groups.role_in(tx, found.group_id, found.inviter_id) is not Role.OWNER:
        raise unknown()
    if await groups.role_in(tx, found.group_id, user_id) is not None:
        return
    await require_present(tx, user_id)
    if not await invites.delete(tx, found.group_id, found.invite_id):
        raise unknown()
    await groups.add_member(tx, group_id=found.group_id, user_id=user_id, role=found.role, now=now)


def unknown() -> NotFound:
    """That a token accepts nothing, whatever it was before."""
    return NotFound(
        "This invitation is unknown, or was used, revoked or has expired: ask for a new one"
    )
