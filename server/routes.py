"""Every operation of the API. A route that is not in `ROUTES` does not exist."""

import re

from domain.history import ChangesetEvent
from domain.imports import BatchResult, ImportRequest
from domain.message import CHANNEL, MESSAGE
from domain.resource import Resource
from domain.resources import RESOURCES
from domain.trip import TRIP
from formats.calendar import MEDIA_TYPE as CALENDAR
from server.api import (
    calendars,
    events,
    history,
    imports,
    jobs,
    me,
    messages,
    openapi,
    schemas,
    shares,
    trips,
    undo,
    webhooks,
)
from server.api.calendars import CalendarLink
from server.api.lists import LIST_QUERY
from server.api.rows import Rows
from server.api.shares import ShareLink
from server.bodies import BATCH_BYTES, ROW_BYTES
from server.event_text import MEDIA_TYPE as EVENTS
from server.query import DRY_RUN, FILENAME, FORCE, SINCE
from server.route import ANY, Body, Route, Stream, Transaction, View
from storage.deliveries import DeliveryInfo
from storage.jobs import Job
from storage.trips import Member
from storage.webhooks import Hook, NewHook

_TRIP = "/trips/{tripId}"
_WEBHOOK = "/webhooks/{webhookId}"
_MESSAGES = f"{_TRIP}/channels/{{channelId}}/messages"


def _row(kind: type, creates: Resource | None = None) -> Body:
    return Body(type=kind, largest=ROW_BYTES, creates=creates)


def _resource_routes(resource: Resource) -> list[Route]:
    """What every resource of a trip has."""
    do, tag = Rows(resource), resource.collection
    one, many = (name[0].upper() + name[1:] for name in (resource.kind, resource.snapshot))
    document = schemas.document(resource)
    rows, row = f"{_TRIP}{resource.path}", f"{_TRIP}{resource.path}/{{{resource.id_param}}}"
    return [
        Transaction("GET", rows, f"list{many}", do.list_, f"List {_words(many)}", tag,
                    schemas.page(document), scope="trips:read", query=LIST_QUERY, shows="content",
                    cached=True),
        Transaction("POST", rows, f"create{one}", do.create,
                    f"Create one {_words(one)}, or merge by clientRef", tag, document,
                    scope="trips:write", body=_row(schemas.create(resource), resource),
                    statuses=(200, 201), creates_row=True),
        Transaction("POST", f"{rows}:batch", f"upsert{many}", do.batch,
                    f"Create or merge up to 50 {_words(many)}", tag, BatchResult,
                    scope="trips:write", statuses=(200, 207, 202),
                    body=Body(type=schemas.batch(resource), largest=BATCH_BYTES,
                              imports=ImportRequest("batch", resource.kind))),
        Transaction("PATCH", row, f"update{one}", do.change, f"Change one {_words(one)}", tag,
                    document, scope="trips:write", body=_row(schemas.patch(resource))),
        Transaction("DELETE", row, f"delete{one}", do.delete, f"Delete one {_words(one)}", tag,
                    None, scope="trips:write", statuses=(204,)),
    ]  # fmt: skip


def _words(name: str) -> str:
    """A name as people write it: `ActionItem` is an "action item"."""
    return re.sub(r"\B(?=[A-Z])", " ", name).lower()


ROUTES: tuple[Route, ...] = (
    Transaction("GET", "/me", "me", me.show, "The key in use, its user and their groups", "me",
                me.Me),
    Transaction("GET", "/trips", "listTrips", trips.list_, "List trips", "trips",
                schemas.page(schemas.document(TRIP)), scope="trips:read", query=LIST_QUERY),
    Transaction("POST", "/trips", "createTrip", trips.create, "Create a trip", "trips",
                schemas.document(TRIP), scope="trips:write", unlimited=True,
                body=_row(schemas.create(TRIP)), statuses=(201,)),
    Transaction("GET", _TRIP, "getTrip", trips.show, "Read a trip", "trips",
                schemas.document(TRIP), scope="trips:read", shows="trip", cached=True),
    Transaction("PATCH", _TRIP, "updateTrip", trips.change, "Change a trip", "trips",
                schemas.document(TRIP), scope="trips:write", body=_row(schemas.patch(TRIP))),
    Transaction("DELETE", _TRIP, "archiveTrip", trips.archive, "Archive a trip", "trips",
                schemas.document(TRIP), scope="trips:write"),
    Transaction("GET", f"{_TRIP}/export", "exportTrip", trips.export, "Read a whole trip", "trips",
                schemas.export(), scope="trips:read", shows="members", cached=True),
    Transaction("POST", f"{_TRIP}/sync", "syncTrip", imports.sync,
                "Diff-merge a snapshot into a trip", "trips", schemas.sync_result(),
                scope="trips:write", query=(DRY_RUN.name,),
                body=Body(type=schemas.sync(), imports=ImportRequest("sync")),
                statuses=(200, 207, 202)),
    Transaction("POST", f"{_TRIP}/import", "importFile", imports.import_file,
                "Import a file into a trip", "trips", schemas.file_result(), scope="trips:write",
                query=(DRY_RUN.name, FILENAME.name), body=Body(type=bytes, media_type=ANY),
                statuses=(200, 207, 202), description=imports.FILE_DESCRIPTION),
    *(route for resource in RESOURCES for route in _resource_routes(resource)),
    Transaction("GET", f"{_TRIP}/channels", "listChannels", messages.list_channels,
                "List channels", "messages", schemas.page(schemas.document(CHANNEL)),
                scope="messages:read", query=LIST_QUERY, shows="content", cached=True),
    Transaction("GET", _MESSAGES, "listMessages", messages.list_messages,
                "List messages, newest first", "messages", schemas.page(schemas.document(MESSAGE)),
                scope="messages:read", query=LIST_QUERY, shows="messages"),
    Transaction("POST", _MESSAGES, "sendMessage", messages.send, "Send a message", "messages",
                schemas.document(MESSAGE), scope="messages:write",
                body=_row(schemas.create(MESSAGE)), statuses=(200, 201), creates_row=True),
    Transaction("GET", f"{_TRIP}/members", "listMembers", trips.members, "List members", "members",
                schemas.page(Member), scope="trips:read", query=LIST_QUERY, shows="members",
                cached=True),
    Transaction("GET", f"{_TRIP}/changes", "listChanges", history.changes,
                "Read what changed since a revision", "changes", history.ChangePage,
                scope="trips:read", shows="changes", query=(SINCE.name, *LIST_QUERY)),
    Transaction("GET", f"{_TRIP}/history", "listHistory", history.entries,
                "List changesets, latest first", "changes", history.HistoryPage,
                scope="trips:read", query=LIST_QUERY),
    Transaction("GET", f"{_TRIP}/history/{{rev}}", "getChangeset", history.changeset,
                "Read what a changeset did", "changes", history.Changeset, scope="trips:read",
                query=LIST_QUERY),
    Transaction("POST", f"{_TRIP}/history/{{rev}}/undo", "undo", undo.undo,
                "Take back a changeset", "changes", schemas.undo_result(), scope="trips:write",
                statuses=(200, 207, 202), query=(DRY_RUN.name, FORCE.name)),
    Stream("GET", f"{_TRIP}/events", "events", events.follow, "Follow what changes, as it happens",
           "changes", ChangesetEvent, scope="trips:read", query=(SINCE.name,),
           media_type=EVENTS, headers=events.HEADERS, description=events.DESCRIPTION),
    Transaction("POST", f"{_TRIP}/share-token", "createShareToken", shares.create, "Share a trip",
                "sharing", ShareLink, scope="trips:write", statuses=(200, 201)),
    Transaction("DELETE", f"{_TRIP}/share-token", "deleteShareToken", shares.revoke,
                "Stop sharing a trip", "sharing", None, scope="trips:write", statuses=(204,)),
    Transaction("GET", "/shared/trips/{token}", "getSharedTrip", shares.show, "Read a shared trip",
                "sharing", schemas.shared_trip(), access="address"),
    Transaction("GET", "/shared/trips/{token}/export", "exportSharedTrip", shares.export,
                "Read a whole shared trip", "sharing", schemas.shared_export(), access="address"),
    Transaction("GET", f"{_TRIP}/calendar.ics", "getCalendar", calendars.show,
                "Read a trip as a calendar", "calendars", str, scope="trips:read", shows="content",
                cached=True, media_type=CALENDAR),
    Transaction("GET", "/shared/trips/{token}/calendar.ics", "getSharedCalendar",
                calendars.show_shared, "Read a shared trip as a calendar", "calendars", str,
                access="address", media_type=CALENDAR),
    Transaction("POST", "/me/calendar-token", "createCalendarToken", calendars.create_token,
                "Get the address of a calendar of all your trips", "calendars", CalendarLink,
                scope="trips:read", unlimited=True, statuses=(200, 201)),
    Transaction("DELETE", "/me/calendar-token", "deleteCalendarToken", calendars.delete_token,
                "Revoke the address of the calendar of all your trips", "calendars", None,
                scope="trips:read", unlimited=True, statuses=(204,)),
    Transaction("GET", "/calendars/{token}.ics", "getCalendarFeed", calendars.show_feed,
                "Read all trips of a user as a calendar", "calendars", str, access="address",
                media_type=CALENDAR),
    Transaction("GET", "/jobs/{jobId}", "getJob", jobs.show, "Read a job", "jobs", Job),
    Transaction("GET", "/webhooks", "listWebhooks", webhooks.list_, "List webhooks", "webhooks",
                schemas.page(Hook), scope="trips:read", query=LIST_QUERY),
    Transaction("POST", "/webhooks", "createWebhook", webhooks.create, "Create a webhook",
                "webhooks", NewHook, scope="trips:read", body=_row(schemas.webhook()),
                statuses=(201,), prepare=webhooks.addresses_of),
    Transaction("PATCH", _WEBHOOK, "updateWebhook", webhooks.change,
                "Change a webhook, or enable it again", "webhooks", Hook, scope="trips:read",
                body=_row(schemas.webhook(partly=True)), prepare=webhooks.addresses_of),
    Transaction("DELETE", _WEBHOOK, "deleteWebhook", webhooks.delete, "Delete a webhook",
                "webhooks", None, scope="trips:read", statuses=(204,)),
    Transaction("POST", f"{_WEBHOOK}/test", "testWebhook", webhooks.test,
                "Send a webhook a delivery to answer", "webhooks", DeliveryInfo,
                scope="trips:read", statuses=(201,)),
    Transaction("GET", f"{_WEBHOOK}/deliveries", "listDeliveries", webhooks.list_deliveries,
                "List a webhook's deliveries, newest first", "webhooks",
                schemas.page(DeliveryInfo), scope="trips:read", query=LIST_QUERY),
    Transaction("POST", f"{_WEBHOOK}/deliveries/{{deliveryId}}/redeliver", "redeliver",
                webhooks.redeliver, "Deliver something again", "webhooks", DeliveryInfo,
                scope="trips:read"),
    View("GET", "/openapi.json", "getOpenApi", openapi.show, "This description", "meta", dict,
         access="address"),
)  # fmt: skip
