"""Two workers and one job: the one whose lease has run out has no effect."""

import asyncio
import contextlib
import signal
import time

import asyncpg

from runtime.signals import LocalSignals
from storage import job_claims, open_store
from storage.job_claims import LEASE_SECONDS
from storage.leases import LeaseLost
from tests.faults.load import pin
from tests.faults.production import production
from tests.support import now
from tests.waiting import until
from tests.workers.work import run_next
from workers.kinds import KINDS
from workers.runner import run


async def accepted_job(client, trip: str, items: int = 20) -> str:
    """The id of a job nobody does yet."""
    body = {"mapPins": [pin(f"{n}") for n in range(items)]}
    answer = await client.post(f"{trip}/sync", body, headers={"Prefer": "respond-async"})
    assert answer.status == 202, answer.raw
    return str(answer.json["_id"])


async def pins(client, trip: str) -> list[str]:
    return [row["name"] for page in await client.pages(f"{trip}/map-pins", 200) for row in page]


async def test_of_workers_that_claim_one_job_at_once_one_gets_it(tmp_path, database, valkey):
    async with production(tmp_path, database, valkey.url) as carnet:
        await carnet.start_server()
        stores = [await open_store(database, create=False) for _ in range(4)]
        async with carnet.client() as client:
            trip = await carnet.new_trip(client)
            for number in range(1, 6):
                await accepted_job(client, trip, items=6)
                begun = await asyncio.gather(
                    *(run_next(stores[n % 4], LocalSignals(), KINDS) for n in range(12))
                )
                assert sum(begun) == 1
                assert len(await pins(client, trip)) == 6 * number
        for store in stores:
            await store.close()


async def test_who_lost_its_lease_cannot_commit(tmp_path, database, valkey):
    async with production(tmp_path, database, valkey.url) as carnet:
        await carnet.start_server()
        store = await open_store(database, create=False)
        async with carnet.client() as client:
            trip = await carnet.new_trip(client)
            job_id = await accepted_job(client, trip)
            late = await store.write(
                lambda tx: job_claims.claim_next(tx, "sync", now(), time.time())
            )
            after = time.time() + LEASE_SECONDS + 1
            taken = await store.write(lambda tx: job_claims.claim_next(tx, "sync", now(), after))
            assert late is not None
            assert taken is not None
            assert (late.job_id, taken.attempt) == (job_id, late.attempt + 1)
            await run(store, LocalSignals(), KINDS["sync"], late)
            assert await pins(client, trip) == [], "its work is undone"
            try:
                await store.write(lambda tx: job_claims.renew(tx, late, time.time()))
            except LeaseLost:
                pass
            else:
                raise AssertionError("it renewed a lease that is another's")
            await run(store, LocalSignals(), KINDS["sync"], taken)
            assert len(await pins(client, trip)) == 20
            await run(store, LocalSignals(), KINDS["sync"], taken)
            assert len(await pins(client, trip)) == 20, "an ended job is not done again"
        await store.close()


async def test_a_worker_that_stalls_past_its_lease_is_fenced(tmp_path, database, valkey):
    """SIGSTOP in the middle of its transaction, SIGCONT after another worker has done the job."""
    async with production(tmp_path, database, valkey.url) as carnet:
        await carnet.start_server()
        async with carnet.client() as client:
            trip = await carnet.new_trip(client)
            job_id = await accepted_job(client, trip)
            async with other_writer(database) as writer:
                await writer.execute("SELECT 1 FROM trips FOR UPDATE")
                stalling = carnet.add_worker()
                await until(lambda: somebody_waits(database), every=0.05)
                stalling.signal(signal.SIGSTOP)
            try:
                await expire_lease(database, job_id)
                other = carnet.add_worker()
                # The stalled one still holds the trip, until Postgres ends its session.
                await until(lambda: succeeded(client, job_id), every=0.1)
                assert (await client.post(f"{trip}/map-pins", pin("more"))).status == 201
            finally:
                stalling.signal(signal.SIGCONT)
            await until(lambda: stalling.events("job_lost"))
            assert len(other.events("job_succeeded")) == 1
            assert stalling.events("job_succeeded") == []
            assert len(await pins(client, trip)) == 21
            job = (await client.get(f"/jobs/{job_id}")).json
            assert (job["status"], job["attempts"]) == ("succeeded", 2)

            again = await accepted_job(client, trip)
            other.kill()
            await until(lambda: succeeded(client, again), every=0.1)


@contextlib.asynccontextmanager
async def other_writer(database: str):
    """A connection in a transaction, which is undone."""
    connection = await asyncpg.connect(database)
    try:
        await connection.execute("BEGIN")
        yield connection
    finally:
        await connection.close()


async def somebody_waits(database: str) -> bool:
    async with other_writer(database) as connection:
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        return bool(await connection.fetchval(f"{waiting} AND datname = current_database()"))


async def expire_lease(database: str, job_id: str) -> None:
    async with other_writer(database) as connection:
        await connection.execute(
            "UPDATE jobs SET due_at = $1 WHERE id = $2", time.time() - 1, job_id
        )
        await connection.execute("COMMIT")


async def succeeded(client, job_id: str) -> bool:
    return bool((await client.get(f"/jobs/{job_id}")).json["status"] == "succeeded")
