"""`carnet serve`: the server, and on the embedded default its worker."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable

import structlog
from server.call import Services

from carnet.failure import Failure
from carnet.memory import keep_for_good, keep_small
from carnet.processes import KeptProcess
from carnet.server_child import ServerAssignment
from carnet.worker_process import WorkerProcess
from runtime.clock import now
from runtime.settings import Settings
from runtime.signals import LocalSignals, Signals
from server.app import Listener, build_app
from server.ratelimit import LocalRateLimiter, RateLimiter
from storage import accounts
from storage.accounts import FirstAccount
from storage.migrate import is_current, migrate
from storage.store import Store

FIRST_USER = {"email": "owner@localhost", "name": "Owner", "group": "Home"}

SWITCH_INTERVAL = 0.001
"""Seconds a thread may hold the interpreter while others wait: looking through a large body must
not make others wait for Python's usual 5 ms at each hop."""

BACKLOG = 1024
LINGER_SECONDS = 0.25
PAUSE_SECONDS = 0.001
"""Between two connections that a process takes, where several take them from one socket."""

_log = structlog.get_logger("carnet.server")


async def serve(settings: Settings, store: Store, say: Callable[[str], None]) -> None:
    """Serves until SIGTERM or SIGINT; `say` prints a line for the person who started it."""
    await _prepare(settings, store)
    stopping = stop_signal()
    with bind(settings.http.host, settings.http.port) as listening:
        first = await _set_up(store)

        def ready() -> None:
            say(f"Carnet listens on {url_of(settings, listening)}")
            if first is not None:
                say(_welcome(public_url(settings, listening), first))

        if settings.http.processes == 1:
            # A closed terminal: there is nothing to replace the only process with.
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, stopping.set)
            await run_server(settings, store, listening, stopping, ready=ready)
        else:
            ready()
            await _run_processes(settings, listening, stopping)


async def run_server(
    settings: Settings,
    store: Store,
    listening: socket.socket,
    stopping: asyncio.Event,
    *,
    ready: Callable[[], None],
) -> None:
    """Serves on an open socket until `stopping` is set, then finishes what runs.

    `ready` is called once it accepts.
    """
    sys.setswitchinterval(SWITCH_INTERVAL)
    keep_small()
    async with contextlib.AsyncExitStack() as stack:
        signals, limiter, beside = await _connect(settings, stack)
        secret = await store.write(accounts.signing_secret)
        base = public_url(settings, listening)
        services = Services(settings, store, signals, limiter, secret, base, surveyor=beside)
        listener = Listener(
            build_app(services),
            linger_seconds=LINGER_SECONDS,
            pause_seconds=PAUSE_SECONDS if settings.http.processes > 1 else 0.0,
        )
        await listener.start_on(listening)
        stack.push_async_callback(listener.stop)
        keep_for_good()
        _log.info("started", port=listener.port, pid=os.getpid())
        ready()
        await stopping.wait()
        _log.info("stopping", pid=os.getpid())
    _log.info("stopped", pid=os.getpid())


async def _run_processes(
    settings: Settings, listening: socket.socket, stopping: asyncio.Event
) -> None:
    """Keeps several server processes on one socket; SIGHUP replaces them one after another."""
    assignment = ServerAssignment(settings, listening.fileno())
    kept = [
        KeptProcess("carnet.server_child", assignment, descriptors=[listening.fileno()])
        for _ in range(settings.http.processes)
    ]

    one_at_a_time = asyncio.Lock()

    async def replace_all() -> None:
        async with one_at_a_time:
            for process in kept:
                await process.replace()

    replacing: set[asyncio.Task[None]] = set()
    loop = asyncio.get_running_loop()

    def reload() -> None:
        task = asyncio.create_task(replace_all())
        replacing.add(task)
        task.add_done_callback(replacing.discard)

    loop.add_signal_handler(signal.SIGHUP, reload)
    for process in kept:
        process.start()
    await stopping.wait()
    # Who comes now is to be refused, so that a proxy asks another server, and not left waiting.
    listening.close()
    for task in replacing:
        task.cancel()
    await asyncio.gather(*(process.stop() for process in kept))


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; `Failure` in one line when the address cannot be had."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        reason = error.strerror or str(error)
        raise Failure(f"cannot listen on {host}:{port}: {reason}") from error


def public_url(settings: Settings, listening: socket.socket) -> str:
    """The base of links to this server, without a trailing slash."""
    return settings.http.public_url.rstrip("/") or url_of(settings, listening)


async def _prepare(settings: Settings, store: Store) -> None:
    """Migrates where this is the only program on the database, and else looks that it is done."""
    if not settings.queue.url:
        await migrate(store, now())
    elif not await is_current(store):
        raise Failure("the database is not on the current schema: run `carnet migrate`")


async def _connect(
    settings: Settings, stack: contextlib.AsyncExitStack
) -> tuple[Signals, RateLimiter, WorkerProcess]:
    """What server processes share, through Redis or within this one, and the process beside it."""
    if not settings.queue.url:
        local = LocalSignals()
        beside = WorkerProcess(settings, local)
        beside.start()
        stack.push_async_callback(beside.stop)
        return local, LocalRateLimiter(), beside
    # Imported where it is used: the client costs memory and start-up time.
    from runtime.redis_signals import RedisSignals
    from server.redis_ratelimit import RedisRateLimiter

    signals, limiter = RedisSignals(settings.queue.url), RedisRateLimiter(settings.queue.url)
    signals.start()
    stack.push_async_callback(signals.stop)
    stack.push_async_callback(limiter.close)
    beside = WorkerProcess(settings)
    stack.push_async_callback(beside.stop)
    return signals, limiter, beside


def url_of(settings: Settings, listening: socket.socket) -> str:
    """The URL of a listening server, for a person on the same machine."""
    host = settings.http.host
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        host = "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}"


def stop_signal() -> asyncio.Event:
    """An event that SIGTERM or SIGINT sets."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    return stopping


async def _set_up(store: Store) -> FirstAccount | None:
    if await store.read(accounts.is_set_up):
        return None
    return await store.write(lambda tx: accounts.set_up(tx, now=now(), **FIRST_USER))


def _welcome(url: str, first: FirstAccount) -> str:
    return (
        "\nThis is the first start, so there is now a user, a group, and an API key.\n"
        "The key is shown only this once:\n\n"
        f"  {first.api_key}\n\n"
        "Try it:\n\n"
        f'  curl {url}/api/v1/me -H "Authorization: Bearer {first.api_key}"\n'
    )
