"""`tools/call`: finds the tool, the trip that is named, and runs it in one transaction."""

from typing import Any, Final

import msgspec

from domain import access, details
from domain.actor import Caller, TripAccess
from domain.errors import CarnetError, ErrorBody, ErrorInfo, NotFound, ValidationFailed
from domain.merge import Document
from domain.near import Names
from operations import reading
from runtime.ids import is_id
from server import guards, job_replies
from server.mcp import arguments
from server.mcp.jsonrpc import INVALID_PARAMS, RpcError
from server.mcp.results import Answer, failure, quote
from server.mcp.tool import Tool, Use
from server.mcp.tools import BY_NAME
from server.route import Call, Queued
from storage import trips
from storage.store import Tx, overloaded

_NAMES: Final = Names(dict.fromkeys(BY_NAME, ()))
_CANDIDATES: Final = 5
"""Trips that are named where none, or several, have the title that was given."""


async def call_tool(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """The result of a call; what is refused is one too, so that a model reads how to mend it."""
    tool = _tool(params.get("name"))
    try:
        await guards.count(call)
        return (await run(call, tool, params.get("arguments"))).result()
    except CarnetError as error:
        return failure(error.body(call.request_id).error)
    except JobFailed as failed:
        return failure(failed.error)


def _tool(name: Any) -> Tool:
    tool = BY_NAME.get(name) if isinstance(name, str) else None
    if tool is None:
        meant = _NAMES.find(name) if isinstance(name, str) else []
        which = (
            f"did you mean {' or '.join(meant)}?" if meant else f"there are {', '.join(BY_NAME)}"
        )
        raise RpcError(INVALID_PARAMS, f"Unknown tool: {details.shown(name)}; {which}")
    return tool


class JobFailed(Exception):
    """A call became a job, which has ended with an error."""

    def __init__(self, error: ErrorInfo) -> None:
        self.error = error
        super().__init__(error.message)


async def run(call: Call, tool: Tool, sent: Any) -> Answer:
    """What a tool has to say; raises `CarnetError` for what is refused, or `JobFailed`."""
    if tool.creates_trips:
        access.require_unlimited(call.actor, "trips:write")
    elif tool.scope is not None:
        access.require_scope(call.actor, tool.scope)
    use = Use(tool, call, arguments.read(tool.arguments, tool.body, sent))
    store = call.services.store
    if tool.writes and store.full:
        raise overloaded()
    if tool.prepare is not None:
        use.prepared = await tool.prepare(use)

    async def transaction(tx: Tx) -> Answer | Queued:
        if tool.on_trip:
            await _find_trip(tx, call, tool, use.get("trip"))
        return await tool.run(tx, use)

    outcome = await (store.write if tool.writes else store.read)(transaction)
    return await _finish(use, outcome) if isinstance(outcome, Queued) else outcome


async def _find_trip(tx: Tx, call: Call, tool: Tool, named: str) -> None:
    """Gives the call the trip that is named, by id or title, if the key may do this there."""
    actor, trip_id = call.actor, named
    trip = await trips.access(tx, named, actor.user) if is_id(named) else None
    if trip is None:
        trip_id, trip = await _find_titled(tx, call, tool, named)
    assert tool.scope is not None
    access.require_trip(actor, trip, trip_id, tool.scope, writes=tool.writes)
    call.trip_id, call.caller = trip_id, Caller(actor, trip)


async def _find_titled(tx: Tx, call: Call, tool: Tool, title: str) -> tuple[str, TripAccess | None]:
    """The trip with a title, of those the key may read; what is refused names candidates."""
    actor = call.actor
    if not actor.scopes.has_any("trips:read"):
        if tool.scope and not actor.scopes.covers(tool.scope, title):
            return title, None
        why = "a key without the scope trips:read has to send the _id, not the title"
        raise NotFound(f"No trip has the _id {quote(title)}: {why}")
    titled, visible = await reading.trips_titled(tx, actor, title)
    if len(titled) == 1:
        trip_id: str = titled[0]["_id"]
        return trip_id, await trips.access(tx, trip_id, actor.user)
    if titled:
        why = f"several trips have this title; send the _id of one: {_candidates(titled)}"
        raise ValidationFailed([details.duplicate("trip", why)])
    if is_id(title) and tool.scope and not actor.scopes.covers(tool.scope, title):
        # Whether there is a trip of that id is not for this key to know.
        return title, None
    yours = f"there are {_candidates(visible)}" if visible else "this key may read none"
    raise NotFound(f"No trip has the _id or title {quote(title)}: {yours}; GET /trips lists all")


def _candidates(found: list[Document]) -> str:
    named = [
        f"{quote(trip['title'])} ({trip['_id']}, from {trip['startDate']})"
        for trip in found[-_CANDIDATES:]
    ]
    if len(found) > _CANDIDATES:
        named.append(f"and {len(found) - _CANDIDATES} more")
    return ", ".join(named)


async def _finish(use: Use, queued: Queued) -> Answer:
    """What became of a call that is a job: its end, or, where that takes long, the job."""
    reply = await job_replies.finish(use.call, queued)
    told = msgspec.json.decode(reply.body)
    if reply.status == 202:
        text = f"This takes a while: call get_job with jobId {told['_id']} for the result"
        return Answer(text=text, head={"job": told})
    if reply.status not in (200, 207):
        raise JobFailed(msgspec.convert(told, ErrorBody).error)
    assert use.tool.finish is not None
    return use.tool.finish(use, reply.status, told)
