"""Cursors: a place in one list, signed, so that no other list or server takes it."""

import base64
import binascii
import hashlib
import hmac

import msgspec

from domain import details
from domain.errors import ValidationFailed

_MAC_BYTES = 12

Position = tuple[str, int, str]
"""Where a page ended: the last row's sort key, its age (the revision that made it), and its id."""


def encode(secret: bytes, listing: str, position: Position) -> str:
    """An opaque URL-safe cursor for what follows `position` in the list named `listing`."""
    place = msgspec.msgpack.encode(position)
    sealed = _mac(secret, listing, place) + place
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def decode(secret: bytes, listing: str, cursor: str) -> Position:
    """The position in a cursor; `ValidationFailed` when forged or made for another list."""
    try:
        sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars="-_", validate=True)
        mac, place = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
        if hmac.compare_digest(mac, _mac(secret, listing, place)):
            position: Position = msgspec.msgpack.decode(place, type=Position)
            return position
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        pass
    expected = "the nextCursor of this same list; without a cursor the list begins anew"
    raise ValidationFailed([details.malformed("cursor", expected, cursor)])


def _mac(secret: bytes, listing: str, place: bytes) -> bytes:
    return hmac.digest(secret, listing.encode() + b"\0" + place, hashlib.sha256)[:_MAC_BYTES]
