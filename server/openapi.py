"""The OpenAPI 3.1 description, generated from the route table and the structs."""

import functools
import re
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Final

import msgspec

from domain.errors import ERRORS, REASONS, CarnetError, ErrorBody
from domain.fields import SCHEMAS
from server.call import API, Call, Reply, Route
from storage.jobs import Job
from storage.store import Tx

_QUERY: Final[dict[str, dict[str, Any]]] = {
    "limit": {
        "description": "Rows a page: a whole number from 1; above the maximum it is cut to it.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "cursor": {
        "description": "`nextCursor` of the page before.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{16,}$"},
    },
    "dryRun": {
        "description": "With `true` the reply tells what would change, and nothing is written.",
        "schema": {"type": "string", "enum": ["true", "false"], "default": "false"},
    },
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

_HEADERS: Final = {
    "X-Request-Id": {"description": "Names this request.", "schema": {"type": "string"}},
}


async def show(_tx: Tx, _call: Call) -> Reply:
    """The description, as JSON."""
    return Reply(200, _document())


@functools.cache
def _document() -> bytes:
    from server.routes import ROUTES

    return msgspec.json.encode(describe(ROUTES))


def describe(routes: Sequence[Route]) -> dict[str, Any]:
    """The OpenAPI document of a route table."""
    types = {t: None for route in routes for t in (route.body, route.reply) if t is not None}
    types |= {ErrorBody: None, Job: None}
    schemas, components = msgspec.json.schema_components(
        list(types), schema_hook=_schema_of, ref_template="#/components/schemas/{name}"
    )
    by_type = dict(zip(types, schemas, strict=True))
    components["Detail"]["properties"]["reason"] = {"type": "string", "enum": list(REASONS)}
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
            "schemas": components,
        },
    }


def _schema_of(kind: type) -> dict[str, Any]:
    return SCHEMAS[kind]


def _operation(route: Route, schemas: dict[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": _parameters(route),
        "responses": _responses(route, schemas),
    }
    if route.scope:
        operation["description"] = f"Needs the scope `{route.scope}`."
    if route.access == "address":
        operation["security"] = []
    if route.body is not None:
        content = {"application/json": {"schema": schemas[route.body]}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _operation_id(route: Route) -> str:
    """A name from the template: `POST /trips/{tripId}/legs:batch` is `post_trips_legs_batch`.

    A path that ends in an id names one row, so its last word loses its plural.
    """
    words = re.findall(r"[A-Za-z]+", re.sub(r"\{\w+\}", "", route.path))
    one = "one_" if route.path.endswith("}") else ""
    return f"{route.method.lower()}_{one}{'_'.join(words)}"


def _parameters(route: Route) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)\}", route.path)
    ]
    parameters += [{"name": name, "in": "query", **_QUERY[name]} for name in route.query]
    if route.writes:
        parameters.append(_IDEMPOTENCY_KEY)
    if 202 in route.statuses:
        parameters.append(_PREFER)
    return parameters


def _responses(route: Route, schemas: dict[Any, Any]) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status in route.statuses:
        shape = schemas[Job] if status == 202 else schemas.get(route.reply)
        responses[str(status)] = _response(_MEANINGS[status], shape)
    for error in errors_of(route):
        responses[str(error.status)] = _response(error.code, schemas[ErrorBody])
    return responses


_MEANINGS: Final = {
    200: "Done",
    201: "Created",
    202: "Accepted as a job",
    204: "Done; nothing to show",
    207: "Done in part: some items failed",
}


def _response(description: str, shape: Any) -> dict[str, Any]:
    response: dict[str, Any] = {"description": description, "headers": _HEADERS}
    if shape is not None:
        response["content"] = {"application/json": {"schema": shape}}
    return response


def errors_of(route: Route) -> list[type[CarnetError]]:
    """The failures an operation can end with."""
    codes = {"RATE_LIMITED", "INTERNAL", "UNAVAILABLE"}
    if route.access == "key":
        codes.add("UNAUTHORIZED")
    if route.scope:
        codes.add("FORBIDDEN")
    if "{" in route.path:
        codes.add("NOT_FOUND")
    if route.query or route.writes:
        codes.add("VALIDATION_ERROR")
    if route.writes:
        codes |= {"IDEMPOTENCY_CONFLICT", "PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"}
    return [error for error in ERRORS if error.code in codes]
