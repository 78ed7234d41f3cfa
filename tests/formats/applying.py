"""What is found, sent to a trip by the rules of the API: a plan, without a server."""

import functools
import itertools
from collections.abc import Iterable, Sequence

import msgspec

from domain.plan import Plan, apply_items
from domain.resources import RESOURCES
from domain.row import Row as Stored
from formats.found import Document, Found, Part, Row
from formats.placing import place
from formats.rows import unfit

TRIP_ID = "trip1"
NOW = "2027-01-01T00:00:00.000Z"


class Trip:
    """Rows as the server would have them."""

    def __init__(self) -> None:
        self.rows: list[Stored] = []
        self._ids = map("row{:04}".format, itertools.count())

    def documents(self, snapshot: str) -> list[Document]:
        kind = next(each.kind for each in RESOURCES if each.snapshot == snapshot)
        return [row.document for row in self.rows if row.kind == kind]

    def export(self) -> dict[str, list[Document]]:
        return {each.snapshot: self.documents(each.snapshot) for each in RESOURCES}

    def take(self, found: Iterable[Found]) -> dict[str, list[str]]:
        """The outcomes of all that is found, by list."""
        placed = list(place(found, self.documents("legs"), self.documents("stays")))
        assert not [each for each in placed if isinstance(each, Part)]
        plan = Plan(TRIP_ID, now=NOW, new_id=lambda: next(self._ids))
        plan.add_stored(self.rows)
        told: dict[str, list[str]] = {}
        for resource in RESOURCES:
            items = [
                each.document
                for each in placed
                if isinstance(each, Row) and each.list == resource.snapshot
            ]
            # As a request has them.
            items = msgspec.json.decode(msgspec.json.encode(items))
            put = functools.partial(plan.upsert_from_snapshot, resource)
            results = apply_items(plan, items, put)
            assert not [each.error for each in results if each.error]
            if results:
                told[resource.snapshot] = [str(each.status) for each in results]
        self.rows += plan.inserted.values()
        return told


def twice(found: Sequence[Found]) -> Trip:
    """A trip that has what was found, after it was seen to stay as it is a second time."""
    trip = Trip()
    first = trip.take(found)
    assert {status for each in first.values() for status in each} <= {"created", "unchanged"}
    again = trip.take(found)
    assert {status for each in again.values() for status in each} <= {"unchanged"}, again
    return trip


def valid(found: Iterable[Found]) -> list[Found]:
    """What was found, each row of which the API would take."""
    kept = list(found)
    for each in kept:
        if isinstance(each, Row):
            # A leg's order is found when it is placed.
            order = {"order": 0} if each.list == "legs" else {}
            assert not unfit(each.list, order | each.document), each
            assert 0 < len(each.document["clientRef"]) <= 255
    return kept
