"""Passkeys: adding and removing one's own, and signing in by one.

A challenge is known by itself: what the browser sends back has it inside what was signed.
"""

import asyncio
import base64
from typing import Any, Final, NamedTuple

import msgspec
import structlog

from domain import details, passkey
from domain.errors import CarnetError, NotFound, Unauthorized, ValidationFailed
from domain.explain import parsed
from domain.passkey import Assertion, Attestation, NewPasskey, PasskeySignIn
from server import relying_party
from server.api import passkey_options, session
from server.guards import unauthorized
from server.route import Call, Reply, json_reply
from server.signing_in import Attempt, begin_attempt, outcome_of, require
from storage import challenges, passkeys
from storage.passkeys import Passkey
from storage.store import Tx

_NOT_GOOD: Final = (
    "This passkey is not known here, was removed, or has not answered in time: try again, or sign"
    " in another way"
)
_NAME: Final = "Passkey"
"""Of one that is given none."""

_log = structlog.get_logger("carnet.passkeys")


class Proof(NamedTuple):
    """That somebody holds a passkey."""

    passkey: Passkey
    sign_count: int
    """As it is now."""
    attempt: Attempt


class Registration(NamedTuple):
    """A passkey that has answered the options for its owner."""

    name: str
    credential_id: str
    public_key: bytes
    sign_count: int


async def sign_in_options(tx: Tx, call: Call) -> Reply:
    """A challenge for whoever has a passkey."""
    options = passkey_options.for_sign_in(relying_party.require(call.request, call.services))
    await challenges.begin(tx, "passkey-sign-in", options.challenge, "", call.unix_seconds)
    return json_reply(options)


async def prove(call: Call) -> Proof | CarnetError:
    """Checks a sign-in, before its transaction: a challenge is spent, whatever comes of it."""
    return await outcome_of(_prove(call))


async def _prove(call: Call) -> Proof:
    parsed(PasskeySignIn, call.body)
    credential: dict[str, Any] = call.body["credential"]
    response = passkey.response_of(Assertion, credential)
    party = relying_party.require(call.request, call.services)
    challenge = _challenge_in(response.client_data_json)
    attempt = Attempt(call, f"passkey {credential['id']}")

    async def begin(tx: Tx) -> tuple[str | None, Passkey | None]:
        await attempt.begin(tx)
        taken = await challenges.take(tx, "passkey-sign-in", challenge, call.unix_seconds)
        return taken, await passkeys.find(tx, credential["id"])

    taken, found = await begin_attempt(call, begin)
    if taken is None or found is None:
        raise unauthorized("passkey", _NOT_GOOD)
    if response.user_handle.rstrip("=") != passkey_options.user_handle(found.user_id):
        raise unauthorized("passkey", _NOT_GOOD)
    try:
        known = (found.public_key, found.sign_count)
        count = await asyncio.to_thread(_asserted, party, challenge, credential, *known)
    except ValueError as error:
        _log.warning("passkey_refused", passkey_id=found.id, reason=str(error))
        raise unauthorized("passkey", _NOT_GOOD) from error
    return Proof(found, count, attempt)


def _asserted(*arguments: Any) -> int:
    from server import ceremonies

    return ceremonies.asserted(*arguments)


async def sign_in(tx: Tx, call: Call) -> Reply:
    """A new session for whoever holds a passkey."""
    proof: Proof = require(call.prepared)
    if not await passkeys.used(tx, proof.passkey, proof.sign_count, call.now):
        raise Unauthorized(_NOT_GOOD)
    await proof.attempt.succeed(tx)
    return await session.begin(tx, call, proof.passkey.user_id)


async def registration_options(tx: Tx, call: Call) -> Reply:
    """A challenge for whoever is signed in, to add a passkey."""
    party = relying_party.require(call.request, call.services)
    present = await passkeys.credential_ids(tx, call.actor.user)
    options = passkey_options.for_new_passkey(party, call.actor, present)
    await challenges.begin(tx, "passkey", options.challenge, call.actor.user, call.unix_seconds)
    return json_reply(options)


async def register(call: Call) -> Registration | CarnetError:
    """Checks a new passkey, before its transaction: a challenge is spent, whatever comes of it."""
    return await outcome_of(_register(call))


async def _register(call: Call) -> Registration:
    sent = parsed(NewPasskey, call.body)
    credential: dict[str, Any] = call.body["credential"]
    response = passkey.response_of(Attestation, credential)
    party = relying_party.require(call.request, call.services)
    challenge = _challenge_in(response.client_data_json)
    taken = await call.services.store.write(
        lambda tx: challenges.take(tx, "passkey", challenge, call.unix_seconds)
    )
    if taken != call.actor.user:
        raise _refused("POST /me/passkeys/options first, and answer within five minutes, once")
    try:
        made = await asyncio.to_thread(_registered, party, challenge, credential)
    except ValueError as error:
        _log.info("passkey_refused", user_id=call.actor.user, reason=str(error))
        raise _refused("this is no good answer of an authenticator to the options") from error
    return Registration(sent.name or _NAME, sent.credential.id, *made)


def _registered(*arguments: Any) -> tuple[bytes, int]:
    from server import ceremonies

    return ceremonies.registered(*arguments)


async def add(tx: Tx, call: Call) -> Reply:
    """A passkey of whoever is signed in."""
    made: Registration = require(call.prepared)
    user_id = call.actor.user
    if len(await passkeys.credential_ids(tx, user_id)) >= passkey.MOST:
        unit = "passkeys of one user: DELETE one that is not needed any more"
        raise ValidationFailed([details.too_long("", passkey.MOST, unit)])
    added = await passkeys.add(tx, user_id=user_id, now=call.now, **made._asdict())
    if added is None:
        raise ValidationFailed([details.duplicate("credential", "this passkey is here already")])
    return json_reply(added, 201)


async def list_(tx: Tx, call: Call) -> Reply:
    """The passkeys of whoever is signed in."""
    found = await passkeys.of_user(tx, call.actor.user)
    return json_reply({"items": found, "nextCursor": None})


async def delete(tx: Tx, call: Call) -> Reply:
    """Removes one of them: nobody signs in by it from then on."""
    if not await passkeys.delete(tx, call.actor.user, call.path("passkeyId")):
        raise NotFound("You have no such passkey: GET /api/v1/me/passkeys lists yours")
    return Reply(204)


class _ClientData(msgspec.Struct):
    challenge: str


def _challenge_in(client_data: str) -> str:
    """The challenge that is said to be answered; "" where that cannot be read."""
    try:
        raw = base64.urlsafe_b64decode(client_data + "==")
        return msgspec.json.decode(raw, type=_ClientData).challenge
    except ValueError:
        return ""


def _refused(why: str) -> ValidationFailed:
    return ValidationFailed([details.fixed("credential", why)])
