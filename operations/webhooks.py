"""Webhooks: make, list, change and delete them, and look at what they were told."""

import dataclasses
import secrets
from collections.abc import Sequence
from typing import Any

from domain import access, details, webhook
from domain.actor import Actor
from domain.cursor import Position
from domain.delivery import SECRET_BYTES, secret_of
from domain.errors import Detail, NotFound, ValidationFailed
from domain.merge import Document, same
from runtime.ids import new_id
from storage import deliveries, trips, webhooks
from storage.deliveries import DeliveryInfo
from storage.page import Page
from storage.store import Tx
from storage.webhooks import Hook, HookRow, NewHook


async def create(tx: Tx, actor: Actor, body: Any, addresses: Sequence[str], now: str) -> NewHook:
    """A new webhook with its secret; `addresses` are those that its URL leads to, if known."""
    fields, found = webhook.merged({}, webhook.sent(body))
    await _check(tx, actor, fields, found + webhook.refused_addresses(addresses))
    age = await webhooks.next_age(tx)
    if await webhooks.count(tx, actor.user) >= webhook.MOST:
        unit = "webhooks of one user: DELETE one that is not needed any more"
        raise ValidationFailed([details.too_long("", webhook.MOST, unit)])
    hook = _with_reason(HookRow(new_id(), fields, None, None, now, now), now)
    secret = secret_of(secrets.token_bytes(SECRET_BYTES))
    await webhooks.insert(tx, actor, hook, secret, age)
    return hook.shown_once(secret)


async def change(
    tx: Tx, actor: Actor, hook_id: str, body: Any, addresses: Sequence[str], now: str
) -> Hook:
    """A merge into a webhook, which is the actor's key's from then on if that changes it.

    Else a key could have another one's messages sent to a receiver of its own.
    """
    before = await _own(tx, actor, hook_id, lock=True)
    fields, found = webhook.merged(before.fields, webhook.sent(body))
    found += webhook.refused_addresses(addresses)
    if not found and same(before.fields, fields):
        return before.shown()
    await _check(tx, actor, fields, found)
    updated_at = max(before.created_at, now)
    hook = dataclasses.replace(before, fields=fields, updated_at=updated_at)
    if fields["enabled"] != before.fields["enabled"]:
        hook = _with_reason(hook, now)
        if fields["enabled"]:
            await deliveries.begin_anew(tx, hook_id)
    await webhooks.update(tx, actor, hook)
    return hook.shown()


def _with_reason(hook: HookRow, now: str) -> HookRow:
    if hook.fields["enabled"]:
        return dataclasses.replace(hook, disabled_reason=None, disabled_at=None)
    return dataclasses.replace(hook, disabled_reason="Its user disabled it", disabled_at=now)


async def _check(tx: Tx, actor: Actor, fields: Document, found: list[Detail]) -> None:
    """That a webhook is right, and that the actor may read what it tells (400, 403)."""
    trip_id: Any = fields.get("tripId")
    wrong = any(detail.path == "tripId" for detail in found)
    named = trip_id is not None and not wrong and webhook.is_visible(actor.scopes, trip_id)
    trip = await trips.access(tx, trip_id, actor.user) if named else None
    if named and trip is None:
        where = "GET /api/v1/trips lists yours; without a tripId a webhook tells of all of them"
        found.append(details.not_found("tripId", "trip has the _id", trip_id, where))
    if found:
        raise ValidationFailed(found)
    if trip_id is None:
        webhook.require_unlimited(actor, fields["events"])
        return
    access.require_trip(actor, trip, trip_id, "trips:read", writes=False)
    if webhook.tells_messages(fields["events"]):
        access.require_trip(actor, trip, trip_id, "messages:read", writes=False)


async def _own(tx: Tx, actor: Actor, hook_id: str, *, lock: bool = False) -> HookRow:
    """A webhook of the actor's user that its key may see; else `NotFound`."""
    hook = await webhooks.get(tx, actor.user, hook_id, lock=lock)
    if hook is None or not webhook.is_visible(actor.scopes, hook.trip_id):
        raise NotFound("You have no such webhook: GET /api/v1/webhooks lists yours")
    return hook


async def list_hooks(tx: Tx, actor: Actor, after: Position | None, limit: int) -> Page:
    """A page of the user's webhooks; with a key limited to trips, of those of these."""
    scopes = actor.scopes
    among = None if scopes.has_unlimited("trips:read") else scopes.trips("trips:read")
    return await webhooks.page(tx, actor.user, among=among, after=after, limit=limit)


async def delete(tx: Tx, actor: Actor, hook_id: str, now: str) -> None:
    """Ends a webhook, and whatever it has not been told yet."""
    await _own(tx, actor, hook_id, lock=True)
    await webhooks.delete(tx, actor.user, hook_id, now)


async def test(tx: Tx, actor: Actor, hook_id: str, now: str) -> DeliveryInfo:
    """A delivery that only shows whether the receiver answers."""
    await _own(tx, actor, hook_id, lock=True)
    return await deliveries.insert_test(tx, hook_id, now)


async def list_deliveries(
    tx: Tx, actor: Actor, hook_id: str, after: Position | None, limit: int
) -> Page:
    """A page of a webhook's deliveries, newest first."""
    await _own(tx, actor, hook_id)
    return await deliveries.page(tx, hook_id, after=after, limit=limit)


async def redeliver(tx: Tx, actor: Actor, hook_id: str, delivery_id: str) -> DeliveryInfo:
    """A delivery that is due again."""
    await _own(tx, actor, hook_id)
    delivery = await deliveries.redeliver(tx, hook_id, delivery_id)
    if delivery is None:
        raise NotFound("This webhook has no such delivery; those that ended long ago are dropped")
    return delivery
