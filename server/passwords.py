"""Hashes and verifies passwords: Argon2id (RFC 9106), in threads, few at once."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from domain.password import canonical

# The least that the OWASP Password Storage Cheat Sheet recommends: 19 MiB, two passes, one lane.
HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

AT_ONCE: Final = 2
"""Of a process: each takes its memory, and a core for tens of milliseconds."""

_NOBODYS: Final = (
    "$argon2id$v=19$m=19456,t=2,p=1$qxkj4nAgM6PGZRTuuUwI9w$"
    "0hFAEmJsb46iN3mglVu5/DoTfS223Gd2OodHCsYnAf4"
)
"""A hash of what nobody knows, with the same costs."""


class Passwords:
    """What a process hashes and verifies; texts are those that people type."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="passwords")

    async def hash(self, password: str) -> str:
        """What is stored of a password; it has its salt and costs in it."""
        work = asyncio.get_running_loop().run_in_executor
        return await work(self._threads, _hash, password)

    async def verify(self, hashed: str | None, password: str) -> bool:
        """Whether it is the password behind a hash; of None it takes as long to say no."""
        work = asyncio.get_running_loop().run_in_executor
        return await work(self._threads, _verify, hashed, password)


def is_outdated(hashed: str) -> bool:
    """Whether a hash was made with other costs than new ones are."""
    return HASHER.check_needs_rehash(hashed)


def _hash(password: str) -> str:
    return HASHER.hash(canonical(password))


def _verify(hashed: str | None, password: str) -> bool:
    try:
        HASHER.verify(hashed or _NOBODYS, canonical(password))
    except (VerificationError, InvalidHashError):
        return False
    return hashed is not None
