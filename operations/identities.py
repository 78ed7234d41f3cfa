"""Who somebody is here that a provider of OpenID Connect has let in."""

from typing import NamedTuple

from domain.account import is_email, is_name
from domain.scopes import Role
from storage import groups, identities, users
from storage.store import Tx


class Identity(NamedTuple):
    """Somebody, as a provider knows them."""

    issuer: str
    subject: str
    """Never another's at this issuer (Core 1.0, section 5.7), as an address may become."""
    verified_email: str
    """Empty where the provider has verified none."""
    name: str


async def user_of(tx: Tx, who: Identity, *, create: bool, now: str) -> str | None:
    """The id of the user that somebody is; None for a stranger.

    By the subject; else by the verified address, once: an account that is one subject already does
    not become another, whoever has the address now. `create` makes a user, with a group of their
    own, where no account has the address.
    """
    known = await identities.find(tx, who.issuer, who.subject)
    if known is not None:
        return known
    if not is_email(who.verified_email):
        return None
    user_id = await users.find(tx, who.verified_email)
    if user_id is not None and await identities.has_one(tx, who.issuer, user_id):
        return None
    if user_id is None:
        if not create:
            return None
        user_id = await _create(tx, who, now)
    await identities.add(tx, issuer=who.issuer, subject=who.subject, user_id=user_id, now=now)
    return user_id


async def _create(tx: Tx, who: Identity, now: str) -> str:
    name = who.name if is_name(who.name) else who.verified_email.partition("@")[0]
    user_id = await users.create(tx, email=who.verified_email, name=name, now=now)
    group_id = await groups.create(tx, name=name, now=now)
    await groups.add_member(tx, group_id=group_id, user_id=user_id, role=Role.OWNER, now=now)
    return user_id
