"""Look-ups: what is given again is never older than the last commit."""

import sqlite3
from contextlib import closing

import pytest

from domain.errors import NotFound
from storage import open_store, sqlite_lookups
from storage.migrate import migrate
from storage.store import Tx
from tests.support import now

VALUE = "SELECT value FROM server_state WHERE name = 'a'"


class Look:
    """An operation that counts how often it is run."""

    def __init__(self) -> None:
        self.runs = 0

    async def __call__(self, tx: Tx) -> str | None:
        self.runs += 1
        value: str | None = await tx.fetchval(VALUE)
        return value


def setting(value: str):
    async def operation(tx: Tx) -> None:
        await tx.execute(
            "INSERT INTO server_state (name, value) VALUES ('a', $1)"
            " ON CONFLICT (name) DO UPDATE SET value = $1",
            value,
        )

    return operation


async def test_a_look_up_finds_what_was_committed(store, storage_url):
    look = Look()
    assert await store.look_up(look, "a") is None
    other = await open_store(storage_url)
    for writer, value in ((store, "1"), (other, "2"), (store, "3"), (other, "4")):
        await writer.write(setting(value))
        for reader in (store, other):
            assert await reader.look_up(look, "a") == value
            assert await reader.look_up(look, "a") == value
    await other.close()


async def test_a_look_up_that_fails_fails_again(store):
    async def fail(_tx: Tx) -> None:
        raise NotFound("There is no such thing")

    for _ in range(2):
        with pytest.raises(NotFound):
            await store.look_up(fail, "a")


@pytest.fixture
async def opened(tmp_path):
    made = await open_store(f"sqlite:///{tmp_path}/carnet.db")
    await migrate(made, now())
    yield made
    await made.close()


async def test_sqlite_looks_again_only_after_a_commit(opened):
    look = Look()
    for runs in (1, 2):
        await opened.write(setting(f"{runs}"))
        for _ in range(3):
            assert await opened.look_up(look, "a") == f"{runs}"
        assert look.runs == runs
    assert await opened.look_up(look, "b") == "2"
    assert look.runs == 3, "another name is another look-up"


async def test_where_a_request_may_overtake_the_end_of_a_turn_each_look_up_asks(
    opened, tmp_path, monkeypatch
):
    monkeypatch.setattr(sqlite_lookups, "ONCE_A_TURN", False)
    await opened.write(setting("1"))
    look = Look()
    with closing(sqlite3.connect(tmp_path / "carnet.db")) as other:
        for value in ("2", "3"):
            # Without an await: all of it is in one turn of the loop.
            opened._here.look_up(look, "a")
            other.execute("UPDATE server_state SET value = ? WHERE name = 'a'", (value,))
            other.commit()
            assert opened._here.look_up(look, "a") == value


async def test_sqlite_keeps_so_many_outcomes_and_no_more(opened, monkeypatch):
    monkeypatch.setattr(sqlite_lookups, "MOST", 3)
    look = Look()
    for name in range(10):
        await opened.look_up(look, name)
    assert len(opened._here._found) <= 3
    assert look.runs == 10


async def test_sqlite_looks_up_elsewhere_where_it_would_have_to_wait(opened, monkeypatch):
    await opened.write(setting("1"))

    def busy(*_arguments: object) -> None:
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(opened._here, "look_up", busy)
    assert await opened.look_up(Look(), "a") == "1"
