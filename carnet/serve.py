"""`carnet serve`: prepares the database, binds the address, and serves by one process or several.

With one process, the server is this process, and on the embedded default it has its worker as a
child. With several, this process serves nothing itself and supervises them.
"""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Awaitable, Callable

import structlog

from carnet.address import url_of
from carnet.console import require_current
from carnet.embedded_worker import running_worker
from carnet.failure import Failure
from carnet.first_start import tell_first_start
from carnet.listening import listening
from carnet.metrics_port import Scrapes, metrics_port
from carnet.server_process import Shared, running_server, shared_by_redis
from carnet.stop import Stop
from carnet.supervisor import SupervisedProcess
from runtime import measured
from runtime.clock import now
from runtime.contradictions import links_stay_here
from runtime.settings import Settings
from runtime.signals import LocalSignals
from server.ratelimit import LocalRateLimiter
from storage.store import Store
from storage.upgrade import upgrade

_log = structlog.get_logger("carnet.server")

Ready = Callable[[], Awaitable[None]]
"""What is done once all processes are ready: the person who started the program is told."""


async def serve(given: Settings, store: Store, say: Callable[[str], None]) -> None:
    """Serves until SIGTERM or SIGINT; `say` prints a line for the person who started it.

    Raises `Failure` when it cannot start, or cannot keep a child of its own running.
    """
    await _prepare(given, store, say)
    stop = Stop()
    with listening(given) as (settings, sock):
        if links_stay_here(settings):
            _log.warning(
                "links_stay_here",
                listens=url_of(settings),
                reason="http.public_url is empty: links, such as those to shared trips, will name"
                " this machine only; set it to the address that other machines reach this one by",
            )

        async def ready() -> None:
            say(f"Carnet listens on {url_of(settings)}")
            await tell_first_start(settings, store, say)

        async with metrics_port(settings, store) as scrapes:
            if settings.http.processes > 1:
                await _serve_by_children(settings, sock, scrapes, stop, ready)
            else:
                await _serve_here(settings, store, sock, scrapes, stop, ready)
    stop.raise_failure()


async def _serve_here(
    settings: Settings,
    store: Store,
    sock: socket.socket,
    scrapes: Scrapes,
    stop: Stop,
    ready: Ready,
) -> None:
    """Is the only server process, with a worker as a child where there is no queue."""
    async with contextlib.AsyncExitStack() as stack:
        children = []
        if settings.queue.url:
            shared = await stack.enter_async_context(shared_by_redis(settings.queue.url))
        else:
            signals = LocalSignals()
            worker = await stack.enter_async_context(running_worker(settings, signals, stop))
            children.append(worker.ready)
            scrapes.children.append(worker)

            async def has_worker() -> str:
                return "ok" if worker.ready.is_set() else "failing"

            shared = Shared(signals, LocalRateLimiter(), has_worker)
        await stack.enter_async_context(running_server(settings, store, shared, sock))
        if await stop.unless_requested(*children):
            await ready()
            await stop.requested.wait()


async def _serve_by_children(
    settings: Settings, sock: socket.socket, scrapes: Scrapes, stop: Stop, ready: Ready
) -> None:
    """Supervises several server processes on one socket; SIGHUP replaces them in turn."""
    descriptor = sock.fileno()
    # After a SIGHUP its processes are of another release than this one, which serves nothing.
    measured.BUILD.forget()
    processes = [
        SupervisedProcess(["server", str(descriptor)], settings, stop, descriptors=[descriptor])
        for _ in range(settings.http.processes)
    ]
    scrapes.children += processes
    one_at_a_time = asyncio.Lock()

    async def replace_all() -> None:
        async with one_at_a_time:
            try:
                for process in processes:
                    await process.replace()
            except Failure as error:
                # Those that were not replaced go on.
                _log.error("reload_refused", reason=str(error))

    replacing: set[asyncio.Task[None]] = set()

    def reload() -> None:
        if stop.requested.is_set():
            return
        task = asyncio.create_task(replace_all())
        replacing.add(task)
        task.add_done_callback(replacing.discard)

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload)
    try:
        for process in processes:
            process.start()
        if await stop.unless_requested(*(process.ready for process in processes)):
            await ready()
            await stop.requested.wait()
    finally:
        # A connection that comes now is to be refused, so that a proxy asks another server, and not
        # left waiting.
        sock.close()
        # None is to be started any more.
        stop.request()
        for task in replacing:
            task.cancel()
        await asyncio.gather(*(process.stop() for process in processes))


async def _prepare(settings: Settings, store: Store, say: Callable[[str], None]) -> None:
    """Migrates where this is the only program on the database, and else looks that it is done."""
    if settings.queue.url:
        await require_current(store)
        return
    done = await upgrade(store, settings.storage.url, now())
    if done.copy is not None:
        say(f"Copied the database to {done.copy} before it was migrated")
