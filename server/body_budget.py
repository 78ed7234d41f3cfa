"""How many bytes of bodies a process holds at a time."""

import contextlib
from collections.abc import Iterator
from typing import Final

from domain.errors import Unavailable

DEFAULT_BYTES: Final = 128 * 1024 * 1024


class BodyBudget:
    """Bytes of the bodies that are received and worked on at this moment, bounded."""

    def __init__(self, most: int = DEFAULT_BYTES) -> None:
        self._most = most
        self._taken = 0

    @contextlib.contextmanager
    def account(self) -> Iterator["BodyAccount"]:
        """An account of one request, freed when the request ends."""
        account = BodyAccount(self)
        try:
            yield account
        finally:
            account.free()

    def take(self, size: int) -> None:
        """Takes bytes; `Unavailable` when they would be too many."""
        if self._taken + size > self._most:
            raise Unavailable(
                "Other large requests are being received: try again in a moment", retry_after=1
            )
        self._taken += size

    def give_back(self, size: int) -> None:
        """Gives bytes back that were taken."""
        self._taken -= size


class BodyAccount:
    """What one request has taken of the budget."""

    def __init__(self, budget: BodyBudget) -> None:
        self._budget = budget
        self._size = 0

    def grow_to(self, size: int) -> None:
        """Takes what is missing to so many bytes."""
        if size > self._size:
            self._budget.take(size - self._size)
            self._size = size

    def free(self) -> None:
        """Gives all back."""
        self._budget.give_back(self._size)
        self._size = 0
