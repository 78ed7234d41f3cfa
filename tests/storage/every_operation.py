"""An operation of each kind that requests and workers have on what is stored."""

from typing import Any, get_args

import msgspec

from domain.account import key_hash
from domain.errors import ItemError
from domain.imports import ImportRequest, items_of
from domain.message import CHANNEL, MESSAGE
from domain.resources import LEG, MAP_PIN, RESOURCES
from domain.undo import UndoRequest
from domain.webhook import EVENTS
from operations import history as history_operations
from operations import imports, messages, rows, undo
from operations import trips as trip_operations
from operations import webhooks as hooks
from operations.rows import Collection
from runtime.ids import new_id
from storage import (
    deliveries,
    groups,
    history,
    idempotency,
    invites,
    items,
    job_claims,
    jobs,
    keys,
    last_use,
    leases,
    personal_data,
    removal,
    server_state,
    shares,
    snapshots,
    trips,
    webhook_claims,
    webhooks,
)
from storage.last_use import Table, Use
from storage.leases import Lease
from storage.store import Tx
from storage.webhook_claims import Answer, Claim
from storage.webhooks import tell_of_job
from tests.storage.home import SECRET, Home, event, leg, pin, stay
from tests.support import TRIP as TRIP_SAMPLE
from tests.support import WEBHOOK, now

NOT_KNOWN = ItemError("INTERNAL", "x")
LEASE = Lease("x", "x", 1, 99.0)


async def fill(home: Home) -> None:
    """Puts something of everything into the trip."""
    await home.sync(
        {
            "legs": [leg(clientRef="l")],
            "stays": [stay(legRef="l", clientRef="s")],
            "mapPins": [pin(clientRef="p")],
            "commitments": [event(legRef="l", mapPinRef="p", clientRef="e")],
        }
    )


def reads(home: Home) -> dict[str, Any]:
    place = ("0", 1, "0")
    trip_id, user_id = home.trip_id, home.user_id
    return {
        "authenticate": lambda tx: keys.authenticate(tx, key_hash(home.key), trip_id),
        "own keys": lambda tx: keys.page(tx, user_id, after=place, limit=9),
        "number of own keys": lambda tx: keys.count(tx, user_id),
        "trips that a new key may name": lambda tx: trips.reachable(tx, user_id, {trip_id, "x"}),
        "groups": lambda tx: groups.of_user(tx, user_id),
        "group's members": lambda tx: groups.members_page(tx, home.group_id, after=place, limit=9),
        "a member": lambda tx: groups.member(tx, home.group_id, user_id),
        "invitation": lambda tx: invites.offer(tx, "t", now()),
        "invitations": lambda tx: invites.pending(tx, home.group_id, now()),
        "what becomes of groups": lambda tx: removal.standings(tx, user_id),
        "all that is known of a user": lambda tx: personal_data.of_user(tx, user_id, now()),
        "role": lambda tx: groups.role_in(tx, home.group_id, user_id),
        "trip": lambda tx: trips.get(tx, trip_id),
        "members' ids": lambda tx: trips.member_ids(tx, trip_id),
        "row": lambda tx: items.get(tx, trip_id, "leg", "x"),
        "parent": lambda tx: items.exists(tx, trip_id, "leg", "x"),
        "job": lambda tx: jobs.get(tx, user_id, "x"),
        "outcome": lambda tx: jobs.outcome(tx, user_id, "x"),
        "next job": lambda tx: job_claims.next_due(tx, ["sync", "batch"]),
        "jobs put off": lambda tx: leases.put_off(tx, job_claims.LEASES, 1.0),
        "share": lambda tx: shares.active(tx, trip_id, SECRET),
        "webhook": lambda tx: webhooks.get(tx, user_id, "x"),
        "webhooks": lambda tx: webhooks.page(tx, user_id, among=None, after=place, limit=9),
        "webhooks with something due": lambda tx: webhook_claims.any_due(tx, 1.0),
        "webhooks put off": lambda tx: leases.put_off(tx, webhook_claims.LEASES, 1.0),
        "receiver": lambda tx: webhook_claims.receiver(tx, Claim(user_id, "x", 1), now()),
        "next delivery": lambda tx: webhook_claims.next_due(tx, Claim(user_id, "x", 2), 1.0),
        "deliveries": lambda tx: deliveries.page(tx, "x", after=place, limit=9),
        "replay": lambda tx: idempotency.find(tx, "k", "i", 0.0),
        "first page": lambda tx: items.page(tx, trip_id, "leg", after=None, limit=9),
        "later page": lambda tx: items.page(tx, trip_id, "leg", after=place, limit=9),
        "messages": lambda tx: items.page(
            tx, trip_id, MESSAGE.kind, "c", after=place, limit=9, newest_first=True
        ),
        "page of a kind": lambda tx: items.page_of_kind(tx, trip_id, "stay", after=place, limit=9),
        "rest of a kind": lambda tx: items.count_of_kind(tx, trip_id, "stay", after=place),
        "rows by kind": lambda tx: items.counts(tx, trip_id),
        "rest of the messages": lambda tx: items.count_before(
            tx, trip_id, MESSAGE.kind, "c", place
        ),
        "rest of the trips": lambda tx: trips.count(tx, user_id, among=None, after=place),
        "rest of the history": lambda tx: history.count_before(tx, trip_id, 9, messages=False),
        "members' names": lambda tx: trips.member_names(tx, trip_id),
        "trips": lambda tx: trips.page(tx, user_id, among=None, after=place, limit=9),
        "trips of a limited key": lambda tx: trips.page(
            tx, user_id, among=frozenset({trip_id, "x"}), after=None, limit=9
        ),
        "members": lambda tx: trips.members_page(tx, trip_id, after=place, limit=9),
        "keys that watch": lambda tx: keys.scopes_of(tx, {"k", "l"}, now()),
        "trips that are watched": lambda tx: trips.revs(tx, {trip_id, "x"}),
        "who watches": lambda tx: trips.revs_and_members(tx, {trip_id, "x"}, {user_id, "y"}),
        "next events": lambda tx: history_operations.following(tx, trip_id, 1, 9),
        "events of nothing": lambda tx: history_operations.following(tx, trip_id, 10**9, 9),
        "export": lambda tx: snapshots.of_trip(tx, trip_id, RESOURCES),
        "changes": lambda tx: history.delta(tx, trip_id, (1, "x"), 9, messages=True),
        "changes but for messages": lambda tx: history.delta(
            tx, trip_id, (1, "x"), 9, messages=False
        ),
        "history": lambda tx: history.entries(tx, trip_id, 9, 9, messages=False),
        "changeset": lambda tx: history.entry(tx, trip_id, 2),
        "what a changeset did": lambda tx: history.entry_items(
            tx, trip_id, 2, "x", 9, messages=True
        ),
        "events": lambda tx: history.events(tx, trip_id, 0, 9),
        "how far the journal goes": lambda tx: history.kept(tx, trip_id),
        "trip of a link": lambda tx: shares.trip_of(tx, "t"),
    }


def writes(home: Home) -> dict[str, Any]:
    answer = idempotency.Answer(200, {}, b"{}")
    return {
        "sync": lambda tx: _sync(tx, home),
        "delete": lambda tx: _delete(tx, home),
        "create": lambda tx: _create(tx, home),
        "message": lambda tx: _message(tx, home),
        "trip": lambda tx: trip_operations.archive(tx, home.cause, home.trip_id),
        "undo": lambda tx: _undo(tx, home),
        "new trip": lambda tx: _new_trip(tx, home),
        "remember": lambda tx: _remember(tx, home, answer),
        "complete": lambda tx: idempotency.complete(tx, "k", "i", answer),
        "forget": lambda tx: idempotency.forget_job(tx, "j"),
        "prune answers": lambda tx: idempotency.prune(tx, 0.0, 9),
        "prune jobs": lambda tx: jobs.prune(tx, "2001-01-01T00:00:00.000Z", 9),
        "end leases of jobs": lambda tx: leases.end(tx, job_claims.LEASES, [LEASE], 1.0),
        "unknown jobs": lambda tx: job_claims.fail_unknown(tx, ["sync"], 0.0, now(), 9, NOT_KNOWN),
        "job": lambda tx: _job(tx, home),
        "share": lambda tx: _share(tx, home),
        "webhook": lambda tx: _webhook(tx, home),
        "end leases of webhooks": lambda tx: leases.end(tx, webhook_claims.LEASES, [LEASE], 1.0),
        "prune deliveries": lambda tx: deliveries.prune(tx, "2001-01-01T00:00:00.000Z", 9),
        "prune webhooks": lambda tx: webhooks.prune(tx, "9999-01-01T00:00:00.000Z", 9),
        "secret": server_state.signing_secret,
        "last use": lambda tx: last_use.record(
            tx, [Use(table, home.user_id, "x", now(), "") for table in get_args(Table)]
        ),
        "revoke": lambda tx: keys.revoke_own(tx, home.user_id, "x", now()),
    }


async def _sync(tx: Tx, home: Home) -> None:
    body = {
        "legs": [{"clientRef": "l", "title": "x"}, leg()],
        "stays": [{"clientRef": "s", "legRef": "l", "notes": "x"}],
        "commitments": [{"clientRef": "e", "legId": None}, event(clientRef="f", legRef="l")],
        "actionItems": [{"text": "x", "urgency": "now", "owner": home.user_id, "_id": "x"}],
    }
    request = ImportRequest("sync")
    result = await imports.apply(tx, home.cause, home.trip_id, request, items_of(request, body))
    assert not result.failed


async def _delete(tx: Tx, home: Home) -> None:
    page = await items.page(tx, home.trip_id, "leg", after=None, limit=1)
    leg_id = msgspec.json.decode(page.documents[0])["_id"]
    await rows.delete(tx, home.cause, Collection(LEG, home.trip_id), leg_id)


async def _undo(tx: Tx, home: Home) -> None:
    """Of rows of its own: of a change that was changed again, of their creation, and of that."""
    rev = (await trips.revisions(tx, home.trip_id)).rev
    for notes in "123":
        body = {
            "legs": [leg(clientRef="undone")],
            "stays": [stay(clientRef="undone", legRef="undone", notes=notes)],
            "commitments": [event(clientRef="undone", legRef="undone", notes=notes)],
        }
        request = ImportRequest("sync")
        await imports.apply(tx, home.cause, home.trip_id, request, items_of(request, body))
    for back in (
        UndoRequest(rev + 2, force=True),
        UndoRequest(rev + 1, dry_run=True),
        UndoRequest(rev + 1, force=True),
        UndoRequest(rev + 5),
    ):
        assert (await undo.apply(tx, home.cause, home.trip_id, back)).failed == back.dry_run


async def _create(tx: Tx, home: Home) -> None:
    where = Collection(MAP_PIN, home.trip_id)
    assert (await rows.create(tx, home.cause, where, pin(clientRef="new"))).status == "created"
    assert (await rows.create(tx, home.cause, where, {"clientRef": "p"})).status == "unchanged"
    row = (await rows.create(tx, home.cause, where, pin())).row
    await rows.change(tx, home.cause, where, row.id, {"clientRef": "newer"})


async def _message(tx: Tx, home: Home) -> None:
    page = await items.page(tx, home.trip_id, CHANNEL.kind, after=None, limit=1)
    channel_id = msgspec.json.decode(page.documents[0])["_id"]
    await messages.send(tx, home.cause, home.trip_id, channel_id, {"content": "x"})


async def _new_trip(tx: Tx, home: Home) -> None:
    body = {"groupId": home.group_id, **TRIP_SAMPLE}
    assert (await trip_operations.create(tx, home.cause, body)).rev == 1


async def _remember(tx: Tx, home: Home, answer: idempotency.Answer) -> None:
    caller = await keys.authenticate(tx, key_hash(home.key), "")
    assert caller is not None
    scope = caller.actor.idempotency_scope
    await idempotency.remember(tx, idempotency.Protection(scope, "i", "f", 0.0, 0.0), answer)


async def _job(tx: Tx, home: Home) -> None:
    await jobs.insert(
        tx,
        job_id=new_id(),
        user_id=home.user_id,
        trip_id=home.trip_id,
        kind="sync",
        params="{}",
        payload=b"{}",
        total=0,
        now=now(),
        due_at=0.0,
    )
    claim = await job_claims.claim_next(tx, "sync", now(), 1.0)
    assert claim is not None
    await job_claims.retry(tx, claim, 2.0)
    claim = await job_claims.claim_next(tx, "sync", now(), 2.0)
    assert claim is not None
    await job_claims.succeed(tx, claim, now(), 200, b"{}")


async def _share(tx: Tx, home: Home) -> None:
    await shares.create(tx, home.trip_id, SECRET, now())
    await shares.revoke(tx, home.trip_id)


async def _webhook(tx: Tx, home: Home) -> None:
    caller = await keys.authenticate(tx, key_hash(home.key), "")
    assert caller is not None
    made = await hooks.create(tx, caller.actor, {**WEBHOOK, "events": [*EVENTS]}, [], now())
    await _message(tx, home)
    await tell_of_job(tx, home.user_id, None, "j", "sync", "succeeded", now())
    claim = await webhook_claims.claim_next(tx, 1.0)
    assert claim is not None
    due = await webhook_claims.next_due(tx, claim, 1.0)
    assert due is not None
    await webhook_claims.record_answer(tx, claim, due, Answer(500, "", 1), now(), 1.0)
    await deliveries.redeliver(tx, made.id, due.id)
    await hooks.change(tx, caller.actor, made.id, {"description": "x"}, [], now())
    await hooks.delete(tx, caller.actor, made.id, now())
