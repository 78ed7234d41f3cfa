"""Passkeys, as far as what browsers send of them goes (W3C Web Authentication Level 3).

Browsers may add members to a credential, so it is an open object; what signs and is signed is
checked where the cryptography is.
"""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from domain.errors import ValidationFailed
from domain.explain import validate

MOST: Final = 50
"""Passkeys of one user."""

Base64Url = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_-]+$",
        max_length=32_768,
        description="bytes in base64url without padding (RFC 4648 section 5), as `toJSON()` of the"
        " browser's credential gives them",
        examples=["q3Vn8ZkR1tYw6Lx0"],
    ),
]

PasskeyName = Annotated[str, Meta(min_length=1, max_length=100)]
"""What its owner calls a passkey."""


class Assertion(Struct, kw_only=True):
    """What an authenticator says at a sign-in (AuthenticatorAssertionResponseJSON)."""

    client_data_json: Base64Url = msgspec.field(name="clientDataJSON")
    authenticator_data: Base64Url = msgspec.field(name="authenticatorData")
    signature: Base64Url
    user_handle: Base64Url = msgspec.field(name="userHandle")


class Attestation(Struct, kw_only=True):
    """What an authenticator says of a new passkey (AuthenticatorAttestationResponseJSON)."""

    client_data_json: Base64Url = msgspec.field(name="clientDataJSON")
    attestation_object: Base64Url = msgspec.field(name="attestationObject")


class PasskeyAssertion(Struct, kw_only=True, rename="camel"):
    """A credential as `navigator.credentials.get()` gives it, by its `toJSON()`."""

    id: Base64Url
    raw_id: Base64Url
    type: Literal["public-key"]
    response: Assertion


class PasskeyAttestation(Struct, kw_only=True, rename="camel"):
    """A credential as `navigator.credentials.create()` gives it, by its `toJSON()`."""

    id: Base64Url
    raw_id: Base64Url
    type: Literal["public-key"]
    response: Attestation


class PasskeySignIn(Struct, kw_only=True, forbid_unknown_fields=True):
    """A sign-in by passkey."""

    credential: PasskeyAssertion


class NewPasskey(Struct, kw_only=True, forbid_unknown_fields=True):
    """A passkey to add, for whoever is signed in."""

    credential: PasskeyAttestation
    name: PasskeyName | UnsetType = UNSET


def require(struct: type[Struct], body: Any) -> None:
    """`ValidationFailed` with all that keeps a body from being this."""
    if found := validate(struct, body):
        raise ValidationFailed(found)
