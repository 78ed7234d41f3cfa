"""Parameters of operations: what is in a path, in a query, in headers."""

import re
from collections.abc import Iterator
from typing import Any, Final

from server.event_text import MEDIA_TYPE
from server.query import LIMIT, PARAMETERS, SINCE, Parameter
from server.route import PAGE, Route, Stream, Transaction

_TOKEN: Final = {
    "description": "Token of a link, or of a calendar.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9]{1,64}$"},
}

_REV: Final = {
    "description": "Revision of the trip, which names the changeset that made it.",
    "schema": {"type": "integer", "minimum": 1},
}

_IDEMPOTENCY_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Makes a retry safe: for 24 hours at least, the same request with the same key"
    " gets the first response again, and nothing is done twice.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}

_PREFER: Final = {
    "name": "Prefer",
    "in": "header",
    "description": "`respond-async` for a job at once, `wait=N` to wait for it N seconds at most"
    " (RFC 7240).",
    "schema": {"type": "string", "examples": ["respond-async", "wait=5"]},
}

_IF_MATCH: Final = {
    "name": "If-Match",
    "in": "header",
    "description": "`ETag` of what is to be changed, or of a list or an export that shows it; 412"
    " when it has changed since.",
    "schema": {"type": "string", "examples": ["*"]},
}

_IF_NONE_MATCH: Final = {
    "name": "If-None-Match",
    "in": "header",
    "description": "`ETag` of what is known; 304 when that is the present state.",
    "schema": {"type": "string"},
}

_IF_NONE: Final = {
    **_IF_NONE_MATCH,
    "description": "`*`: only where no row has the clientRef yet; 412 when one has.",
}

_SINCE_OF_STREAM: Final = (
    "The `rev` after which the stream begins; not given: with what comes from now on."
)

_LAST_EVENT_ID: Final = {
    "name": "Last-Event-ID",
    "in": "header",
    "description": "The `id` of the last event that came; it goes before `since`.",
    "schema": {"type": "string", "pattern": "^[0-9]*$"},
}


def parameters_of(route: Route) -> Iterator[tuple[str, dict[str, Any]]]:
    """The parameters of an operation, each with a name of its own in the whole description."""
    for name in re.findall(r"\{(\w+)\}", route.path):
        yield name, {"name": name, "in": "path", "required": True, **_in_path(name)}
    for name in route.query:
        yield _in_query(PARAMETERS[name], route)
    if route.keeps_answers:
        yield "idempotencyKey", _IDEMPOTENCY_KEY
    if takes_if_match(route):
        yield "ifMatch", _IF_MATCH
    if is_tagged_read(route):
        yield "ifNoneMatch", _IF_NONE_MATCH
    elif isinstance(route, Transaction) and route.creates_row:
        yield "ifNone", _IF_NONE
    if 202 in route.statuses:
        yield "prefer", _PREFER
    if route.media_type == MEDIA_TYPE:
        yield "lastEventId", _LAST_EVENT_ID


def _in_path(name: str) -> dict[str, Any]:
    if name == "token":
        return _TOKEN
    if name == "rev":
        return _REV
    words = re.sub(r"(?=[A-Z])", " ", name.removesuffix("Id")).lower()
    return {
        "description": f"Id of the {words}.",
        "schema": {"type": "string", "pattern": "^[a-z0-9]{1,32}$"},
    }


def _in_query(parameter: Parameter, route: Route) -> tuple[str, dict[str, Any]]:
    name, about, schema = parameter.name, parameter.description, parameter.schema
    if parameter is LIMIT:
        schema = {**schema, "default": route.page.default, "maximum": route.page.most}
        name = "limit" if route.page == PAGE else f"limit{route.page.most}"
    elif parameter is SINCE and isinstance(route, Stream):
        name, about, schema = "sinceOfStream", _SINCE_OF_STREAM, {"type": "integer", "minimum": 0}
    described = {"name": parameter.name, "in": "query", "description": about}
    return name, {**described, "schema": schema}


def is_tagged_read(route: Route) -> bool:
    """Whether the reply has an `ETag` by which it may be asked for again."""
    return isinstance(route, Transaction) and not route.writes


def takes_if_match(route: Route) -> bool:
    """Whether the operation writes in a trip that there is."""
    return route.writes and route.on_trip
