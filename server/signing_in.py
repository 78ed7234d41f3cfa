"""Who may go on: passwords compared, failures counted, sessions begun (contract section 19).

What may be refused is prepared before the transaction, and gives a `CarnetError` in place of a
result; the handler has it raised by `require`.
"""

from collections.abc import Awaitable
from typing import Final, TypeVar

from msgspec import UNSET, UnsetType

from domain import details
from domain.account import is_email, key_hash, used_from
from domain.errors import CarnetError, RateLimited, Unauthorized, ValidationFailed
from domain.sign_in import WINDOW_SECONDS, wait_seconds
from runtime import measured
from server import cookies
from server.addresses import client_address
from server.guards import unauthorized
from server.passwords import is_outdated
from server.route import Call
from storage import credentials, sessions, sign_in_failures
from storage.credentials import Credentials
from storage.sessions import SessionInfo
from storage.store import Operation, Tx

T = TypeVar("T")

Checked = Credentials | CarnetError
"""Whose password it is, or why nobody goes on by it."""

WRONG: Final = "Wrong e-mail or password"
"""Says no more to anyone: not which of the two, and not whether there is such an account."""


def require(outcome: T | CarnetError) -> T:
    """A result; raises what stands in its place."""
    if isinstance(outcome, CarnetError):
        raise outcome
    return outcome


async def outcome_of(work: Awaitable[T]) -> T | CarnetError:
    """A result, or what refused it, for a handler to `require` in its transaction."""
    try:
        return await work
    except CarnetError as refusal:
        return refusal


class Attempt:
    """One guess at a secret, counted as a failure until it turns out right.

    It is counted before the secret is looked at: of any number at once, no more than there may be
    are (OWASP Authentication Cheat Sheet, login throttling). Nobody can lock another out, since
    failures count by the address that they come from.
    """

    def __init__(self, call: Call, account: str) -> None:
        """`account` is what is guessed at: an e-mail address, or a name of ours."""
        proxies = call.services.settings.http.trusted_proxies
        self._address = client_address(call.request, proxies)
        self._account = key_hash(account.lower())
        self._now = call.unix_seconds
        self._id = ""

    async def begin(self, tx: Tx) -> None:
        """Counts it; `RateLimited` where too many have failed."""
        await sign_in_failures.wait_for_turn(tx)
        since = self._now - WINDOW_SECONDS
        failures = await sign_in_failures.count(tx, self._address, self._account, since)
        if wait := wait_seconds(failures, self._now):
            raise RateLimited(wait, f"Too many failed attempts; try again in {wait} s")
        self._id = await sign_in_failures.add(tx, self._address, self._account, self._now)

    async def succeed(self, tx: Tx) -> None:
        """Takes it away again: it did not fail."""
        await sign_in_failures.remove(tx, self._address, self._account, self._id)


async def begin_attempt(call: Call, begin: Operation[T]) -> T:
    """Runs an operation that begins an `Attempt`."""
    try:
        return await call.services.store.write(begin)
    except RateLimited:
        measured.RATE_LIMITED.add("sign_in")
        raise


async def check_password(call: Call, email: str, password: str) -> Checked:
    """Compares a password with an account's; to be awaited outside of a transaction.

    A wrong e-mail address, a wrong password and an account without one take the same time, and
    give the same `Unauthorized`. Too many failures give `RateLimited`.
    """
    return await outcome_of(_check_password(call, email, password))


async def _check_password(call: Call, email: str, password: str) -> Credentials:
    services = call.services

    async def begin(tx: Tx) -> tuple[Attempt, Credentials | None]:
        found = await credentials.find(tx, email) if is_email(email) else None
        # By the address as it is stored: databases differ in what is the same in another case.
        attempt = Attempt(call, found.email if found else email)
        await attempt.begin(tx)
        return attempt, found

    attempt, found = await begin_attempt(call, begin)
    right = await services.passwords.verify(found and found.password, password)
    if found is None or not right:
        raise unauthorized("password", WRONG)
    assert found.password is not None
    again = await services.passwords.hash(password) if is_outdated(found.password) else None

    async def succeed(tx: Tx) -> Credentials:
        await attempt.succeed(tx)
        if again is None:
            return found
        await credentials.rehash(tx, found, again)
        return found._replace(password=again)

    return await services.store.write(succeed)


async def check_own_password(call: Call, path: str, password: str | UnsetType) -> Checked:
    """The same for whoever is signed in; what is wrong is a detail at a path of the body.

    One who has no password need not send one.
    """
    return await outcome_of(_check_own_password(call, path, password))


async def _check_own_password(call: Call, path: str, password: str | UnsetType) -> Credentials:
    user_id = call.actor.user
    found = await call.services.store.read(lambda tx: credentials.of_user(tx, user_id))
    if found is None:
        raise Unauthorized("This session is over: sign in again")
    if found.password is None:
        return found
    if password is UNSET:
        raise ValidationFailed([details.required(path, "your password as it is now")])
    try:
        return await _check_password(call, found.email, password)
    except Unauthorized:
        wrong = details.fixed(path, "this is not your password")
        raise ValidationFailed([wrong]) from None


async def confirm(tx: Tx, checked: Checked) -> Credentials:
    """Whose password it was, and is to the end of this transaction.

    One that has been set since it was compared counts: what ended all sessions ends this one too.
    """
    found = require(checked)
    if await credentials.of_user(tx, found.user_id, lock=True) != found:
        raise Unauthorized(WRONG)
    return found


async def begin_session(tx: Tx, call: Call, user_id: str) -> tuple[SessionInfo, str]:
    """A new session of a user, and the value of the Set-Cookie header that gives it.

    The session that the request came with is over (OWASP Session Management Cheat Sheet, renewal
    after any change of privilege).
    """
    if call.caller is not None and call.caller.actor.session_id is not None:
        await sessions.delete(tx, call.actor.user, call.caller.actor.session_id)
    address = client_address(call.request, call.services.settings.http.trusted_proxies)
    shown = used_from(address, call.request.headers.get("User-Agent", ""))
    session, token = await sessions.create(tx, user_id=user_id, used_from=shown, now=call.now)
    return session, cookies.set_session(call.request, call.services, token)
