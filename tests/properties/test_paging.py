"""Pages under concurrent writes: no row twice, and none lost that was there all along."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import cursor
from domain.actor import SYSTEM
from domain.changes import Cause, ChangeSet
from domain.message import MESSAGE
from domain.resource import Resource
from domain.resources import RESOURCES
from domain.row import Row
from runtime.ids import new_id
from storage import changes, items
from storage.store import Store, Tx
from tests.support import now

SECRET = b"of this test"

PLACES: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "leg": st.fixed_dictionaries({"order": st.sampled_from([0, 0.0, 0.5, 1, 2, 10, 1e300])}),
    "commitment": st.fixed_dictionaries(
        {"startDate": st.sampled_from(["2026-07-15", "2026-07-16", "0900-01-01"])},
        optional={"startTime": st.sampled_from(["00:00", "09:30", "23:59"])},
    ),
}
"""Fields that decide a row's place; few values, so that many rows share one."""

LISTS = [*((resource, False) for resource in RESOURCES), (MESSAGE, True)]


class Listing:
    """One list of one trip, and what happens to it."""

    def __init__(self, store: Store, trip_id: str, resource: Resource, newest_first: bool) -> None:
        self._store = store
        self._trip_id = trip_id
        self._resource = resource
        self._newest_first = newest_first
        self._parent_id = new_id()
        self.present: dict[str, Row] = {}

    async def insert(self, fields: dict[str, Any]) -> None:
        row_id = new_id()
        row = Row(
            self._resource.kind,
            row_id,
            self._parent_id,
            msgspec.json.encode({"_id": row_id, **fields}).decode(),
            self._resource.sort_key(fields),
        )
        await self._commit(ChangeSet(created=[row]))
        self.present[row_id] = row

    async def delete(self, row_id: str) -> None:
        await self._commit(ChangeSet(deleted=[self.present.pop(row_id)]))

    async def _commit(self, change_set: ChangeSet) -> None:
        async def write(tx: Tx) -> None:
            trip = await changes.begin(tx, self._trip_id)
            await changes.commit(tx, trip, change_set, Cause(SYSTEM, now()))

        await self._store.write(write)

    async def page(self, sealed: str | None, limit: int) -> tuple[list[str], str | None]:
        """The ids of a page, and the cursor of the next."""
        after = cursor.decode(SECRET, self._parent_id, sealed) if sealed else None

        async def read(tx: Tx) -> Any:
            return await items.page(
                tx,
                self._trip_id,
                self._resource.kind,
                self._parent_id,
                after=after,
                limit=limit,
                newest_first=self._newest_first,
            )

        page = await self._store.read(read)
        ids = [msgspec.json.decode(text)["_id"] for text in page.documents]
        assert len(ids) <= limit
        if page.next is None:
            return ids, None
        assert len(ids) == limit
        return ids, cursor.encode(SECRET, self._parent_id, page.next)

    def in_order(self, ids: list[str], known: dict[str, Row]) -> bool:
        places = [(known[id_].sort_key, known[id_].created_rev, id_) for id_ in ids]
        return places == sorted(places, reverse=self._newest_first)


@pytest.mark.parametrize(("resource", "newest_first"), LISTS, ids=[r.kind for r, _ in LISTS])
@settings(max_examples=25)
@given(st.data())
def test_pages_neither_repeat_nor_lose_a_row(living, resource, newest_first, data):
    places = PLACES.get(resource.kind, st.just({}))

    async def check() -> None:
        listing = Listing(living.store, living.world.trip_id, resource, newest_first)
        for fields in data.draw(st.lists(places, max_size=12)):
            await listing.insert(fields)
        all_along, known = set(listing.present), dict(listing.present)
        seen: list[str] = []
        sealed, last = None, False
        while not last:
            ids, sealed = await listing.page(sealed, data.draw(st.integers(1, 5)))
            known |= listing.present
            seen += ids
            assert len(set(seen)) == len(seen)
            last = sealed is None
            for _ in range(data.draw(st.integers(0, 3))):
                if listing.present and data.draw(st.booleans()):
                    row_id = data.draw(st.sampled_from(sorted(listing.present)))
                    await listing.delete(row_id)
                    if not last:
                        all_along.discard(row_id)
                else:
                    await listing.insert(data.draw(places))
                known |= listing.present
        assert all_along <= set(seen)
        assert listing.in_order(seen, known)

    living.run(check())


@pytest.mark.parametrize(("resource", "newest_first"), LISTS, ids=[r.kind for r, _ in LISTS])
@settings(max_examples=6)
@given(st.data())
def test_pages_of_every_size_come_to_the_same_list(living, resource, newest_first, data):
    places = PLACES.get(resource.kind, st.just({}))

    async def check() -> None:
        listing = Listing(living.store, living.world.trip_id, resource, newest_first)
        for fields in data.draw(st.lists(places, min_size=1, max_size=9)):
            await listing.insert(fields)
        count = len(listing.present)
        for limit in range(1, count + 2):
            seen: list[str] = []
            sealed, sizes = None, []
            while True:
                ids, sealed = await listing.page(sealed, limit)
                seen += ids
                assert len(seen) <= count
                sizes.append(len(ids))
                if sealed is None:
                    break
            assert sorted(seen) == sorted(listing.present)
            assert listing.in_order(seen, listing.present)
            assert len(sizes) == -(-count // limit)

    living.run(check())
