"""Trips, and who may see them."""

from collections.abc import Collection

import msgspec

from domain.actor import TripAccess
from domain.cursor import Position
from domain.revisions import Revisions
from domain.row import Row
from domain.scopes import Role
from domain.trip import TRIP
from storage.groups import page_of_members
from storage.page import BEFORE_ALL, Page
from storage.store import Tx


async def get(tx: Tx, trip_id: str) -> Row:
    """A trip as a row; the trip exists."""
    record = await tx.fetchrow(
        "SELECT doc, rev, content_rev, message_rev, doc_rev FROM trips WHERE id = $1", trip_id
    )
    assert record is not None
    document, *revs = record
    return Row(TRIP.kind, trip_id, "", document, rev=Revisions.stored(*revs).doc, created_rev=1)


async def revisions(tx: Tx, trip_id: str) -> Revisions:
    """A trip's revisions; the trip exists."""
    record = await tx.fetchrow(
        "SELECT rev, content_rev, message_rev, doc_rev FROM trips WHERE id = $1", trip_id
    )
    assert record is not None
    return Revisions.stored(*record)


async def revs(tx: Tx, trip_ids: Collection[str]) -> dict[str, int]:
    """The present revisions of trips; one statement."""
    records = await tx.fetch(
        f"SELECT id, rev FROM trips WHERE id {tx.dialect.among('$1')}", _json(trip_ids)
    )
    return dict(records)  # type: ignore[arg-type]  # records of two


async def revs_and_members(
    tx: Tx, trip_ids: Collection[str], user_ids: Collection[str]
) -> tuple[dict[str, int], set[tuple[str, str]]]:
    """The present revisions of trips, and who of these users is a member of which.

    One statement.
    """
    records = await tx.fetch(
        "SELECT t.id, t.rev, m.user_id FROM trips t LEFT JOIN group_members m"
        f" ON m.group_id = t.group_id AND m.user_id {tx.dialect.among('$2')}"
        f" WHERE t.id {tx.dialect.among('$1')}",
        _json(trip_ids),
        _json(user_ids),
    )
    found = {trip_id: rev for trip_id, rev, _ in records}
    return found, {(trip_id, user_id) for trip_id, _, user_id in records}


def _json(ids: Collection[str]) -> str:
    return msgspec.json.encode(sorted(ids)).decode()


async def access(tx: Tx, trip_id: str, user_id: str) -> TripAccess | None:
    """A user's part in a trip; None when there is no such trip."""
    record = await tx.fetchrow(
        "SELECT t.rev, t.content_rev, t.message_rev, t.doc_rev, g.rev, m.role FROM trips t"
        " JOIN groups g ON g.id = t.group_id"
        " LEFT JOIN group_members m ON m.group_id = t.group_id AND m.user_id = $2"
        " WHERE t.id = $1",
        trip_id,
        user_id,
    )
    if record is None:
        return None
    *revs, group_rev, role = record
    return TripAccess(Revisions.stored(*revs), group_rev, Role(role) if role else None)


async def has(tx: Tx, trip_id: str, seen: TripAccess) -> bool:
    """Whether the database has a trip and its group as they were seen, or later."""
    found = await tx.fetchval(
        "SELECT 1 FROM trips t JOIN groups g ON g.id = t.group_id"
        " WHERE t.id = $1 AND t.rev >= $2 AND g.rev >= $3",
        trip_id,
        seen.revs.rev,
        seen.group_rev,
    )
    return found is not None


async def page(
    tx: Tx, user_id: str, *, among: frozenset[str] | None, after: Position | None, limit: int
) -> Page:
    """A page of a user's trips by age; with `among`, only those of these ids."""
    condition, arguments = _of_user(tx, user_id, among, after)
    records = await tx.fetch(
        f"SELECT '', age, id, doc FROM trips WHERE {condition} ORDER BY age, id"
        f" LIMIT ${len(arguments) + 1}",
        *arguments,
        limit + 1,
    )
    return Page.of(records, limit)


async def documents(tx: Tx, user_id: str) -> list[str]:
    """The JSON of all of a user's trips, in no order."""
    condition, arguments = _of_user(tx, user_id, None, None)
    return [
        document
        for (document,) in await tx.fetch(f"SELECT doc FROM trips WHERE {condition}", *arguments)
    ]


async def count(
    tx: Tx, user_id: str, *, among: frozenset[str] | None, after: Position | None
) -> int:
    """How many trips `page` has from there on."""
    condition, arguments = _of_user(tx, user_id, among, after)
    found: int = await tx.fetchval(f"SELECT count(*) FROM trips WHERE {condition}", *arguments)
    return found


async def reachable(tx: Tx, user_id: str, trip_ids: Collection[str]) -> set[str]:
    """Those of these trips that are of a group of the user's."""
    condition, arguments = _of_user(tx, user_id, frozenset(trip_ids), None)
    records = await tx.fetch(f"SELECT id FROM trips WHERE {condition}", *arguments)
    return {trip_id for (trip_id,) in records}


def _of_user(
    tx: Tx, user_id: str, among: frozenset[str] | None, after: Position | None
) -> tuple[str, list[object]]:
    _, age, trip_id = after or BEFORE_ALL
    condition = (
        "group_id IN (SELECT group_id FROM group_members WHERE user_id = $1)"
        " AND (age, id) > ($2, $3)"
    )
    if among is None:
        return condition, [user_id, age, trip_id]
    return f"{condition} AND id {tx.dialect.among('$4')}", [user_id, age, trip_id, _json(among)]


_MEMBERS = (
    "SELECT m.user_id, u.name, u.email, u.phone, m.role, m.joined_rev FROM trips t"
    " JOIN group_members m ON m.group_id = t.group_id JOIN users u ON u.id = m.user_id"
    " WHERE t.id = $1"
)


async def members_page(tx: Tx, trip_id: str, *, after: Position | None, limit: int) -> Page:
    """A page of a trip's members, in the order in which they came."""
    _, joined_rev, user_id = after or BEFORE_ALL
    records = await tx.fetch(
        f"{_MEMBERS} AND (m.joined_rev, m.user_id) > ($2, $3)"
        " ORDER BY m.joined_rev, m.user_id LIMIT $4",
        trip_id,
        joined_rev,
        user_id,
        limit + 1,
    )
    return page_of_members(records, limit)


async def member_ids(tx: Tx, trip_id: str) -> list[str]:
    """The user ids of a trip's members."""
    return [record[0] for record in await tx.fetch(_MEMBERS, trip_id)]


async def member_names(tx: Tx, trip_id: str) -> dict[str, str]:
    """The names of a trip's members by their user ids."""
    return {record[0]: record[1] for record in await tx.fetch(_MEMBERS, trip_id)}
