"""Every operation of the API. A route that is not in `ROUTES` does not exist."""

import re

from domain.history import ChangesetEvent
from domain.imports import BatchResult, ImportRequest
from domain.message import CHANNEL, MESSAGE
from domain.resource import Resource, by_age
from domain.resources import RESOURCES
from domain.trip import TRIP
from formats.calendar import MEDIA_TYPE as CALENDAR
from server.api import (
    calendars,
    events,
    history,
    imports,
    jobs,
    keys,
    me,
    messages,
    openapi,
    requests,
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
from server.passkey_routes import PASSKEYS
from server.people_routes import PEOPLE
from server.query import DRY_RUN, FILENAME, FORCE, SINCE
from server.route import ANY, Body, PageSize, Route, Stream, Transaction, View
from server.session_routes import SESSION
from storage.deliveries import DeliveryInfo
from storage.groups import Member
from storage.jobs import Job
from storage.keys import ApiKey, NewApiKey
from storage.webhooks import Hook, NewHook

_TRIP = "/trips/{tripId}"
_WEBHOOK = "/webhooks/{webhookId}"
_MESSAGES = f"{_TRIP}/channels/{{channelId}}/messages"

_CREATE = (
    "With a `clientRef` that is there already, what is sent is merged into that row, which is"
    " answered with 200: so a create can be sent again. A merge need not have the required fields."
)
_BATCH = (
    "Each item is created or merged by its `clientRef` and has an outcome of its own: what is wrong"
    " with one keeps no other from being done. For more, and for several kinds at once, there is"
    " `POST /trips/{tripId}/sync`."
)
_PATCH = "What is absent stays as it is, null clears a field, a list is replaced as a whole."
_DELETE = "What belongs to it goes too; links to it are cleared. One undo brings all that back."


def _row(kind: type, creates: Resource | None = None) -> Body:
    return Body(type=kind, largest=ROW_BYTES, creates=creates)


def _resource_routes(resource: Resource) -> list[Route]:
    """What every resource of a trip has."""
    do, tag = Rows(resource), resource.collection
    order = "By age." if resource.sort_key is by_age else "In their own order, then by age."
    one, many = (name[0].upper() + name[1:] for name in (resource.kind, resource.snapshot))
    document = schemas.document(resource)
    rows, row = f"{_TRIP}{resource.path}", f"{_TRIP}{resource.path}/{{{resource.id_param}}}"
    return [
        Transaction("GET", rows, f"list{many}", do.list_, f"List {_words(many)}", tag,
                    schemas.page(document), scope="trips:read", query=LIST_QUERY, shows="content",
                    cached=True, description=order),
        Transaction("POST", rows, f"create{one}", do.create,
                    f"Create one {_words(one)}, or merge by clientRef", tag, document,
                    scope="trips:write", body=_row(requests.create(resource), resource),
                    statuses=(200, 201), creates_row=True, description=_CREATE),
        Transaction("POST", f"{rows}:batch", f"upsert{many}", do.batch,
                    f"Create or merge up to 50 {_words(many)}", tag, BatchResult,
                    scope="trips:write", statuses=(200, 207, 202),
                    body=Body(type=requests.batch(resource), largest=BATCH_BYTES,
                              imports=ImportRequest("batch", resource.kind)),
                    description=_BATCH),
        Transaction("PATCH", row, f"update{one}", do.change, f"Change one {_words(one)}", tag,
                    document, scope="trips:write", body=_row(requests.patch(resource)),
                    description=_PATCH),
        Transaction("DELETE", row, f"delete{one}", do.delete, f"Delete one {_words(one)}", tag,
                    None, scope="trips:write", statuses=(204,), description=_DELETE),
    ]  # fmt: skip


def _words(name: str) -> str:
    """A name as people write it: `ActionItem` is an "action item"."""
    return re.sub(r"\B(?=[A-Z])", " ", name).lower()


ROUTES: tuple[Route, ...] = (
    Transaction("GET", "/me", "me", me.show, "The key in use, its user and their groups", "me",
                me.Me,
                description="What to call first: it tells whether the key is good, what it may "
                            "do, and the `groupId` that a new trip needs."),
    *SESSION,
    *PASSKEYS,
    Transaction("GET", "/keys", "listKeys", keys.list_, "List your API keys", "keys",
                schemas.page(ApiKey), access="session", query=LIST_QUERY,
                description="Those that are not revoked; the keys themselves are not stored."),
    Transaction("POST", "/keys", "createKey", keys.create, "Create an API key", "keys",
                NewApiKey, access="session", body=_row(requests.key()), statuses=(201,),
                description="The reply shows the `key`, this once. It acts as you, in the trips "
                            "that its scopes name, or in all of yours; it can make no keys and "
                            "change no people."),
    Transaction("DELETE", "/keys/{keyId}", "revokeKey", keys.revoke, "Revoke an API key", "keys",
                None, access="session", statuses=(204,),
                description="What it was used for ends: requests at once, streams of events "
                            "within seconds, and webhooks that it made."),
    *PEOPLE,
    Transaction("GET", "/trips", "listTrips", trips.list_, "List trips", "trips",
                schemas.page(schemas.document(TRIP)), scope="trips:read", query=LIST_QUERY,
                description="Those of all your groups, by age; with a key that is limited to "
                            "trips, just these."),
    Transaction("POST", "/trips", "createTrip", trips.create, "Create a trip", "trips",
                schemas.document(TRIP), scope="trips:write", unlimited=True,
                body=_row(requests.create(TRIP)), statuses=(201,),
                description="It begins as `draft`, in a group of yours, with the channel "
                            "`general`."),
    Transaction("GET", _TRIP, "getTrip", trips.show, "Read a trip", "trips",
                schemas.document(TRIP), scope="trips:read", shows="trip", cached=True),
    Transaction("PATCH", _TRIP, "updateTrip", trips.change, "Change a trip", "trips",
                schemas.document(TRIP), scope="trips:write", body=_row(requests.patch(TRIP)),
                description="It stays in its group."),
    Transaction("DELETE", _TRIP, "archiveTrip", trips.archive, "Archive a trip", "trips",
                schemas.document(TRIP), scope="trips:write",
                description="Nothing is lost: the trip stays, with the status `completed`, which "
                            "a PATCH changes back."),
    Transaction("GET", f"{_TRIP}/export", "exportTrip", trips.export, "Read a whole trip", "trips",
                schemas.export(), scope="trips:read", shows="members", cached=True,
                description="All at one moment, with the `rev` from which `GET "
                            "/trips/{tripId}/changes` goes on. It can be sent back as a sync, "
                            "also into another trip."),
    Transaction("POST", f"{_TRIP}/sync", "syncTrip", imports.sync,
                "Diff-merge a snapshot into a trip", "trips", schemas.sync_result(),
                scope="trips:write", query=(DRY_RUN.name,),
                body=Body(type=requests.sync(), imports=ImportRequest("sync")),
                statuses=(200, 207, 202),
                description="Rows with a known `clientRef` are merged, others created; what is "
                            "not in the snapshot stays. Sent again, all is `unchanged`. Links may "
                            "name rows of the same snapshot by their `clientRef`. All is one "
                            "changeset, which one undo takes back; a large snapshot may be "
                            "answered by a job."),
    Transaction("POST", f"{_TRIP}/import", "importFile", imports.import_file,
                "Import a file into a trip", "trips", schemas.file_result(), scope="trips:write",
                query=(DRY_RUN.name, FILENAME.name), body=Body(type=bytes, media_type=ANY),
                statuses=(200, 207, 202), description=imports.FILE_DESCRIPTION),
    *(route for resource in RESOURCES for route in _resource_routes(resource)),
    Transaction("GET", f"{_TRIP}/channels", "listChannels", messages.list_channels,
                "List channels", "messages", schemas.page(schemas.document(CHANNEL)),
                scope="messages:read", query=LIST_QUERY, shows="content", cached=True,
                description="Where the members of a trip talk."),
    Transaction("GET", _MESSAGES, "listMessages", messages.list_messages,
                "List messages, newest first", "messages", schemas.page(schemas.document(MESSAGE)),
                scope="messages:read", query=LIST_QUERY, page=PageSize(50, 100),
                shows="messages",
                description="The cursor leads to older ones."),
    Transaction("POST", _MESSAGES, "sendMessage", messages.send, "Send a message", "messages",
                schemas.document(MESSAGE), scope="messages:write",
                body=_row(requests.create(MESSAGE)), statuses=(200, 201), creates_row=True,
                description="With a `clientRef` that you have used in this channel, the message "
                            "that it was comes back, as it is."),
    Transaction("GET", f"{_TRIP}/members", "listMembers", trips.members, "List members", "members",
                schemas.page(Member), scope="trips:read", query=LIST_QUERY, shows="members",
                cached=True,
                description="Those of the trip's group. Their `userId` is what an action item's "
                            "`owner` names."),
    Transaction("GET", f"{_TRIP}/changes", "listChanges", history.changes,
                "Read what changed since a revision", "changes", history.ChangePage,
                scope="trips:read", shows="changes", query=(SINCE.name, *LIST_QUERY),
                page=PageSize(200, 1_000),
                description="Each row once, in its latest state or as deleted, by the `rev` of "
                            "its last change. After the last page the client is at that page's "
                            "`rev`. Where what came after `since` is no longer kept, the answer "
                            "is 410: read the export anew."),
    Transaction("GET", f"{_TRIP}/history", "listHistory", history.entries,
                "List changesets, latest first", "changes", history.HistoryPage,
                scope="trips:read", query=LIST_QUERY,
                description="What each write did, by whom, and how much; messages only for keys "
                            "that may read those."),
    Transaction("GET", f"{_TRIP}/history/{{rev}}", "getChangeset", history.changeset,
                "Read what a changeset did", "changes", history.Changeset, scope="trips:read",
                query=LIST_QUERY,
                description="Row by row, with the fields that changed."),
    Transaction("POST", f"{_TRIP}/history/{{rev}}/undo", "undo", undo.undo,
                "Take back a changeset", "changes", schemas.undo_result(), scope="trips:write",
                statuses=(200, 207, 202), query=(DRY_RUN.name, FORCE.name),
                description="Rows that it created go, rows that it deleted come back with all "
                            "that belonged to them, and of rows that it updated each field goes "
                            "back. What was changed again since is a conflict and stays, unless "
                            "`force` is `true`. It is a changeset of its own, which can be "
                            "undone."),
    Stream("GET", f"{_TRIP}/events", "events", events.follow, "Follow what changes, as it happens",
           "changes", ChangesetEvent, scope="trips:read", query=(SINCE.name,),
           media_type=EVENTS, headers=events.HEADERS, description=events.DESCRIPTION),
    Transaction("POST", f"{_TRIP}/share-token", "createShareToken", shares.create, "Share a trip",
                "sharing", ShareLink, scope="trips:write", statuses=(200, 201),
                description="Anyone with the token reads the trip without what is private: no "
                            "notes, codes, contacts or messages; people see it at `/t/{token}`. "
                            "One that is shared already keeps its link."),
    Transaction("DELETE", f"{_TRIP}/share-token", "deleteShareToken", shares.revoke,
                "Stop sharing a trip", "sharing", None, scope="trips:write", statuses=(204,),
                description="The link is not found from then on; sharing again gives a new one."),
    Transaction("GET", "/shared/trips/{token}", "getSharedTrip", shares.show, "Read a shared trip",
                "sharing", schemas.shared_trip(), access="address",
                description="What a share link leads to: the trip and its legs, without what is "
                            "private."),
    Transaction("GET", "/shared/trips/{token}/export", "exportSharedTrip", shares.export,
                "Read a whole shared trip", "sharing", schemas.shared_export(), access="address",
                description="The shape of an export, without what is private."),
    Transaction("GET", f"{_TRIP}/calendar.ics", "getCalendar", calendars.show,
                "Read a trip as a calendar", "calendars", str, scope="trips:read", shows="content",
                cached=True, media_type=CALENDAR,
                description="Legs, stays, flights and commitments as events, each at the time of "
                            "its place; they keep their identity when they change."),
    Transaction("GET", "/shared/trips/{token}/calendar.ics", "getSharedCalendar",
                calendars.show_shared, "Read a shared trip as a calendar", "calendars", str,
                access="address", media_type=CALENDAR,
                description="The same for anyone with the link, without what is private."),
    Transaction("POST", "/me/calendar-token", "createCalendarToken", calendars.create_token,
                "Get the address of a calendar of all your trips", "calendars", CalendarLink,
                scope="trips:read", unlimited=True, statuses=(200, 201),
                description="For a calendar program to subscribe to: it needs no key, and shows "
                            "no codes, contacts or notes."),
    Transaction("DELETE", "/me/calendar-token", "deleteCalendarToken", calendars.delete_token,
                "Revoke the address of the calendar of all your trips", "calendars", None,
                scope="trips:read", unlimited=True, statuses=(204,),
                description="Whoever subscribed to it gets nothing from then on."),
    Transaction("GET", "/calendars/{token}.ics", "getCalendarFeed", calendars.show_feed,
                "Read all trips of a user as a calendar", "calendars", str, access="address",
                media_type=CALENDAR,
                description="What the address of a calendar leads to, for calendar programs."),
    Transaction("GET", "/jobs/{jobId}", "getJob", jobs.show, "Read a job", "jobs", Job,
                description="What became of a request that was answered 202; kept for seven days "
                            "unless the server is set up otherwise. A user sees their own."),
    Transaction("GET", "/webhooks", "listWebhooks", webhooks.list_, "List webhooks", "webhooks",
                schemas.page(Hook), scope="trips:read", query=LIST_QUERY,
                description="Your own."),
    Transaction("POST", "/webhooks", "createWebhook", webhooks.create, "Create a webhook",
                "webhooks", NewHook, scope="trips:read", body=_row(requests.webhook()),
                statuses=(201,), prepare=webhooks.addresses_of,
                description="The reply shows the `secret` that signs what is delivered, this "
                            "once. A URL must lead to public addresses, unless the server's "
                            "settings say otherwise. It tells only what the key that made it may "
                            "read."),
    Transaction("PATCH", _WEBHOOK, "updateWebhook", webhooks.change,
                "Change a webhook, or enable it again", "webhooks", Hook, scope="trips:read",
                body=_row(requests.webhook(partly=True)), prepare=webhooks.addresses_of,
                description="One that failed for too long is disabled; `enabled: true` begins "
                            "anew."),
    Transaction("DELETE", _WEBHOOK, "deleteWebhook", webhooks.delete, "Delete a webhook",
                "webhooks", None, scope="trips:read", statuses=(204,),
                description="What was not delivered yet is not delivered any longer."),
    Transaction("POST", f"{_WEBHOOK}/test", "testWebhook", webhooks.test,
                "Send a webhook a delivery to answer", "webhooks", DeliveryInfo,
                scope="trips:read", statuses=(201,),
                description="A delivery of the event `test`, which is tried at once and listed "
                            "like any other."),
    Transaction("GET", f"{_WEBHOOK}/deliveries", "listDeliveries", webhooks.list_deliveries,
                "List a webhook's deliveries, newest first", "webhooks",
                schemas.page(DeliveryInfo), scope="trips:read", query=LIST_QUERY,
                description="What it was told, when, and what it answered; kept for 30 days "
                            "unless the server is set up otherwise."),
    Transaction("POST", f"{_WEBHOOK}/deliveries/{{deliveryId}}/redeliver", "redeliver",
                webhooks.redeliver, "Deliver something again", "webhooks", DeliveryInfo,
                scope="trips:read",
                description="The same delivery, with the same id, as soon as may be."),
    View("GET", "/openapi.json", "getOpenApi", openapi.show, "This description", "meta",
         openapi.Description, access="address",
         description="OpenAPI 3.1, of the operations that this server has."),
)  # fmt: skip
