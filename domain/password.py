"""What a password may be, by NIST SP 800-63B section 3.1.1.2: long enough, and no more is asked."""

import unicodedata
from typing import Final

from domain import details
from domain.errors import Detail

LEAST_CHARACTERS: Final = 8
MOST_BYTES: Final = 1_000
"""In UTF-8: hashing a text of any length would be work for the asking."""


def canonical(password: str) -> bytes:
    """What is hashed: NFKC (UAX #15), so that it counts as one on every keyboard."""
    return unicodedata.normalize("NFKC", password).encode()


def refused(path: str, password: str, email: str) -> list[Detail]:
    """Why this cannot be the password of whoever has that e-mail address; empty where it can.

    Characters are counted as code points after NFKC. No detail repeats the password.
    """
    if len(password.encode()) > MOST_BYTES:
        return [details.too_long(path, MOST_BYTES, "bytes of UTF-8")]
    if len(canonical(password).decode()) < LEAST_CHARACTERS:
        remedy = "several words with spaces between them are easy to remember"
        return [details.too_short(path, LEAST_CHARACTERS, f"characters: {remedy}")]
    if canonical(password).lower() == canonical(email).lower():
        return [details.fixed(path, "must not be the e-mail address, which others know")]
    return []
