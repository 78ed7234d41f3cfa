"""Trips: list, create, read, change, archive, export, members."""

import msgspec

from domain.errors import Detail, Forbidden, ValidationFailed
from domain.merge import Document, same
from domain.message import CHANNEL
from domain.resources import RESOURCES
from domain.row import Row
from domain.trip import GENERAL_CHANNEL, TRIP, check_group, compose_trip
from runtime.ids import new_id
from server.call import Call, Reply, json_reply
from server.conditional import require_match, tagged
from server.lists import PageRequest
from storage import accounts, items, snapshots, trips
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
    fields, details = TRIP.merge({}, TRIP.sent(call.body))
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
    return json_reply(document, 201, tagged(1))


def _general_channel(trip_id: str, now: str) -> Row:
    row_id = new_id()
    json = CHANNEL.compose(
        {"name": GENERAL_CHANNEL}, None, row_id=row_id, trip_id=trip_id, parent_id="", now=now
    )
    return Row(CHANNEL.kind, row_id, "", json)


async def show(tx: Tx, call: Call) -> Reply:
    """One trip."""
    text, _ = await trips.get(tx, call.trip_id)
    return Reply(200, text.encode())


async def change(tx: Tx, call: Call) -> Reply:
    """A merge into the trip's own fields."""
    before, rev = await _current(tx, call)
    patch = TRIP.sent(call.body)
    problems = check_group(before["groupId"], patch)
    patch.pop("groupId", None)
    return await _store(tx, call, before, rev, patch, problems)


async def archive(tx: Tx, call: Call) -> Reply:
    """DELETE keeps the trip, as `completed`."""
    before, rev = await _current(tx, call)
    return await _store(tx, call, before, rev, {"status": "completed"}, [])


async def _current(tx: Tx, call: Call) -> tuple[Document, int]:
    """The trip's document and revision, the one the request wants to change."""
    text, rev = await trips.get(tx, call.trip_id)
    require_match(call, rev)
    return msgspec.json.decode(text), rev


async def _store(
    tx: Tx, call: Call, before: Document, rev: int, patch: Document, problems: list[Detail]
) -> Reply:
    """The trip under a patch, stored if it differs."""
    old = TRIP.fields_of(before)
    fields, details = TRIP.merge(old, patch)
    details = problems + details
    if details:
        raise ValidationFailed(details)
    if same(old, fields):
        return json_reply(before, 200, tagged(rev))
    document = compose_trip(
        fields, before, trip_id=call.trip_id, created_by=before["createdBy"], now=call.now
    )
    return json_reply(document, 200, tagged(await trips.update(tx, document)))


async def members(tx: Tx, call: Call) -> Reply:
    """A page of the trip's members."""
    request = PageRequest(call, f"{call.trip_id}/members")
    page = await trips.members_page(tx, call.trip_id, after=request.after, limit=request.limit)
    return request.reply(page)


async def export(tx: Tx, call: Call) -> Reply:
    """The whole trip from one moment; stored documents are joined, not decoded."""
    whole = await snapshots.of_trip(tx, call.trip_id, RESOURCES)
    lists = "".join(f'"{each.snapshot}":[{whole.rows[each.kind]}],' for each in RESOURCES)
    members = msgspec.json.encode(whole.members).decode()
    return Reply(200, f'{{"trip":{whole.trip},{lists}"members":{members}}}'.encode())
