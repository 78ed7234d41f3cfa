"""JSON-RPC 2.0, as far as MCP uses it: one message a request, and never a batch."""

from typing import Any, Final, NoReturn

import msgspec

from domain import json_body
from domain.errors import ValidationFailed

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603
REFUSED: Final = -32000
"""Of those an implementation may define: what the API's contract refuses."""
RESOURCE_NOT_FOUND: Final = -32002
HEADER_MISMATCH: Final = -32020
UNSUPPORTED_VERSION: Final = -32022

_DEPTH: Final = json_body.MAX_DEPTH + 5
"""An item of a call lies five levels deeper than in a request of its own."""

Id = str | int | float


class Message(msgspec.Struct, frozen=True):
    """A request, or, without an id, a notification."""

    method: str
    params: dict[str, Any]
    id: Id | None = None


class Fault(msgspec.Struct, omit_defaults=True):
    """The inside of an error message."""

    code: int
    message: str
    data: Any = msgspec.UNSET


class RpcError(Exception):
    """What is wrong with a message; what is wrong with a call of a tool is told in its result."""

    def __init__(self, code: int, message: str, data: Any = msgspec.UNSET) -> None:
        self.fault = Fault(code, message, data)
        super().__init__(message)


class BadMessage(RpcError):
    """What is no message; its answer can only name the id that was found."""

    def __init__(self, code: int, message: str, message_id: Id | None = None) -> None:
        super().__init__(code, message)
        self.id = message_id


def read(raw: bytes) -> Message:
    """The message that a body is; raises `BadMessage`."""
    try:
        sent = json_body.decode(raw, _DEPTH)
    except ValidationFailed as error:
        raise BadMessage(PARSE_ERROR, error.message) from None
    if isinstance(sent, list):
        _refuse("Batches are not taken: send one message a request")
    if not isinstance(sent, dict):
        _refuse("A message is a JSON object")
    message_id = sent.get("id")
    if "id" in sent and not _is_id(message_id):
        _refuse("id is a string or a number; a notification has none")
    if sent.get("jsonrpc") != "2.0":
        _refuse('jsonrpc is "2.0"', message_id)
    method, params = sent.get("method"), sent.get("params", {})
    if not isinstance(method, str):
        _refuse("method is a string; this server asks nothing, so no response is due", message_id)
    if not isinstance(params, dict):
        _refuse("params is an object", message_id)
    return Message(method, params, message_id)


def _is_id(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _refuse(why: str, message_id: Id | None = None) -> NoReturn:
    raise BadMessage(INVALID_REQUEST, why, message_id)


def result_of(message: Message, result: Any) -> bytes:
    """The response to a request."""
    return msgspec.json.encode({"jsonrpc": "2.0", "id": message.id, "result": result})


def error_of(message_id: Id | None, fault: Fault) -> bytes:
    """The response to what is wrong."""
    return msgspec.json.encode({"jsonrpc": "2.0", "id": message_id, "error": fault})
