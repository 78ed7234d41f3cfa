"""What a scrape tells of the database: read now and then, and nothing while it is away."""

import asyncio
import math
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


@pytest.fixture
def slow(database, monkeypatch):
    """The database, which no scrape waits for, and which is asked anew once it has been told."""
    monkeypatch.setattr(metrics_port, "FRESH_SECONDS", -1.0)
    monkeypatch.setattr(metrics_port, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(metrics_port, "AWAY_SECONDS", math.inf)
    database.answers.clear()
    return database


async def answered(scrapes, database):
    """Has the database answer what it was asked, and nothing after it."""
    database.answers.set()
    await asyncio.wait({scrapes._reading})
    database.answers.clear()


async def test_a_slow_answer_is_told_at_the_next_scrape_and_until_then_the_one_before(
    scrapes, slow
):
    await scrapes._read_backlog()
    assert up() == 0, "nothing is known yet"
    await answered(scrapes, slow)
    for reads in range(1, 4):
        await scrapes._read_backlog()
        assert (slow.reads, up()) == (reads, 1)
        # The next one has been asked, and takes its time.
        for _ in range(2):
            await scrapes._read_backlog()
            assert (slow.reads, up(), len(measured.SCHEMA_VERSION.rows())) == (reads + 1, 1, 1)
        await answered(scrapes, slow)


async def test_one_that_does_not_answer_for_too_long_is_away_until_it_does_so_in_time(
    scrapes, slow, monkeypatch
):
    await scrapes._read_backlog()
    await answered(scrapes, slow)
    await scrapes._read_backlog()
    await scrapes._read_backlog()
    assert (slow.reads, up()) == (2, 1)
    with monkeypatch.context() as later:
        later.setattr(metrics_port, "AWAY_SECONDS", 0.0)
        for _ in range(3):
            await scrapes._read_backlog()
            assert (slow.reads, up()) == (2, 0)
        assert measured.JOBS_UNFINISHED.rows() == measured.BACKUP_AT.rows() == []
        # Its answer comes after all, too late: else it would be there and away in turn.
        await answered(scrapes, slow)
    for _ in range(3):
        await scrapes._read_backlog()
        assert up() == 0
    assert slow.reads == 3
    await answered(scrapes, slow)
    await scrapes._read_backlog()
    assert (slow.reads, up()) == (3, 1)


async def test_one_that_has_failed_is_away_until_it_answers(scrapes, slow):
    slow.away = True
    await scrapes._read_backlog()
    await answered(scrapes, slow)
    slow.away = False
    for _ in range(3):
        await scrapes._read_backlog()
        assert up() == 0
    assert slow.reads == 2
    await answered(scrapes, slow)
    await scrapes._read_backlog()
    assert (slow.reads, up()) == (2, 1)
