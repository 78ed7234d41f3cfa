"""What a request prefers (RFC 7240)."""

import re
from typing import NamedTuple

from aiohttp import web


class Preferences(NamedTuple):
    """Whether the client would rather have a job than wait, and how long it would wait."""

    respond_async: bool
    wait_seconds: float


def preferences_of(request: web.BaseRequest) -> Preferences:
    """What `Prefer` asks for; what is not understood is ignored, as the RFC wants."""
    respond_async, wait = False, float("inf")
    for value in request.headers.getall("Prefer", ()):
        for preference in value.split(","):
            name = preference.partition(";")[0].strip().lower()
            if name == "respond-async":
                respond_async = True
            elif match := re.fullmatch(r'wait\s*=\s*"?(\d{1,9})"?', name, re.ASCII):
                wait = float(match[1])
    return Preferences(respond_async, wait)
