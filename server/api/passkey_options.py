"""What a browser is told before it asks an authenticator (W3C Web Authentication Level 3, 5.1.8-9).

As `PublicKeyCredential.parseCreationOptionsFromJSON` and `parseRequestOptionsFromJSON` take it.
"""

import base64
import secrets
from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from domain.actor import Actor
from server.relying_party import RelyingParty
from storage.challenges import SECONDS

PublicKey = Literal["public-key"]

_ALGORITHMS: Final = (-8, -7, -257)
"""EdDSA, ES256, RS256 (IANA COSE Algorithms), the best first: every authenticator has one."""
_CHALLENGE_BYTES: Final = 32


class SignInOptions(msgspec.Struct, rename="camel"):
    """Options for `navigator.credentials.get()`; no passkey is named, so none is given away."""

    challenge: str
    rp_id: str
    allow_credentials: list[str] = []
    user_verification: Literal["required"] = "required"
    timeout: int = SECONDS * 1000


class CredentialName(msgspec.Struct):
    """A passkey that there is already."""

    id: str
    type: PublicKey = "public-key"


class KeyAlgorithm(msgspec.Struct):
    """A kind of key that is taken."""

    alg: int
    type: PublicKey = "public-key"


class RelyingPartyName(msgspec.Struct):
    """Whom the passkey is for."""

    id: str
    name: str = "Carnet"


class PasskeyOwner(msgspec.Struct, rename="camel"):
    """Whose passkey it is."""

    id: str
    name: str
    display_name: str


class AuthenticatorSelection(msgspec.Struct, rename="camel"):
    """What the authenticator must do: keep the passkey itself, and verify its user."""

    resident_key: Literal["required"] = "required"
    require_resident_key: bool = True
    user_verification: Literal["required"] = "required"


class NewPasskeyOptions(msgspec.Struct, rename="camel"):
    """Options for `navigator.credentials.create()`."""

    rp: RelyingPartyName
    user: PasskeyOwner
    challenge: str
    exclude_credentials: list[CredentialName]
    pub_key_cred_params: list[KeyAlgorithm] = msgspec.field(
        default_factory=lambda: [KeyAlgorithm(algorithm) for algorithm in _ALGORITHMS]
    )
    authenticator_selection: AuthenticatorSelection = msgspec.field(
        default_factory=AuthenticatorSelection
    )
    attestation: Literal["none"] = "none"
    timeout: int = SECONDS * 1000


def for_sign_in(party: RelyingParty) -> SignInOptions:
    """Options with a new challenge."""
    return SignInOptions(_new_challenge(), party.id)


def for_new_passkey(party: RelyingParty, actor: Actor, present: Sequence[str]) -> NewPasskeyOptions:
    """Options with a new challenge; authenticators that have one of `present` make no other."""
    return NewPasskeyOptions(
        RelyingPartyName(party.id),
        PasskeyOwner(user_handle(actor.user), actor.email, actor.name),
        _new_challenge(),
        [CredentialName(credential_id) for credential_id in present],
    )


def user_handle(user_id: str) -> str:
    """What authenticators call a user: the id, which tells nothing of them (section 14.6.1)."""
    return _base64url(user_id.encode())


def _new_challenge() -> str:
    return _base64url(secrets.token_bytes(_CHALLENGE_BYTES))


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
