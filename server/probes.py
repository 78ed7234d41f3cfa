"""The paths that programs ask which watch a process (contract section 15).

`carnet healthcheck` is one of them, every ten seconds: it gets them here without aiohttp, which
would take half of its start.
"""

from typing import Final

LIVE: Final = "/healthz"
READY: Final = "/readyz"
