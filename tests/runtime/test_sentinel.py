"""A Valkey that Sentinel replaces under load: signals, limits and workers go on at the next one."""

import asyncio

import pytest
import structlog

from runtime.redis_signals import RedisSignals
from runtime.settings import Queue, Settings
from server.redis_ratelimit import RedisRateLimiter
from storage import open_store
from storage.migrate import migrate
from tests import sentinels
from tests.storage.home import soon
from tests.support import now
from tests.waiting import until
from workers import arq_worker, loop

# arq's own way to close its connections.
pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning")


@pytest.fixture(scope="module")
def watched():
    with sentinels.watched() as made:
        yield made


class Load:
    """Changes told from one process to another, and requests counted, one after the other."""

    def __init__(self, url: str) -> None:
        self.sending, self.listening = RedisSignals(url), RedisSignals(url)
        self.limiter = RedisRateLimiter(url)
        self.heard: list[int] = []
        self.told = 0
        self.listening.on_trip_change(lambda _, rev: self.heard.append(rev))
        self.listening.start()
        self._telling = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        while True:
            self.told += 1
            self.sending.trip_changed("trip", self.told)
            await self.sending.job_queued(f"job{self.told}")
            count = self.limiter.count("me")
            if isinstance(count, asyncio.Future):
                await count
            await asyncio.sleep(0.01)

    async def heard_anew(self) -> bool:
        """Whether what is told from now on is heard of."""
        told = self.told
        await until(lambda: self.heard and self.heard[-1] > told)
        return True

    async def stop(self) -> None:
        self._telling.cancel()
        await asyncio.gather(self._telling, return_exceptions=True)
        await self.sending.stop()
        await self.listening.stop()
        await self.limiter.close()


async def test_a_failover_under_load_is_survived(watched, tmp_path, monkeypatch):
    monkeypatch.setattr(arq_worker, "REBUILD_SECONDS", 0.1)
    monkeypatch.setattr(loop, "SWEEP_SECONDS", 3600)
    woken: list[RedisSignals] = []
    wake = RedisSignals.wake

    def wake_and_tell(signals: RedisSignals) -> None:
        woken.append(signals)
        wake(signals)

    monkeypatch.setattr(RedisSignals, "wake", wake_and_tell)
    store = await open_store(f"sqlite:///{tmp_path}/carnet.db")
    await migrate(store, now())
    stopping = asyncio.Event()
    settings = Settings(queue=Queue(watched.url))
    working = asyncio.create_task(arq_worker.run_worker(store, settings, stopping))
    load = Load(watched.url)
    with structlog.testing.capture_logs() as lines:
        assert await load.heard_anew()
        await until(lambda: woken)
        watched.master.kill()
        await until(lambda: load.sending.queue_state == "away")
        await until(lambda: load.sending.queue_state == "ok")
        assert await load.heard_anew()
        await until(lambda: load.listening.queue_state == "ok")
        woken.clear()
        await until(lambda: woken)
        counting = load.limiter
        await until(lambda: counting._connection is not None and not counting._told)
    await load.stop()
    stopping.set()
    await soon(working)
    await store.close()
    assert {line["event"] for line in lines} <= {"redis_away", "rate_limit_local"}
    assert len(lines) <= 8, "not one for each try"
