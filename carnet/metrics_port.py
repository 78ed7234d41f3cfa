"""The port at which Prometheus asks for metrics (contract section 15): of all processes at once."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Final

import structlog
from aiohttp import web

from carnet.address import bind
from carnet.exposition import media_type_for, rendered
from carnet.measuring import measuring
from carnet.supervisor import SupervisedProcess
from runtime import measured
from runtime.measured import FAMILIES
from runtime.metrics import added_up, snapshot
from runtime.settings import Settings
from server.health import Health
from server.listener import Listener
from server.probes import LIVE, READY
from server.response import WholeResponse
from storage.backlog import Backlog, backlog
from storage.store import Store
from workers.kinds import KINDS

PATH: Final = "/metrics"
FRESH_SECONDS: Final = 5.0
"""For so long what was read from the database is told again."""
PATIENCE_SECONDS: Final = 2.0
"""An answer that takes longer is told at the next scrape, and until it comes what was told last."""
AWAY_SECONDS: Final = 30.0
"""A database that takes longer is told as away, until it answers sooner."""

_PLAIN: Final = {"Content-Type": "text/plain; charset=utf-8"}
_log = structlog.get_logger("carnet.metrics")


class Scrapes:
    """Puts together what all processes of a program have measured, and what waits."""

    def __init__(self, store: Store) -> None:
        self.children: list[SupervisedProcess] = []
        """Processes that are asked too; to be added to."""
        self.health: Health | None = None
        """Told here too, of a program that has no other port."""
        self._store = store
        self._reading: asyncio.Task[Backlog | None] | None = None
        self._read_at = 0.0
        self._told = False
        """Whether what was read last has been told."""
        self._found: Backlog | None = None
        """What was told last; None while the database is away."""

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """The response to a request at the port."""
        path = request.rel_url.raw_path
        if self.health is not None and path == LIVE:
            return await self.health.live(request, "")
        if self.health is not None and path == READY:
            return await self.health.ready(request, "")
        if path != PATH:
            return WholeResponse(404, _PLAIN, f"There is nothing here but {PATH}\n".encode())
        if request.method not in ("GET", "HEAD"):
            return WholeResponse(405, {**_PLAIN, "Allow": "GET, HEAD"}, b"Metrics are read only\n")
        media_type = media_type_for(request.headers.get("Accept", ""))
        reading = asyncio.create_task(self._read_backlog())
        of_children = await asyncio.gather(*(child.measured() for child in self.children))
        await reading
        all_of_them = added_up(FAMILIES, [snapshot(FAMILIES), *of_children])
        # In a thread: requests are answered meanwhile.
        body = await asyncio.to_thread(rendered, FAMILIES, all_of_them, media_type)
        return WholeResponse(200, {"Content-Type": media_type}, body)

    async def _read_backlog(self) -> None:
        """Says in the metrics what waits in the database."""
        is_old = time.monotonic() - self._read_at > FRESH_SECONDS
        if self._reading is None or (self._told and is_old):
            self._read_at = time.monotonic()
            self._reading = asyncio.create_task(self._read())
        await asyncio.wait({self._reading}, timeout=PATIENCE_SECONDS)
        self._told = self._reading.done()
        if self._told:
            self._found = None if self._reading.exception() else self._reading.result()
        elif self._is_late():
            self._found = None
        _tell_backlog(self._found)

    async def _read(self) -> Backlog | None:
        found = await self._store.read(lambda tx: backlog(tx, time.time()))
        return None if self._is_late() else found

    def _is_late(self) -> bool:
        """Whether the answer to what is being read comes too late."""
        return time.monotonic() - self._read_at >= AWAY_SECONDS


@contextlib.asynccontextmanager
async def metrics_port(settings: Settings, store: Store) -> AsyncIterator[Scrapes]:
    """Has the port open inside the block, where the settings name one; measures this process.

    `Failure` when the address cannot be had.
    """
    scrapes = Scrapes(store)
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(measuring(settings, store))
        if settings.metrics.port:
            host, port = settings.metrics.host, settings.metrics.port
            listening = stack.enter_context(bind(host, port))
            listener = Listener(scrapes.handle)
            await listener.start_on(listening)
            stack.push_async_callback(listener.stop)
            _log.info("metrics_started", host=host, port=port)
        yield scrapes


def _tell_backlog(found: Backlog | None) -> None:
    for gauge in (
        *(measured.JOBS_UNFINISHED, measured.JOB_OLDEST_DUE, measured.DELIVERIES_WAITING),
        *(measured.SCHEMA_VERSION, measured.BACKUP_AT, measured.BACKUP_BYTES),
    ):
        gauge.forget()
    measured.STORAGE_UP.set(found is not None)
    if found is None:
        return
    now = time.time()
    for kind in KINDS:
        measured.JOBS_UNFINISHED.set(0, kind, "queued")
        measured.JOBS_UNFINISHED.set(0, kind, "running")
        measured.JOB_OLDEST_DUE.set(0, kind)
    for jobs in found.jobs:
        measured.JOBS_UNFINISHED.set(jobs.queued, jobs.kind, "queued")
        measured.JOBS_UNFINISHED.set(jobs.running, jobs.kind, "running")
        measured.JOB_OLDEST_DUE.set(max(0.0, now - jobs.due_at), jobs.kind)
    measured.DELIVERIES_WAITING.set(found.deliveries)
    measured.SCHEMA_VERSION.set(found.schema)
    if found.last_backup is not None:
        measured.BACKUP_AT.set(found.last_backup.at)
        measured.BACKUP_BYTES.set(found.last_backup.bytes)
