"""`carnet backup` and `carnet restore`, on both databases."""

import asyncio
import re
import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import asyncpg
import msgspec
import pytest

from storage import open_store, server_state
from tests import servers
from tests.storage import releases


@pytest.fixture(autouse=True)
def programs(monkeypatch):
    """pg_dump and pg_restore of the server's version."""
    monkeypatch.setenv("PATH", servers.client_programs())


@pytest.fixture
def elsewhere(request, storage_url, tmp_path):
    """The URL of a second database, which is empty, or not there."""
    if storage_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path}/elsewhere/carnet.db"
        return
    with servers.new_database(request.getfixturevalue("postgres_url")) as url:
        yield url


@pytest.fixture
def here(carnet, storage_url):
    """The command line on a database with a first user."""

    def run(*arguments, url=storage_url, **variables):
        return carnet(*arguments, CARNET_STORAGE__URL=url, **variables)

    assert run("init").code == 0
    return run


@pytest.fixture
def backup(here, tmp_path):
    file = tmp_path / "carnet.backup"
    assert here("backup", str(file)).code == 0
    return file


def state(url: str) -> dict[str, str]:
    """What the database keeps of the server, with an epoch."""

    async def look() -> dict[str, str]:
        store = await open_store(url, create=False)
        try:
            await store.write(server_state.epoch)
            rows = await store.read(lambda tx: tx.fetch("SELECT name, value FROM server_state"))
            return {row[0]: row[1] for row in rows}
        finally:
            await store.close()

    return asyncio.run(look())


def is_empty(url: str) -> bool:
    """Whether there is no database, or no table in it."""
    if url.startswith("sqlite"):
        return not Path(url.removeprefix("sqlite:///")).exists()

    async def look() -> bool:
        connection = await asyncpg.connect(url)
        try:
            return not await connection.fetch("SELECT 1 FROM pg_tables WHERE schemaname = 'public'")
        finally:
            await connection.close()

    return asyncio.run(look())


def test_all_of_it_comes_back_elsewhere(here, elsewhere, tmp_path, storage_url):
    before, keys = state(storage_url), here("key", "list", "--json").json
    file = tmp_path / "carnet.backup"
    made = here("backup", str(file), "--json").json
    assert made == {"file": str(file), "bytes": file.stat().st_size, "schema": made["schema"]}
    restored = here("restore", str(file), "--json", url=elsewhere).json
    assert restored == {**made, "pending": []}
    assert here("key", "list", "--json", url=elsewhere).json == keys
    assert here("migrate", "--json", url=elsewhere).json == {"applied": []}
    after = state(elsewhere)
    assert after["signing-secret"] == before["signing-secret"]
    assert after["epoch"] != before["epoch"]


def test_only_the_owner_may_read_it(backup, here, elsewhere, tmp_path):
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert here("restore", str(backup), url=elsewhere).code == 0
    if elsewhere.startswith("sqlite"):
        folder = tmp_path / "elsewhere"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()} == {0o600}


def test_the_latest_backup_is_remembered(backup, here, storage_url):
    def last() -> server_state.LastBackup:
        return msgspec.json.decode(state(storage_url)["last_backup"], type=server_state.LastBackup)

    first = last()
    assert first.bytes == backup.stat().st_size
    assert here("backup", str(backup), "--force").code == 0
    assert last().at >= first.at > 1_700_000_000


def test_a_file_that_is_there_stays(backup, here):
    before = backup.read_bytes()
    refused = here("backup", str(backup))
    assert (refused.code, "--force" in refused.line) == (2, True)
    assert backup.read_bytes() == before
    assert here("user", "add", "ann@example.org", "--name", "Ann").code == 0
    assert here("backup", str(backup), "--force").code == 0
    assert backup.read_bytes() != before


def test_where_nothing_can_be_written_it_is_one_line(here, tmp_path):
    refused = here("backup", str(tmp_path / "none" / "carnet.backup"))
    assert (refused.code, "none/carnet.backup" in refused.line) == (1, True)


def test_it_is_restored_into_an_empty_database_only(backup, here, storage_url):
    before = state(storage_url)
    refused = here("restore", str(backup))
    assert refused.code == 1
    assert re.search("move it away|an empty one", refused.line)
    assert state(storage_url) == before


@pytest.mark.parametrize("what", ["cut", "changed", "text", "nothing", "missing"])
def test_a_file_that_is_damaged_changes_nothing(backup, here, elsewhere, what):
    whole = backup.read_bytes()
    middle = len(whole) // 2
    damaged = {
        "cut": whole[:middle],
        "changed": whole[:middle]
        + bytes(255 - byte for byte in whole[middle : middle + 4096])
        + whole[middle + 4096 :],
        "text": b"CREATE TABLE users (id TEXT);\n",
        "nothing": b"",
    }
    if what == "missing":
        backup.unlink()
    else:
        backup.write_bytes(damaged[what])
    refused = here("restore", str(backup), url=elsewhere)
    assert (refused.code, backup.name in refused.line) == (1, True)
    assert is_empty(elsewhere)


def test_a_backup_of_another_database_is_none(backup, here, elsewhere, storage_url):
    starts = {"sqlite": b"PGDMP", "postgresql": b"SQLite format 3\0"}
    backup.write_bytes(starts[storage_url.partition(":")[0]])
    refused = here("restore", str(backup), url=elsewhere)
    assert (refused.code, "storage.url" in refused.line) == (1, True)


@pytest.mark.parametrize("data", releases.DATA, ids=lambda path: path.stem)
def test_an_old_schema_is_migrated_afterwards(carnet, data, storage_url, elsewhere, tmp_path):
    async def leave() -> None:
        async with releases.opened(data, storage_url, tmp_path):
            pass

    asyncio.run(leave())
    file = tmp_path / "old.backup"
    made = carnet("backup", str(file), "--json", CARNET_STORAGE__URL=storage_url).json
    assert made["schema"] == int(data.stem)
    restored = carnet("restore", str(file), CARNET_STORAGE__URL=elsewhere)
    assert (restored.code, "carnet migrate" in restored.out) == (0, True)
    assert carnet("migrate", CARNET_STORAGE__URL=elsewhere).code == 0
    assert carnet("key", "list", CARNET_STORAGE__URL=elsewhere).code == 0


def test_a_newer_schema_is_refused(here, elsewhere, tmp_path, storage_url):
    async def grow() -> None:
        store = await open_store(storage_url, create=False)
        newer = "INSERT INTO schema_migrations VALUES (9999, '9999_later', 'x', 'now')"
        await store.write(lambda tx: tx.execute(newer))
        await store.close()

    file = tmp_path / "carnet.backup"
    assert here("backup", str(file)).code == 0
    asyncio.run(grow())
    refused = here("backup", str(file), "--force")
    assert (refused.code, "newer Carnet" in refused.line) == (1, True)
    assert here("restore", str(file), url=elsewhere).code == 0


# SQLite


@pytest.fixture
def sqlite_backup(carnet):
    assert carnet("init").code == 0
    assert carnet("backup", "carnet.backup").code == 0
    return carnet.folder / "carnet.backup"


def test_a_damaged_database_gives_no_backup(carnet):
    carnet("init")
    with carnet.database.open("r+b") as file:
        file.seek(5 * 4096)
        file.write(b"\xff" * 4096)
    refused = carnet("backup", "carnet.backup")
    assert refused.code == 1
    assert "damaged" in refused.line
    assert [each.name for each in carnet.folder.iterdir()] == ["data"]


def test_a_backup_is_not_the_database_itself(carnet):
    carnet("init")
    for name in ("data/carnet.db", "data/carnet.db-wal"):
        refused = carnet("backup", name, "--force")
        assert (refused.code, "part of the database" in refused.line) == (1, True)
    assert carnet("key", "list").code == 0


def test_a_database_in_use_is_no_backup(carnet, sqlite_backup):
    """Copied by hand, a part of it is in its log."""
    Path(f"{sqlite_backup}-wal").write_bytes(b"x")
    shutil.rmtree(carnet.database.parent)
    refused = carnet("restore", "carnet.backup")
    assert (refused.code, "carnet.backup-wal" in refused.line) == (1, True)
    assert not carnet.database.exists()


def test_the_log_of_another_database_is_not_taken_for_a_part(carnet, sqlite_backup):
    carnet.database.unlink()
    left = Path(f"{carnet.database}-wal")
    left.write_bytes(b"x")
    refused = carnet("restore", "carnet.backup")
    assert (refused.code, left.name in refused.line) == (1, True)
    assert left.read_bytes() == b"x"
    left.unlink()
    assert carnet("restore", "carnet.backup").code == 0
    assert carnet("key", "list").code == 0


def test_a_link_to_the_database_stays_one(carnet, sqlite_backup):
    """The file may be on another disk."""
    elsewhere = carnet.folder / "elsewhere.db"
    carnet.database.unlink()
    carnet.database.symlink_to(elsewhere)
    assert carnet("restore", "carnet.backup").code == 0
    assert carnet.database.is_symlink()
    assert elsewhere.exists()
    assert carnet("key", "list").code == 0


def test_a_folder_that_may_not_be_read_is_one_line(carnet, monkeypatch):
    looks = Path.exists

    def exists(path, **how):
        if path.is_relative_to("/root"):
            raise PermissionError(13, "Permission denied", str(path))
        return looks(path, **how)

    carnet("init")
    monkeypatch.setattr(Path, "exists", exists)
    refused = carnet("backup", "/root/carnet.backup")
    assert refused.code == 1
    assert "Permission denied: '/root/carnet.backup'" in refused.line


def test_a_backup_needs_no_other_file(carnet, sqlite_backup):
    with closing(sqlite3.connect(sqlite_backup)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert sorted(each.name for each in carnet.folder.iterdir()) == ["carnet.backup", "data"]


# Postgres


@pytest.fixture
def on_postgres(carnet, postgres_url):
    """The command line on an empty Postgres whose URL has a password."""
    with servers.new_database(postgres_url) as url:
        url = url.replace("//carnet@", "//carnet:s%40crét@")

        def run(*arguments, **variables):
            return carnet(*arguments, CARNET_STORAGE__URL=url, **variables)

        assert run("migrate").code == 0
        yield run


def program(folder: Path, name: str, script: str) -> str:
    """A PATH on which a program of ours stands for another."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)
    return f"{folder}:/usr/bin:/bin"


def test_without_pg_dump_it_says_what_to_install(on_postgres, tmp_path):
    (tmp_path / "empty").mkdir()
    refused = on_postgres("backup", "carnet.backup", PATH=str(tmp_path / "empty"))
    assert refused.code == 1
    assert "pg_dump is not on the PATH" in refused.line
    assert "postgresql-client" in refused.line
    assert not (tmp_path / "carnet.backup").exists()


def test_a_pg_dump_that_is_too_old_is_told_with_what_to_install(on_postgres, tmp_path):
    said = (
        "pg_dump: error: aborting because of server version mismatch\n"
        "pg_dump: detail: server version: 18.1; pg_dump version: 15.14\n"
    )
    (tmp_path / "said").write_text(said)
    path = program(tmp_path / "bin", "pg_dump", f"cat {tmp_path}/said >&2; exit 1")
    refused = on_postgres("backup", "carnet.backup", PATH=path)
    assert refused.code == 1
    assert "pg_dump version: 15.14" in refused.line
    assert "of the server's version" in refused.line
    assert not (tmp_path / "carnet.backup").exists()


def test_the_password_is_not_among_the_arguments(on_postgres, tmp_path):
    path = program(
        tmp_path / "bin",
        "pg_dump",
        f'echo "$@" > {tmp_path}/arguments; printf %s "$PGPASSWORD" > {tmp_path}/password; exit 1',
    )
    assert on_postgres("backup", "carnet.backup", PATH=path).code == 1
    arguments = (tmp_path / "arguments").read_text()
    assert "--no-password" in arguments
    assert "crét" not in arguments
    assert "cr%C3%A9t" not in arguments
    assert (tmp_path / "password").read_text() == "s@crét"


def test_a_space_in_the_url_is_one_for_pg_dump_too(on_postgres, carnet, postgres_url, tmp_path):
    path = program(tmp_path / "bin", "pg_dump", f'echo "$@" > {tmp_path}/arguments; exit 1')
    url = f"{postgres_url}?application_name=my%20trips"
    assert carnet("backup", "carnet.backup", CARNET_STORAGE__URL=url, PATH=path).code == 1
    assert "application_name=my%20trips" in (tmp_path / "arguments").read_text()


def test_a_restore_that_fails_leaves_nothing(on_postgres, carnet, postgres_url):
    assert on_postgres("backup", "carnet.backup").code == 0
    with servers.new_database(postgres_url) as url:
        in_the_way = "CREATE VIEW shares AS SELECT 1 AS one"
        asyncio.run(servers.run_sql(url, in_the_way))
        refused = carnet("restore", "carnet.backup", CARNET_STORAGE__URL=url)
        assert refused.code == 1
        assert "shares" in refused.line
        assert is_empty(url)
