"""SIGKILL of any process at any moment: effects once, nothing acknowledged lost, nothing stuck."""

import asyncio
import contextlib
import os
import signal

from tests.faults.load import Load, postgres_names
from tests.faults.production import Production, alive, children, production
from tests.waiting import until

SCALE = int(os.environ.get("FAULT_SCALE", "1"))
"""How many times as much is written while processes are killed."""
WRITES = 500 * SCALE
IMPORTS = 125 * SCALE
KILLS = 9 * SCALE


async def test_killed_workers_servers_and_parents(tmp_path, database, valkey, rng, record_property):
    async with production(tmp_path, database, valkey.url, CARNET_HTTP__PROCESSES="2") as carnet:
        await carnet.start_server()
        for _ in range(2):
            carnet.add_worker()
        async with carnet.client() as client:
            load = Load(client, await carnet.new_trip(client), rng)
            working = asyncio.create_task(load.run(writes=WRITES, imports=IMPORTS))
            victims = ["parent", "child", "child", "worker", "worker"]
            victims += rng.choices(victims, k=KILLS - len(victims))
            rng.shuffle(victims)
            moments = sorted(rng.sample(range(10, WRITES + IMPORTS - 50), KILLS))
            for moment, victim in zip(moments, victims, strict=True):
                await load.reach(moment)
                await KILLERS[victim](carnet, rng)
            await working
            await load.settle()
            await until(lambda: not any(alive(pid) for pid in carnet.orphans))
            load.check(await postgres_names(database))
        record_property("connections lost", load.lost)


async def kill_parent(carnet: Production, _rng) -> None:
    """The children leave by themselves; whoever supervises us starts the parent again."""
    carnet.orphans += children(carnet.server.pid)
    carnet.server.kill()
    await carnet.start_server()


async def kill_child(carnet: Production, rng) -> None:
    running = children(carnet.server.pid)
    if running:
        with contextlib.suppress(ProcessLookupError):
            os.kill(rng.choice(running), signal.SIGKILL)


async def kill_worker(carnet: Production, rng) -> None:
    worker = rng.choice(carnet.workers)
    worker.kill()
    worker.start()


KILLERS = {"parent": kill_parent, "child": kill_child, "worker": kill_worker}


async def test_children_leave_when_their_parent_is_killed(tmp_path, database, valkey):
    async with production(tmp_path, database, valkey.url, CARNET_HTTP__PROCESSES="3") as carnet:
        await carnet.start_server()
        await until(lambda: len(carnet.server.events("started")) == 3)
        left = children(carnet.server.pid)
        assert len(left) == 3
        carnet.server.kill()
        await until(lambda: not any(alive(pid) for pid in left))
        assert len(carnet.server.events("stopped")) == 3, "in good order"
