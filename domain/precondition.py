"""Preconditions of a write: `If-Match` and `If-None-Match` (contract section 10)."""

import dataclasses
from typing import ClassVar

from domain.errors import PreconditionFailed


@dataclasses.dataclass(frozen=True, slots=True)
class Precondition:
    """What must hold of the state that a write finds.

    A tag tells a revision of the trip: it matches what has not changed since.
    """

    revs: frozenset[int] | None = None
    """The revisions of the tags in `If-Match`; None where the request has none."""
    any_state: bool = False
    """`If-Match: *`: there must be something, in whatever state."""
    nothing: bool = False
    """`If-None-Match: *`: there must not be anything yet."""

    NONE: ClassVar["Precondition"]

    @classmethod
    def unchanged_since(cls, rev: int | None) -> "Precondition":
        """That nothing has changed since a revision; without one, none."""
        return cls.NONE if rev is None else cls(frozenset({rev}))

    def check(self, rev: int | None) -> None:
        """`PreconditionFailed` unless it holds of what last changed at `rev`; None: of nothing."""
        if self.nothing and rev is not None:
            raise PreconditionFailed(
                "A row has this clientRef already: without If-None-Match this merges into it"
            )
        if self.revs is None and not self.any_state:
            return
        if rev is None:
            raise PreconditionFailed(
                "If-Match names a state, and there is nothing yet: leave it out to create"
            )
        if not self.any_state and not any(rev <= known for known in self.revs or ()):
            raise PreconditionFailed("It has changed since that tag: read it again")


Precondition.NONE = Precondition()
