"""The two eras of MCP: with a handshake, until 2025-11-25, and without, since 2026-07-28.

The later one repeats in each request what a handshake would have settled, in `_meta`, and parts of
it in headers, for proxies to route by. Nothing is remembered between requests in either, so any
process may answer any request.
"""

import base64
import binascii
import functools
import re
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from runtime.release import release
from server.mcp.jsonrpc import (
    HEADER_MISMATCH,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    UNSUPPORTED_VERSION,
    Message,
    RpcError,
)

MODERN: Final = "2026-07-28"
HANDSHAKE: Final = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
VERSIONS: Final = (MODERN, *HANDSHAKE)

_VERSION_HEADER: Final = "MCP-Protocol-Version"
_METHOD_HEADER: Final = "Mcp-Method"
_NAME_HEADER: Final = "Mcp-Name"
_NAMES: Final = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
"""By method: the parameter that is repeated in `Mcp-Name`."""
_VERSION_KEY: Final = "io.modelcontextprotocol/protocolVersion"
_CAPABILITIES_KEY: Final = "io.modelcontextprotocol/clientCapabilities"
_SERVER_KEY: Final = "io.modelcontextprotocol/serverInfo"

_BASE64: Final = re.compile(r"=\?base64\?(.*)\?=")
"""How a header carries what is not plain ASCII."""

_STATUSES: Final = {
    PARSE_ERROR: 400,
    INVALID_REQUEST: 400,
    INVALID_PARAMS: 400,
    HEADER_MISMATCH: 400,
    UNSUPPORTED_VERSION: 400,
    METHOD_NOT_FOUND: 404,
}


@functools.cache
def server_info() -> dict[str, str]:
    """What this server is called."""
    return {"name": "carnet", "title": "Carnet", "version": release()}


class Era:
    """How requests of a version of the protocol are answered."""

    def __init__(self, *, modern: bool) -> None:
        self.modern = modern

    def stamped(self, result: Mapping[str, Any], fresh_ms: int | None) -> Mapping[str, Any]:
        """A result as it goes out; `fresh_ms` is how long it may be kept, of what may be."""
        if not self.modern:
            return result
        stamps: dict[str, Any] = {"resultType": "complete", "_meta": {_SERVER_KEY: server_info()}}
        if fresh_ms is not None:
            stamps |= {"ttlMs": fresh_ms, "cacheScope": "private"}
        return {**result, **stamps}

    def status_of(self, code: int) -> int:
        """The HTTP status of an error; with a handshake, errors of requests are 200."""
        return _STATUSES.get(code, 200) if self.modern else 200


WITH_HANDSHAKE: Final = Era(modern=False)
WITHOUT: Final = Era(modern=True)


def era_of(message: Message, request: web.BaseRequest) -> Era:
    """The era a request is of; raises `RpcError` where it contradicts itself."""
    meta = message.params.get("_meta")
    told = request.headers.getall(_VERSION_HEADER, [])
    if MODERN not in told and not (isinstance(meta, dict) and _VERSION_KEY in meta):
        if message.method != "initialize" and any(each not in HANDSHAKE for each in told):
            raise _unsupported(told[0])
        return WITH_HANDSHAKE
    if message.id is not None:
        _check(message, meta, request)
    return WITHOUT


def _check(message: Message, meta: Any, request: web.BaseRequest) -> None:
    """That `_meta` is whole, that the headers say what the body does, that it is a known version.

    In this order: a client is told first what it contradicts itself in.
    """
    if not isinstance(meta, dict):
        raise RpcError(
            INVALID_PARAMS, f"params._meta is an object with {_VERSION_KEY} and {_CAPABILITIES_KEY}"
        )
    if missing := [key for key in (_VERSION_KEY, _CAPABILITIES_KEY) if key not in meta]:
        raise RpcError(INVALID_PARAMS, f"params._meta lacks {' and '.join(missing)}")
    if not isinstance(meta[_CAPABILITIES_KEY], dict):
        raise RpcError(INVALID_PARAMS, f"params._meta: {_CAPABILITIES_KEY} is an object")
    expected = {_VERSION_HEADER: meta[_VERSION_KEY], _METHOD_HEADER: message.method}
    if (
        message.method in _NAMES
        and (name := message.params.get(_NAMES[message.method])) is not None
    ):
        expected[_NAME_HEADER] = name
    for header, value in expected.items():
        given = request.headers.getall(header, [])
        if len(given) > 1:
            raise RpcError(HEADER_MISMATCH, f"The header {header} comes more than once")
        if not given or _plain(given[0]) != value:
            what = "does not say what the body does" if given else "is missing"
            raise RpcError(HEADER_MISMATCH, f"The header {header} {what}")
    if meta[_VERSION_KEY] != MODERN:
        raise _unsupported(meta[_VERSION_KEY])


def _unsupported(requested: str) -> RpcError:
    return RpcError(
        UNSUPPORTED_VERSION,
        "Unsupported protocol version",
        {"supported": VERSIONS, "requested": requested},
    )


def _plain(header: str) -> str | None:
    """What a header's value stands for; None where it stands for nothing."""
    encoded = _BASE64.fullmatch(header)
    if encoded is None:
        return header
    try:
        return base64.b64decode(encoded[1], validate=True).decode()
    except (binascii.Error, ValueError):
        return None
