"""Every operation of the API. A route that is not in `ROUTES` does not exist."""

import re

from domain.imports import BatchResult
from domain.message import CHANNEL, MESSAGE
from domain.resource import Resource
from domain.resources import RESOURCES
from domain.trip import TRIP
from server import jobs, me, messages, openapi, resources, schemas, shares, trips
from server.call import Route
from server.lists import LIST_QUERY
from server.shares import ShareLink
from storage.jobs import Job
from storage.trips import Member

_TRIP = "/trips/{tripId}"
_MESSAGES = f"{_TRIP}/channels/{{channelId}}/messages"


def _resource_routes(resource: Resource) -> list[Route]:
    """What every resource of a trip has."""
    do, tag = resources.Operations(resource), resource.collection
    one, many = _words(resource.kind), tag.replace("-", " ")
    document = schemas.document(resource)
    rows, row = f"{_TRIP}{resource.path}", f"{_TRIP}{resource.path}/{{{resource.id_param}}}"
    return [
        Route("GET", rows, do.list_, f"List {many}", tag, schemas.page(document),
              scope="trips:read", query=LIST_QUERY),
        Route("POST", rows, do.create, f"Create one {one}, or merge by clientRef", tag, document,
              do.new_row, scope="trips:write", body=schemas.create(resource),
              statuses=(200, 201)),
        Route("POST", f"{rows}:batch", do.batch, f"Create or merge up to 50 {many}", tag,
              BatchResult, scope="trips:write", body=schemas.batch(resource), imports="batch",
              statuses=(200, 207, 202)),
        Route("PATCH", row, do.change, f"Change one {one}", tag, document, scope="trips:write",
              body=schemas.patch(resource)),
        Route("DELETE", row, do.delete, f"Delete one {one}", tag, None, scope="trips:write",
              statuses=(204,)),
    ]  # fmt: skip


def _words(kind: str) -> str:
    """A kind's name for people: `actionItem` is an "action item"."""
    return re.sub(r"(?=[A-Z])", " ", kind).lower()


ROUTES: tuple[Route, ...] = (
    Route("GET", "/me", me.show, "Who the key belongs to", "me", me.Me),
    Route("GET", "/trips", trips.list_, "List trips", "trips",
          schemas.page(schemas.document(TRIP)), scope="trips:read", query=LIST_QUERY),
    Route("POST", "/trips", trips.create, "Create a trip", "trips", schemas.document(TRIP),
          scope="trips:write", body=schemas.create(TRIP), statuses=(201,)),
    Route("GET", _TRIP, trips.show, "Read a trip", "trips", schemas.document(TRIP),
          scope="trips:read"),
    Route("PATCH", _TRIP, trips.change, "Change a trip", "trips", schemas.document(TRIP),
          scope="trips:write", body=schemas.patch(TRIP)),
    Route("DELETE", _TRIP, trips.archive, "Archive a trip", "trips", schemas.document(TRIP),
          scope="trips:write"),
    Route("GET", f"{_TRIP}/export", trips.export, "Read a whole trip", "trips", schemas.export(),
          scope="trips:read"),
    Route("POST", f"{_TRIP}/sync", resources.sync, "Diff-merge a snapshot into a trip", "trips",
          schemas.sync_result(), scope="trips:write", body=schemas.sync(), imports="sync",
          query=("dryRun",), statuses=(200, 207, 202)),
    *(route for resource in RESOURCES for route in _resource_routes(resource)),
    Route("GET", f"{_TRIP}/channels", messages.list_channels, "List channels", "messages",
          schemas.page(schemas.document(CHANNEL)), scope="messages:read", query=LIST_QUERY),
    Route("GET", _MESSAGES, messages.list_messages, "List messages, newest first", "messages",
          schemas.page(schemas.document(MESSAGE)), scope="messages:read", query=LIST_QUERY),
    Route("POST", _MESSAGES, messages.send, "Send a message", "messages",
          schemas.document(MESSAGE), scope="messages:write", body=schemas.create(MESSAGE),
          statuses=(201,)),
    Route("GET", f"{_TRIP}/members", trips.members, "List members", "members",
          schemas.page(Member), scope="trips:read", query=LIST_QUERY),
    Route("POST", f"{_TRIP}/share-token", shares.create, "Share a trip", "sharing", ShareLink,
          scope="trips:write", statuses=(200, 201)),
    Route("DELETE", f"{_TRIP}/share-token", shares.revoke, "Stop sharing a trip", "sharing", None,
          scope="trips:write", statuses=(204,)),
    Route("GET", "/shared/trips/{token}", shares.show, "Read a shared trip", "sharing",
          schemas.shared_trip(), access="address"),
    Route("GET", "/shared/trips/{token}/export", shares.export, "Read a whole shared trip",
          "sharing", schemas.shared_export(), access="address"),
    Route("GET", "/jobs/{jobId}", jobs.show, "Read a job", "jobs", Job),
    Route("GET", "/openapi.json", openapi.show, "This description", "meta", dict,
          access="address"),
)  # fmt: skip
