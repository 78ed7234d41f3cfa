"""`carnet migrate --dry-run`, and the copy of an SQLite database before it is migrated."""

import asyncio
import sqlite3
import stat
from contextlib import closing

import pytest

from domain.errors import Unavailable
from storage.migrate import migrations_in
from storage.sqlite_engine import DIALECT
from storage.upgrade import KEPT
from tests.carnet.program import serving
from tests.storage import releases

NAMES = [migration.name for migration in migrations_in(DIALECT.migrations)]
OLD = next(path for path in releases.DATA if path.stem == "0004")
COPY = "carnet.db.before-0005"


@pytest.fixture
def old(carnet, storage_url, tmp_path):
    """The command line on a database that an old program left."""

    async def leave() -> None:
        async with releases.opened(OLD, storage_url, tmp_path):
            pass

    asyncio.run(leave())

    def run(*arguments):
        return carnet(*arguments, CARNET_STORAGE__URL=storage_url)

    return run


def test_a_dry_run_tells_what_would_be_applied_and_changes_nothing(old, carnet, storage_url):
    before = carnet.database.read_bytes() if carnet.database.exists() else b""
    told = old("migrate", "--dry-run", "--json").json
    assert told.pop("wouldCopyTo", None) == (
        str(carnet.database.with_name(COPY)) if storage_url.startswith("sqlite") else None
    )
    assert told == {"wouldApply": NAMES[4:]}
    assert "would apply 0005_journal" in old("migrate", "--dry-run").out
    assert old("key", "list").code == 1
    if before:
        assert carnet.database.read_bytes() == before
        assert not carnet.database.with_name(COPY).exists()
    assert old("migrate", "--json").json["applied"] == NAMES[4:]
    assert old("migrate", "--dry-run", "--json").json == {"wouldApply": []}
    assert old("migrate", "--dry-run").out == "nothing to apply\n"


def test_a_dry_run_makes_no_database(carnet):
    assert carnet("migrate", "--dry-run", "--json").json == {"wouldApply": NAMES}
    assert list(carnet.folder.iterdir()) == []


@pytest.mark.parametrize("storage_url", ["sqlite"], indirect=True)
class TestCopies:
    """Of SQLite."""

    def test_it_is_the_database_as_it_was(self, old, carnet):
        told = old("migrate", "--json").json
        copy = carnet.database.with_name(COPY)
        assert told == {"applied": NAMES[4:], "copiedTo": str(copy)}
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
        with closing(sqlite3.connect(copy)) as connection:
            assert connection.execute("SELECT max(version) FROM schema_migrations").fetchone() == (
                4,
            )
        carnet.database.unlink()
        assert old("restore", str(copy)).code == 0
        assert old("migrate").code == 0
        assert old("key", "list").code == 0

    async def test_serve_makes_and_tells_it(self, old, carnet, storage_url):
        async with serving(carnet.folder, CARNET_STORAGE__URL=storage_url) as server:
            told = await server.out.first("^Copied the database to ")
        assert COPY in told
        assert carnet.database.with_name(COPY).exists()

    def test_the_latest_ones_stay(self, old, carnet):
        others = [carnet.database.with_name(f"carnet.db.before-000{n}") for n in range(1, 5)]
        mine = carnet.database.with_name("carnet.db.before-0001.mine")
        for each in (*others, mine):
            each.write_bytes(b"x")
        assert old("migrate").code == 0
        left = sorted(each.name for each in carnet.database.parent.glob("*.before-*"))
        assert left == sorted([COPY, mine.name, *(each.name for each in others[1 - KEPT :])])

    def test_the_one_just_made_stays_beside_those_of_later_migrations(self, old, carnet):
        """As after an older database was brought back."""
        later = [carnet.database.with_name(f"carnet.db.before-001{n}") for n in range(3)]
        for each in later:
            each.write_bytes(b"x")
        assert old("migrate").code == 0
        left = sorted(each.name for each in carnet.database.parent.glob("*.before-*"))
        assert left == [COPY, *(each.name for each in later[1:])]

    def test_what_the_database_refuses_is_one_line(self, old, carnet):
        carnet.sql("CREATE TABLE webhooks (id TEXT)")
        refused = old("migrate")
        assert refused.code == 1
        assert "nothing was applied" in refused.line
        assert "webhooks" in refused.line
        assert old("migrate", "--dry-run", "--json").json["wouldApply"] == NAMES[4:]

    def test_without_room_for_it_nothing_is_applied(self, old, carnet):
        carnet.database.with_name(COPY).mkdir()
        refused = old("migrate")
        assert (refused.code, COPY in refused.line) == (1, True)
        assert old("migrate", "--dry-run", "--json").json["wouldApply"] == NAMES[4:]


def test_a_database_that_goes_away_is_one_line(carnet, monkeypatch):
    async def gone(_):
        raise Unavailable from ConnectionResetError("the server closed the connection")

    monkeypatch.setattr("carnet.commands_migrate.planned", gone)
    refused = carnet("migrate", "--dry-run")
    assert (refused.code, refused.line) == (1, "the server closed the connection")


def test_a_new_database_has_no_copy(carnet):
    assert carnet("migrate").code == 0
    assert {each.name for each in carnet.database.parent.iterdir()} == {"carnet.db"}
