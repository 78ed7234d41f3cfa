"""A new password: instead of the one in use, or by a reset link (contract section 19)."""

from domain.errors import CarnetError, NotFound
from domain.sign_in import PasswordChange, PasswordReset, chosen
from server.route import Call, Reply
from server.signing_in import check_own_password, confirm, outcome_of, require
from storage import credentials
from storage.credentials import Credentials
from storage.store import Tx

_VOID = "This link is used, past its time, or not whole: ask for another one"

Prepared = tuple[Credentials, str] | CarnetError
"""Whose password it is to be, and its hash."""


async def check_change(call: Call) -> Prepared:
    """Compares the password in use, and hashes the new one."""
    return await outcome_of(_check_change(call))


async def _check_change(call: Call) -> tuple[Credentials, str]:
    sent = chosen(PasswordChange, call.body, "new", call.actor.email)
    found = require(await check_own_password(call, "current", sent.current))
    return found, await call.services.passwords.hash(sent.new)


async def change(tx: Tx, call: Call) -> Reply:
    """The user's password is another from now on, and all their other sessions are over."""
    checked, hashed = require(call.prepared)
    found = await confirm(tx, checked)
    await credentials.set_password(tx, found.user_id, hashed, keep=call.actor.session_id)
    return Reply(204)


async def check_reset(call: Call) -> Prepared:
    """Whose link it is, and the hash of what they have chosen."""
    return await outcome_of(_check_reset(call))


async def _check_reset(call: Call) -> tuple[Credentials, str]:
    found = await call.services.store.read(lambda tx: link_of(tx, call))
    sent = chosen(PasswordReset, call.body, "password", found.email)
    return found, await call.services.passwords.hash(sent.password)


async def link_of(tx: Tx, call: Call, *, lock: bool = False) -> Credentials:
    """Whose the link is that the path names; `NotFound` says the same of all that are void."""
    found = await credentials.of_reset(tx, call.token, call.now, lock=lock)
    if found is None:
        raise NotFound(_VOID)
    return found


async def reset(tx: Tx, call: Call) -> Reply:
    """The user's password is the new one from now on, all their sessions and the link are over."""
    _, hashed = require(call.prepared)
    found = await link_of(tx, call, lock=True)
    await credentials.set_password(tx, found.user_id, hashed)
    return Reply(204)
