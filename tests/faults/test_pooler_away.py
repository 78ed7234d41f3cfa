"""A pooler restarted under load: 503 while it is away, then on as if nothing had been."""

import asyncio

import pytest

from tests.faults.load import Load, check_unavailable, postgres_names
from tests.faults.production import children, production
from tests.storage.pooler import newer, pgbouncer
from tests.waiting import until

pytestmark = pytest.mark.debian

WRITES = 100
IMPORTS = 20


async def test_a_pooler_killed_under_load(tmp_path, database, valkey, rng):
    """Servers and workers share its six sessions, and prepare statements of the same names."""
    pool = {"pool_mode": "transaction", "default_pool_size": "6"}
    with pgbouncer(newer(), database, **pool) as pooler:
        async with production(
            tmp_path, pooler.url, valkey.url, CARNET_HTTP__PROCESSES="2"
        ) as carnet:
            await carnet.start_server()
            worker = carnet.add_worker()
            await until(lambda: len(carnet.server.events("started")) == 2)
            await until(lambda: worker.events("started"))
            before = [carnet.server.pid, *children(carnet.server.pid)]
            async with carnet.client() as client:
                load = Load(client, await carnet.new_trip(client), rng)
                working = asyncio.create_task(load.run(writes=WRITES, imports=IMPORTS))
                for moment in sorted(rng.sample(range(10, WRITES + IMPORTS - 40), 2)):
                    await load.reach(moment)
                    pooler.kill()
                    check_unavailable(await client.get(load.trip))
                    check_unavailable(await client.post(f"{load.trip}/map-pins", {"name": "x"}))
                    await asyncio.to_thread(pooler.start)
                await working
                await load.settle()
                load.check(await postgres_names(database))
            assert load.lost == 0, "every request was answered"
            assert [carnet.server.pid, *children(carnet.server.pid)] == before, "none restarted"
            assert worker.running
            assert not carnet.server.events("request_crashed")
