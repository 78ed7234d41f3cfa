"""The key or session in use, its user and their groups."""

import msgspec

from server.guards import limit_of
from server.route import Call, Reply, json_reply
from storage import groups
from storage.groups import Group
from storage.store import Tx


class User(msgspec.Struct, rename={"id": "_id"}):
    """The user whose key or session it is."""

    id: str
    name: str
    email: str


class Key(msgspec.Struct, rename={"id": "_id", "rate_limit": "rateLimit"}):
    """The key in use; `rateLimit` in requests per minute."""

    id: str
    name: str
    scopes: list[str]
    rate_limit: int


class Me(msgspec.Struct, rename="camel", omit_defaults=True):
    """Who the key or session speaks for, and what the key may do; a session may do all."""

    user: User
    groups: list[Group]
    key: Key | msgspec.UnsetType = msgspec.UNSET
    default_group_id: str | msgspec.UnsetType = msgspec.UNSET


async def show(tx: Tx, call: Call) -> Reply:
    """The user, their groups, and the key."""
    return json_reply(await of(tx, call))


async def of(tx: Tx, call: Call) -> Me:
    """What a call's actor is told of itself."""
    actor = call.actor
    about = await of_user(tx, User(actor.user, actor.name, actor.email))
    if actor.key_id is not None:
        about.key = Key(actor.key_id, actor.key_name, list(actor.scopes.all), limit_of(call))
    return about


async def of_user(tx: Tx, user: User) -> Me:
    """What a user is told of themselves."""
    mine = await groups.of_user(tx, user.id)
    return Me(user, mine, default_group_id=mine[0].id if mine else msgspec.UNSET)
