"""Counts what is hashed and verified: the time that an answer takes is mostly that."""

import pytest

from server import passwords


class Counted:
    """Argon2 as it is, and how often it was asked."""

    def __init__(self) -> None:
        self.verified: list[str] = []
        """The hashes that passwords were compared with."""
        self.hashed = 0
        self._real = passwords.HASHER

    def verify(self, hashed: str, password: bytes) -> bool:
        self.verified.append(hashed)
        return self._real.verify(hashed, password)

    def hash(self, password: bytes) -> str:
        self.hashed += 1
        return self._real.hash(password)

    def check_needs_rehash(self, hashed: str) -> bool:
        return self._real.check_needs_rehash(hashed)


def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    """Counts from now on, to the end of the test."""
    counting = Counted()
    monkeypatch.setattr(passwords, "HASHER", counting)
    return counting
