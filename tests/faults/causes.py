"""What makes alerts fire, each for as long as a block lasts."""

import asyncio
import contextlib
import os
import resource
import signal
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg

from tests.faults.load import pin
from tests.faults.production import Program
from tests.faults.test_leases import accepted_job, other_writer, somebody_waits
from tests.servers import free_port, run_sql
from tests.support import Client
from tests.waiting import until
from workers.kinds import KINDS

LARGE_LOG = 270_000_000
"""Bytes; above 256 MiB there is an alert."""
QUEUED_WRITES = 200
"""SQLite does 64 at a time, and where 100 others wait there is an alert."""
READS_AT_ONCE = 60
"""The two processes of a server have ten connections each to read by."""
LARGEST_BODY = 1_000_000
"""Bytes, of one body and of all that are received at a time."""
CROWD = 150
"""Connections."""
SCHEDULE_LIMIT = 10_800
"""Seconds since a schedule was last done, above which there is an alert."""
HOOKS, CHANGES = 40, 26
"""So many that more than 1,000 deliveries wait."""


@contextlib.asynccontextmanager
async def repeated(*actions: Callable[[], Awaitable[Any]]) -> AsyncIterator[None]:
    """Does something ten times a second at most inside the block, whatever is answered."""

    async def repeat(action: Callable[[], Awaitable[Any]]) -> None:
        while True:
            with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
                await action()
            await asyncio.sleep(0.1)

    tasks = [asyncio.create_task(repeat(action)) for action in actions]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.contextmanager
def opened(file: Path) -> Iterator[sqlite3.Connection]:
    """An SQLite file as another program has it open."""
    with contextlib.closing(sqlite3.connect(file, isolation_level=None, timeout=60)) as connection:
        yield connection


@contextlib.contextmanager
def log_kept_by_a_reader(file: Path) -> Iterator[None]:
    """A reader that stays in its transaction while much is written."""
    with opened(file) as reader, opened(file) as writer:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM users").fetchall()
        writer.execute("CREATE TABLE large (bytes)")
        writer.execute("INSERT INTO large VALUES (zeroblob(?))", [LARGE_LOG])
        writer.execute("DROP TABLE large")
        yield


@contextlib.asynccontextmanager
async def writes_locked_out(file: Path, client: Client, trip: str) -> AsyncIterator[None]:
    """Another program that has begun to write and does not end."""
    with opened(file) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writes = [lambda: client.post(f"{trip}/map-pins", pin("queued"))] * QUEUED_WRITES
        async with repeated(*writes):
            try:
                yield
            finally:
                writer.execute("ROLLBACK")


@contextlib.contextmanager
def missing_table(file: Path) -> Iterator[None]:
    """A table that a schedule needs is away."""
    with opened(file) as connection:
        connection.execute("ALTER TABLE sign_in_failures RENAME TO hidden")
        try:
            yield
        finally:
            connection.execute("ALTER TABLE hidden RENAME TO sign_in_failures")


@contextlib.asynccontextmanager
async def passwords_tried(client: Client) -> AsyncIterator[None]:
    """Somebody goes through passwords of one account."""
    guess = {"email": "owner@example.org", "password": "correct horse battery"}
    anyone = client.with_key(None)
    headers = {"Origin": client.base}
    async with repeated(*[lambda: anyone.post("/session", guess, headers=headers)] * 2):
        yield


@contextlib.asynccontextmanager
async def large_bodies(port: int, client: Client, trip: str) -> AsyncIterator[None]:
    """A body that is nearly as large as all may be together, and does not end; and others."""
    head = (
        f"POST /api/v1{trip}/sync HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer"
        f" {client.key}\r\nContent-Type: application/json\r\nContent-Length: {LARGEST_BODY}\r\n\r\n"
    )

    async def begin() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(head.encode() + b" " * (LARGEST_BODY - 1))
            await reader.read()
        finally:
            writer.close()

    body = b" " * (LARGEST_BODY // 2)
    async with repeated(begin, lambda: client.post(f"{trip}/sync", data=body)):
        yield


def open_files(pid: int) -> int:
    """How many descriptors a process has."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


@contextlib.asynccontextmanager
async def crowd(port: int, pid: int) -> AsyncIterator[None]:
    """So many connections that a process has few descriptors left."""
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    # Others come and go meanwhile.
    all_of_them = open_files(pid) + CROWD - 5
    writers = [(await asyncio.open_connection("127.0.0.1", port))[1] for _ in range(CROWD)]
    await until(lambda: open_files(pid) >= all_of_them)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (all_of_them * 100 // 85, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        for writer in writers:
            writer.close()


@contextlib.asynccontextmanager
async def halting(pid: int) -> AsyncIterator[None]:
    """A process that gets no time for most of each second."""

    async def halt() -> None:
        os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(0.8)
        os.kill(pid, signal.SIGCONT)

    try:
        async with repeated(halt):
            yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextlib.asynccontextmanager
async def reads_locked_out(database: str, client: Client, trip: str) -> AsyncIterator[None]:
    """A table of Postgres that somebody has locked and does not let go."""
    connection = await asyncpg.connect(database)
    try:
        await connection.execute("BEGIN")
        await connection.execute("LOCK TABLE trips IN ACCESS EXCLUSIVE MODE")
        async with repeated(*[lambda: client.get(f"{trip}/map-pins")] * READS_AT_ONCE):
            yield
    finally:
        await connection.close()


async def deliveries_in_vain(client: Client, trip: str) -> None:
    """Many changes that webhooks are to be told of, whose receiver is away."""
    url = f"http://127.0.0.1:{free_port()}"
    for _ in range(HOOKS):
        made = await client.post("/webhooks", {"url": url, "events": ["trip.changed"]})
        assert made.status == 201, made.raw
    for number in range(CHANGES):
        changed = await client.post(f"{trip}/map-pins", pin(f"{number}"))
        assert changed.status == 201, changed.raw


def new_release(folder: Path) -> None:
    """What an upgrade leaves in a folder of PYTHONPATH."""
    info = folder / "carnet-9.9.9.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: carnet\nVersion: 9.9.9\n")


def redis_password_changed(ask: Callable[[str], bytes]) -> None:
    """Redis wants a password that nobody of ours has."""
    ask("CONFIG SET requirepass secret")
    for kind in ("normal", "pubsub"):
        ask(f"AUTH secret\r\nCLIENT KILL TYPE {kind}")


def two_days_pass_after_the_backup(file: Path) -> None:
    """As it is when nobody makes another."""
    with opened(file) as connection:
        earlier = "json_set(value, '$.at', json_extract(value, '$.at') - 172800)"
        connection.execute(f"UPDATE server_state SET value = {earlier} WHERE name = 'last_backup'")


def clock_behind(file: Path, seconds: int) -> dict[str, str]:
    """The variables of a program whose clocks, the monotonic one too, are behind the machine's."""
    file.write_text(f"-{seconds}")
    return {
        "LD_PRELOAD": "/usr/$LIB/faketime/libfaketime.so.1",
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_CACHE_DURATION": "1",
    }


def clock_moves_on(file: Path, ahead: str = "0") -> None:
    """As if all that time had passed for the program: it is now, or as far ahead."""
    file.write_text(f"+{ahead}")


async def an_hour_passes_for_jobs(database: str) -> None:
    """As it is when nobody does them."""
    await run_sql(database, "UPDATE jobs SET due_at = due_at - 3600 WHERE status = 'queued'")


async def die_of_a_job(worker: Program, database: str, client: Client, trip: str) -> str:
    """A worker is killed in the last attempt of a job; the job's id."""
    worker.signal(signal.SIGSTOP)
    job_id = await accepted_job(client, trip)
    async with other_writer(database) as writer:
        await writer.execute("SELECT 1 FROM trips FOR UPDATE")
        worker.signal(signal.SIGCONT)
        await until(lambda: somebody_waits(database), every=0.1)
        attempts = KINDS["sync"].attempts
        await run_sql(database, f"UPDATE jobs SET attempts = {attempts} WHERE id = '{job_id}'")
        worker.kill()
    return job_id
