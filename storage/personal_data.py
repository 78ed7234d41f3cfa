"""All that is known of a user, for them to take along (GDPR, articles 15 and 20)."""

from typing import Any

import msgspec

from domain.message import MESSAGE
from storage import groups, sessions, users
from storage.groups import Group
from storage.sessions import SessionInfo
from storage.store import Record, Tx
from storage.users import ProfileInfo


class KeyOfMine(msgspec.Struct, rename="camel", omit_defaults=True):
    """An API key, without the key."""

    id: str = msgspec.field(name="_id")
    name: str
    scopes: list[str]
    created_at: str
    rate_limit: int | None = None
    expires_at: str | None = None
    revoked_at: str | None = None
    last_used_at: str | None = None
    last_used_from: str | None = None


class PasskeyOfMine(msgspec.Struct, rename="camel", omit_defaults=True):
    """A passkey, by its name."""

    id: str = msgspec.field(name="_id")
    name: str
    created_at: str
    last_used_at: str | None = None


class IdentityOfMine(msgspec.Struct, rename="camel"):
    """Whom a provider of OpenID Connect means."""

    issuer: str
    subject: str
    created_at: str


class TripOfMine(msgspec.Struct, rename="camel"):
    """A trip of a group of one's own."""

    id: str = msgspec.field(name="_id")
    title: str
    created_by_me: bool


class ChangeOfMine(msgspec.Struct, rename="camel"):
    """A write in a trip."""

    trip_id: str
    rev: int
    at: str
    via: str


class WebhookOfMine(msgspec.Struct, rename="camel", omit_defaults=True):
    """A webhook, without its secret."""

    id: str = msgspec.field(name="_id")
    url: str
    events: list[str]
    created_at: str
    trip_id: str | None = None
    description: str | None = None


class PersonalData(msgspec.Struct, rename="camel"):
    """All that is known of a person; `trips` are those of their groups."""

    profile: ProfileInfo
    groups: list[Group]
    keys: list[KeyOfMine]
    sessions: list[SessionInfo]
    passkeys: list[PasskeyOfMine]
    identities: list[IdentityOfMine]
    webhooks: list[WebhookOfMine]
    trips: list[TripOfMine]
    messages: list[dict[str, Any]]
    changes: list[ChangeOfMine]


_TRIPS = (
    "SELECT t.id FROM trips t JOIN group_members m ON m.group_id = t.group_id WHERE m.user_id = $1"
)


async def of_user(tx: Tx, user_id: str, sessions_since: str) -> PersonalData:
    """All that is known of a user, who is there; messages and changes in the trips they see.

    Sessions that were not used after `sessions_since` are over.
    """

    async def mine(columns: str, table: str) -> list[Record]:
        query = f"SELECT {columns} FROM {table} WHERE user_id = $1 ORDER BY created_at"
        return list(await tx.fetch(query, user_id))

    keys = await mine(
        "id, name, scopes, created_at, rate_limit, expires_at, revoked_at, last_used_at,"
        " last_used_from",
        "api_keys",
    )
    hooks = await tx.fetch(
        "SELECT id, url, events, created_at, trip_id, description FROM webhooks"
        " WHERE user_id = $1 AND deleted_at IS NULL ORDER BY age",
        user_id,
    )
    return PersonalData(
        profile=await users.profile(tx, user_id),
        groups=await groups.of_user(tx, user_id),
        keys=[KeyOfMine(a, b, msgspec.json.decode(scopes), *rest) for a, b, scopes, *rest in keys],
        sessions=await sessions.of_user(tx, user_id, sessions_since),
        passkeys=[
            PasskeyOfMine(*each)
            for each in await mine("id, name, created_at, last_used_at", "passkeys")
        ],
        identities=[
            IdentityOfMine(*each)
            for each in await mine("issuer, subject, created_at", "identities")
        ],
        webhooks=[
            WebhookOfMine(a, b, msgspec.json.decode(events), *rest) for a, b, events, *rest in hooks
        ],
        trips=await _trips(tx, user_id),
        messages=await _messages(tx, user_id),
        changes=await _changes(tx, user_id),
    )


async def _trips(tx: Tx, user_id: str) -> list[TripOfMine]:
    records = await tx.fetch(
        f"SELECT id, doc FROM trips WHERE id IN ({_TRIPS}) ORDER BY age", user_id
    )
    found = []
    for trip_id, document in records:
        trip = msgspec.json.decode(document)
        found.append(TripOfMine(trip_id, trip["title"], trip["createdBy"] == user_id))
    return found


async def _messages(tx: Tx, user_id: str) -> list[dict[str, Any]]:
    records = await tx.fetch(
        f"SELECT doc FROM items WHERE trip_id IN ({_TRIPS}) AND kind = '{MESSAGE.kind}'"
        " AND doc LIKE $2 ORDER BY trip_id, created_rev",
        user_id,
        f'%"authorId":"{user_id}"%',
    )
    documents = [msgspec.json.decode(record[0]) for record in records]
    # What somebody else quotes may look the same.
    return [each for each in documents if each["authorId"] == user_id]


async def _changes(tx: Tx, user_id: str) -> list[ChangeOfMine]:
    records = await tx.fetch(
        f"SELECT trip_id, rev, at, via FROM changesets WHERE trip_id IN ({_TRIPS})"
        " AND user_id = $1 ORDER BY trip_id, rev",
        user_id,
    )
    return [ChangeOfMine(*record) for record in records]
