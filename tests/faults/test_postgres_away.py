"""Postgres killed, restarted or silent: 503 while it is away, then on as if nothing had been."""

import asyncio
import os
import signal

import asyncpg

from tests.faults.load import Load, check_unavailable, postgres_names
from tests.faults.production import children, production
from tests.faults.proxy import proxy
from tests.waiting import PATIENCE, until

WRITES = 300
IMPORTS = 60
LARGE = 3000
"""Items of an import in whose middle Postgres is killed."""
REFUSED = 300
"""Requests that are refused while Postgres is away: it is so for a while, not for a moment."""


async def test_postgres_killed_under_load(tmp_path, crashing, valkey, rng):
    database, postgres = crashing
    async with production(tmp_path, database, valkey.url, CARNET_HTTP__PROCESSES="2") as carnet:
        await carnet.start_server()
        for _ in range(2):
            carnet.add_worker()
        await until(lambda: len(carnet.server.events("started")) == 2)
        await until(lambda: all(worker.events("started") for worker in carnet.workers))
        before = [carnet.server.pid, *children(carnet.server.pid)]
        workers = [worker.pid for worker in carnet.workers]
        async with carnet.client() as client:
            load = Load(client, await carnet.new_trip(client), rng)
            working = asyncio.create_task(load.run(writes=WRITES, imports=IMPORTS))
            for moment in sorted(rng.sample(range(10, WRITES + IMPORTS - 100), 2)):
                await load.reach(moment)
                await asyncio.to_thread(postgres.kill)
                check_unavailable(await client.get("/me"))
                check_unavailable(await client.get(load.trip))
                check_unavailable(await client.post(f"{load.trip}/map-pins", {"name": "x"}))
                await asyncio.to_thread(postgres.restart)
            await working
            await load.settle()
            load.check(await postgres_names(database))
        assert load.lost == 0, "every request was answered"
        assert [carnet.server.pid, *children(carnet.server.pid)] == before, "none was restarted"
        assert [worker.pid for worker in carnet.workers if worker.running] == workers
        assert not carnet.server.events("request_crashed")


async def test_postgres_away_for_a_while(tmp_path, crashing, valkey, rng):
    """What runs waits for it, and what starts is told to its supervisor as worth another try."""
    database, postgres = crashing
    async with production(tmp_path, database, valkey.url, CARNET_HTTP__PROCESSES="2") as carnet:
        await carnet.start_server()
        await until(lambda: len(carnet.server.events("started")) == 2)
        before = [carnet.server.pid, *children(carnet.server.pid)]
        async with carnet.client() as client:
            load = Load(client, await carnet.new_trip(client), rng)
            await load.imported_later("queued")
            await asyncio.to_thread(postgres.stop)
            worker = carnet.add_worker()
            assert await worker.ended() == 1
            working = asyncio.create_task(load.run(writes=WRITES // 3, imports=IMPORTS // 3))
            await until(lambda: load.unavailable >= REFUSED, moved=lambda: load.unavailable)
            assert load.must.keys() == {f"queued/{n}" for n in range(len(load.must))}
            await asyncio.to_thread(postgres.restart)
            worker.start()
            await working
            await load.settle()
            load.check(await postgres_names(database))
        assert load.lost == 0, "every request was answered"
        assert [carnet.server.pid, *children(carnet.server.pid)] == before, "none was restarted"


async def test_an_import_in_whose_middle_postgres_dies_is_there_whole_or_not(
    tmp_path, crashing, valkey, rng
):
    database, postgres = crashing
    async with production(tmp_path, database, valkey.url) as carnet:
        await carnet.start_server()
        carnet.add_worker()
        async with carnet.client() as client:
            trip = await carnet.new_trip(client)
            body = {"mapPins": [{"name": f"{n}", "lat": 1, "lng": 2} for n in range(LARGE)]}
            accepted = await client.post(f"{trip}/sync", body, headers={"Prefer": "respond-async"})
            assert accepted.status == 202, accepted.raw
            await until(lambda: _runs(database), every=0.002)
            await asyncio.sleep(rng.uniform(0, 0.15))
            await asyncio.to_thread(postgres.kill)
            await asyncio.to_thread(postgres.restart)
            assert await _pins(database) in (0, LARGE)
            job = f"/jobs/{accepted.json['_id']}"
            await until(lambda: _succeeded(client, job), every=0.1)
            assert await _pins(database) == LARGE


async def _succeeded(client, path: str) -> bool:
    answer = await client.get(path)
    return bool(answer.status == 200 and answer.json["status"] == "succeeded")


async def _runs(database: str) -> bool:
    return bool(await _ask(database, "SELECT count(*) FROM jobs WHERE status <> 'queued'"))


async def _pins(database: str) -> int:
    return await _ask(database, "SELECT count(*) FROM items WHERE kind = 'mapPin'")


async def _ask(database: str, query: str) -> int:
    connection = await asyncpg.connect(database, timeout=PATIENCE)
    try:
        found: int = await connection.fetchval(query)
    finally:
        await connection.close()
    return found


async def test_a_server_starts_when_postgres_comes(tmp_path, crashing, valkey):
    """Those that a parent keeps try again; the parent itself is its supervisor's business."""
    database, postgres = crashing
    async with production(tmp_path, database, valkey.url, CARNET_HTTP__PROCESSES="2") as carnet:
        await carnet.start_server()
        await until(lambda: len(carnet.server.events("started")) == 2)
        await asyncio.to_thread(postgres.kill)
        for pid in children(carnet.server.pid):
            os.kill(pid, signal.SIGKILL)
        await until(lambda: len(carnet.server.events("process_ended")) >= 2)
        await asyncio.to_thread(postgres.restart)
        async with carnet.client() as client:
            await until(lambda: _answers(client))


async def _answers(client) -> bool:
    return bool((await client.get("/me")).status == 200)


async def test_a_postgres_that_answers_late_is_waited_for(tmp_path, database, postgres_url, valkey):
    port = int(postgres_url.rpartition(":")[2].partition("/")[0])
    async with proxy(port) as network:
        url = network.url(database)
        async with production(tmp_path, url, valkey.url, CARNET_HTTP__PROCESSES="2") as carnet:
            await carnet.start_server()
            async with carnet.client() as client:
                trip = await carnet.new_trip(client)
                network.stall()
                waiting = [asyncio.create_task(client.get(trip)) for _ in range(40)]
                # What needs no database is answered, though nothing comes from it.
                assert (await client.with_key(None).get("/me")).status == 401
                done, _ = await asyncio.wait(waiting, return_when="FIRST_COMPLETED")
                # The pool's queue is bounded in time.
                for task in done:
                    check_unavailable(task.result())
                network.resume()
                answers = await asyncio.gather(*waiting)
                assert {answer.status for answer in answers} == {200, 503}
                await until(lambda: _answers(client))
