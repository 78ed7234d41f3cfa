"""Whether an ID token is one (OpenID Connect Core 1.0, section 3.1.3.7; RFC 8725).

To be imported where it is used: the cryptography takes 15 MB, which many a server never needs.
"""

from typing import Any, Final

import msgspec
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import JWKRegistry, KeySet

from server.oidc.provider import UserInfo

_ALGORITHMS: Final = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
"""Those of key pairs: never `none`, nor one by a secret that a public key could be taken for."""
_KINDS: Final = ("RSA", "EC", "OKP")
_LEEWAY_SECONDS: Final = 60


class BadToken(Exception):
    """An ID token that does not hold; the text is for the log."""


class UnknownKey(BadToken):
    """It is signed by a key that is not among those there were."""


def check(
    token: str, keys: list[dict[str, Any]], *, issuer: str, client_id: str, nonce: str, now: float
) -> UserInfo:
    """Whom a token tells of; `BadToken` where anything about it is wrong."""
    try:
        claims = jwt.decode(token, _importable(keys), algorithms=_ALGORITHMS).claims
        jwt.JWTClaimsRegistry(
            now=int(now),
            leeway=_LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer},
            sub={"essential": True},
            aud={"essential": True, "value": client_id},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        ).validate(claims)
        audience, party = claims["aud"], claims.get("azp")
        if party is None and isinstance(audience, list) and len(audience) > 1:
            raise BadToken("it is for several, and does not say by azp whom it was given to")
        if party is not None and party != client_id:
            raise BadToken("azp: it was given to another")
        return msgspec.convert(claims, UserInfo)
    except InvalidKeyIdError as error:
        raise UnknownKey(str(error)) from error
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise BadToken(repr(error)) from error


def _importable(keys: list[dict[str, Any]]) -> KeySet:
    """The keys that may sign; those of other kinds are for something else."""
    found = []
    for key in keys:
        if key.get("kty") not in _KINDS or key.get("use", "sig") != "sig":
            continue
        try:
            found.append(JWKRegistry.import_key(key))
        except (JoseError, ValueError, TypeError):
            continue
    if not found:
        raise UnknownKey("there is no key that may sign")
    return KeySet(found)
