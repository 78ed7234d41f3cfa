"""The trip that the description's examples tell of, and the people and programs around it.

What is not here, an example has from the schema alone: fields and resources that are added need no
line here.
"""

import base64
import hashlib
from typing import Any, Final

import msgspec

from domain import details
from domain.access import NO_TRIP
from domain.errors import (
    Conflict,
    Forbidden,
    Gone,
    IdempotencyConflict,
    Internal,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    PreconditionFailed,
    RateLimited,
    Unauthorized,
    Unavailable,
    UnsupportedMediaType,
    ValidationFailed,
)
from domain.resources import RESOURCES

Members = dict[str, Any]


def id_of(kind: str) -> str:
    """The id of the one thing of a kind that examples tell of."""
    digest = hashlib.blake2b(kind.encode(), digest_size=8).digest()
    return "06e1k8qj4m0" + base64.b32hexencode(digest).decode().lower().rstrip("=")


FROM_CONTEXT: Final = object()
"""A member that an example has, of the row that it tells of."""
REQUEST_ID: Final = "req_2f6c9a51-7d0e-4b39-8a4c-51f0c9d2e7b6"
NOW: Final = "2026-11-02T08:15:30.123Z"

_ACCOMMODATION: Final = {
    "name": "Hotel Sumidakaze",
    "address": "2-chome Kaminarimon, Taito-ku, Tokyo",
    "lat": 35.7107,
    "lng": 139.795,
    "checkInDate": "2027-04-02",
    "checkInTime": "15:00",
    "checkOutDate": "2027-04-05",
    "checkOutTime": "11:00",
    "confirmationNumber": "TYO-0001",
}

ROWS: Final[dict[str, Members]] = {
    "Trip": {
        "groupId": id_of("group"),
        "title": "Two weeks in Japan",
        "startDate": "2027-04-01",
        "endDate": "2027-04-15",
        "status": "draft",
    },
    "Leg": {
        "order": 0,
        "title": "Tokyo: blossom and neon",
        "destination": "Tokyo, Japan",
        "startDate": "2027-04-01",
        "endDate": "2027-04-05",
        "timezone": "Asia/Tokyo",
        "accommodation": _ACCOMMODATION,
        "flights": [
            {
                "airline": "Japan Airlines",
                "flightNumber": "JL44",
                "departureAirport": "LHR",
                "arrivalAirport": "HND",
                "departureTime": "2027-04-01T09:30:00+01:00",
                "arrivalTime": "2027-04-02T07:20:00+09:00",
                "seat": "41A",
            }
        ],
        "rentalCar": {
            "company": "Sakura Cars",
            "vehicle": "Small hybrid",
            "pickupLocation": "Tokyo Station",
            "pickupTime": "2027-04-05T09:00",
            "dropoffLocation": "Odawara Station",
            "dropoffTime": "2027-04-05T18:00",
        },
        "clientRef": "leg-tokyo",
    },
    "Stay": {**_ACCOMMODATION, "name": "Capsule at the airport", "clientRef": "stay-airport"},
    "MapPin": {
        "name": "Sensō-ji",
        "lat": 35.7148,
        "lng": 139.7967,
        "category": "temple",
        "notes": "Before eight it is quiet.",
        "clientRef": "pin-sensoji",
    },
    "ActionItem": {
        "text": "Book the train to Hakone",
        "urgency": "before_trip",
        "owner": id_of("user"),
        "isCompleted": False,
        "clientRef": "item-train",
    },
    "Commitment": {
        "title": "Dinner under the blossoms",
        "startDate": "2027-04-03",
        "category": "dinner",
        "startTime": "19:00",
        "endTime": "21:30",
        "timezone": "Asia/Tokyo",
        "legId": id_of("leg"),
        "mapPinId": id_of("mapPin"),
        "clientRef": "dinner-blossoms",
    },
    "Channel": {"name": "general"},
    "Message": {"content": "Who takes the early train?", "clientRef": "message-1"},
    "ApiKey": {
        "name": "Assistant",
        "scopes": [f"trips:read:{id_of('trip')}", f"messages:read:{id_of('trip')}"],
        "lastFour": "RkDo",
        "lastUsedAt": NOW,
        "lastUsedFrom": "192.168.1.20, HomeAssistant/2026.11",
        "expiresAt": "2027-05-02T00:00:00.000Z",
        "rateLimit": 60,
    },
    "Webhook": {
        "url": "https://example.org/hooks",
        "events": ["trip.changed"],
        "tripId": id_of("trip"),
        "description": "The family's calendar",
        "enabled": True,
    },
}
"""By the schema they are of: what examples of requests and replies have of a row."""

_WRONG: Final = ValidationFailed([details.required("title", "a string of 1 to 200 characters")])
_COUNTS: Final = {"created": 1, "updated": 0, "unchanged": 0, "errors": 0}
_COUNTS_FAILED: Final = {"created": 0, "updated": 0, "unchanged": 0, "errors": 1}
_UNDONE: Final = {"deleted": 1, "restored": 0, "updated": 0, "unchanged": 0, "errors": 0}
_OLGA: Final = {"_id": id_of("user"), "name": "Olga", "email": "olga@example.org"}
_INVITE: Final = {
    "_id": id_of("invite"),
    "role": "editor",
    "createdAt": NOW,
    "expiresAt": "2026-11-09T08:15:30.123Z",
    "createdBy": "Olga",
}
_BY: Final = {"userId": id_of("user"), "name": "Olga"}

WHOLE: Final[dict[str, Members]] = {
    "TripPatch": {"status": "active"},
    "WebhookPatch": {"enabled": True},
    "ProfilePatch": {"name": "Olga", "phone": "+44 20 7946 0000"},
    "ProfileInfo": {**_OLGA, "createdAt": NOW, "phone": "+44 20 7946 0000"},
    "GroupNameCreate": {"name": "Family"},
    "GroupNamePatch": {"name": "Family and friends"},
    "MembershipPatch": {"role": "owner"},
    "InvitationCreate": {"role": "editor"},
    "InviteInfo": _INVITE,
    "NewInvite": {**_INVITE, "url": "https://trips.example.org/invite/q3Vn8ZkR1tYw6Lx0"},
    "NewcomerCreate": {
        "email": "olga@example.org",
        "name": "Olga",
        "password": "a ferry at six in the morning",
    },
    "ConfirmationCreate": {"password": "a ferry at six in the morning"},
    "InviteOffer": {
        "group": "Family",
        "role": "editor",
        "invitedBy": "Olga",
        "expiresAt": "2026-11-09T08:15:30.123Z",
    },
    "BatchResult": _COUNTS,
    "CategoryResult": _COUNTS,
    "UndoneRows": _UNDONE,
    "ItemResult": {
        "index": 0,
        "status": "created",
        "_id": FROM_CONTEXT,
        "clientRef": FROM_CONTEXT,
    },
    "UndoneItem": {"status": "deleted"},
    "Description": {
        "openapi": "3.1.0",
        "info": {"title": "Carnet", "version": "0.1.0"},
        "paths": {},
        "components": {},
    },
    "RowCounts": {"created": 1, "updated": 0, "deleted": 0},
    "User": _OLGA,
    "Group": {"_id": id_of("group"), "name": "Family", "role": "owner"},
    "Key": {
        "_id": id_of("key"),
        "name": "Assistant",
        "scopes": ["trips:read", "trips:write"],
        "rateLimit": 60,
    },
    "KeyName": {"_id": id_of("key"), "name": "Assistant"},
    "Member": {**_BY, "email": "olga@example.org", "role": "owner"},
    "SharedMember": {"name": "Olga", "role": "owner"},
    "Author": _BY,
    "Job": {
        "_id": id_of("job"),
        "kind": "sync",
        "tripId": id_of("trip"),
        "status": "queued",
        "progress": {"done": 0, "total": 800},
        "attempts": 0,
        "createdAt": NOW,
    },
    "FileReject": {
        "reason": "it has no position",
        "row": {"name": "A bar in Shinjuku"},
        "name": "A bar in Shinjuku",
        "line": 3,
    },
    "ShareLink": {
        "token": "q3Vn8ZkR1tYw6Lx0",
        "url": "https://trips.example.org/api/v1/shared/trips/q3Vn8ZkR1tYw6Lx0",
        "createdAt": NOW,
    },
    "CalendarLink": {"url": "https://trips.example.org/api/v1/calendars/q3Vn8ZkR1tYw6Lx0.ics"},
    "Delivery": {
        "_id": id_of("delivery"),
        "event": "trip.changed",
        "tripId": id_of("trip"),
        "rev": 17,
        "status": "succeeded",
        "attempts": 1,
        "responseStatus": 204,
        "durationMs": 41,
        "createdAt": NOW,
    },
}
"""By schema: the members of an example, beside those that are required."""

IN_PART: Final[dict[str, Members]] = {
    "BatchResult": _COUNTS_FAILED,
    "CategoryResult": _COUNTS_FAILED,
    "UndoneRows": {**_UNDONE, "deleted": 0, "errors": 1},
    "ItemResult": {
        "index": 0,
        "status": "error",
        "clientRef": FROM_CONTEXT,
        "error": msgspec.to_builtins(_WRONG.for_item()),
    },
    "UndoneItem": {
        "status": "error",
        "error": msgspec.to_builtins(Conflict("title was changed again since").for_item()),
    },
}
"""The same where some items failed."""

OMITTED: Final = {
    "Change": {"deleted"},
    "ChangesetEvent": {"more"},
    "Changeset": {"jobId", "undoes", "undoneBy"},
    "ChangesetPage": {"jobId", "undoes", "undoneBy"},
    "ChangesetItem": {"changes"},
    "FileResult": {"moreRejects"},
    "Webhook": {"disabledReason", "disabledAt"},
    "NewWebhook": {"disabledReason", "disabledAt"},
    "NewApiKey": {"lastUsedAt", "lastUsedFrom"},
    "ActionItem": {"completedAt"},
}
"""By schema: what is there only where something else is not."""

VALUES: Final[Members] = {
    **{link.field: id_of(link.kind) for each in RESOURCES for link in each.links},
    **dict.fromkeys(("owner", "createdBy", "authorId", "userId"), id_of("user")),
    "defaultGroupId": id_of("group"),
    "deleted": True,
    "dryRun": False,
    "kind": "leg",
    "key": "osk_7Hq2mZr9TdXw4KpV1nBs6YcJ8gLfE3aU5tNx0WbRkDo",
    "nextCursor": None,
    "notices": "The file says nothing of time zones",
    "op": "created",
    "requestId": REQUEST_ID,
    "rev": 17,
    "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=",
    "via": "api",
}
"""By the name of a member: what it is, in whatever it is."""

FAILURES: Final = {
    error.code: error
    for error in (
        _WRONG,
        Unauthorized(),
        Forbidden("This key lacks the scope trips:write; it has trips:read"),
        NotFound(NO_TRIP),
        MethodNotAllowed(),
        IdempotencyConflict(),
        Conflict(),
        Gone("What changed since 3 is not kept any longer: read the export anew"),
        PreconditionFailed(),
        PayloadTooLarge("The body of this request may have 262144 bytes at most"),
        UnsupportedMediaType(),
        RateLimited(21),
        Internal(),
        Unavailable(),
    )
}
"""One of each kind, by code."""

TEXTS: Final = {
    "text/calendar": "\r\n".join(
        (
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//Carnet//Trips//EN",
            "BEGIN:VEVENT",
            f"UID:{id_of('leg')}",
            "DTSTAMP:20261102T081530Z",
            "DTSTART;VALUE=DATE:20270401",
            "DTEND;VALUE=DATE:20270406",
            "SUMMARY:Tokyo: blossom and neon",
            "END:VEVENT",
            "END:VCALENDAR",
            "",
        )
    ),
}
"""By media type: what is no JSON."""

FILE: Final = "name,lat,lng\nSensō-ji,35.7148,139.7967\n"
"""What somebody might send as a file."""
