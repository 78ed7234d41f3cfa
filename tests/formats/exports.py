"""Exports to write and to read, as the API gives them."""

from typing import Any

from hypothesis import strategies as st

from domain.resources import RESOURCES
from tests.properties.generate import bodies

TIMES = {"createdAt": "2026-07-01T08:00:00.000Z", "updatedAt": "2026-07-02T09:30:00.000Z"}


def export_of(**lists: list[dict[str, Any]]) -> dict[str, Any]:
    """An export with these rows."""
    trip = {"_id": "trip", "title": "Kyōto & <Nara>", "startDate": "2026-07-15", **TIMES}
    rows = {
        each.snapshot: [
            {"_id": f"{each.kind.lower()}{number}", "tripId": "trip", **row, **TIMES}
            for number, row in enumerate(lists.get(each.snapshot, []))
        ]
        for each in RESOURCES
    }
    members = [{"userId": "olga", "name": "Olga", "email": "o@example.org", "role": "owner"}]
    return {"trip": trip, **rows, "members": members, "rev": 7}


@st.composite
def exports(draw: st.DrawFn, most: int = 3) -> dict[str, Any]:
    """Exports of whatever rows there can be, without links between them."""
    return export_of(
        **{each.snapshot: draw(st.lists(bodies(each), max_size=most)) for each in RESOURCES}
    )
