"""What one write does to a trip, and who does it."""

import dataclasses
from typing import Literal

import msgspec

from domain.actor import Actor
from domain.message import CHANNEL, MESSAGE
from domain.resources import RESOURCES
from domain.row import Row
from domain.trip import TRIP
from domain.webhook import Event

Via = Literal["api", "web", "import", "undo", "system"]
"""Through what a change came (contract section 11)."""

SNAPSHOT_NAMES = {r.kind: r.snapshot for r in (*RESOURCES, CHANNEL, MESSAGE, TRIP)}
"""What each kind of row is called in summaries, by its kind."""


MESSAGES = SNAPSHOT_NAMES[MESSAGE.kind]

Summary = dict[str, dict[str, int]]
"""Numbers of rows created, updated and deleted, by what their kind is called."""


class Cause(msgspec.Struct, frozen=True):
    """Who changes something, when, and for which request or job."""

    actor: Actor
    now: str
    """The moment, as documents carry it."""
    via: Via = "api"
    request_id: str | None = None
    job_id: str | None = None
    undoes: int | None = None
    """The revision of the changeset that this one takes back."""


def event_of(summary: Summary) -> Event:
    """What webhooks are told of a change to a trip that there was; messages come alone."""
    return "message.created" if MESSAGES in summary else "trip.changed"


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
    restored: list[Row] = dataclasses.field(default_factory=list)
    """Rows that were there before and come back, at the age that they had: `created` are new."""

    def summary(self) -> Summary:
        """How many rows of which kind are created, updated and deleted."""
        counts: Summary = {}
        of_trip = [self.trip] if self.trip else []
        is_new = self.trip is not None and self.trip.id not in self.before
        for outcome, rows in (
            ("created" if is_new else "updated", of_trip),
            ("created", self.created),
            ("created", self.restored),
            ("updated", self.updated),
            ("deleted", self.deleted),
        ):
            for row in rows:
                name = SNAPSHOT_NAMES[row.kind]
                if name not in counts:
                    counts[name] = {"created": 0, "updated": 0, "deleted": 0}
                counts[name][outcome] += 1
        return counts
