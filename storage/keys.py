"""API keys, of which only hashes are stored."""

import functools
from collections.abc import Collection, Sequence
from typing import Final, TypeVar

import msgspec

from domain.account import KEY_PREFIX, AccountError, key_hash
from domain.actor import Actor, Caller
from domain.cursor import Position
from domain.scopes import BASE_SCOPES, Scopes
from runtime.ids import new_id, new_secret
from storage.access import PART_IN_TRIP, part_in_trip
from storage.page import BEFORE_ALL, Page
from storage.store import Tx

T = TypeVar("T")


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


class ApiKey(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """A key of yours, which is not stored; `lastUsedFrom` is an address, and the program's name."""

    id: str = msgspec.field(name="_id")
    name: str
    scopes: list[str]
    last_four: str | msgspec.UnsetType = msgspec.UNSET
    last_used_at: str | msgspec.UnsetType = msgspec.UNSET
    last_used_from: str | msgspec.UnsetType = msgspec.UNSET
    expires_at: str | msgspec.UnsetType = msgspec.UNSET
    rate_limit: int | msgspec.UnsetType = msgspec.UNSET
    created_at: str


class NewApiKey(ApiKey, rename="camel", omit_defaults=True, kw_only=True):
    """A key that has just been made; `key` is shown this once."""

    key: str


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
        "INSERT INTO api_keys (id, hash, last_four, user_id, name, scopes, rate_limit, expires_at,"
        " created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        key_id,
        key_hash(key),
        last_four(key),
        user_id,
        name,
        msgspec.json.encode(list(scopes)).decode(),
        rate_limit,
        expires_at,
        now,
    )
    return key_id, key


def last_four(key: str) -> str:
    """The characters by which people tell a key from others."""
    return key[-4:]


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


_OF_USER: Final = (
    "SELECT id, name, scopes, last_four, last_used_at, last_used_from, expires_at, rate_limit,"
    " created_at FROM api_keys WHERE user_id = $1 AND revoked_at IS NULL AND id > $2 ORDER BY id"
    " LIMIT $3"
)


async def of_user(tx: Tx, user_id: str, limit: int, after: str = "") -> list[ApiKey]:
    """A user's keys that are not revoked, oldest first, `limit` at most; from an id on."""
    return [_api_key(*record) for record in await tx.fetch(_OF_USER, user_id, after, limit)]


async def page(tx: Tx, user_id: str, *, after: Position | None, limit: int) -> Page:
    """A page of a user's keys that are not revoked, by age."""
    _, _, after_id = after or BEFORE_ALL
    found = await of_user(tx, user_id, limit + 1, after_id)
    return Page.of([("", 0, key.id, msgspec.json.encode(key).decode()) for key in found], limit)


def _api_key(
    key_id: str,
    name: str,
    scopes: str,
    last_four: str | None,
    last_used_at: str | None,
    last_used_from: str | None,
    expires_at: str | None,
    rate_limit: int | None,
    created_at: str,
) -> ApiKey:
    return ApiKey(
        id=key_id,
        name=name,
        scopes=msgspec.json.decode(scopes, type=list[str]),
        last_four=_given(last_four),
        last_used_at=_given(last_used_at),
        last_used_from=_given(last_used_from),
        expires_at=_given(expires_at),
        rate_limit=_given(rate_limit),
        created_at=created_at,
    )


def _given(value: T | None) -> T | msgspec.UnsetType:
    return msgspec.UNSET if value is None else value


async def count(tx: Tx, user_id: str) -> int:
    """How many keys a user has that are not revoked; others that make one wait until the end."""
    await tx.fetchval(f"SELECT 1 FROM users WHERE id = $1 {tx.dialect.lock}", user_id)
    number: int = await tx.fetchval(
        "SELECT count(*) FROM api_keys WHERE user_id = $1 AND revoked_at IS NULL", user_id
    )
    return number


async def revoke_own(tx: Tx, user_id: str, key_id: str, now: str) -> bool:
    """Ends a user's key at once; whether there was one."""
    ended = await tx.execute(
        "UPDATE api_keys SET revoked_at = $3 WHERE user_id = $1 AND id = $2 AND revoked_at IS NULL",
        user_id,
        key_id,
        now,
    )
    return ended > 0


async def authenticate(tx: Tx, hashed: str, trip_id: str) -> Caller | None:
    """The caller whose key has this hash, with its part in a trip ("": none is meant).

    None for a wrong or revoked key, and for one that was being made while its user was deleted.
    Whether the key has expired is not looked at:
    `Actor.may_act_at` tells. One statement.
    """
    record = await tx.fetchrow(
        "SELECT k.id, k.name, k.scopes, k.rate_limit, k.expires_at,"
        f" u.id, u.name, u.email, {PART_IN_TRIP}"
        " FROM api_keys k JOIN users u ON u.id = k.user_id"
        " LEFT JOIN trips t ON t.id = $2"
        " LEFT JOIN groups g ON g.id = t.group_id"
        " LEFT JOIN group_members m ON m.group_id = t.group_id AND m.user_id = k.user_id"
        " WHERE k.hash = $1 AND k.revoked_at IS NULL AND u.deleted_at IS NULL",
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
