"""How uses of keys and sessions get from requests into the database."""

import asyncio

import pytest

from domain.errors import Unavailable
from server import last_use
from server.last_use import LastUse
from storage.last_use import APART_SECONDS, Use
from tests.waiting import until

APART = APART_SECONDS * 10**9


class Writes:
    """A store that only tells what would be written; `away` is how often it is not there."""

    def __init__(self) -> None:
        self.taken: list[list[Use]] = []
        self.tries = 0
        self.away = 0
        self.bug = False
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def write(self, operation):
        self.tries += 1
        await self.go_on.wait()
        if self.away:
            self.away -= 1
            raise Unavailable
        if self.bug:
            self.bug = False
            raise RuntimeError("a bug")
        await operation(self)

    async def executemany(self, sql, rows):
        self.taken.append([row[1] for row in rows])


def use(used: str) -> Use:
    return Use("api_keys", "user", used, "2026-11-28T12:00:00.000Z", "somewhere")


@pytest.fixture
def store():
    return Writes()


@pytest.fixture
def uses(store):
    made = LastUse(store)
    made.retry_seconds = 0.01
    return made


async def test_of_the_uses_in_a_minute_the_first_is_noted(store, uses):
    assert uses.is_due("a", 5)
    uses.note(use("a"), 5)
    assert not uses.is_due("a", 5)
    assert not uses.is_due("a", 4 + APART)
    assert uses.is_due("a", 5 + APART)
    assert uses.is_due("b", 5)
    await uses.stop()
    assert store.taken == [["a"]]


async def test_what_comes_while_one_is_written_goes_together(store, uses):
    store.go_on.clear()
    uses.note(use("a"), 0)
    await until(lambda: store.tries)
    for used in ("c", "b", "d"):
        uses.note(use(used), 0)
    store.go_on.set()
    await uses.stop()
    assert store.taken == [["a"], ["b", "c", "d"]]


async def test_a_database_that_is_away_is_asked_again(store, uses):
    store.away = 2
    uses.note(use("a"), 0)
    await until(lambda: store.taken)
    assert (store.taken, store.tries) == ([["a"]], 3)


async def test_at_a_stop_what_waits_is_written(store, uses):
    uses.retry_seconds = 3_600
    store.away = 1
    uses.note(use("a"), 0)
    await until(lambda: store.tries)
    await uses.stop()
    assert (store.taken, store.tries) == ([["a"]], 2)


async def test_a_stop_does_not_wait_for_a_database_that_is_away(store, uses):
    store.away = 1_000
    uses.note(use("a"), 0)
    await uses.stop()
    assert store.taken == []
    assert store.tries <= 2


async def test_a_bug_ends_nothing(store, uses):
    store.bug = True
    uses.note(use("a"), 0)
    await until(lambda: not store.bug)
    uses.note(use("b"), 0)
    await uses.stop()
    assert store.taken == [["b"]]


async def test_a_server_that_was_not_used_stops_at_once(store, uses):
    await uses.stop()
    assert store.tries == 0


async def test_no_more_is_remembered_than_there_is_room_for(monkeypatch, store, uses):
    monkeypatch.setattr(last_use, "_MOST", 2)
    for used in ("a", "b", "c"):
        uses.note(use(used), 0)
    assert [uses.is_due(used, 1) for used in ("a", "b", "c")] == [True, True, False]
    await uses.stop()
    assert store.taken == [["a", "b", "c"]]
