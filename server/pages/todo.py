"""The checklist of a trip, as its page shows it."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from domain.merge import Document
from server.pages.people import Person

URGENCIES: Final = ("now", "before_trip", "nice_to_have")
"""In the order in which they are shown."""


class Item(NamedTuple):
    """Something to do."""

    id: str
    text: str
    is_done: bool
    owner: str
    """The name of the member who does it; empty for nobody in particular."""


class Checklist(NamedTuple):
    """What there is to do."""

    by_urgency: Mapping[str, Sequence[Item]]
    """Only those urgencies that have any."""
    done: int
    total: int


def checklist_of(documents: Sequence[Document], people: Mapping[str, Person]) -> Checklist:
    """The checklist, from its documents."""
    found: dict[str, list[Item]] = {urgency: [] for urgency in URGENCIES}
    for document in documents:
        owner = people.get(document.get("owner", ""))
        is_done = document.get("isCompleted") is True
        item = Item(document["_id"], document["text"], is_done, owner.name if owner else "")
        found[document["urgency"]].append(item)
    done = sum(item.is_done for items in found.values() for item in items)
    return Checklist({each: items for each, items in found.items() if items}, done, len(documents))
