"""Redis killed, emptied, silent or never there: no job is lost and none done twice."""

import asyncio
import re

from runtime.redis_signals import QUEUE
from tests.faults.load import Load, postgres_names
from tests.faults.production import production
from tests.faults.proxy import proxy
from tests.servers import ValkeyServer
from tests.waiting import until

WRITES = 100
IMPORTS = 100


async def test_redis_killed_restarted_and_emptied(tmp_path, database, valkey, rng):
    async with production(tmp_path, database, valkey.url, CARNET_HTTP__PROCESSES="2") as carnet:
        await carnet.start_server()
        for _ in range(2):
            carnet.add_worker()
        async with carnet.client() as client:
            load = Load(client, await carnet.new_trip(client), rng)
            working = asyncio.create_task(load.run(writes=WRITES, imports=IMPORTS))
            faults = ["flush", "restart", "away"]
            rng.shuffle(faults)
            moments = sorted(rng.sample(range(10, WRITES + IMPORTS - 30), len(faults)))
            for moment, fault in zip(moments, faults, strict=True):
                await load.reach(moment)
                if fault == "flush":
                    await asyncio.to_thread(valkey.ask, "FLUSHALL")
                elif fault == "restart":
                    await asyncio.to_thread(valkey.restart)
                else:
                    valkey.kill()
                    await load.reach(moment + 20)
                    await asyncio.to_thread(valkey.start)
            await working
            await load.settle()
            load.check(await postgres_names(database))
            assert (load.lost, load.unavailable) == (0, 0), "no request notices"


async def test_redis_away_from_the_start(tmp_path, database, valkey, rng):
    valkey.kill()
    async with production(tmp_path, database, valkey.url, CARNET_HTTP__PROCESSES="2") as carnet:
        await carnet.start_server()
        worker = carnet.add_worker()
        async with carnet.client() as client:
            load = Load(client, await carnet.new_trip(client), rng)
            await load.run(writes=20, imports=20)
            await load.settle()
            load.check(await postgres_names(database))
            assert (load.lost, load.unavailable) == (0, 0)
            assert len(worker.events("redis_away")) == 1, "one line, not one for each try"

            await asyncio.to_thread(valkey.start)
            await until(lambda: _rings(load, valkey))
            await until(lambda: _is_empty(valkey))


async def _rings(load: Load, valkey: ValkeyServer) -> bool:
    """Whether a server puts a new job into the queue, as it did before Redis went away."""
    before = await _enqueued(valkey)
    await load.imported(f"again-{load.done}")
    return await _enqueued(valkey) > before


async def _enqueued(valkey: ValkeyServer) -> int:
    """How many jobs were ever put into the queue, since Redis was started."""
    told = await asyncio.to_thread(valkey.ask, "INFO commandstats")
    found = re.search(rb"cmdstat_zadd:calls=(\d+)", told)
    return int(found[1]) if found else 0


async def _is_empty(valkey: ValkeyServer) -> bool:
    """Whether workers have taken all jobs from the queue, as no sweep does."""
    return await asyncio.to_thread(valkey.ask, f"ZCARD {QUEUE}") == b":0\r\n"


async def test_a_redis_that_does_not_answer_slows_no_one_for_long(tmp_path, database, valkey, rng):
    async with proxy(valkey.port) as network:
        url = network.url(valkey.url)
        async with production(tmp_path, database, url, CARNET_HTTP__PROCESSES="2") as carnet:
            await carnet.start_server()
            carnet.add_worker()
            async with carnet.client() as client:
                load = Load(client, await carnet.new_trip(client), rng)
                await load.run(writes=10, imports=10)
                network.stall()
                await load.run(writes=100, imports=10, prefix="stalled-")
                network.resume()
                await load.settle()
                load.check(await postgres_names(database))
                assert (load.lost, load.unavailable) == (0, 0)
                await until(lambda: _rings(load, valkey))
                await until(lambda: _is_empty(valkey))
            assert await carnet.server.stop() == 0
            assert await carnet.workers[0].stop() == 0
