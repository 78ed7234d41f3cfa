"""Carnet as in production, in real processes: Postgres with fsync, Valkey, servers, a worker."""

import asyncio
import contextlib
import dataclasses
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from bench.servers import PLENTY, SETTINGS, Carnet, Make, connected
from examples.local_server import LocalServer
from tests.servers import ValkeyServer, own_postgres, own_valkey
from tests.waiting import PATIENCE, until

WAL_FILES = 128
"""Of 16 MB: more than is logged while it is measured."""


@dataclasses.dataclass(frozen=True)
class Services:
    """A Postgres and a Valkey: where they listen, and their first processes."""

    dsn: str
    postgres_port: int
    postgres_pid: int
    redis_url: str
    valkey_pid: int

    def settings(self, **settings: str) -> dict[str, str]:
        """Carnet's settings for them, and more."""
        ours = {
            "STORAGE__URL": self.dsn,
            "QUEUE__URL": self.redis_url,
            "LOG__FORMAT": "json",
        }
        return SETTINGS | ours | settings


@contextlib.asynccontextmanager
async def services() -> AsyncIterator[Services]:
    """Both, empty; Postgres keeps what it says it keeps."""
    # In threads: the starters run event loops of their own.
    with contextlib.ExitStack() as stack:
        try:
            postgres = await asyncio.to_thread(stack.enter_context, own_postgres(durable=True))
            await _make_old(postgres.dsn)
            valkey = await asyncio.to_thread(stack.enter_context, own_valkey())
            yield Services(
                postgres.dsn,
                postgres.port,
                await _postgres_pid(postgres.dsn),
                valkey.url,
                _valkey_pid(valkey),
            )
        finally:
            await asyncio.to_thread(stack.close)


async def _make_old(dsn: str) -> None:
    """Leaves a Postgres with WAL files to use again, as one has that has run for a while.

    A new one zeroes and syncs 16 MB, in somebody's transaction, for each 16 MB it logs.
    """
    connection = await asyncpg.connect(dsn)
    try:
        for limit, files in (("min", WAL_FILES), ("max", 2 * WAL_FILES)):
            await connection.execute(f"ALTER SYSTEM SET {limit}_wal_size = '{files * 16}MB'")
        await connection.execute("SELECT pg_reload_conf()")
        for _ in range(WAL_FILES):
            await connection.execute("SELECT pg_logical_emit_message(false, '', '')")
            await connection.execute("SELECT pg_switch_wal()")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


async def _postgres_pid(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        return _parent(await connection.fetchval("SELECT pg_backend_pid()"))
    finally:
        await connection.close()


def _parent(pid: int) -> int:
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    return int(stat.rpartition(")")[2].split()[1])


def _valkey_pid(valkey: ValkeyServer) -> int:
    _, _, rest = valkey.ask("INFO server").partition(b"process_id:")
    return int(rest.split(b"\r\n")[0])


def set_up(folder: Path, there: Services, make: Make = LocalServer) -> str:
    """`carnet migrate` and `carnet init` on new services; a key without a limit to speak of."""
    server = make(folder, **there.settings())
    server.carnet("migrate")
    server.set_up()
    return server.create_key(requests_per_minute=PLENTY)


@contextlib.asynccontextmanager
async def server(
    folder: Path, there: Services, key: str, *, make: Make = LocalServer, **settings: str
) -> AsyncIterator[Carnet]:
    """A `carnet serve` of as many processes as it is told, all of which accept."""
    # In threads: its database may be reached through a proxy in this process.
    local = await asyncio.to_thread(_start, folder, there.settings(**settings), make)
    try:
        processes = int(settings.get("HTTP__PROCESSES", "1"))
        await until(lambda: len(events(local.log, "started")) == processes)
        async with connected(local, key) as ours:
            yield ours
    finally:
        await asyncio.to_thread(local.stop)


def _start(folder: Path, settings: dict[str, str], make: Make) -> LocalServer:
    folder.mkdir()
    local = make(folder, **settings)
    local.start()
    return local


class Worker:
    """A `carnet worker`."""

    def __init__(self, folder: Path, there: Services) -> None:
        self.log = folder / "worker.log"
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("CARNET_")}
        ours = {f"CARNET_{name}": value for name, value in there.settings().items()}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "carnet", "worker"],
                cwd=folder,
                env=inherited | ours,
                stdout=log,
                stderr=log,
            )

    def stop(self) -> None:
        """Lets it end in good order."""
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextlib.contextmanager
def worker(folder: Path, there: Services) -> Iterator[Worker]:
    """A running worker."""
    made = Worker(folder, there)
    try:
        yield made
    finally:
        made.stop()


def durations(log: Path) -> list[float]:
    """Of the jobs a log tells of so far, in order: from claim to commit, in seconds."""
    return [event["duration"] for event in events(log, "job_succeeded")]


async def duration(log: Path, number: int) -> float:
    """That of one job, whose line may come a little after its request is answered."""
    await until(lambda: len(durations(log)) > number)
    return durations(log)[number]


def events(log: Path, name: str) -> list[dict[str, Any]]:
    """A JSON log's lines of one event, as far as they are complete."""
    mark = f'"event":"{name}"'.encode()
    whole = log.read_bytes().rpartition(b"\n")[0].splitlines()
    return [msgspec.json.decode(line) for line in whole if mark in line]
