"""Trips, and who may see them."""

import msgspec

from domain.cursor import Position
from domain.merge import Document
from storage.page import Page
from storage.store import Tx


class Member(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """A member of a trip, as members see each other."""

    user_id: str
    name: str
    email: str
    phone: str | msgspec.UnsetType = msgspec.UNSET
    role: str


async def insert(tx: Tx, group_id: str, document: Document) -> None:
    """Stores a new trip, at revision 1."""
    await tx.execute(
        "INSERT INTO trips (id, group_id, rev, doc) VALUES ($1, $2, 1, $3)",
        document["_id"],
        group_id,
        msgspec.json.encode(document).decode(),
    )


async def update(tx: Tx, document: Document) -> int:
    """Stores a trip's changed document; the trip's new revision."""
    rev: int = await tx.fetchval(
        "UPDATE trips SET doc = $1, rev = rev + 1 WHERE id = $2 RETURNING rev",
        msgspec.json.encode(document).decode(),
        document["_id"],
    )
    return rev


async def bump(tx: Tx, trip_id: str) -> int:
    """Counts a write in the trip; its new revision."""
    rev: int = await tx.fetchval(
        "UPDATE trips SET rev = rev + 1 WHERE id = $1 RETURNING rev", trip_id
    )
    return rev


async def revision(tx: Tx, trip_id: str) -> int:
    """A trip's revision; the trip exists."""
    rev: int = await tx.fetchval("SELECT rev FROM trips WHERE id = $1", trip_id)
    return rev


async def lock(tx: Tx, trip_id: str) -> None:
    """Makes other writers of this trip wait, where several can write at once."""
    if tx.dialect.lock:
        await tx.fetchval(f"SELECT rev FROM trips WHERE id = $1 {tx.dialect.lock}", trip_id)


async def get(tx: Tx, trip_id: str) -> tuple[str, int]:
    """A trip's stored JSON and its revision; the trip exists."""
    record = await tx.fetchrow("SELECT doc, rev FROM trips WHERE id = $1", trip_id)
    assert record is not None
    return record[0], record[1]


async def page(
    tx: Tx, user_id: str, *, among: frozenset[str] | None, after: Position | None, limit: int
) -> Page:
    """A page of a user's trips by age; with `among`, only those of these ids."""
    arguments: list[object] = [user_id, (after or ("", ""))[1], limit + 1]
    condition = ""
    if among is not None:
        condition = f" AND id {tx.dialect.among('$4')}"
        arguments.append(msgspec.json.encode(sorted(among)).decode())
    records = await tx.fetch(
        "SELECT '', id, doc FROM trips"
        " WHERE group_id IN (SELECT group_id FROM group_members WHERE user_id = $1)"
        f" AND id > $2{condition} ORDER BY id LIMIT $3",
        *arguments,
    )
    return Page.of(records, limit)


_MEMBERS = (
    "SELECT m.user_id, u.name, u.email, u.phone, m.role FROM trips t"
    " JOIN group_members m ON m.group_id = t.group_id JOIN users u ON u.id = m.user_id"
    " WHERE t.id = $1"
)


async def members_page(tx: Tx, trip_id: str, *, after: Position | None, limit: int) -> Page:
    """A page of a trip's members."""
    records = await tx.fetch(
        f"{_MEMBERS} AND m.user_id > $2 ORDER BY m.user_id LIMIT $3",
        trip_id,
        (after or ("", ""))[1],
        limit + 1,
    )
    return Page.of(
        [("", record[0], msgspec.json.encode(member_of(*record)).decode()) for record in records],
        limit,
    )


async def member_ids(tx: Tx, trip_id: str) -> list[str]:
    """The user ids of a trip's members."""
    return [record[0] for record in await tx.fetch(_MEMBERS, trip_id)]


def member_of(user_id: str, name: str, email: str, phone: str | None, role: str) -> Member:
    """A member from its columns."""
    return Member(
        user_id=user_id,
        name=name,
        email=email,
        phone=msgspec.UNSET if phone is None else phone,
        role=role,
    )
