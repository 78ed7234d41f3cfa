"""Checks what authenticators say (W3C Web Authentication Level 3, sections 7.1 and 7.2).

To be imported where it is used: the cryptography takes 15 MB, which many a server never needs.
"""

from typing import Any

from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import base64url_to_bytes

from server.relying_party import RelyingParty


class Refused(ValueError):
    """What an authenticator says does not hold; the text is for the log."""


def registered(
    party: RelyingParty, challenge: str, credential: dict[str, Any]
) -> tuple[bytes, int]:
    """A new passkey's public key (COSE) and counter; `Refused` where anything is wrong.

    Which authenticator it is from is not asked for: any that verifies its user will do.
    """
    try:
        verified = verify_registration_response(
            credential=credential,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except Exception as error:
        raise Refused(repr(error)) from error
    return verified.credential_public_key, verified.sign_count


def asserted(
    party: RelyingParty,
    challenge: str,
    credential: dict[str, Any],
    public_key: bytes,
    sign_count: int,
) -> int:
    """The counter of a passkey that has signed; `Refused` where anything about that is wrong.

    A counter that does not go up is that of a copy (section 6.1.1); those that stay 0 do not count.
    """
    try:
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=public_key,
            credential_current_sign_count=sign_count,
            require_user_verification=True,
        )
    except Exception as error:
        raise Refused(repr(error)) from error
    return verified.new_sign_count
