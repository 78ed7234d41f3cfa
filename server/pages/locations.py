"""Addresses within this server that a request names: others are never led to."""

import re
from typing import Final

_LOCAL: Final = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,2000}", re.ASCII)
"""A path with a query perhaps. Browsers read `//host` and `/\\host` as another server."""


def local(address: str) -> str | None:
    """The address, if it is one within this server."""
    return address if _LOCAL.fullmatch(address) else None
