"""How many bytes of bodies a process holds at a time."""

from typing import Final

from domain.errors import Unavailable
from runtime import measured

DEFAULT_BYTES: Final = 128 * 1024 * 1024


class BodyBudget:
    """Bytes of the bodies that are being received and worked on, bounded."""

    def __init__(self, most: int = DEFAULT_BYTES) -> None:
        self._most = most
        self._taken = 0

    def take(self, size: int) -> None:
        """Takes bytes; `Unavailable` when they would be too many."""
        if self._taken + size > self._most:
            measured.REFUSED.add("bodies_full")
            raise Unavailable(
                "Other large requests are being received: try again in a moment", retry_after=1
            )
        self._taken += size

    def give_back(self, size: int) -> None:
        """Gives bytes back that were taken."""
        self._taken -= size


class BodyAccount:
    """What one request has taken of the budget; to be freed when the request ends."""

    __slots__ = ("_budget", "_size")

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
        if self._size:
            self._budget.give_back(self._size)
            self._size = 0
