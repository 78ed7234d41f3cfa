"""The OpenAPI 3.1 description, generated from the route table and the structs."""

import functools
import re
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Final

import msgspec

from domain.errors import ERRORS, REASONS, CarnetError, ErrorBody
from domain.fields import SCHEMAS
from domain.imports import BatchResult
from server.api import schemas
from server.event_text import MEDIA_TYPE
from server.query import PARAMETERS, SINCE, Parameter
from server.route import API, JSON, Call, Reply, Route, Transaction
from storage.jobs import Job

_TOKEN: Final = {
    "description": "Token of a share link, or of a calendar.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9]{1,64}$"},
}

_REV: Final = {
    "description": "Revision of the trip, which names the changeset that made it.",
    "schema": {"type": "integer", "minimum": 1},
}

_IDEMPOTENCY_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Makes a retry safe: the first response is given again for 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}

_PREFER: Final = {
    "name": "Prefer",
    "in": "header",
    "description": "`respond-async`, or `wait=N` seconds (RFC 7240).",
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
    "description": "Of a read: `ETag` of what is known; 304 when that is the present state. Of a"
    " create: `*`; 412 when its clientRef exists.",
    "schema": {"type": "string"},
}

_LAST_EVENT_ID: Final = {
    "name": "Last-Event-ID",
    "in": "header",
    "description": "The `id` of the last event that came; it goes before `since`.",
    "schema": {"type": "string", "pattern": "^[0-9]*$"},
}

_RESPONSE_HEADERS: Final[dict[str, dict[str, Any]]] = {
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

_HEADERS_OF_STATUS: Final[dict[int, tuple[str, ...]]] = {
    202: ("Location", "Preference-Applied"),
    401: ("WWW-Authenticate",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}


async def show(call: Call) -> Reply:
    """The description of the table that the request's route is from, as JSON."""
    return Reply(200, _document(tuple(call.routes)))


@functools.cache
def _document(routes: tuple[Route, ...]) -> bytes:
    return msgspec.json.encode(describe(routes))


def describe(routes: Sequence[Route]) -> dict[str, Any]:
    """The OpenAPI document of a route table."""
    types = {t: None for route in routes for t in (_body_type(route), route.reply) if t is not None}
    types |= {ErrorBody: None, Job: None}
    shapes, components = msgspec.json.schema_components(
        list(types), schema_hook=_schema_of, ref_template="#/components/schemas/{name}"
    )
    by_type = dict(zip(types, shapes, strict=True))
    components["Detail"]["properties"]["reason"] = {"type": "string", "enum": list(REASONS)}
    components["Job"]["properties"]["error"] = {"$ref": "#/components/schemas/ItemError"}
    components["Job"]["properties"]["result"] = {
        "description": "The reply the request would have had.",
        "anyOf": [
            by_type[BatchResult],
            by_type[schemas.sync_result()],
            by_type[schemas.file_result()],
            by_type[schemas.undo_result()],
        ],
    }
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        operation = _operation(route, by_type)
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Carnet",
            "version": version("carnet"),
            "description": "Trips, planned together.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": API}],
        "security": [{"key": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(route.tag for route in routes)],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "headers": _RESPONSE_HEADERS,
            "schemas": components,
        },
    }


def _body_type(route: Route) -> Any:
    return route.body.type if route.body else None


def _schema_of(kind: type) -> dict[str, Any]:
    return SCHEMAS[kind]


def _operation(route: Route, by_type: dict[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": _parameters(route),
        "responses": _responses(route, by_type),
    }
    if route.scope:
        needs = f"Needs the scope `{route.scope}`{' for all trips' if route.unlimited else ''}."
        operation["description"] = f"{needs} {route.description}".rstrip()
    if route.access == "address":
        operation["security"] = []
    if route.body is not None:
        shape = by_type[route.body.type] if route.body.media_type == JSON else {}
        content = {route.body.media_type: {"schema": shape}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _parameters(route: Route) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, **_path_parameter(name)}
        for name in re.findall(r"\{(\w+)\}", route.path)
    ]
    parameters += [_query_parameter(PARAMETERS[name]) for name in route.query]
    if route.writes:
        parameters.append(_IDEMPOTENCY_KEY)
    if _takes_if_match(route):
        parameters.append(_IF_MATCH)
    if _takes_if_none_match(route):
        parameters.append(_IF_NONE_MATCH)
    if 202 in route.statuses:
        parameters.append(_PREFER)
    if route.media_type == MEDIA_TYPE:
        parameters.append(_LAST_EVENT_ID)
    return parameters


def _query_parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": "query",
        "description": parameter.description,
        "schema": parameter.schema,
    }


def _path_parameter(name: str) -> dict[str, Any]:
    if name == "token":
        return _TOKEN
    if name == "rev":
        return _REV
    return {
        "description": f"Id of the {name.removesuffix('Id')}.",
        "schema": {"type": "string", "pattern": "^[a-z0-9]{1,32}$"},
    }


def _responses(route: Route, by_type: dict[Any, Any]) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status in route.statuses:
        shape = by_type[Job] if status == 202 else by_type.get(route.reply)
        responses[str(status)] = _response(route, status, _MEANINGS[status], shape)
    if _is_tagged_read(route):
        responses["304"] = _response(route, 304, _MEANINGS[304], None)
    for error in errors_of(route):
        responses[str(error.status)] = _response(
            route, error.status, error.code, by_type[ErrorBody]
        )
    return responses


_MEANINGS: Final = {
    200: "Done",
    201: "Created",
    202: "Accepted as a job",
    204: "Done; nothing to show",
    207: "Done in part: some items failed",
    304: "Not changed",
}


def _response(route: Route, status: int, description: str, shape: Any) -> dict[str, Any]:
    response: dict[str, Any] = {"description": description, "headers": _headers(route, status)}
    if shape is not None:
        media_type = route.media_type if status < 400 else JSON
        response["content"] = {media_type: {"schema": shape}}
    return response


def _headers(route: Route, status: int) -> dict[str, Any]:
    names = ["X-Request-Id"]
    if route.access == "key" and status != 401 and status < 500:
        names += ["X-RateLimit-Limit", "X-RateLimit-Remaining"]
    if status < 400 and (_is_tagged_read(route) or (route.writes and _replies_row(route))):
        names.append("ETag")
    if route.writes and (status < 300 or status == 404):
        names.append("Idempotency-Replayed")
    names += _HEADERS_OF_STATUS.get(status, ())
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _takes_if_none_match(route: Route) -> bool:
    if not isinstance(route, Transaction):
        return False
    return route.creates_row or not route.writes


def _is_tagged_read(route: Route) -> bool:
    return isinstance(route, Transaction) and not route.writes


def _takes_if_match(route: Route) -> bool:
    """Whether the operation writes in a trip that there is."""
    return route.writes and route.on_trip


def _replies_row(route: Route) -> bool:
    """Whether the reply is a row of a trip or a trip itself, which have revisions."""
    return route.reply is not None and route.reply.__name__.endswith("Document")


def errors_of(route: Route) -> list[type[CarnetError]]:
    """The failures an operation can end with."""
    codes = {"RATE_LIMITED", "INTERNAL", "UNAVAILABLE"}
    if route.access == "key":
        codes.add("UNAUTHORIZED")
    if route.scope:
        codes.add("FORBIDDEN")
    if "{" in route.path:
        codes.add("NOT_FOUND")
    if route.access == "key" or route.query or route.writes:
        codes.add("VALIDATION_ERROR")
    if route.writes:
        codes |= {"IDEMPOTENCY_CONFLICT", "PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"}
    if _takes_if_match(route):
        codes.add("PRECONDITION_FAILED")
    if "{rev}" in route.path or (isinstance(route, Transaction) and SINCE.name in route.query):
        codes.add("GONE")
    return [error for error in ERRORS if error.code in codes]
