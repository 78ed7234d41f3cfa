"""Trips: list, create, change, archive, export, members."""

from collections.abc import Sequence
from typing import Any

import msgspec

from domain.actor import Actor
from domain.changes import Cause, ChangeSet
from domain.cursor import Position
from domain.errors import Detail, Forbidden, ValidationFailed
from domain.merge import Document, same
from domain.message import CHANNEL
from domain.precondition import Precondition
from domain.resources import RESOURCES
from domain.row import Row
from domain.trip import GENERAL_CHANNEL, TRIP, check_group, compose_trip
from runtime.ids import new_id
from storage import changes, groups, snapshots, trips
from storage.page import Page
from storage.snapshots import Snapshot
from storage.store import Tx


async def list_trips(tx: Tx, actor: Actor, after: Position | None, limit: int) -> Page:
    """A page of the actor's trips; of one whose reading is limited to trips, those."""
    return await trips.page(tx, actor.user, among=visible_to(actor), after=after, limit=limit)


def visible_to(actor: Actor) -> frozenset[str] | None:
    """The trips that an actor's reading is limited to; None where it is not."""
    scopes = actor.scopes
    return None if scopes.has_unlimited("trips:read") else scopes.trips("trips:read")


async def create(
    tx: Tx, cause: Cause, body: Any, precondition: Precondition = Precondition.NONE
) -> Row:
    """A new trip with its channel `general`."""
    precondition.check(None)
    return await add(tx, cause, composed(cause, body))


def composed(cause: Cause, body: Any) -> Document:
    """The document of a new trip, with its id; `ValidationFailed` for what is none."""
    fields, details = TRIP.merge({}, TRIP.sent(body))
    if details:
        raise ValidationFailed(details)
    return compose_trip(fields, None, trip_id=new_id(), created_by=cause.actor.user, now=cause.now)


async def add(tx: Tx, cause: Cause, document: Document, imported: Sequence[Row] = ()) -> Row:
    """Stores a new trip that `composed` gave, with its channel `general` and what is imported."""
    await require_editor(tx, cause.actor, document["groupId"])
    trip = _row(document)
    channel = _general_channel(trip.id, cause.now)
    await changes.commit_new_trip(tx, document["groupId"], trip, [channel], cause, imported)
    return trip


async def require_editor(tx: Tx, actor: Actor, group_id: str) -> None:
    """`Forbidden` for who may make no trips in a group."""
    role = await groups.role_in(tx, group_id, actor.user)
    if role is None:
        raise Forbidden("You are not in this group: GET /me lists yours")
    if not role.may_write:
        raise Forbidden("Viewers of a group cannot create trips in it")


def _row(document: Document) -> Row:
    return Row(TRIP.kind, document["_id"], "", msgspec.json.encode(document).decode())


def _general_channel(trip_id: str, now: str) -> Row:
    row_id = new_id()
    json = CHANNEL.compose(
        {"name": GENERAL_CHANNEL}, None, row_id=row_id, trip_id=trip_id, parent_id="", now=now
    )
    return Row(CHANNEL.kind, row_id, "", json)


async def show(tx: Tx, trip_id: str) -> Row:
    """One trip."""
    return await trips.get(tx, trip_id)


async def change(
    tx: Tx, cause: Cause, trip_id: str, body: Any, precondition: Precondition = Precondition.NONE
) -> Row:
    """A merge into the trip's own fields."""
    taken = await changes.begin(tx, trip_id)
    before = await trips.get(tx, trip_id)
    precondition.check(before.rev)
    patch = TRIP.sent(body)
    problems: list[Detail] = check_group(before.document["groupId"], patch)
    patch = {name: value for name, value in patch.items() if name != "groupId"}
    old = TRIP.fields_of(before.document)
    fields, details = TRIP.merge(old, patch)
    if problems or details:
        raise ValidationFailed(problems + details)
    if same(old, fields):
        return before
    created_by = before.document["createdBy"]
    document = compose_trip(
        fields, before.document, trip_id=trip_id, created_by=created_by, now=cause.now
    )
    trip = _row(document)
    change_set = ChangeSet(trip=trip, before={trip_id: before})
    await changes.commit(tx, taken, change_set, cause)
    return trip


async def archive(
    tx: Tx, cause: Cause, trip_id: str, precondition: Precondition = Precondition.NONE
) -> Row:
    """Marks the trip as `completed`; it is never deleted."""
    return await change(tx, cause, trip_id, {"status": "completed"}, precondition)


async def members(tx: Tx, trip_id: str, after: Position | None, limit: int) -> Page:
    """A page of the trip's members."""
    return await trips.members_page(tx, trip_id, after=after, limit=limit)


async def export(tx: Tx, trip_id: str) -> Snapshot:
    """The whole trip, from one moment."""
    return await snapshots.of_trip(tx, trip_id, RESOURCES)
