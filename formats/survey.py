"""What a new trip is like that a file is made into: its title, its days."""

import dataclasses
from collections.abc import Iterable
from typing import Final

from domain.fields import is_date
from formats.found import About, Found, Notice, Part, Row
from formats.kinds import KINDS
from formats.rows import one_line, telling

_DATES: Final = (
    *("startDate", "endDate", "checkInDate", "checkOutDate"),
    *("departureTime", "departureDate", "arrivalTime", "arrivalDate"),
    *("pickupTime", "pickupDate", "dropoffTime", "dropoffDate"),
)
"""Members of rows and parts that say on which days they are."""

_SUFFIXES: Final = {suffix for kind in KINDS for suffix in kind.suffixes}
"""Of files that can be read: what else comes after a dot belongs to a name."""


@dataclasses.dataclass
class Survey:
    """What a new trip has to be like for what was found."""

    count: int = 0
    """Rows, and parts of legs."""
    first: str = ""
    last: str = ""
    """Days; empty where nothing has dates."""
    titles: set[str] = dataclasses.field(default_factory=set)
    """What files call the trip, or trips."""
    notices: list[Notice] = dataclasses.field(default_factory=list)

    def title(self, filename: str) -> str:
        """What to call the trip: as the file does, or else as the file is called."""
        if len(self.titles) == 1:
            (told,) = self.titles
            return told
        name = filename.replace("\\", "/").rpartition("/")[2]
        stem, _, suffix = name.rpartition(".")
        if not stem or suffix.lower() not in _SUFFIXES:
            stem = name
        return one_line(telling(stem.replace("_", " ")))


def survey(found: Iterable[Found]) -> Survey:
    """Looks through all that was found."""
    seen = Survey()
    for each in found:
        match each:
            case Notice():
                seen.notices.append(each)
            case About():
                if title := one_line(telling(each.title)):
                    seen.titles.add(title)
                _see(seen, each.start, each.end)
            case Row() | Part():
                seen.count += 1
                _see(seen, *(str(each.document.get(name) or "")[:10] for name in _DATES))
    return seen


def _see(seen: Survey, *days: str) -> None:
    for day in filter(is_date, days):
        seen.first = min(seen.first or day, day)
        seen.last = max(seen.last, day)
