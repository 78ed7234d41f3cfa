"""What calendars and cards are made of: the rows of trips with their revisions, from one moment."""

import functools
from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

import msgspec

from domain.resource import Resource
from domain.revisions import Revisions
from storage import shares
from storage.store import Dialect, Tx

_ONE: Final = "t.id = $1"


class StoredPlan(NamedTuple):
    """A trip, and of each kind the JSON of an array of `[rev, document]`."""

    trip_id: str
    trip: str
    rev: int
    """The trip's revision as far as its content goes."""
    rows: dict[str, str]


async def of_trip(tx: Tx, trip_id: str, resources: Sequence[Resource]) -> StoredPlan:
    """A trip with these resources; the trip exists."""
    [plan] = await _read(tx, _ONE, trip_id, resources)
    return plan


async def of_share(tx: Tx, token: str, resources: Sequence[Resource]) -> StoredPlan | None:
    """The trip an active share token shows; None when the token is unknown or revoked."""
    trip_id = await shares.trip_of(tx, token)
    plans = [] if trip_id is None else await _read(tx, _ONE, trip_id, resources)
    return plans[0] if plans else None


async def of_user(tx: Tx, user_id: str, resources: Sequence[Resource]) -> list[StoredPlan]:
    """All trips of a user, by age."""
    theirs = "t.group_id IN (SELECT group_id FROM group_members WHERE user_id = $1)"
    return await _read(tx, theirs, user_id, resources)


async def of_trips(
    tx: Tx, trip_ids: Collection[str], resources: Sequence[Resource]
) -> list[StoredPlan]:
    """These trips, by age."""
    named = f"t.id {tx.dialect.among('$1')}"
    return await _read(tx, named, msgspec.json.encode(list(trip_ids)).decode(), resources)


async def _read(
    tx: Tx, wanted: str, argument: str, resources: Sequence[Resource]
) -> list[StoredPlan]:
    kinds = tuple(resource.kind for resource in resources)
    records = await tx.fetch(_statement(tx.dialect, wanted, kinds), argument)
    return [
        StoredPlan(
            trip_id,
            trip,
            Revisions.stored(rev, content_rev, message_rev, doc_rev).content,
            {kind: f"[{joined or ''}]" for kind, joined in zip(kinds, lists, strict=True)},
        )
        for trip_id, trip, rev, content_rev, message_rev, doc_rev, *lists in records
    ]


@functools.lru_cache(maxsize=8)
def _statement(dialect: Dialect, wanted: str, kinds: tuple[str, ...]) -> str:
    """One statement; each list is a range scan of its own, in the order of its index."""
    row = dialect.join("'[' || rev || ',' || doc || ']'")
    lists = [
        f"(SELECT {row} FROM (SELECT rev, doc FROM items WHERE trip_id = t.id AND kind = '{kind}'"
        " ORDER BY parent_id, sort_key, created_rev, id) AS listed)"
        for kind in kinds
    ]
    revs = "t.rev, t.content_rev, t.message_rev, t.doc_rev"
    return (
        f"SELECT t.id, t.doc, {revs}, {', '.join(lists)} FROM trips t WHERE {wanted}"
        " ORDER BY t.age, t.id"
    )
