"""What a scrape tells of the database: read now and then, and nothing while it is away."""

import asyncio
from typing import Any, cast

import pytest

from carnet import metrics_port
from carnet.metrics_port import Scrapes
from domain.errors import Unavailable
from runtime import measured
from storage.store import Store


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


async def test_one_that_does_not_answer_is_not_waited_for_nor_asked_again(
    scrapes, database, monkeypatch
):
    monkeypatch.setattr(metrics_port, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(metrics_port, "PATIENCE_SECONDS", 0.01)
    database.answers.clear()
    for _ in range(3):
        await scrapes._read_backlog()
    assert (database.reads, up()) == (1, 0)
    monkeypatch.setattr(metrics_port, "PATIENCE_SECONDS", 60.0)
    database.answers.set()
    await scrapes._read_backlog()
    assert (database.reads, up()) == (1, 1)
