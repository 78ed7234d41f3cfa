"""Backups while clients write: what was acknowledged before is in them, and serves again."""

import asyncio
import contextlib
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests import servers
from tests.faults.load import Load
from tests.faults.production import Production, production
from tests.waiting import PATIENCE, until

LITESTREAM = Path(sys.executable).parent / "litestream"


@pytest.fixture(autouse=True)
def programs(monkeypatch):
    """pg_dump and pg_restore of the server's version."""
    monkeypatch.setenv("PATH", servers.client_programs())


@pytest.fixture(params=["sqlite", "postgres"])
def places(request, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The URLs of two databases, neither of which has anything in it."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/here/carnet.db", f"sqlite:///{tmp_path}/there/carnet.db"
        return
    dsn = request.getfixturevalue("postgres_url")
    with servers.new_database(dsn) as here, servers.new_database(dsn) as there:
        yield here, there


@contextlib.asynccontextmanager
async def restored(folder: Path, url: str, file: Path, key: str):
    """A server on what was restored from a file."""
    made = Production(folder, url)
    made.key = key
    await asyncio.to_thread(made.carnet, "restore", str(file))
    try:
        await made.start_server()
        yield made
        assert await made.server.stop() == 0
    finally:
        made.end()


async def names(client, trip: str) -> set[str]:
    pages = await client.pages(f"{trip}/map-pins", 200)
    return {row["name"] for page in pages for row in page}


async def test_what_was_acknowledged_before_a_backup_is_in_it(tmp_path, places, rng):
    here, there = places
    file = tmp_path / "carnet.backup"
    async with production(tmp_path, here) as carnet:
        await carnet.start_server()
        async with carnet.client() as client:
            trip = await carnet.new_trip(client)
            load = Load(client, trip, rng)
            writing = asyncio.create_task(load.run(writes=240, imports=6))
            await load.reach(60)
            before = set(load.must)
            made = await asyncio.to_thread(carnet.carnet, "backup", str(file))
            checked = await asyncio.to_thread(carnet.carnet, "check")
            await writing
            await load.settle()
            later = await client.get(f"{trip}/map-pins?limit=10")
        assert await carnet.server.stop() == 0
    assert made["bytes"] == file.stat().st_size
    assert checked == {"findings": []}

    async with restored(tmp_path, there, file, carnet.key) as again, again.client() as client:

        async def all_there() -> bool:
            # Jobs that were queued are done now.
            return before <= await names(client, trip)

        await until(all_there)
        tagged = {"If-None-Match": later.headers["ETag"]}
        assert (await client.get(f"{trip}/map-pins?limit=10", headers=tagged)).status == 200
        following = f"{trip}/map-pins?limit=10&cursor={later.json['nextCursor']}"
        refused = await client.get(following)
        assert (refused.status, refused.code) == (400, "VALIDATION_ERROR")
        await Load(client, trip, rng).run(writes=10, imports=2, prefix="again-")
        assert await asyncio.to_thread(again.carnet, "check") == {"findings": []}


async def test_litestream_has_what_was_acknowledged(tmp_path, rng):
    """As docs/production.md has it: the server is killed while clients write."""
    database = tmp_path / "here" / "carnet.db"
    replica = tmp_path / "replica"
    async with production(tmp_path, f"sqlite:///{database}") as carnet:
        await carnet.start_server()
        log = tmp_path / "litestream.log"
        async with replicating(database, replica, log), carnet.client() as client:
            trip = await carnet.new_trip(client)
            load = Load(client, trip, rng)
            writing = asyncio.create_task(load.run(writes=240, imports=0))
            await load.reach(120)
            carnet.server.kill()
            must = set(load.must)
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
        key = carnet.key
    file = tmp_path / "restored.db"
    await asyncio.to_thread(restore_replica, replica, file)
    url = f"sqlite:///{tmp_path}/there/carnet.db"
    async with restored(tmp_path, url, file, key) as again, again.client() as client:
        assert must <= await names(client, trip)
        assert await asyncio.to_thread(again.carnet, "check") == {"findings": []}


@contextlib.asynccontextmanager
async def replicating(database: Path, replica: Path, log: Path) -> AsyncIterator[None]:
    """Litestream beside the block; at its end it is asked to finish, and sends what is left."""
    with log.open("wb") as opened:
        process = await asyncio.create_subprocess_exec(
            LITESTREAM, "replicate", database, f"file://{replica}", stdout=opened, stderr=opened
        )
        try:
            await until(lambda: any(replica.rglob("*.ltx")))
            yield
        finally:
            process.send_signal(signal.SIGINT)
            await asyncio.wait_for(process.wait(), PATIENCE)


def restore_replica(replica: Path, file: Path) -> None:
    subprocess.run(
        [LITESTREAM, "restore", "-o", file, f"file://{replica}"],
        check=True,
        capture_output=True,
        timeout=PATIENCE,
    )
