"""Accepting an invitation while signed out: as somebody new, or as who one is."""

from typing import Any, NamedTuple

from domain.account import AccountError
from domain.errors import Unauthorized
from domain.people import Newcomer
from domain.sign_in import chosen
from operations import invites
from server.route import Call
from server.signing_in import WRONG, check_password, confirm, require
from storage import credentials, users
from storage.credentials import Credentials
from storage.store import Tx


class NewUser(NamedTuple):
    """Somebody whose address no user has, and the hash of the password they have chosen."""

    sent: Newcomer
    hashed: str


Joining = NewUser | Credentials


async def check(call: Call, body: Any) -> Joining:
    """Who wants to accept the invitation that the path names; outside of a transaction.

    Raises `ValidationFailed`, and `NotFound` for what cannot be accepted; for an address that a
    user has, what a sign-in by it raises.
    """
    sent = chosen(Newcomer, body, "password")
    store = call.services.store
    # First of all that costs something, or has to do with accounts.
    await store.read(lambda tx: invites.offer(tx, call.token, call.now))
    if await store.read(lambda tx: users.find(tx, sent.email)) is not None:
        return require(await check_password(call, sent.email, sent.password))
    return NewUser(sent, await call.services.passwords.hash(sent.password))


async def join(tx: Tx, call: Call, joining: Joining) -> str:
    """Accepts the invitation for whoever was checked; the user's id."""
    if isinstance(joining, NewUser):
        user_id = await _create(tx, joining, call.now)
    else:
        user_id = (await confirm(tx, joining)).user_id
    await invites.accept(tx, call.token, user_id, call.now)
    return user_id


async def _create(tx: Tx, new: NewUser, now: str) -> str:
    try:
        user_id = await users.create(tx, email=new.sent.email, name=new.sent.name, now=now)
    except AccountError as error:
        # Somebody has signed up with this address since it was looked up.
        raise Unauthorized(WRONG) from error
    await credentials.set_password(tx, user_id, new.hashed)
    return user_id
