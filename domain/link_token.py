"""Tokens of links that let in whoever has them, as they are stored.

A link is found by a hash of its token. Whose it is may ask for it again, so the token is there too,
sealed: masked by what only the server's secret gives together with that hash, which is another one
for each token. So a copy of these rows opens no link.
"""

import hashlib
import hmac
from typing import Final

from domain.account import key_hash

_LONGEST: Final = hashlib.sha512().digest_size


def seal(secret: bytes, token: str) -> str:
    """A token of at most 64 bytes, sealed, in hex."""
    data = token.encode()
    if len(data) > _LONGEST:
        raise ValueError("a token this long cannot be sealed")
    return _masked(secret, key_hash(token), data).hex()


def unseal(secret: bytes, hashed: str, sealed: str) -> str:
    """The token of this hash; ValueError where another secret has sealed it."""
    token = _masked(secret, hashed, bytes.fromhex(sealed)).decode(errors="replace")
    if key_hash(token) != hashed:
        raise ValueError("the token of a link was sealed with another secret")
    return token


def _masked(secret: bytes, hashed: str, data: bytes) -> bytes:
    mask = hmac.digest(secret, f"link-token\0{hashed}".encode(), hashlib.sha512)
    return bytes(each ^ mask[place] for place, each in enumerate(data))
