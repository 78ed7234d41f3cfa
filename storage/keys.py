"""API keys, of which only hashes are stored."""

import functools
from collections.abc import Collection, Sequence

import msgspec

from domain.account import KEY_PREFIX, AccountError, key_hash
from domain.actor import Actor, Caller
from domain.scopes import BASE_SCOPES, Scopes
from runtime.ids import new_id, new_secret
from storage.access import PART_IN_TRIP, part_in_trip
from storage.store import Tx


class KeyInfo(msgspec.Struct, rename="camel", omit_defaults=True):
    """What is stored of a key, which is not the key."""

    id: str = msgspec.field(name="_id")
    user: str
    name: str
    scopes: list[str]
    created_at: str
    rate_limit: int | None = None
    expires_at: str | None = None
    revoked_at: str | None = None


async def create(
    tx: Tx,
    *,
    user_id: str,
    name: str,
    now: str,
    scopes: Sequence[str] = BASE_SCOPES,
    rate_limit: int | None = None,
    expires_at: str | None = None,
) -> tuple[str, str]:
    """A new key: its id, and the key itself, of which only a hash is stored."""
    key_id, key = new_id(), new_secret(KEY_PREFIX)
    await tx.execute(
        "INSERT INTO api_keys (id, hash, user_id, name, scopes, rate_limit, expires_at, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        key_id,
        key_hash(key),
        user_id,
        name,
        msgspec.json.encode(list(scopes)).decode(),
        rate_limit,
        expires_at,
        now,
    )
    return key_id, key


async def list_all(tx: Tx) -> list[KeyInfo]:
    """All keys, oldest first."""
    records = await tx.fetch(
        "SELECT k.id, u.email, k.name, k.scopes, k.created_at, k.rate_limit, k.expires_at,"
        " k.revoked_at FROM api_keys k JOIN users u ON u.id = k.user_id ORDER BY k.id"
    )
    return [
        KeyInfo(key_id, email, name, msgspec.json.decode(scopes, type=list[str]), *rest)
        for key_id, email, name, scopes, *rest in records
    ]


async def revoke(tx: Tx, key_id: str, now: str) -> str:
    """Ends a key at once; when it was revoked first. `AccountError` when there is none."""
    revoked_at: str | None = await tx.fetchval(
        "UPDATE api_keys SET revoked_at = coalesce(revoked_at, $1) WHERE id = $2"
        " RETURNING revoked_at",
        now,
        key_id,
    )
    if revoked_at is None:
        raise AccountError(f"there is no key {key_id}")
    return revoked_at


async def authenticate(tx: Tx, hashed: str, trip_id: str) -> Caller | None:
    """The caller whose key has this hash, with its part in a trip ("": none is meant).

    None for a wrong or revoked key. Whether the key has expired is not looked at:
    `Actor.may_act_at` tells. One statement.
    """
    record = await tx.fetchrow(
        "SELECT k.id, k.name, k.scopes, k.rate_limit, k.expires_at,"
        f" u.id, u.name, u.email, {PART_IN_TRIP}"
        " FROM api_keys k JOIN users u ON u.id = k.user_id"
        " LEFT JOIN trips t ON t.id = $2"
        " LEFT JOIN groups g ON g.id = t.group_id"
        " LEFT JOIN group_members m ON m.group_id = t.group_id AND m.user_id = k.user_id"
        " WHERE k.hash = $1 AND k.revoked_at IS NULL",
        hashed,
        trip_id,
    )
    if record is None:
        return None
    key_id, key_name, scopes, rate_limit, expires_at, user_id, name, email, *part = record
    actor = Actor(
        user_id=user_id,
        name=name,
        email=email,
        scopes=scopes_in(scopes),
        key_id=key_id,
        key_name=key_name,
        rate_limit=rate_limit,
        expires_at=expires_at,
    )
    return Caller(actor, part_in_trip(part))


async def scopes_of(tx: Tx, key_ids: Collection[str], now: str) -> dict[str, Scopes]:
    """The scopes of keys, without those that are revoked or have expired; one statement."""
    records = await tx.fetch(
        f"SELECT id, scopes, expires_at FROM api_keys WHERE id {tx.dialect.among('$1')}"
        " AND revoked_at IS NULL",
        msgspec.json.encode(sorted(key_ids)).decode(),
    )
    return {
        key_id: scopes_in(scopes)
        for key_id, scopes, expires_at in records
        if expires_at is None or now < expires_at
    }


@functools.lru_cache(maxsize=1_000)
def scopes_in(text: str) -> Scopes:
    """A key's scopes, as they are stored."""
    return Scopes(msgspec.json.decode(text, type=list[str]))
