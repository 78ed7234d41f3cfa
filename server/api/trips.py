"""Trips: list, create, read, change, archive, export, members."""

import msgspec

from domain.resources import RESOURCES
from domain.row import Row
from operations import trips
from server.api.lists import PageRequest
from server.route import Call, Reply
from storage.snapshots import Snapshot
from storage.store import Tx


async def list_(tx: Tx, call: Call) -> Reply:
    """The actor's trips; with a key limited to trips, those."""
    request = PageRequest(call, f"trips/{call.actor.user}")
    return request.reply(await trips.list_trips(tx, call.actor, request.after, request.limit))


async def create(tx: Tx, call: Call) -> Reply:
    """A new trip."""
    return _reply(await trips.create(tx, call.cause, call.body, call.precondition), 201)


async def show(tx: Tx, call: Call) -> Reply:
    """One trip."""
    return _reply(await trips.show(tx, call.trip_id))


async def change(tx: Tx, call: Call) -> Reply:
    """A merge into the trip's own fields."""
    return _reply(await trips.change(tx, call.cause, call.trip_id, call.body, call.precondition))


async def archive(tx: Tx, call: Call) -> Reply:
    """DELETE keeps the trip, as `completed`."""
    return _reply(await trips.archive(tx, call.cause, call.trip_id, call.precondition))


def _reply(trip: Row, status: int = 200) -> Reply:
    return Reply(status, trip.json.encode(), rev=trip.rev)


async def members(tx: Tx, call: Call) -> Reply:
    """A page of the trip's members."""
    request = PageRequest(call, f"{call.trip_id}/members")
    return request.reply(await trips.members(tx, call.trip_id, request.after, request.limit))


async def export(tx: Tx, call: Call) -> Reply:
    """The whole trip."""
    return Reply(200, export_text(await trips.export(tx, call.trip_id)).encode())


def export_text(whole: Snapshot) -> str:
    """A whole trip as JSON; stored documents are joined, not decoded."""
    lists = "".join(f'"{each.snapshot}":[{whole.rows[each.kind]}],' for each in RESOURCES)
    members = msgspec.json.encode(whole.members).decode()
    return f'{{"trip":{whole.trip},{lists}"members":{members},"rev":{whole.rev}}}'
