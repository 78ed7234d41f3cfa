"""A call as the request that is sent, the same in each of its attempts."""

import dataclasses
import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec

_HEADERS: Final = {"if_match": "If-Match", "if_none_match": "If-None-Match", "prefer": "Prefer"}
"""The options that are headers."""


@dataclasses.dataclass(frozen=True)
class Request:
    """What is sent."""

    method: str
    target: str
    """Below the API's base, with the query."""
    headers: Mapping[str, str]
    body: bytes | None


def prepare(
    method: str,
    path: str,
    ids: Iterable[str | int] = (),
    body: Any = None,
    query: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Request:
    """The request of a call; `ValueError` for an id that names nothing.

    A body of bytes is a file, any other is JSON.
    """
    given = options or {}
    headers = {name: given[option] for option, name in _HEADERS.items() if given.get(option)}
    if method != "GET":
        headers["Idempotency-Key"] = given.get("idempotency_key") or uuid.uuid4().hex
    content = None
    if isinstance(body, bytes):
        content, headers["Content-Type"] = body, "application/octet-stream"
    elif body is not None:
        content, headers["Content-Type"] = msgspec.json.encode(body), "application/json"
    target = filled(path, ids)
    if sent := {name: _text(value) for name, value in (query or {}).items() if value is not None}:
        target += f"?{urlencode(sent)}"
    return Request(method, target, headers, content)


def filled(path: str, ids: Iterable[str | int]) -> str:
    """A path template with its ids."""
    left = iter(ids)
    return re.sub(r"\{(\w+)\}", lambda match: _segment(match[1], next(left)), path)


def _segment(name: str, value: Any) -> str:
    """An id in a path. An empty one would name the list, and a dot what is above."""
    text = str(value)
    if not isinstance(value, str | int) or text in ("", ".", ".."):  # None, above all
        raise ValueError(f"{name} must be an id, not {value!r}")
    return quote(text, safe="")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
