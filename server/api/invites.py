"""Invitations to groups (contract section 19)."""

import msgspec

from domain import details
from domain.errors import CarnetError, ValidationFailed
from operations import invites
from server import joining
from server.api import session
from server.joining import Joining, NewUser
from server.route import Call, Reply, json_reply
from server.signing_in import outcome_of, require
from storage.invites import InviteInfo
from storage.store import Tx


class NewInvite(InviteInfo, rename="camel", kw_only=True):
    """An invitation that has just been made; `url` accepts it, and is shown this once."""

    url: str


class InviteList(msgspec.Struct, rename="camel"):
    """The invitations that wait to be accepted, which are few."""

    items: list[InviteInfo]
    next_cursor: None = None


class InviteOffer(msgspec.Struct, rename="camel"):
    """What an invitation is to: a group, by name, and a role in it."""

    group: str
    role: str
    invited_by: str
    expires_at: str


async def create(tx: Tx, call: Call) -> Reply:
    """A new invitation, with its link."""
    group_id = call.path("groupId")
    info, token = await invites.create(tx, call.actor, group_id, call.body, call.now)
    made = NewInvite(**msgspec.structs.asdict(info), url=link_of(call, token))
    return msgspec.structs.replace(json_reply(made, 201), once=True)


def link_of(call: Call, token: str) -> str:
    """Where an invitation is accepted."""
    return f"{call.services.public_url}/invite/{token}"


async def list_(tx: Tx, call: Call) -> Reply:
    """All invitations to a group that wait to be accepted."""
    found = await invites.pending(tx, call.actor, call.path("groupId"), call.now)
    return json_reply(InviteList(found))


async def revoke(tx: Tx, call: Call) -> Reply:
    """Ends an invitation."""
    await invites.revoke(tx, call.actor, call.path("groupId"), call.path("inviteId"))
    return Reply(204)


async def show(tx: Tx, call: Call) -> Reply:
    """What an invitation is to."""
    found = await invites.offer(tx, call.token, call.now)
    return json_reply(InviteOffer(found.group, found.role, found.inviter, found.expires_at))


async def check(call: Call) -> Joining | CarnetError | None:
    """Who accepts, where nobody is signed in; None where somebody is."""
    if call.caller is None:
        return await outcome_of(joining.check(call, call.body))
    return None


async def accept(tx: Tx, call: Call) -> Reply:
    """The caller is a member from now on; one who was not signed in is."""
    if call.caller is None:
        who = require(call.prepared)
        user_id = await joining.join(tx, call, who)
        return await session.begin(tx, call, user_id, 201 if isinstance(who, NewUser) else 200)
    if call.body != {}:
        why = "you are signed in: leave it out, or sign out to accept as somebody else"
        raise ValidationFailed([details.misplaced("", why)])
    await invites.accept(tx, call.token, call.actor.user, call.now)
    return await session.show(tx, call)
