"""A whole trip, read in one statement and therefore from one moment on every backend."""

import dataclasses
import functools
from collections.abc import Sequence

import msgspec

from domain.resource import Resource
from domain.revisions import Revisions
from storage import shares
from storage.groups import Member, member_of
from storage.store import Dialect, Tx


@dataclasses.dataclass(frozen=True, slots=True)
class Snapshot:
    """A trip's JSON, the JSON of its rows joined by commas for each kind, and its members."""

    trip: str
    rev: int
    """The trip's revision as far as its content goes."""
    rows: dict[str, str]
    members: list[Member]


async def of_trip(tx: Tx, trip_id: str, resources: Sequence[Resource]) -> Snapshot:
    """The trip with these resources; the trip exists."""
    snapshot = await _read(tx, trip_id, resources)
    assert snapshot is not None
    return snapshot


async def of_share(tx: Tx, token: str, resources: Sequence[Resource]) -> Snapshot | None:
    """The trip an active share token shows; None when the token is unknown or revoked."""
    trip_id = await shares.trip_of(tx, token)
    return None if trip_id is None else await _read(tx, trip_id, resources)


async def _read(tx: Tx, trip_id: str, resources: Sequence[Resource]) -> Snapshot | None:
    kinds = tuple(resource.kind for resource in resources)
    record = await tx.fetchrow(_statement(tx.dialect, kinds), trip_id)
    if record is None:
        return None
    trip, rev, content_rev, message_rev, doc_rev, members, *lists = record
    return Snapshot(
        trip,
        Revisions.stored(rev, content_rev, message_rev, doc_rev).content,
        {kind: joined or "" for kind, joined in zip(kinds, lists, strict=True)},
        [member_of(*fields) for fields in msgspec.json.decode(members or "[]")],
    )


@functools.lru_cache(maxsize=16)
def _statement(dialect: Dialect, kinds: tuple[str, ...]) -> str:
    """One statement; each list is a range scan of its own, in the order of its index."""
    lists = [
        f"(SELECT {dialect.join('doc')} FROM (SELECT doc FROM items"
        f" WHERE trip_id = $1 AND kind = '{kind}' ORDER BY parent_id, sort_key, created_rev, id)"
        " AS listed)"
        for kind in kinds
    ]
    members = (
        f"(SELECT {dialect.rows('id, name, email, phone, role')} FROM (SELECT u.id, u.name,"
        " u.email, u.phone, m.role FROM group_members m JOIN users u ON u.id = m.user_id"
        " WHERE m.group_id = t.group_id ORDER BY m.joined_rev, m.user_id) AS joined)"
    )
    revs = "t.rev, t.content_rev, t.message_rev, t.doc_rev"
    return f"SELECT t.doc, {revs}, {members}, {', '.join(lists)} FROM trips t WHERE t.id = $1"
