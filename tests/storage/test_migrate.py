"""Bringing a database to the current schema, and refusing one that does not fit."""

import asyncio
import dataclasses

import pytest

from storage import open_store
from storage.migrate import Migration, MigrationError, is_current, migrate, migrations_in
from storage.store import Store, Tx
from tests.storage.home import soon
from tests.support import now


@pytest.fixture
async def empty(storage_url):
    """An opened database with nothing in it."""
    opened = await open_store(storage_url)
    yield opened
    await opened.close()


def with_migrations(monkeypatch, store: Store, folder, **files: str) -> None:
    """Gives a store's program other migrations than the real ones."""
    for name, sql in files.items():
        (folder / f"{name.lstrip('_')}.sql").write_text(sql)
    migrations_in.cache_clear()
    dialect = dataclasses.replace(store.dialect, migrations=folder)
    monkeypatch.setattr(store, "dialect", dialect)


async def has_table(store: Store, name: str) -> bool:
    async def look(tx: Tx) -> bool:
        return bool(await tx.fetchval(tx.dialect.has_table, name))

    return await store.read(look)


async def test_a_new_database_gets_everything(empty):
    assert not await is_current(empty)
    names = await migrate(empty, now())
    assert names == [migration.name for migration in migrations_in(empty.dialect.migrations)]
    assert await is_current(empty)
    for table in ("users", "groups", "api_keys", "trips", "items", "jobs", "idempotency"):
        assert await has_table(empty, table)


async def test_a_second_time_nothing_is_applied(empty):
    assert await migrate(empty, now())
    assert await migrate(empty, now()) == []


async def test_asking_changes_nothing(empty):
    assert not await is_current(empty)
    assert not await has_table(empty, "schema_migrations")


async def test_of_many_at_once_exactly_one_applies(storage_url):
    stores = list(await soon(asyncio.gather(*(open_store(storage_url) for _ in range(6)))))
    applied = await soon(asyncio.gather(*(migrate(store, now()) for store in stores)))
    assert sorted(map(bool, applied)) == [False] * 5 + [True]
    for store in stores:
        assert await is_current(store)
        await store.close()


async def test_what_is_missing_is_applied_and_no_more(empty, monkeypatch, tmp_path):
    with_migrations(monkeypatch, empty, tmp_path, _0001_one="CREATE TABLE one (id INTEGER);")
    assert await migrate(empty, now()) == ["0001_one"]
    with_migrations(
        monkeypatch,
        empty,
        tmp_path,
        _0002_two="CREATE TABLE two (id INTEGER);\nINSERT INTO two (id) VALUES (1);\n",
        _0003_three="CREATE TABLE three (id INTEGER);",
    )
    assert not await is_current(empty)
    assert await migrate(empty, now()) == ["0002_two", "0003_three"]
    assert await is_current(empty)
    assert await empty.read(lambda tx: tx.fetchval("SELECT id FROM two")) == 1


async def test_a_database_of_a_newer_program_is_refused(empty, monkeypatch, tmp_path):
    one, two = "CREATE TABLE one (id INTEGER);", "CREATE TABLE two (id INTEGER);"
    with_migrations(monkeypatch, empty, tmp_path, _0001_one=one, _0002_two=two)
    await migrate(empty, now())
    (tmp_path / "0002_two.sql").unlink()
    with_migrations(monkeypatch, empty, tmp_path)
    for refused in (migrate(empty, now()), is_current(empty)):
        with pytest.raises(MigrationError, match="newer"):
            await soon(refused)


async def test_a_migration_with_another_text_is_refused(empty, monkeypatch, tmp_path):
    with_migrations(monkeypatch, empty, tmp_path, _0001_one="CREATE TABLE one (id INTEGER);")
    await migrate(empty, now())
    with_migrations(
        monkeypatch,
        empty,
        tmp_path,
        _0001_one="CREATE TABLE one (id INTEGER, x INTEGER);",
        _0002_two="CREATE TABLE two (id INTEGER);",
    )
    for refused in (migrate(empty, now()), is_current(empty)):
        with pytest.raises(MigrationError, match="0001_one"):
            await soon(refused)
    assert not await has_table(empty, "two")


async def test_a_migration_that_fails_leaves_nothing(empty, monkeypatch, tmp_path):
    with_migrations(
        monkeypatch,
        empty,
        tmp_path,
        _0001_one="CREATE TABLE one (id INTEGER);",
        _0002_two="CREATE TABLE two (id INTEGER);\nINSERT INTO nowhere (id) VALUES (1);\n",
    )
    (outcome,) = await soon(asyncio.gather(migrate(empty, now()), return_exceptions=True))
    assert isinstance(outcome, Exception)
    assert "nowhere" in str(outcome)
    for table in ("one", "two", "schema_migrations"):
        assert not await has_table(empty, table)
    two = "CREATE TABLE two (id INTEGER);"
    with_migrations(monkeypatch, empty, tmp_path, _0002_two=two)
    assert await soon(migrate(empty, now())) == ["0001_one", "0002_two"]


async def test_a_script_that_ends_in_the_middle_is_refused(empty, monkeypatch, tmp_path):
    with_migrations(monkeypatch, empty, tmp_path, _0001_one="CREATE TABLE one (id INTEGER)")
    with pytest.raises(MigrationError, match="middle"):
        await soon(migrate(empty, now()))
    assert not await has_table(empty, "schema_migrations")


def test_statements_are_split_where_they_end():
    sql = (
        "-- A comment; with a semicolon.\n"
        "CREATE TABLE one (id INTEGER, text TEXT DEFAULT ';');\n"
        "\n"
        "CREATE INDEX\n    one_by_id ON one (id);\n"
    )
    assert list(Migration(1, "0001_one", sql).statements()) == [
        "-- A comment; with a semicolon.\nCREATE TABLE one (id INTEGER, text TEXT DEFAULT ';');",
        "CREATE INDEX\n    one_by_id ON one (id);",
    ]


@pytest.mark.parametrize(
    "names", [["0002_one"], ["0001_one", "0003_two"], ["one"], ["0001-one"], ["0001_a", "0001_b"]]
)
def test_numbers_have_no_gap(tmp_path, names):
    for name in names:
        (tmp_path / f"{name}.sql").write_text("SELECT 1;")
    with pytest.raises(MigrationError, match="out of order"):
        migrations_in(tmp_path)


async def test_what_was_applied_is_written_down(empty):
    applied_at = now()
    names = await migrate(empty, applied_at)

    async def look(tx: Tx):
        return await tx.fetch("SELECT version, name, checksum, applied_at FROM schema_migrations")

    ours = migrations_in(empty.dialect.migrations)
    assert [tuple(row) for row in await empty.read(look)] == [
        (migration.version, migration.name, migration.checksum, applied_at) for migration in ours
    ]
    assert names
