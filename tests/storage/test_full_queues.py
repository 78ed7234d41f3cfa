"""Queues have an end: who comes when one is full is refused at once."""

import asyncio
import threading

import pytest

from domain.errors import Unavailable
from runtime import measured
from storage import job_claims, jobs, open_store, postgres_pool, postgres_sessions, sqlite_engine
from storage.postgres_pool import POOL_SIZE
from storage.store import Tx
from tests.measuring import counted, number
from tests.storage.home import Home, soon
from tests.storage.test_job_rows import claimed, queue
from tests.support import now
from tests.waiting import PATIENCE

WAITING = 3


async def one(tx: Tx) -> int:
    found: int = await tx.fetchval("SELECT 1")
    return found


async def refused(store, way: str) -> None:
    with (
        counted(measured.REFUSED, "storage_full"),
        pytest.raises(Unavailable, match="Too many") as caught,
    ):
        await soon(getattr(store, way)(one))
    assert caught.value.headers["Retry-After"] == "1"


async def test_sqlite_refuses_who_comes_when_too_many_writers_wait(tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite_engine, "MAX_WAITING", WAITING)
    store = await open_store(f"sqlite:///{tmp_path}/carnet.db")
    begun, end = threading.Event(), threading.Event()

    async def hold(tx: Tx) -> int:
        begun.set()
        end.wait(PATIENCE)
        return await one(tx)

    holding = asyncio.ensure_future(store.write(hold))
    await asyncio.to_thread(begun.wait, PATIENCE)
    waiting = [asyncio.ensure_future(store.write(one)) for _ in range(WAITING)]
    await asyncio.sleep(0)
    await refused(store, "write")
    assert number(measured.SQLITE_WRITES_WAITING) == WAITING
    assert await store.read(one) == 1, "readers have queues of their own"
    end.set()
    assert await soon(asyncio.gather(holding, *waiting)) == [1] * (WAITING + 1)
    assert await soon(store.write(one)) == 1, "there is room again"
    await store.close()


@pytest.mark.parametrize("way", ["read", "write"])
async def test_postgres_refuses_who_comes_when_too_many_wait(postgres_url, monkeypatch, way):
    monkeypatch.setattr(postgres_pool, "MAX_WAITING", WAITING)
    monkeypatch.setattr(postgres_pool, "ACQUIRE_SECONDS", PATIENCE)
    monkeypatch.setitem(postgres_sessions.TIME_OUTS, "idle_in_transaction_session_timeout", "0")
    store = await open_store(postgres_url)
    begun, end = asyncio.Semaphore(0), asyncio.Event()

    async def hold(tx: Tx) -> int:
        begun.release()
        await end.wait()
        return await one(tx)

    run = getattr(store, way)
    holding = []
    for _ in range(POOL_SIZE):
        holding.append(asyncio.create_task(run(hold)))
        await soon(begun.acquire())
    waiting = [asyncio.create_task(run(one)) for _ in range(WAITING)]
    await asyncio.sleep(0)
    await refused(store, way)
    assert number(measured.POSTGRES_CONNECTIONS, way, "open") == POOL_SIZE
    assert number(measured.POSTGRES_CONNECTIONS, way, "in_use") == POOL_SIZE
    assert number(measured.POSTGRES_WAITING, way) == WAITING
    end.set()
    assert await soon(asyncio.gather(*holding, *waiting)) == [1] * (POOL_SIZE + WAITING)
    assert await soon(run(one)) == 1, "there is room again"
    await store.close()


async def test_a_user_has_so_many_jobs_that_are_not_done_and_no_more(home: Home, monkeypatch):
    monkeypatch.setattr(jobs, "MAX_UNFINISHED", 3)
    for _ in range(3):
        await queue(home)
    taken = await claimed(home, 2_000)
    with pytest.raises(Unavailable, match="not done yet"):
        await queue(home)
    stored = await home.store.read(lambda tx: tx.fetchval("SELECT count(*) FROM jobs"))
    assert stored == 3
    await home.store.write(lambda tx: job_claims.succeed(tx, taken, now(), 200, b"{}"))
    await queue(home)
