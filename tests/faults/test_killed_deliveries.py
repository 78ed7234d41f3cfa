"""SIGKILL of workers while they deliver: everything arrives, in order, under one id each."""

import asyncio

import asyncpg

from tests.faults.load import pin
from tests.faults.production import production
from tests.receiver import Received, receiving
from tests.waiting import until

CHANGES = 300
KILLS = 6


async def test_killed_workers_lose_no_delivery(tmp_path, database, valkey, rng, record_property):
    refused = set(rng.sample(range(2, CHANGES + 2), 5))
    """Revisions whose first attempt fails."""
    tried: dict[int, set[str]] = {}

    async def answer(received: Received) -> int:
        first = received.rev not in tried
        tried.setdefault(received.rev, set()).add(received.id)
        # So that some are under way when a worker is killed.
        await asyncio.sleep(0.01)
        return 500 if first and received.rev in refused else 200

    async with (
        receiving(answer) as receiver,
        production(tmp_path, database, valkey.url, CARNET_WEBHOOKS__ALLOW_PRIVATE="true") as carnet,
    ):
        await carnet.start_server()
        for _ in range(2):
            carnet.add_worker()
        async with carnet.client() as client:
            trip = await carnet.new_trip(client)
            body = {"url": receiver.url, "events": ["trip.changed"]}
            hook = (await client.post("/webhooks", body)).json
            writing = asyncio.create_task(write(client, trip))
            moments = sorted(rng.sample(range(5, CHANGES - 20), KILLS))
            for number, moment in enumerate(moments):
                await receiver.has(moment)
                for worker in carnet.workers:
                    worker.kill()
                    worker.start()
                if number:
                    await end_leases(database)
                # Else the lease of who was killed runs out by itself.
            await writing
            await until(
                lambda: all_have_arrived(database), moved=lambda: len(receiver.received), every=0.1
            )
    assert set(tried) == set(range(2, CHANGES + 2)), "none is lost"
    assert {len(ids) for ids in tried.values()} == {1}, "under the same id on each try"
    assert [*tried] == sorted(tried), "first attempts come in order"
    for received in receiver.received:
        received.check(hook["secret"])
    assert len(receiver.received) >= CHANGES + len(refused)
    record_property("delivered twice", len(receiver.received) - CHANGES - len(refused))


async def write(client, trip: str) -> None:
    for number in range(CHANGES):
        answer = await client.post(f"{trip}/map-pins", pin(f"{number}"))
        assert answer.status == 201, answer.raw


async def end_leases(database: str) -> None:
    """What time would do."""
    connection = await asyncpg.connect(database)
    try:
        await connection.execute("UPDATE webhooks SET leased_until = 0")
    finally:
        await connection.close()


async def all_have_arrived(database: str) -> bool:
    connection = await asyncpg.connect(database)
    try:
        states = await connection.fetch("SELECT status, count(*) FROM deliveries GROUP BY status")
    finally:
        await connection.close()
    return dict(states) == {"succeeded": CHANGES}
