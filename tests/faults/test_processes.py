"""Several server processes on one SQLite file, and their replacement under load."""

import asyncio
import contextlib
import signal
import sqlite3
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import asyncpg
import msgspec

from tests.faults.load import Load, pin
from tests.faults.production import Production, children, production
from tests.waiting import until

ASYNC = {"Prefer": "respond-async"}


def sqlite_names(file: Path) -> list[str]:
    """The names of all pins, and that no job is left."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        left = connection.execute("SELECT * FROM jobs WHERE status <> 'succeeded'").fetchall()
        assert left == []
        rows = connection.execute("SELECT doc FROM items WHERE kind = 'mapPin'").fetchall()
    return [msgspec.json.decode(row[0])["name"] for row in rows]


async def test_several_processes_write_to_one_sqlite_file(tmp_path, valkey, rng):
    """Nobody is told that the database is locked."""
    file = tmp_path / "data" / "carnet.db"
    url = f"sqlite:///{file}"
    async with production(tmp_path, url, valkey.url, CARNET_HTTP__PROCESSES="3") as carnet:
        await carnet.start_server()
        carnet.add_worker()
        await until(lambda: len(carnet.server.events("started")) == 3)
        async with carnet.client() as client:
            load = Load(client, await carnet.new_trip(client), rng)
            await load.run(writes=400, imports=60, at_once=32)
            await load.settle()
            load.check(sqlite_names(file))
        assert (load.lost, load.unavailable) == (0, 0)
        assert len(carnet.server.events("started")) == 3
        assert not carnet.server.events("request_crashed")


async def test_a_rolling_restart_loses_no_request(tmp_path, database, valkey, rng):
    async with production(tmp_path, database, valkey.url, CARNET_HTTP__PROCESSES="2") as carnet:
        await carnet.start_server()
        carnet.add_worker()
        await until(lambda: len(carnet.server.events("started")) == 2)
        first = set(children(carnet.server.pid))
        async with carnet.client(keep_alive=False) as client, carnet.client() as lasting:
            trip = await carnet.new_trip(client)
            ended = asyncio.Event()
            written: list[str] = []
            working = [
                *(
                    asyncio.create_task(write(client, trip, f"{n}", written, ended))
                    for n in range(6)
                ),
                *(asyncio.create_task(read(lasting, trip, ended)) for _ in range(4)),
            ]
            for turn in (1, 2):
                before = len(written)
                await replace_all(carnet, turn)
                assert len(written) > before, "it was answering all the while"
            ended.set()
            await asyncio.gather(*working)
            names = [
                row["name"] for page in await client.pages(f"{trip}/map-pins", 200) for row in page
            ]
            assert sorted(names) == sorted(written)
        assert not first & set(children(carnet.server.pid)), "all were replaced"
        assert carnet.server.events("process_ended") == [], "none was missed"
        assert await carnet.server.stop() == 0


async def replace_all(carnet: Production, turn: int) -> None:
    """SIGHUP, until a new process stands in for each."""
    carnet.server.signal(signal.SIGHUP)
    await until(lambda: len(carnet.server.events("started")) >= 2 + 2 * turn)
    await until(lambda: len(carnet.server.events("stopped")) >= 2 * turn)


async def write(client, trip: str, name: str, written: list[str], ended: asyncio.Event) -> None:
    """Writes on a connection for each request; each is answered."""
    number = 0
    while not ended.is_set():
        number += 1
        answer = await client.post(f"{trip}/map-pins", pin(f"{name}/{number}"))
        assert answer.status == 201, answer.raw
        written.append(f"{name}/{number}")


async def read(client, trip: str, ended: asyncio.Event) -> None:
    """Reads on a connection that lasts; the client may find it closed, and opens another."""
    while not ended.is_set():
        try:
            answer = await client.get(trip)
        except aiohttp.ClientConnectionError:
            continue
        assert answer.status == 200, answer.raw


async def test_requests_at_hand_are_finished_before_a_server_leaves(tmp_path, database, valkey):
    async with production(tmp_path, database, valkey.url, CARNET_HTTP__PROCESSES="2") as carnet:
        await carnet.start_server()
        worker = carnet.add_worker()
        async with carnet.client() as client:
            trip = await carnet.new_trip(client)
            body = {"mapPins": [pin(f"{n}") for n in range(10)]}
            assert (await client.post(f"{trip}/sync", body, headers=ASYNC)).status == 202
            await until(lambda: worker.events("job_succeeded"))
            worker.signal(signal.SIGSTOP)
            waiting = [asyncio.create_task(client.post(f"{trip}/sync", body)) for _ in range(4)]
            await until(lambda: queued(database, 1 + 4), every=0.05)
            carnet.server.signal(signal.SIGTERM)
            await until(lambda: len(carnet.server.events("stopping")) == 2)
            # Who comes now is refused and asks another server, and is not left waiting.
            await until(lambda: refused(carnet.base))
            assert not any(task.done() for task in waiting)
            worker.signal(signal.SIGCONT)
            answers = await asyncio.gather(*waiting)
            assert [answer.status for answer in answers] == [200] * 4
        await until(lambda: not carnet.server.running)


async def refused(base: str) -> bool:
    url = urlsplit(base)
    try:
        _, writer = await asyncio.open_connection(url.hostname, url.port)
    except ConnectionRefusedError:
        return True
    writer.close()
    return False


async def queued(database: str, number: int) -> bool:
    connection = await asyncpg.connect(database)
    try:
        return bool(await connection.fetchval("SELECT count(*) = $1 FROM jobs", number))
    finally:
        await connection.close()
