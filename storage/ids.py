"""Ids and secrets: the one place where randomness comes from."""

import base64
import secrets
import threading
import time
from typing import Final

_RANDOM_BITS: Final = 65
_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

_lock = threading.Lock()
_last = 0


def new_id() -> str:
    """A new id: 24 characters of `[0-9a-v]`, 55 bits of microseconds, then 65 random ones.

    Ids made by one process sort in the order they were made, whatever the clock does.
    """
    global _last
    with _lock:
        _last = max(time.time_ns() // 1000, _last + 1)
        moment = _last
    bits = moment << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
    # base32hex (RFC 4648 section 7) keeps the order of the bits.
    return base64.b32hexencode(bits.to_bytes(15, "big")).decode().lower()


def new_secret(prefix: str = "", characters: int = 43) -> str:
    """A random base62 text behind a prefix; 43 characters hold 256 bits."""
    return prefix + "".join(secrets.choice(_BASE62) for _ in range(characters))
