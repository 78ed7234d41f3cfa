"""What a scrape tells of the database: read now and then, and nothing while it is away."""

import asyncio
import time
from typing import Any, cast

import pytest

from carnet import metrics_port
from carnet.metrics_port import Scrapes
from domain.errors import Unavailable
from runtime import measured
from storage import server_state
from storage.store import Store
from tests.measuring import number
from tests.storage.home import new_home, pin
from tests.workers.desk import Desk
from tests.workers.work import claim, queue


class Database:
    """Reads as a store does, and counts how often."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.reads = 0
        self.away = False
        self.answers = asyncio.Event()
        self.answers.set()

    async def read(self, operation: Any) -> Any:
        self.reads += 1
        await self.answers.wait()
        if self.away:
            raise Unavailable
        return await self.store.read(operation)


@pytest.fixture
def database(store):
    return Database(store)


@pytest.fixture
def scrapes(database):
    return Scrapes(cast("Any", database))


def up() -> float:
    ((_, (number,)),) = measured.STORAGE_UP.rows()
    return number


async def test_it_is_read_once_for_those_who_ask_soon(scrapes, database):
    await asyncio.gather(*(scrapes._read_backlog() for _ in range(3)))
    await scrapes._read_backlog()
    assert (database.reads, up()) == (1, 1)
    ((_, (schema,)),) = measured.SCHEMA_VERSION.rows()
    assert schema > 10
    assert dict(measured.JOBS_UNFINISHED.rows())["sync", "queued"] == [0]


async def test_what_waits_is_told(scrapes, store):
    home = await new_home(store)
    desk = await Desk.of(home)
    await desk.hook("trip.changed")
    await home.create("mapPin", pin())
    soon = time.time()
    for due_at in (soon - 100, soon - 10, soon - 10):
        await queue(home, {"mapPins": [pin()]}, due_at=due_at)
    await claim(home, soon)
    last = server_state.LastBackup(at=1_700_000_000, bytes=4096)
    await store.write(lambda tx: server_state.note_backup(tx, last))
    await scrapes._read_backlog()
    told = [
        number(measured.JOBS_UNFINISHED, "sync", "queued"),
        number(measured.JOBS_UNFINISHED, "sync", "running"),
        number(measured.DELIVERIES_WAITING),
        number(measured.BACKUP_AT),
        number(measured.BACKUP_BYTES),
    ]
    assert told == [2, 1, 1, 1_700_000_000, 4096]
    assert 10 <= number(measured.JOB_OLDEST_DUE, "sync") < 100
    assert number(measured.JOB_OLDEST_DUE, "batch") == 0


async def test_while_it_is_away_there_are_no_numbers(scrapes, database, monkeypatch):
    await scrapes._read_backlog()
    monkeypatch.setattr(metrics_port, "FRESH_SECONDS", 0.0)
    database.away = True
    await scrapes._read_backlog()
    assert up() == 0
    assert measured.JOBS_UNFINISHED.rows() == measured.SCHEMA_VERSION.rows() == []
    database.away = False
    await scrapes._read_backlog()
    assert up() == 1


async def test_a_slow_database_is_told_by_what_it_said_last(scrapes, database, monkeypatch):
    monkeypatch.setattr(metrics_port, "FRESH_SECONDS", 0.0)
    await scrapes._read_backlog()
    before = measured.JOBS_UNFINISHED.rows()
    for reads in (2, 3, 4):
        monkeypatch.setattr(metrics_port, "PATIENCE_SECONDS", 0.0)
        database.answers.clear()
        for _ in range(3):
            await scrapes._read_backlog()
            assert (up(), measured.JOBS_UNFINISHED.rows()) == (1, before)
        monkeypatch.setattr(metrics_port, "PATIENCE_SECONDS", 60.0)
        database.answers.set()
        await scrapes._read_backlog()
        assert (database.reads, up()) == (reads, 1)


async def test_one_that_does_not_answer_at_all_is_away_and_not_asked_again(
    scrapes, database, monkeypatch
):
    monkeypatch.setattr(metrics_port, "FRESH_SECONDS", 0.0)
    await scrapes._read_backlog()
    monkeypatch.setattr(metrics_port, "PATIENCE_SECONDS", 0.0)
    database.answers.clear()
    await scrapes._read_backlog()
    monkeypatch.setattr(metrics_port, "AWAY_SECONDS", 0.0)
    for _ in range(3):
        await scrapes._read_backlog()
        assert (database.reads, up()) == (2, 0)
        assert measured.JOBS_UNFINISHED.rows() == []
    monkeypatch.setattr(metrics_port, "PATIENCE_SECONDS", 60.0)
    database.answers.set()
    await scrapes._read_backlog()
    assert (database.reads, up()) == (2, 1)
