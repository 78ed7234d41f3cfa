"""Redis killed, emptied, silent or never there: no job is lost and none done twice."""

import asyncio
import time

from tests.faults.load import Load, postgres_names
from tests.faults.polling import until
from tests.faults.production import production
from tests.faults.proxy import proxy
from workers.loop import SWEEP_SECONDS

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
            await until(lambda: _is_quick(load), 20)


async def _is_quick(load: Load) -> bool:
    """Whether a job is begun before a sweep would have found it."""
    started = time.monotonic()
    await load.imported(f"again-{load.done}")
    return time.monotonic() - started < SWEEP_SECONDS / 4


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
                started = time.monotonic()
                await load.run(writes=100, imports=10, prefix="stalled-")
                assert time.monotonic() - started < 20
                network.resume()
                await load.settle()
                load.check(await postgres_names(database))
                assert (load.lost, load.unavailable) == (0, 0)
                await until(lambda: _is_quick(load), 20)
            assert await carnet.server.stop() == 0
            assert await carnet.workers[0].stop() == 0
