"""Trips: list, create, read, change, archive, export, members."""

import msgspec

from domain.errors import Detail, Forbidden, ValidationFailed
from domain.merge import Document, merge, same
from domain.message import CHANNEL
from domain.plan import Row
from domain.resource import SERVER_MEMBERS
from domain.resources import RESOURCES
from domain.trip import GENERAL_CHANNEL, TRIP, check_group, compose_trip
from server.call import Call, Reply, json_reply
from server.lists import PageRequest
from storage import accounts, items, trips
from storage.ids import new_id
from storage.store import Tx


async def list_(tx: Tx, call: Call) -> Reply:
    """The caller's trips; with a key limited to trips, those."""
    user, scopes = call.user, call.user.scopes
    request = PageRequest(call, f"trips/{user.user_id}")
    among = None if scopes.has_unlimited("trips:read") else scopes.trips("trips:read")
    page = await trips.page(tx, user.user_id, among=among, after=request.after, limit=request.limit)
    return request.reply(page)


async def create(tx: Tx, call: Call) -> Reply:
    """A new trip with its channel `general`."""
    fields, details = TRIP.settle(merge({}, _members(call.body)))
    if details:
        raise ValidationFailed(details)
    role = await accounts.role_in(tx, fields["groupId"], call.user.user_id)
    if role is None:
        raise Forbidden("You are not in this group")
    if not role.may_write:
        raise Forbidden("Viewers cannot create trips")
    trip_id = new_id()
    document = compose_trip(
        fields, None, trip_id=trip_id, created_by=call.user.user_id, now=call.now
    )
    await trips.insert(tx, fields["groupId"], document)
    await items.insert(tx, trip_id, _general_channel(trip_id, call.now), rev=1)
    return json_reply(document, 201)


def _general_channel(trip_id: str, now: str) -> Row:
    row_id = new_id()
    document = CHANNEL.compose(
        {"name": GENERAL_CHANNEL}, None, row_id=row_id, trip_id=trip_id, parent_id="", now=now
    )
    return Row(CHANNEL.kind, row_id, "", document)


async def show(tx: Tx, call: Call) -> Reply:
    """One trip."""
    return Reply(200, (await trips.document(tx, call.trip_id)).encode())


async def change(tx: Tx, call: Call) -> Reply:
    """A merge into the trip's own fields."""
    patch = _members(call.body)
    before = await _document(tx, call)
    group_id = before["groupId"]
    problems = check_group(group_id, patch)
    patch.pop("groupId", None)
    return json_reply(await _store(tx, call, before, patch, problems))


async def archive(tx: Tx, call: Call) -> Reply:
    """DELETE keeps the trip, as `completed`."""
    return json_reply(await _store(tx, call, await _document(tx, call), {"status": "completed"}))


async def _document(tx: Tx, call: Call) -> Document:
    decoded: Document = msgspec.json.decode(await trips.document(tx, call.trip_id))
    return decoded


async def _store(
    tx: Tx, call: Call, before: Document, patch: Document, problems: list[Detail] | None = None
) -> Document:
    """The trip's document under a patch, stored if it differs."""
    old = TRIP.fields_of(before)
    fields, details = TRIP.settle(merge(old, patch))
    details = (problems or []) + details
    if details:
        raise ValidationFailed(details)
    if same(old, fields):
        return before
    document = compose_trip(
        fields, before, trip_id=call.trip_id, created_by=before["createdBy"], now=call.now
    )
    await trips.update(tx, document)
    return document


def _members(body: object) -> Document:
    if not isinstance(body, dict):
        raise ValidationFailed([Detail("", "wrong_type")])
    return {name: value for name, value in body.items() if name not in SERVER_MEMBERS}


async def members(tx: Tx, call: Call) -> Reply:
    """A page of the trip's members."""
    request = PageRequest(call, f"{call.trip_id}/members")
    page = await trips.members_page(tx, call.trip_id, after=request.after, limit=request.limit)
    return request.reply(page)


async def export(tx: Tx, call: Call) -> Reply:
    """The whole trip from one snapshot; stored documents are joined, not decoded."""
    trip = await trips.document(tx, call.trip_id)
    documents = await items.all_of(tx, call.trip_id, RESOURCES)
    members = msgspec.json.encode(await trips.members(tx, call.trip_id)).decode()
    lists = "".join(
        f'"{resource.snapshot}":[{",".join(documents[resource.kind])}],' for resource in RESOURCES
    )
    return Reply(200, f'{{"trip":{trip},{lists}"members":{members}}}'.encode())
