"""The document: what every operation takes and answers, with what they share told once."""

from collections.abc import Sequence
from typing import Any, Final

from domain.errors import ErrorBody
from runtime.release import release
from server.openapi.examples import Examples, failure
from server.openapi.parameters import is_tagged_read, parameters_of
from server.openapi.responses import (
    HEADERS,
    MEANINGS,
    failures_of,
    headers_of,
    said_of,
)
from server.openapi.shapes import Schema, Shapes
from server.openapi.tags import tags_of
from server.route import ANY, API, JSON, OPEN, Body, Route
from storage.jobs import Job

_KEY: Final = "key"
_SESSION: Final = "session"
_FILE: Final = "application/octet-stream"
_ABOUT: Final = """\
Trips, planned together by people and assistants: legs, stays, pins, checklists, events, messages.

Every request carries a key as `Authorization: Bearer osk_...`. Bodies are JSON in UTF-8; a PATCH,
and a create whose `clientRef` exists, merge as RFC 7396 says. Lists come in pages. A POST, PATCH or
DELETE with an `Idempotency-Key` can be sent again without harm, and one with `If-Match` is refused
where somebody else has changed what it is about. A failure says in `error.details` all that is
wrong, and how to mend it."""


def describe(routes: Sequence[Route], server: str = API) -> dict[str, Any]:
    """The OpenAPI document of a route table, served below the path `server`."""
    return _Description(routes).document(server)


class _Description:
    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = routes
        kinds = [route.body.type for route in routes if route.body]
        self._shapes = Shapes([*kinds, *(route.reply for route in routes)])
        self._examples = Examples(self._shapes)
        self._shared: dict[str, dict[str, Any]] = {"parameters": {}, "responses": {}}

    def document(self, server: str) -> dict[str, Any]:
        paths: dict[str, dict[str, Any]] = {}
        for route in self._routes:
            paths.setdefault(route.path, {})[route.method.lower()] = self._operation(route)
        return {
            "openapi": "3.1.0",
            "info": {
                "title": "Carnet",
                "version": release(),
                "description": _ABOUT,
                "contact": {"name": "The Carnet authors"},
                "license": {"name": "MIT", "identifier": "MIT"},
            },
            "servers": [{"url": server, "description": "This server"}],
            "security": [{_KEY: []}, {_SESSION: []}],
            "tags": tags_of(self._routes),
            "paths": paths,
            "components": {
                "securitySchemes": {
                    _KEY: {
                        "type": "http",
                        "scheme": "bearer",
                        "description": "A key such as `osk_...`, with the scopes it may use.",
                    },
                    _SESSION: {
                        "type": "apiKey",
                        "in": "cookie",
                        "name": "__Host-carnet",
                        "description": "Somebody who has signed in, by a cookie. A write must come"
                        " from a page of this server.",
                    },
                },
                "headers": HEADERS,
                **self._shared,
                # msgspec has them in no order of its own.
                "schemas": dict(sorted(self._shapes.by_name.items())),
            },
        }

    def _share(self, section: str, name: str, value: dict[str, Any]) -> dict[str, str]:
        if self._shared[section].setdefault(name, value) != value:
            raise TypeError(f"there are two {section} called {name}")
        return {"$ref": f"#/components/{section}/{name}"}

    def _operation(self, route: Route) -> dict[str, Any]:
        operation: dict[str, Any] = {
            "operationId": route.name,
            "summary": route.summary,
            "description": f"{route.description} {_needs(route)}".lstrip(),
            "tags": [route.tag],
        }
        if parameters := [
            self._share("parameters", name, value) for name, value in parameters_of(route)
        ]:
            operation["parameters"] = parameters
        if route.access in OPEN:
            operation["security"] = []
        elif route.access == "session":
            operation["security"] = [{_SESSION: []}]
        if route.body is not None:
            required = not route.body.optional
            operation["requestBody"] = {"required": required, "content": self._sent(route.body)}
        operation["responses"] = self._responses(route)
        return operation

    def _sent(self, body: Body) -> dict[str, Any]:
        example = self._examples.request(body.type)
        if body.media_type == ANY:
            # What is named here generated clients send as Content-Type, which `*/*` cannot be.
            return {_FILE: {"schema": {"type": "string", "format": "binary"}, "example": example}}
        return {body.media_type: {"schema": self._shapes.of(body.type), "example": example}}

    def _responses(self, route: Route) -> dict[str, Any]:
        found = {str(status): self._success(route, status) for status in route.statuses}
        if is_tagged_read(route):
            found["304"] = self._success(route, 304)
        for status, errors in failures_of(route):
            response = {
                "description": said_of(errors),
                "headers": _headers(headers_of(route, status)),
                "content": {
                    JSON: {
                        "schema": self._shapes.of(ErrorBody),
                        "example": failure(errors[0]),
                    }
                },
            }
            # What differs between their headers is whether a key is counted, and answers are kept.
            name = _pascal(errors[0].code)
            if route.access in OPEN and status != 401 and status < 500:
                name += "WithoutKey"
            if status == 404 and route.keeps_answers:
                name += "OfWrite"
            found[str(status)] = self._share("responses", name, response)
        return found

    def _success(self, route: Route, status: int) -> dict[str, Any]:
        response: dict[str, Any] = {
            "description": MEANINGS[status],
            "headers": _headers(headers_of(route, status)),
        }
        if status in (204, 304):
            return response
        if status == 202:
            content = self._json(Job)
            return self._share("responses", "Accepted", {**response, "content": content})
        if route.media_type == JSON:
            content = self._json(route.reply, route.tag, in_part=status == 207)
        else:
            content = {route.media_type: self._text(route)}
        return {**response, "content": content}

    def _json(self, kind: Any, tag: str = "", *, in_part: bool = False) -> dict[str, Any]:
        example = self._examples.reply(kind, tag, in_part=in_part)
        return {JSON: {"schema": self._shapes.of(kind), "example": example}}

    def _text(self, route: Route) -> dict[str, Any]:
        schema: Schema = {"type": "string"}
        if route.reply is not str:
            schema["contentSchema"] = self._shapes.of(route.reply)
        return {"schema": schema, "example": self._examples.text(route.media_type, route.reply)}


def _needs(route: Route) -> str:
    if route.access in OPEN:
        return "It needs no key."
    if route.access == "session":
        return "It is for people who are signed in: no key will do."
    if route.scope is None:
        return "Any key will do."
    everywhere = ", for all trips" if route.unlimited else ""
    return f"It needs the scope `{route.scope}`{everywhere}."


def _headers(names: Sequence[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _pascal(code: str) -> str:
    return "".join(word.capitalize() for word in code.split("_"))
