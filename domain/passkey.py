"""Passkeys, as far as what browsers send of them goes (W3C Web Authentication Level 3).

A credential is the browser's, which may add members to it, so it is an open object; what is signed
is checked where the cryptography is.
"""

from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from domain import details
from domain.errors import ValidationFailed

R = TypeVar("R", bound=Struct)

MOST: Final = 50
"""Passkeys of one user."""

Base64Url = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_-]+$",
        max_length=32_768,
        description="bytes in base64url without padding (RFC 4648)",
        examples=["q3Vn8ZkR1tYw6Lx0"],
    ),
]


class Credential(Struct, kw_only=True, rename="camel"):
    """A credential with its `response`, by `toJSON()` of the browser's `PublicKeyCredential`."""

    id: Base64Url
    raw_id: Base64Url
    type: Literal["public-key"]


class PasskeySignIn(Struct, kw_only=True, forbid_unknown_fields=True):
    """The answer to options for a sign-in."""

    credential: Credential


class NewPasskey(Struct, kw_only=True, forbid_unknown_fields=True):
    """The answer to options for a new passkey, and what its owner calls that."""

    credential: Credential
    name: Annotated[str, Meta(min_length=1, max_length=100)] | UnsetType = UNSET


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


def response_of(kind: type[R], credential: dict[str, Any]) -> R:
    """What the authenticator says in a credential; `ValidationFailed` where it is not of a kind."""
    try:
        return msgspec.convert(credential.get("response"), kind)
    except msgspec.ValidationError as error:
        members = ", ".join(kind.__struct_encode_fields__)
        expected = f"an object with {members}, each in base64url, as the browser's toJSON() gives"
        raise ValidationFailed([details.fixed("credential.response", expected)]) from error
