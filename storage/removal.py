"""Deleting groups with all that is in them, and users with all that is only theirs."""

from typing import Final, NamedTuple

import msgspec

from domain.people import FORMER_MEMBER
from storage.changes import json_array
from storage.store import Tx


class Standing(NamedTuple):
    """A user's part in a group, and who else is in it."""

    group_id: str
    name: str
    role: str
    others: int
    other_owners: int


async def standings(tx: Tx, user_id: str) -> list[Standing]:
    """A user's groups, in the order in which they were joined; one statement."""
    others = (
        "SELECT count(*) FROM group_members o WHERE o.group_id = m.group_id AND o.user_id <> $1"
    )
    records = await tx.fetch(
        f"SELECT g.id, g.name, m.role, ({others}), ({others} AND o.role = 'owner')"
        " FROM group_members m JOIN groups g ON g.id = m.group_id"
        " WHERE m.user_id = $1 ORDER BY m.created_at, g.id",
        user_id,
    )
    return [Standing(*record) for record in records]


async def trips_of(tx: Tx, group_id: str) -> list[str]:
    """The titles of a group's trips, by age."""
    records = await tx.fetch("SELECT doc FROM trips WHERE group_id = $1 ORDER BY age, id", group_id)
    return [msgspec.json.decode(record[0])["title"] for record in records]


_OF_TRIPS: Final = ("items", "links", "shares", "changesets", "prior_rows", "jobs")
"""The tables whose rows have a `trip_id`, and go with the trip: no foreign key sees to it."""


async def delete_group(tx: Tx, group_id: str) -> None:
    """Deletes a group with its trips and all that is in them; its members are still there.

    The number of statements does not grow with what there is.
    """
    # The trips come first: whoever writes in one of them has finished when this goes on, and nobody
    # begins after it.
    trips = await tx.fetch("DELETE FROM trips WHERE group_id = $1 RETURNING id", group_id)
    ids = json_array(trip_id for (trip_id,) in trips)
    for table in _OF_TRIPS:
        await tx.execute(f"DELETE FROM {table} WHERE trip_id {tx.dialect.among('$1')}", ids)
    for table in ("invites", "group_members"):
        await tx.execute(f"DELETE FROM {table} WHERE group_id = $1", group_id)
    await tx.execute("DELETE FROM groups WHERE id = $1", group_id)


_OF_USERS: Final = (
    *("group_members", "api_keys", "sessions", "passkeys", "identities", "resets"),
    *("calendar_tokens", "jobs"),
)
"""The tables whose rows have a `user_id`, and go with the user."""


async def delete_user(tx: Tx, user_id: str, now: str) -> None:
    """Leaves nothing of a user but the id, which what they wrote names.

    The address is free again: instead of it there is the id, by which nobody can sign in.
    """
    # Tables of which each part of a database has a copy come before those that are split: the other
    # way round Citus refuses.
    await tx.execute(
        "UPDATE users SET name = $2, email = id, phone = NULL, password = NULL, deleted_at = $3"
        " WHERE id = $1",
        user_id,
        FORMER_MEMBER,
        now,
    )
    await tx.execute(
        "DELETE FROM idempotency WHERE api_key_id = $1"
        " OR api_key_id IN (SELECT id FROM api_keys WHERE user_id = $2)",
        f"user:{user_id}",
        user_id,
    )
    for table in _OF_USERS:
        await tx.execute(f"DELETE FROM {table} WHERE user_id = $1", user_id)
    await tx.execute("DELETE FROM invites WHERE created_by = $1", user_id)
    # Deliveries may be many, and are being written: they are dropped with these, in batches.
    await tx.execute(
        "UPDATE webhooks SET deleted_at = $2, enabled = 0, secret = '', url = '',"
        " description = NULL WHERE user_id = $1",
        user_id,
        now,
    )
