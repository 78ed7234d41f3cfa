"""A user's part in a trip, which the statement that finds the user tells too."""

from collections.abc import Sequence
from typing import Any, Final

from domain.actor import TripAccess
from domain.revisions import Revisions
from domain.scopes import Role

PART_IN_TRIP: Final = "t.rev, t.content_rev, t.message_rev, t.doc_rev, g.rev, m.role"
"""The columns of a trip `t`, its group `g` and a member `m`, for `part_in_trip`."""


def part_in_trip(columns: Sequence[Any]) -> TripAccess | None:
    """A user's part in a trip, from the columns `PART_IN_TRIP`; None where there is no trip."""
    *revs, group_rev, role = columns
    if group_rev is None:
        return None
    return TripAccess(Revisions.stored(*revs), group_rev, Role(role) if role else None)
