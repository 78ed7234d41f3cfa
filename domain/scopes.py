"""What a key may do (contract section 3)."""

import enum
import re
from collections.abc import Iterable
from typing import Final, Literal

BaseScope = Literal["trips:read", "trips:write", "messages:read", "messages:write"]

BASE_SCOPES: Final[tuple[BaseScope, ...]] = (
    "trips:read",
    "trips:write",
    "messages:read",
    "messages:write",
)

SCOPE_PATTERN: Final = f"^({'|'.join(BASE_SCOPES)})(:[a-z0-9]{{1,32}})?$"

_SCOPE = re.compile(SCOPE_PATTERN, re.ASCII)


def is_scope(text: str) -> bool:
    """Whether this is one of the base scopes, alone or limited to a trip."""
    return _SCOPE.fullmatch(text) is not None


def trip_of(scope: str) -> str | None:
    """The trip that a scope is limited to."""
    _, _, trip_id = scope.partition(":")[2].partition(":")
    return trip_id or None


class Role(enum.StrEnum):
    """A member's role in a group."""

    OWNER = "owner"
    EDITOR = "editor"
    VIEWER = "viewer"

    @property
    def may_write(self) -> bool:
        """Whether this role may change anything."""
        return self is not Role.VIEWER


class Scopes:
    """The scopes of one key."""

    def __init__(self, scopes: Iterable[str]) -> None:
        self.all = tuple(scopes)
        self._trips: dict[str, set[str]] = {}
        self._unlimited = set()
        for scope in self.all:
            base, _, trip_id = scope.rpartition(":") if scope.count(":") == 2 else (scope, "", "")
            if trip_id:
                self._trips.setdefault(base, set()).add(trip_id)
            else:
                self._unlimited.add(base)

    def has_unlimited(self, base: str) -> bool:
        """Whether the key holds this scope for every trip."""
        return base in self._unlimited

    def trips(self, base: str) -> frozenset[str]:
        """The trips this scope is limited to."""
        return frozenset(self._trips.get(base, ()))

    def has_any(self, base: str) -> bool:
        """Whether the key holds this scope for any trip at all."""
        return base in self._unlimited or base in self._trips

    def covers(self, base: str, trip_id: str) -> bool:
        """Whether the key holds this scope for this trip."""
        return base in self._unlimited or trip_id in self._trips.get(base, ())
