"""Whether Redis is there, away, or refuses what `queue.url` says, on a real Valkey."""

import asyncio
import contextlib

import pytest
import structlog

from runtime import measured
from runtime.redis_signals import RedisSignals
from runtime.settings import Queue, Settings
from runtime.signals import LocalSignals
from storage import open_store
from storage.migrate import migrate
from tests import servers
from tests.support import now
from tests.waiting import until
from workers import arq_worker

# arq's own way to close its connections.
pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning")


@pytest.fixture
def valkey():
    with servers.own_valkey() as server:
        server.ask("CONFIG SET requirepass secret")
        server.ask("ACL SETUSER reader on >secret ~* &* +@read +@connection +subscribe")
        yield server


@contextlib.asynccontextmanager
async def signals(url: str, *, listening: bool = False):
    made = RedisSignals(url)
    if listening:
        made.start()
    try:
        yield made
    finally:
        await made.stop()


def away() -> set[str]:
    """Why the metrics say that Redis cannot be used."""
    rows = measured.REDIS_AWAY.rows()
    return {reason for (part, reason), (number,) in rows if part == "signals" and number}


REFUSED = {
    "no password": "redis://127.0.0.1:{port}/0",
    "wrong password": "redis://:hunter2@127.0.0.1:{port}/0",
    "no such user": "redis://nobody:secret@127.0.0.1:{port}/0",
    "no such database": "redis://:secret@127.0.0.1:{port}/999",
    "a user who may not": "redis://reader:secret@127.0.0.1:{port}/0",
}


@pytest.mark.parametrize("url", REFUSED.values(), ids=REFUSED)
async def test_a_refusal_is_told_once_and_not_taken_for_an_absence(valkey, url):
    with structlog.testing.capture_logs() as lines:
        async with signals(url.format(port=valkey.port)) as refused:
            for _ in range(3):
                await refused.job_ended("job")
            assert refused.queue_state == "wrong credentials"
            assert away() == {"credentials"}
    (line,) = lines
    assert (line["event"], line["log_level"]) == ("redis_refused", "error")
    assert "queue.url" in line["mend"]
    assert "hunter2" not in str(line)


@pytest.mark.parametrize("url", [REFUSED["wrong password"], REFUSED["no such database"]])
async def test_one_that_only_listens_tells_it_too(valkey, url):
    async with signals(url.format(port=valkey.port), listening=True) as refused:
        await until(lambda: refused.queue_state == "wrong credentials")


async def test_it_is_ok_again_once_redis_is_back(valkey):
    url = f"redis://:secret@127.0.0.1:{valkey.port}/0"
    async with signals(url) as sending, signals(url, listening=True) as listening:
        both = (sending, listening)
        await sending.job_ended("job")
        assert [each.queue_state for each in both] == ["ok", "ok"]
        valkey.kill()
        await sending.job_ended("job")
        await until(lambda: [each.queue_state for each in both] == ["away", "away"])
        assert away() == {"unreachable"}
        valkey.start()
        await until(lambda: listening.queue_state == "wrong credentials")
        valkey.ask("CONFIG SET requirepass secret")
        await until(lambda: listening.queue_state == "ok")
        await sending.job_ended("job")
        assert sending.queue_state == "ok"
        assert away() == set()


async def test_a_worker_that_has_nothing_to_say_knows_it_too(tmp_path, valkey, monkeypatch):
    monkeypatch.setattr(arq_worker, "REBUILD_SECONDS", 0.05)
    seen: list[RedisSignals] = []

    class Seen(RedisSignals):
        def __init__(self, url: str) -> None:
            super().__init__(url)
            seen.append(self)

    monkeypatch.setattr(arq_worker, "RedisSignals", Seen)
    store = await open_store(f"sqlite:///{tmp_path}/carnet.db")
    await migrate(store, now())
    stopping = asyncio.Event()
    settings = Settings(queue=Queue(f"redis://:secret@127.0.0.1:{valkey.port}/0"))
    valkey.kill()
    working = asyncio.create_task(arq_worker.run_worker(store, settings, stopping))
    await until(lambda: seen and seen[0].queue_state == "away")
    valkey.start()
    await until(lambda: seen[0].queue_state == "wrong credentials")
    valkey.ask("CONFIG SET requirepass secret")
    await until(lambda: seen[0].queue_state == "ok")
    stopping.set()
    await working
    await store.close()


def test_within_one_process_nothing_is_ever_away():
    assert LocalSignals().queue_state == "ok"
