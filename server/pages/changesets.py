"""What was done to a trip, in words."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from msgspec import UNSET

from domain.changes import SNAPSHOT_NAMES
from domain.errors import ValidationFailed
from domain.history import Entry
from domain.message import CHANNEL
from operations.undo import require_undoable
from server.pages import dates
from server.pages.words import Words

_CHANNELS: Final = SNAPSHOT_NAMES[CHANNEL.kind]
"""Members never meet them: a trip has one, from its beginning."""


class Change(NamedTuple):
    """What one write did."""

    rev: int
    who: str
    at: str
    """As it is stored; scripts show it by the reader's clock."""
    when: str
    """In words, by UTC."""
    through: str
    what: list[str]
    """Such as `2 pins created`."""
    is_undone: bool
    is_undoable: bool


def changes_of(words: Words, entries: Sequence[Entry]) -> list[Change]:
    """Changesets in words."""
    return [_change(words, entry) for entry in entries]


def _change(words: Words, entry: Entry) -> Change:
    what = [
        words(f"history.{name}_{outcome}", n=count)
        for name, counts in entry.summary.items()
        if name != _CHANNELS
        for outcome, count in counts.items()
        if count
    ]
    return Change(
        entry.rev,
        entry.by.name if entry.by.user_id is not UNSET else words("history.by_carnet"),
        entry.at,
        dates.moment(words, entry.at),
        _through(words, entry),
        what,
        entry.undone_by is not UNSET,
        _is_undoable(entry),
    )


def _through(words: Words, entry: Entry) -> str:
    if entry.undoes is not UNSET:
        return words("history.via_undo")
    if entry.key is not UNSET:
        return words("history.via_key", name=entry.key.name)
    return words(f"history.via_{entry.via}")


def _is_undoable(entry: Entry) -> bool:
    try:
        require_undoable(entry, force=False)
    except ValidationFailed:
        return False
    return True
