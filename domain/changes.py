"""What one write does to a trip, and who does it."""

import collections
import dataclasses
from typing import Literal

from domain.actor import Actor
from domain.message import CHANNEL, MESSAGE
from domain.resources import RESOURCES
from domain.row import Row
from domain.trip import TRIP

Via = Literal["api", "web", "import", "undo", "system"]
"""Through what a change came (contract section 11)."""

SNAPSHOT_NAMES = {r.kind: r.snapshot for r in (*RESOURCES, CHANNEL, MESSAGE, TRIP)}
"""What each kind of row is called in summaries, by its kind."""


@dataclasses.dataclass(frozen=True, slots=True)
class Cause:
    """Who changes something, when, and for which request or job."""

    actor: Actor
    now: str
    """The moment, as documents carry it."""
    via: Via = "api"
    request_id: str | None = None
    job_id: str | None = None
    undoes: int | None = None
    """The revision of the changeset that this one takes back."""


@dataclasses.dataclass(slots=True)
class ChangeSet:
    """Rows to create, to update and to delete, and the trip's own document.

    Of rows that are updated, `before` has them as they were, by id.
    """

    created: list[Row] = dataclasses.field(default_factory=list)
    updated: list[Row] = dataclasses.field(default_factory=list)
    deleted: list[Row] = dataclasses.field(default_factory=list)
    before: dict[str, Row] = dataclasses.field(default_factory=dict)
    trip: Row | None = None
    """The trip itself, as it becomes; `before` has it too, unless it is new."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.created or self.updated or self.deleted or self.trip)

    @property
    def touches_messages(self) -> bool:
        """Whether it changes messages."""
        return MESSAGE.kind in self._kinds()

    @property
    def touches_content(self) -> bool:
        """Whether it changes anything but messages."""
        return self.trip is not None or bool(self._kinds() - {MESSAGE.kind})

    def summary(self) -> dict[str, dict[str, int]]:
        """How many rows of which kind are created, updated and deleted (contract section 11)."""
        of_trip = [self.trip] if self.trip else []
        new = [row for row in of_trip if row.id not in self.before]
        rows = {
            "created": [*new, *self.created],
            "updated": [*(row for row in of_trip if row not in new), *self.updated],
            "deleted": self.deleted,
        }
        counts = {
            outcome: collections.Counter(row.kind for row in changed)
            for outcome, changed in rows.items()
        }
        kinds = dict.fromkeys(kind for by_kind in counts.values() for kind in by_kind)
        return {
            SNAPSHOT_NAMES[kind]: {outcome: counts[outcome][kind] for outcome in counts}
            for kind in kinds
        }

    def _kinds(self) -> set[str]:
        return {row.kind for rows in (self.created, self.updated, self.deleted) for row in rows}
