"""Ids and secrets: the one place where randomness comes from."""

import secrets
import threading
import time
from typing import Final

_ALPHABET: Final = "0123456789abcdefghijklmnopqrstuv"
_TIME_DIGITS: Final = 11
_RANDOM_DIGITS: Final = 15
_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

_lock = threading.Lock()
_last = 0


def new_id() -> str:
    """A new id: 26 characters of `[0-9a-v]`, microseconds first, then 75 random bits.

    Ids made by one process sort in the order they were made, whatever the clock does.
    """
    global _last
    with _lock:
        _last = max(time.time_ns() // 1000, _last + 1)
        moment = _last
    return _digits(moment, _TIME_DIGITS) + _digits(secrets.randbits(75), _RANDOM_DIGITS)


def _digits(number: int, width: int) -> str:
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(5 * width - 5, -5, -5))


def new_secret(prefix: str = "", characters: int = 43) -> str:
    """A random base62 text behind a prefix; 43 characters hold 256 bits."""
    return prefix + "".join(secrets.choice(_BASE62) for _ in range(characters))
