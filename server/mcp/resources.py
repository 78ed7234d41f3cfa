"""Trips as resources: `carnet://trips/{id}` is all of one, as an export has it."""

import re
from typing import Any, Final

import msgspec

from domain import access, cursor
from domain.actor import Caller
from domain.errors import NotFound
from operations import trips
from server import guards
from server.api.trips import export_text
from server.mcp.jsonrpc import INVALID_PARAMS, RpcError
from server.route import JSON, Call
from storage import trips as stored
from storage.store import Tx

_URI: Final = "carnet://trips/{id}"
_OURS: Final = re.compile(r"carnet://trips/([a-z0-9]{1,32})", re.ASCII)
_PAGE: Final = 100
_DESCRIPTION: Final = "A whole trip: all its items and members, as JSON"


async def list_resources(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A page of the trips that the key may read."""
    if not call.actor.scopes.has_any("trips:read"):
        return {"resources": []}
    secret, listing = call.services.cursor_secret, f"mcp/resources/{call.actor.user}"
    sealed = params.get("cursor")
    if sealed is not None and not isinstance(sealed, str):
        raise RpcError(INVALID_PARAMS, "cursor is a string")
    after = cursor.decode(secret, listing, sealed) if sealed else None
    page = await call.services.store.read(lambda tx: trips.list_trips(tx, call.actor, after, _PAGE))
    told: dict[str, Any] = {"resources": [_resource(document) for document in page.documents]}
    if page.next is not None:
        told["nextCursor"] = cursor.encode(secret, listing, page.next)
    return told


def _resource(document: str) -> dict[str, str]:
    trip = msgspec.json.decode(document)
    return {
        "uri": _URI.replace("{id}", trip["_id"]),
        "name": f"trip-{trip['_id']}",
        "title": trip["title"],
        "description": _DESCRIPTION,
        "mimeType": JSON,
    }


async def list_templates(_call: Call, _params: dict[str, Any]) -> dict[str, Any]:
    """The one form that the addresses of resources have."""
    template = {
        "uriTemplate": _URI,
        "name": "trip",
        "title": "Trip",
        "description": _DESCRIPTION,
        "mimeType": JSON,
    }
    return {"resourceTemplates": [template]}


async def read_resource(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The whole of a trip."""
    uri = params.get("uri")
    if not isinstance(uri, str):
        raise RpcError(INVALID_PARAMS, f"uri is a string: {_URI}")
    await guards.count(call)
    ours = _OURS.fullmatch(uri)
    if ours is None:
        raise NotFound(f"There is no such resource; they are {_URI}, as resources/list has them")
    text = await call.services.store.read(lambda tx: trip_text(tx, call, ours[1]))
    return {"contents": [{"uri": uri, "mimeType": JSON, "text": text}]}


async def trip_text(tx: Tx, call: Call, trip_id: str) -> str:
    """The JSON of a trip that the caller may read."""
    trip = await stored.access(tx, trip_id, call.actor.user)
    access.require_trip(call.actor, trip, trip_id, "trips:read", writes=False)
    call.trip_id, call.caller = trip_id, Caller(call.actor, trip)
    return export_text(await trips.export(tx, trip_id))
