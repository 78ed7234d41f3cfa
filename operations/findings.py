"""What a check finds, and how it is mended."""

import dataclasses
from collections.abc import Awaitable, Callable

from storage.store import Tx

Repair = Callable[[Tx], Awaitable[None]]
"""Mends a finding, as far as it still is so and can be. Nothing of what people wrote is lost."""


@dataclasses.dataclass(frozen=True)
class Finding:
    """Something that does not fit together."""

    kind: str
    """What it is found in: database, reference, counter, trip, row, link, history or job."""
    id: str
    """Which one: of what is in a trip, `TRIP/ID`."""
    what: str
    advice: str
    """What to do about it, where `repair` is not enough."""
    repair: Repair | None = None

    @property
    def told(self) -> tuple[str, str, str]:
        """What is the same of a finding that is found again."""
        return self.kind, self.id, self.what

    def line(self, *, repaired: bool) -> str:
        """The finding in one line."""
        advice = self.advice if self.repair is None else "--repair mends it"
        if repaired:
            advice = "repaired"
        return " ".join(f"{self.kind} {self.id}: {self.what}; {advice}".split())
