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
from domain.passkey import NewPasskey, PasskeySignIn
from server import relying_party
from server.api import passkey_options, session
from server.relying_party import RelyingParty
from server.route import Call, Reply, json_reply
from server.signing_in import begin_session
from storage import challenges, passkeys
from storage.challenges import Purpose
from storage.passkeys import Passkey, PasskeyInfo
from storage.store import Tx

_NOT_GOOD: Final = (
    "This passkey is not known here, was removed, or has not answered in time: try again, or sign"
    " in another way"
)
_NAME: Final = "Passkey"
"""Of one that is given none."""

_log = structlog.get_logger("carnet.passkeys")


class Passkeys(msgspec.Struct):
    """All of one's passkeys, oldest first."""

    items: list[PasskeyInfo]


class Proof(NamedTuple):
    """That somebody holds a passkey."""

    passkey: Passkey
    sign_count: int
    """As it is now."""


class Registration(NamedTuple):
    """A passkey that has answered to the options of its owner."""

    public_key: bytes
    sign_count: int


async def sign_in_options(tx: Tx, call: Call) -> Reply:
    """A challenge for whoever has a passkey."""
    options = passkey_options.for_sign_in(relying_party.require(call.request, call.services))
    await challenges.begin(tx, "passkey-sign-in", options.challenge, "", call.unix_seconds)
    return json_reply(options)


async def prove(call: Call) -> Proof | CarnetError:
    """Checks a sign-in, before its transaction: a challenge is spent, whatever comes of it."""
    try:
        passkey.require(PasskeySignIn, call.body)
        return await _proved(call, relying_party.require(call.request, call.services))
    except CarnetError as error:
        return error


async def _proved(call: Call, party: RelyingParty) -> Proof:
    credential = call.body["credential"]
    challenge = await _take_challenge(call, "passkey-sign-in", credential)
    found = await call.services.store.read(lambda tx: passkeys.find(tx, credential["id"]))
    handle = credential["response"]["userHandle"].rstrip("=")
    if challenge is None or found is None or handle != passkey_options.user_handle(found.user_id):
        raise Unauthorized(_NOT_GOOD)
    try:
        known = (found.public_key, found.sign_count)
        count = await asyncio.to_thread(_asserted, party, challenge, credential, *known)
    except ValueError as error:
        _log.warning("passkey_refused", passkey_id=found.id, reason=str(error))
        raise Unauthorized(_NOT_GOOD) from error
    return Proof(found, count)


def _asserted(*arguments: Any) -> int:
    from server import ceremonies

    return ceremonies.asserted(*arguments)


async def sign_in(tx: Tx, call: Call) -> Reply:
    """A new session for whoever holds a passkey."""
    proof = call.prepared
    if isinstance(proof, CarnetError):
        raise proof
    if not await passkeys.used(tx, proof.passkey, proof.sign_count, call.now):
        raise Unauthorized(_NOT_GOOD)
    begun, cookie = await begin_session(tx, call, proof.passkey.user_id)
    return json_reply(await session.signed_in(tx, call, begun), headers={"Set-Cookie": cookie})


async def registration_options(tx: Tx, call: Call) -> Reply:
    """A challenge for whoever is signed in, to add a passkey."""
    party = relying_party.require(call.request, call.services)
    present = await passkeys.credential_ids(tx, call.actor.user)
    options = passkey_options.for_new_passkey(party, call.actor, present)
    await challenges.begin(tx, "passkey", options.challenge, call.actor.user, call.unix_seconds)
    return json_reply(options)


async def attest(call: Call) -> Registration | CarnetError:
    """Checks a new passkey, before its transaction: a challenge is spent, whatever comes of it."""
    try:
        passkey.require(NewPasskey, call.body)
        return await _attested(call, relying_party.require(call.request, call.services))
    except CarnetError as error:
        return error


async def _attested(call: Call, party: RelyingParty) -> Registration:
    credential = call.body["credential"]
    challenge = await _take_challenge(call, "passkey", credential, call.actor.user)
    if challenge is None:
        raise _refused("POST /me/passkeys/options first, and answer within five minutes, once")
    try:
        return await asyncio.to_thread(_registered, party, challenge, credential)
    except ValueError as error:
        _log.info("passkey_refused", user_id=call.actor.user, reason=str(error))
        raise _refused("this is no good answer of an authenticator to the options") from error


def _registered(*arguments: Any) -> Registration:
    from server import ceremonies

    return Registration(*ceremonies.registered(*arguments))


async def add(tx: Tx, call: Call) -> Reply:
    """A passkey of whoever is signed in."""
    made = call.prepared
    if isinstance(made, CarnetError):
        raise made
    user_id = call.actor.user
    if len(await passkeys.credential_ids(tx, user_id)) >= passkey.MOST:
        unit = "passkeys of one user: DELETE one that is not needed any more"
        raise ValidationFailed([details.too_long("", passkey.MOST, unit)])
    added = await passkeys.add(
        tx,
        user_id=user_id,
        credential_id=call.body["credential"]["id"],
        public_key=made.public_key,
        sign_count=made.sign_count,
        name=call.body.get("name") or _NAME,
        now=call.now,
    )
    if added is None:
        raise ValidationFailed([details.duplicate("credential", "this passkey is here already")])
    return json_reply(added, 201)


async def list_(tx: Tx, call: Call) -> Reply:
    """The passkeys of whoever is signed in."""
    return json_reply(Passkeys(await passkeys.of_user(tx, call.actor.user)))


async def delete(tx: Tx, call: Call) -> Reply:
    """Removes one of them: nobody signs in by it from then on."""
    if not await passkeys.delete(tx, call.actor.user, call.path("passkeyId")):
        raise NotFound("There is no passkey of yours with this id: GET /me/passkeys lists them")
    return Reply(204)


async def _take_challenge(
    call: Call, purpose: Purpose, credential: dict[str, Any], data: str = ""
) -> str | None:
    """The challenge that a credential answers; None where it was not given out for this."""
    challenge = _challenge_in(credential["response"]["clientDataJSON"])
    taken = await call.services.store.write(
        lambda tx: challenges.take(tx, purpose, challenge, call.unix_seconds)
    )
    return challenge if taken == data else None


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
