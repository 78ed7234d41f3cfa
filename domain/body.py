"""Large bodies: lists of many items in an object."""

import itertools
from collections.abc import Callable
from typing import Any, Final

import msgspec

_LARGE: Final = 64 * 1024
"""Bytes from which it matters to others how long one takes."""
_AT_ONCE: Final = 100

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_items = msgspec.json.Decoder(list[msgspec.Raw])
_value = msgspec.json.Decoder()


def decode(raw: bytes, between: Callable[[], None]) -> Any:
    """What `msgspec.json.decode` gives, and raises; calls `between` between the pieces.

    Where a name comes twice in the outermost object, only the last member is looked into.
    """
    if len(raw) < _LARGE:
        return msgspec.json.decode(raw)
    try:
        return {name: _member(each, between) for name, each in _members.decode(raw).items()}
    except (msgspec.MsgspecError, ValueError, RecursionError):
        # It is not such an object, or something in it is wrong: where, the whole tells.
        return msgspec.json.decode(raw)


def _member(raw: msgspec.Raw, between: Callable[[], None]) -> Any:
    between()
    if bytes(memoryview(raw)[:1]) != b"[":
        return _value.decode(raw)
    decoded: list[Any] = []
    items = iter(_items.decode(raw))
    while some := list(itertools.islice(items, _AT_ONCE)):
        between()
        decoded += map(_value.decode, some)
    return decoded
