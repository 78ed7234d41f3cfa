"""The description of the API."""

import functools
from typing import Any

import msgspec

from server.openapi.document import describe
from server.route import API, Call, Reply, Route


class Description(msgspec.Struct):
    """An OpenAPI document."""

    openapi: str
    info: dict[str, Any]
    paths: dict[str, Any]
    components: dict[str, Any]


async def show(call: Call) -> Reply:
    """The description of the table that the request's route is from, as JSON."""
    return Reply(200, _document(tuple(call.routes), call.services.prefix + API))


@functools.cache
def _document(routes: tuple[Route, ...], server: str) -> bytes:
    return msgspec.json.encode(describe(routes, server))
