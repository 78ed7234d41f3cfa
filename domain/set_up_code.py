"""The code by which the first user is claimed: whoever reads the server's output has it.

It is derived from the secret that all servers on a database share, so that each tells the same, and
nothing of it is stored. It is void once the first user has a password.
"""

import hashlib
import hmac
from typing import Final

_DIGITS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32, which has no letters that are taken for digits."""
_CHARACTERS: Final = 20
"""100 bits."""
_GROUP: Final = 5
_MEANT: Final = str.maketrans("OIL", "011", "- ")


def set_up_code(secret: bytes) -> str:
    """The code of a database with this secret, such as `7K2QF-M0XRC-9TBHD-4WNZE`."""
    bits = int.from_bytes(hmac.digest(secret, b"set-up", hashlib.sha256))
    digits = "".join(_DIGITS[bits >> 5 * place & 31] for place in range(_CHARACTERS))
    return "-".join(digits[start : start + _GROUP] for start in range(0, _CHARACTERS, _GROUP))


def is_set_up_code(secret: bytes, typed: str) -> bool:
    """Whether it is what a person has typed: in any case, with or without the hyphens."""
    digits = typed.upper().translate(_MEANT).strip()
    return hmac.compare_digest(digits.encode(), set_up_code(secret).replace("-", "").encode())
