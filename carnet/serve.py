"""`carnet serve`: the server, and on the embedded default its worker, in one process."""

import asyncio
import contextlib
import datetime
import signal
import sys
from collections.abc import Callable

import structlog

from carnet.failure import Failure
from carnet.worker_process import WorkerProcess
from domain.clock import timestamp
from server.app import Listener, build_app
from server.call import Services
from server.config import Settings
from server.ratelimit import LocalRateLimiter, RateLimiter
from storage import accounts
from storage.accounts import FirstAccount
from storage.migrate import is_current, migrate
from storage.signals import JobSignals, LocalSignals
from storage.store import Store

FIRST_USER = {"email": "owner@localhost", "name": "Owner", "group": "Home"}

SWITCH_INTERVAL = 0.001
"""Seconds a thread may hold the interpreter while others wait: looking through a large body must
not make others wait for Python's usual 5 ms at each hop."""

_log = structlog.get_logger("carnet.server")


def now() -> str:
    """The present moment, as documents carry it."""
    return timestamp(datetime.datetime.now(datetime.UTC))


async def serve(settings: Settings, store: Store, say: Callable[[str], None]) -> None:
    """Serves until SIGTERM or SIGINT; `say` prints a line for the person who started it."""
    sys.setswitchinterval(SWITCH_INTERVAL)
    await _prepare(settings, store)
    async with contextlib.AsyncExitStack() as stack:
        signals, limiter = await _connect(settings, stack)
        listener: Listener | None = None

        def public_url() -> str:
            assert listener is not None
            url = settings.http.public_url.rstrip("/")
            return url or address(settings.http.host, listener.port)

        secret = await store.write(accounts.signing_secret)
        services = Services(settings, store, signals, limiter, secret, public_url)
        listener = Listener(build_app(services))
        stopping = stop_signal()
        await _listen(listener, settings)
        stack.push_async_callback(listener.stop)
        say(f"Carnet listens on {address(settings.http.host, listener.port)}")
        first = await _set_up(store)
        if first is not None:
            say(_welcome(public_url(), first))
        _log.info("started", port=listener.port)
        await stopping.wait()
        _log.info("stopping")
    _log.info("stopped")


async def _prepare(settings: Settings, store: Store) -> None:
    """Migrates where this is the only program on the database, and else looks that it is done."""
    if not settings.queue.url:
        await migrate(store, now())
    elif not await is_current(store):
        raise Failure("the database is not on the current schema: run `carnet migrate`")


async def _connect(
    settings: Settings, stack: contextlib.AsyncExitStack
) -> tuple[JobSignals, RateLimiter]:
    """What server processes share: through Redis, or within this process and its worker."""
    if not settings.queue.url:
        local = LocalSignals()
        worker = WorkerProcess(settings, local)
        worker.start()
        stack.push_async_callback(worker.stop)
        return local, LocalRateLimiter()
    # Imported where it is used: the client costs memory and start-up time.
    from server.redis_ratelimit import RedisRateLimiter
    from storage.redis_signals import RedisSignals

    signals, limiter = RedisSignals(settings.queue.url), RedisRateLimiter(settings.queue.url)
    signals.start()
    stack.push_async_callback(signals.stop)
    stack.push_async_callback(limiter.close)
    return signals, limiter


def address(host: str, port: int) -> str:
    """The URL of a listening server, for a person on the same machine."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        host = "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


async def _listen(listener: Listener, settings: Settings) -> None:
    host, port = settings.http.host, settings.http.port
    try:
        await listener.start(host, port)
    except OSError as error:
        reason = error.strerror or str(error)
        raise Failure(f"cannot listen on {host}:{port}: {reason}") from error


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
