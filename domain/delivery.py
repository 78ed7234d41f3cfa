"""A delivery to a webhook: its body, its signature (Standard Webhooks), and when it is retried."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - the standard's, and public
SECRET_BYTES: Final = 32

RETRY_SECONDS: Final = (5, 5 * 60, 30 * 60, *(hours * 60 * 60 for hours in (2, 5, 10, 10)))
"""After how long each failed attempt is followed by another; the last one by none."""

RESPONSE_BYTES: Final = 1024
"""How much of a response is kept."""


def secret_of(random: bytes) -> str:
    """A webhook's secret, as it is shown."""
    return SECRET_PREFIX + base64.b64encode(random).decode()


def signed_headers(secret: str, delivery_id: str, unix: int, body: bytes) -> Mapping[str, str]:
    """What tells a receiver whose delivery this is; `unix` is this attempt's second."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signature = hmac.digest(key, b"%b.%d.%b" % (delivery_id.encode(), unix, body), hashlib.sha256)
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": str(unix),
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
    }


def body_of(event: str, at: str, data: bytes) -> bytes:
    """The body of a delivery: what has happened, when, and `data`, which is JSON."""
    return b'{"type":"%b","timestamp":"%b","data":%b}' % (event.encode(), at.encode(), data)


def is_success(status: int | None) -> bool:
    """Whether a receiver has taken a delivery by this status; None where there was no response."""
    return status is not None and 200 <= status < 300
