"""Ids and secrets: the one place where randomness comes from."""

import functools
import os
import re
import secrets
import threading
import time
from collections.abc import Iterator
from typing import Final

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuv"
"""base32hex (RFC 4648 section 7), which keeps the order of the bits."""
_PAIRS: Final = tuple(first + second for first in _DIGITS for second in _DIGITS)
_RANDOM_CHARACTERS: Final = 13
_ENDS_AT_ONCE: Final = 256
_UUIDS_AT_ONCE: Final = 64
_RANDOM: Final = (_DIGITS * 8).encode()
"""A digit for each byte, every digit for as many of them."""
_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

_ID = re.compile(r"[a-z0-9]{1,32}", re.ASCII)

_lock = threading.Lock()
_last = 0


def new_id() -> str:
    """A new id: 24 characters of `[0-9a-v]`, 55 bits of microseconds, then 65 random ones.

    Ids made by one process sort in the order they were made, whatever the clock does.
    """
    global _last
    with _lock:
        _last = moment = max(time.time_ns() // 1000, _last + 1)
        end = next(_ends)
    return _first(moment >> 10) + _PAIRS[moment & 0x3FF] + end


def new_request_id() -> str:
    """An id for a request or a refused connection: `req_<uuid>` (RFC 9562 section 5.4)."""
    digits = next(_uuid_digits)
    variant = "89ab"[int(digits[16], 16) & 3]
    return (
        f"req_{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
    )


def is_id(text: str) -> bool:
    """Whether this could be an id of ours; a share token or a key could not."""
    return _ID.fullmatch(text) is not None


def _random_ends() -> Iterator[str]:
    """The random characters of ids; asking the system for few at a time is slow."""
    size = _RANDOM_CHARACTERS
    while True:
        digits = os.urandom(_ENDS_AT_ONCE * size).translate(_RANDOM).decode()
        for start in range(0, len(digits), size):
            yield digits[start : start + size]


def _random_uuid_digits() -> Iterator[str]:
    """32 hexadecimal digits each."""
    while True:
        digits = os.urandom(_UUIDS_AT_ONCE * 16).hex()
        for start in range(0, len(digits), 32):
            yield digits[start : start + 32]


_ends = _random_ends()
_uuid_digits = _random_uuid_digits()


def _start_anew() -> None:
    """In a process that was forked: it would go on with its parent's random characters."""
    global _ends, _uuid_digits
    _ends, _uuid_digits = _random_ends(), _random_uuid_digits()


os.register_at_fork(after_in_child=_start_anew)


@functools.lru_cache(maxsize=8)
def _first(bits: int) -> str:
    """The first nine characters: for a millisecond they are the same."""
    pairs = _PAIRS
    return (
        _DIGITS[bits >> 40 & 31]
        + pairs[bits >> 30 & 1023]
        + pairs[bits >> 20 & 1023]
        + pairs[bits >> 10 & 1023]
        + pairs[bits & 1023]
    )


def new_secret(prefix: str = "", characters: int = 43) -> str:
    """A random base62 text behind a prefix; 43 characters hold 256 bits."""
    return prefix + "".join(secrets.choice(_BASE62) for _ in range(characters))
