"""Whether a process is well, for programs that watch it (contract section 15).

Nobody is asked for a key and no limit counts, so it costs next to nothing and tells of a part no
more than a fixed word.
"""

import asyncio
import contextlib
import math
import shutil
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog
from aiohttp import web

from domain.errors import MethodNotAllowed, NotFound
from runtime.ids import new_request_id
from server.errors import refuse
from server.response import WholeResponse
from server.route import JSON
from storage.migrate import NewerSchema, is_current
from storage.store import Store, Tx

MIN_FREE_BYTES: Final = 64 * 1024 * 1024
"""On the disk of an SQLite database. Its log of writes (WAL) takes about that at a busy time."""
_CHECK_SECONDS: Final = 1.5
_KEPT_SECONDS: Final = 1.0
"""For so long what was found is told again: asking a lot costs nothing."""
_FINE: Final = ("ok", "newer")

Check = Callable[[], Awaitable[str]]
"""Looks at a part of the server: the word for how it is, "ok" where nothing is wrong."""

_log = structlog.get_logger("carnet.health")


class Health:
    """Answers `/healthz` and `/readyz`."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self.draining = False
        """Whether the process was told to stop."""
        self._checks = checks
        self._running: dict[str, asyncio.Task[str]] = {}
        """Those of the last look, each until it has ended: what hangs is not asked again."""
        self._look: asyncio.Task[dict[str, str]] | None = None
        self._found: dict[str, str] = {}
        self._found_until = 0.0

    async def live(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        """200 as long as the process answers."""
        return _respond(request, path, 200, {"status": "ok"})

    async def ready(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        """200 where all is well and 503 else, within two seconds whatever hangs."""
        state = await self.state()
        return _respond(request, path, 200 if state["status"] == "ok" else 503, state)

    async def state(self) -> dict[str, Any]:
        """The status, and the word of each check."""
        found = await self._checked()
        status = "ok" if all(word in _FINE for word in found.values()) else "failing"
        return {"status": "draining" if self.draining else status, "checks": found}

    async def _checked(self) -> dict[str, str]:
        """What the checks find, or have found a moment ago."""
        if time.monotonic() >= self._found_until and self._look is None:
            self._look = asyncio.create_task(self._check_all())
        # All who ask meanwhile wait for the same look, which goes on when one of them leaves.
        return await asyncio.shield(self._look) if self._look is not None else self._found

    async def _check_all(self) -> dict[str, str]:
        for name, check in self._checks.items():
            if name not in self._running:
                self._running[name] = asyncio.create_task(_word(name, check))
        await asyncio.wait(self._running.values(), timeout=_CHECK_SECONDS)
        found = {}
        for name in self._checks:
            found[name] = "failing"
            if self._running[name].done():
                found[name] = self._running.pop(name).result()
        if found != self._found and (wrong := _wrong(found)) != _wrong(self._found):
            _log.warning("not_ready", **wrong) if wrong else _log.info("ready_again")
        self._found, self._look = found, None
        self._found_until = time.monotonic() + _KEPT_SECONDS
        return found

    async def stop(self) -> None:
        """Gives up what still runs; what was found last is told to who asks after that."""
        left = [task for task in (*self._running.values(), self._look) if task is not None]
        for task in left:
            task.cancel()
        for task in left:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._look, self._found_until = None, math.inf


async def _word(name: str, check: Check) -> str:
    try:
        return await check()
    except Exception as error:  # noqa: BLE001 - whatever it is, the part is not well
        _log.debug("check_failed", check=name, reason=repr(error))
        return "failing"


def _wrong(found: Mapping[str, str]) -> dict[str, str]:
    return {name: word for name, word in found.items() if word not in _FINE}


def _respond(
    request: web.BaseRequest, path: str, status: int, body: Mapping[str, Any]
) -> web.StreamResponse:
    if path:
        return refuse(NotFound())
    if request.method not in ("GET", "HEAD"):
        return refuse(MethodNotAllowed(headers={"Allow": "GET, HEAD"}))
    headers = {
        "Content-Type": JSON,
        "Cache-Control": "no-store",
        "X-Request-Id": new_request_id(),
    }
    return WholeResponse(status, headers, msgspec.json.encode(body))


def storage_check(store: Store) -> Check:
    """A check that the database answers."""

    async def one(tx: Tx) -> Any:
        return await tx.fetchval("SELECT 1")

    async def check() -> str:
        return "ok" if await store.read(one) == 1 else "failing"

    return check


def schema_check(store: Store) -> Check:
    """A check that the database is on the program's schema.

    One that a newer release has migrated is "newer", with which this one goes on until it is
    replaced: else `carnet migrate` would take all servers out of service at once.
    """

    async def check() -> str:
        try:
            return "ok" if await is_current(store) else "behind"
        except NewerSchema:
            return "newer"

    return check


def disk_check(folder: Path | None) -> Check:
    """A check that there is room in a folder; None where no file of ours grows on this machine."""

    async def check() -> str:
        if folder is None:
            return "ok"
        usage = await asyncio.to_thread(shutil.disk_usage, folder)
        return "ok" if usage.free >= MIN_FREE_BYTES else "failing"

    return check
