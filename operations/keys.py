"""API keys: make, list and revoke one's own, which is for people who are signed in."""

from typing import Any

from msgspec import UNSET

from domain import details, key
from domain.actor import Actor
from domain.cursor import Position
from domain.errors import NotFound, ValidationFailed
from domain.merge import Document
from storage import keys, trips
from storage.keys import NewApiKey
from storage.page import Page
from storage.store import Tx


async def create(tx: Tx, actor: Actor, body: Any, now: str) -> NewApiKey:
    """A new key of the actor's, with the key itself."""
    fields, found = key.made(body, now)
    if not any(detail.path.startswith("scopes") for detail in found):
        named = key.trips_named(fields["scopes"])
        reachable = await trips.reachable(tx, actor.user, named) if named else set()
        found += key.unreachable(fields["scopes"], reachable)
    if found:
        raise ValidationFailed(found)
    if await keys.count(tx, actor.user) >= key.MOST:
        unit = "API keys of one user: DELETE one that is not needed any more"
        raise ValidationFailed([details.too_long("", key.MOST, unit)])
    return await _made(tx, actor, fields, now)


async def _made(tx: Tx, actor: Actor, fields: Document, now: str) -> NewApiKey:
    key_id, secret = await keys.create(
        tx,
        user_id=actor.user,
        name=fields["name"],
        now=now,
        scopes=fields["scopes"],
        rate_limit=fields.get("rateLimit"),
        expires_at=fields.get("expiresAt"),
    )
    return NewApiKey(
        id=key_id,
        name=fields["name"],
        scopes=fields["scopes"],
        last_four=keys.last_four(secret),
        expires_at=fields.get("expiresAt", UNSET),
        rate_limit=fields.get("rateLimit", UNSET),
        created_at=now,
        key=secret,
    )


async def list_keys(tx: Tx, actor: Actor, after: Position | None, limit: int) -> Page:
    """A page of the actor's keys."""
    return await keys.page(tx, actor.user, after=after, limit=limit)


async def revoke(tx: Tx, actor: Actor, key_id: str, now: str) -> None:
    """Ends a key of the actor's at once; `NotFound` where there is none."""
    if not await keys.revoke_own(tx, actor.user, key_id, now):
        raise NotFound("You have no such key: GET /api/v1/keys lists yours")
