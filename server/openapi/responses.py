"""Responses: their headers, and what an operation can fail with."""

import inspect
import itertools
from collections.abc import Iterator
from typing import Any, Final

from domain.errors import ERRORS, CarnetError
from server.api import schemas
from server.api.session import SignedIn
from server.openapi.parameters import is_tagged_read, takes_if_match
from server.query import SINCE
from server.route import OPEN, Route, Transaction

HEADERS: Final[dict[str, dict[str, Any]]] = {
    "X-Request-Id": {
        "description": "Names this request; in an error it is `requestId` too.",
        "required": True,
        "schema": {"type": "string", "pattern": "^req_[0-9a-f-]{36}$"},
    },
    "X-RateLimit-Limit": {
        "description": "Requests allowed in a window of 60 seconds.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
    "X-RateLimit-Remaining": {
        "description": "Requests left in this window.",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
    },
    "ETag": {
        "description": "Tells the revision of the last write that touched what is shown.",
        "required": True,
        "schema": {"type": "string", "pattern": '^"[0-9a-zA-Z-]+"$'},
    },
    "Idempotency-Replayed": {
        "description": "`true` when this is the first response again.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Location": {
        "description": "Where the job is to be read.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Preference-Applied": {
        "description": "`respond-async` when that was asked for.",
        "schema": {"type": "string", "enum": ["respond-async"]},
    },
    "WWW-Authenticate": {
        "description": "The scheme of authentication.",
        "required": True,
        "schema": {"type": "string", "enum": ["Bearer"]},
    },
    "Retry-After": {
        "description": "Seconds to wait before trying again.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
}

_OF_STATUS: Final[dict[int, tuple[str, ...]]] = {
    202: ("Location", "Preference-Applied"),
    401: ("WWW-Authenticate",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}

MEANINGS: Final = {
    200: "Done",
    201: "Created",
    202: "Accepted as a job, which `Location` leads to",
    204: "Done; there is nothing to show",
    207: "Done in part: some items failed, and each says why",
    304: "Not changed since",
}
"""What is said of a success."""


def headers_of(route: Route, status: int) -> tuple[str, ...]:
    """The headers of a response."""
    names = ["X-Request-Id"]
    if route.access not in OPEN and status != 401 and status < 500:
        names += ["X-RateLimit-Limit", "X-RateLimit-Remaining"]
    replies_row = route.writes and route.reply in schemas.documents()
    if status < 400 and (is_tagged_read(route) or replies_row):
        names.append("ETag")
    if route.keeps_answers and (status < 300 or status == 404):
        names.append("Idempotency-Replayed")
    return (*names, *_OF_STATUS.get(status, ()))


def failures_of(route: Route) -> Iterator[tuple[int, list[type[CarnetError]]]]:
    """The failures an operation can end with, by status."""
    yield from (
        (status, list(errors))
        for status, errors in itertools.groupby(errors_of(route), lambda error: error.status)
    )


def errors_of(route: Route) -> list[type[CarnetError]]:
    """The failures an operation can end with."""
    codes = {"RATE_LIMITED", "INTERNAL", "UNAVAILABLE"}
    if route.access not in OPEN or route.reply is SignedIn:
        codes.add("UNAUTHORIZED")
    if route.scope or route.access in ("session", "visitor", "sign-in"):
        codes.add("FORBIDDEN")
    if "{" in route.path:
        codes.add("NOT_FOUND")
    if route.access not in OPEN or route.query or route.writes:
        codes.add("VALIDATION_ERROR")
    if route.writes:
        codes |= {"PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"}
    if route.keeps_answers:
        codes.add("IDEMPOTENCY_CONFLICT")
    if isinstance(route, Transaction) and route.conflicts:
        codes.add("CONFLICT")
    if takes_if_match(route):
        codes.add("PRECONDITION_FAILED")
    if "{rev}" in route.path or (isinstance(route, Transaction) and SINCE.name in route.query):
        codes.add("GONE")
    return [error for error in ERRORS if error.code in codes]


def said_of(errors: list[type[CarnetError]]) -> str:
    """What is said of the failures of one status."""
    said = [(error.code, (inspect.getdoc(error) or "").splitlines()[0]) for error in errors]
    return " ".join(f"`{code}`: {about}" for code, about in said)
