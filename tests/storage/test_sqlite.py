"""What is SQLite's own: files, locks, group commit, and the call into aiosqlite's thread."""

import asyncio
import inspect
import os
import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path

import aiosqlite
import pytest

from domain.errors import NotFound, Unavailable
from storage import StorageUrlError, open_store, sqlite
from storage.migrate import migrate
from storage.sqlite import SQLiteStore, path_of
from storage.store import DatabaseError, Tx
from tests.storage.home import soon
from tests.storage.test_store import adding, failure, names
from tests.support import now


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "carnet.db"


@pytest.fixture
def url(file: Path) -> str:
    return f"sqlite:///{file}"


@pytest.fixture
async def opened(url):
    """A migrated SQLite store."""
    store = await open_store(url)
    await migrate(store, now())
    yield store
    await store.close()


async def pragma(store: SQLiteStore, name: str, *, write: bool = False):
    run = store.write if write else store.read
    return await run(lambda tx: tx.fetchval(f"PRAGMA {name}"))


async def test_acknowledged_means_durable(opened):
    assert await pragma(opened, "journal_mode") == "wal"
    assert await pragma(opened, "synchronous", write=True) == 2, "FULL"


@pytest.mark.parametrize("write", [False, True])
async def test_references_hold_on_every_connection(opened, write):
    assert await pragma(opened, "foreign_keys", write=write) == 1


async def test_a_read_sees_one_snapshot_however_many_statements_it_has(opened):
    begun, written = threading.Event(), threading.Event()

    async def look_twice(tx: Tx) -> tuple[list[str], list[str]]:
        first = await names(tx)
        begun.set()
        written.wait(10)
        return first, await names(tx)

    await opened.write(adding("a"))
    looking = asyncio.ensure_future(opened.read(look_twice))
    await asyncio.to_thread(begun.wait, 10)
    await soon(opened.write(adding("b")))
    written.set()
    assert await soon(looking) == (["a"], ["a"])
    assert await opened.read(names) == ["a", "b"]


@pytest.mark.parametrize("verb", ["read", "write"])
async def test_an_operation_awaits_nothing_but_its_transaction(opened, verb):
    async def sleepy(tx: Tx) -> str:
        if verb == "write":
            await adding("a")(tx)
        await asyncio.sleep(0)
        return "slept"

    error = await failure(getattr(opened, verb)(sleepy))
    assert isinstance(error, RuntimeError)
    await opened.write(adding("b"))
    assert await opened.read(names) == ["b"]


async def test_writes_at_once_share_a_commit(opened):
    seen: list[str] = []

    async def listen(tx) -> None:
        tx._connection.set_trace_callback(seen.append)

    await opened.write(listen)
    await soon(asyncio.gather(*(opened.write(adding(f"{n:02}")) for n in range(64))))
    assert [sql for sql in seen if sql.startswith("BEGIN")] == ["BEGIN IMMEDIATE"]
    assert seen.count("COMMIT") == 2, "one of the listening operation, one of all the others"
    assert len(await opened.read(names)) == 64


@pytest.mark.parametrize("writes_first", [False, True])
async def test_of_writes_at_once_one_that_fails_is_undone_alone(opened, writes_first):
    seen: list[str] = []
    runs = 0

    async def listen(tx) -> None:
        tx._connection.set_trace_callback(seen.append)

    async def fail(tx: Tx) -> None:
        nonlocal runs
        runs += 1
        if writes_first:
            await adding("undone")(tx)
        raise NotFound("There is no such thing")

    await opened.write(listen)
    writes = [adding("a"), fail, adding("b"), fail, adding("c")]
    outcomes = await soon(
        asyncio.gather(*(opened.write(each) for each in writes), return_exceptions=True)
    )
    assert [isinstance(each, NotFound) for each in outcomes] == [False, True, False, True, False]
    assert await opened.read(names) == ["a", "b", "c"]
    # Where there is something to undo, all are run again: up to the first that fails is once more.
    savepoints = [sql for sql in seen if sql.startswith("SAVEPOINT")]
    assert (len(savepoints), runs) == ((5, 3) if writes_first else (0, 2))


async def test_an_operation_is_driven_to_its_end_in_one_thread(opened):
    async def many(tx: Tx) -> set[int]:
        threads = set()
        for _ in range(50):
            await tx.fetchval("SELECT 1")
            threads.add(threading.get_ident())
        return threads

    for run in (opened.read, opened.write):
        threads = await run(many)
        assert len(threads) == 1
        assert threading.get_ident() not in threads


@pytest.mark.parametrize("mask", [0o000, 0o077])
async def test_files_are_for_their_owner_only(url, file, mask):
    before = os.umask(mask)
    try:
        store = await open_store(url)
        await migrate(store, now())
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()}
        await store.close()
    finally:
        os.umask(before)
    assert modes == {"carnet.db": 0o600, "carnet.db-wal": 0o600, "carnet.db-shm": 0o600}
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


async def test_a_folder_that_is_there_is_left_as_it_is(tmp_path):
    tmp_path.chmod(0o755)
    store = await open_store(f"sqlite:///{tmp_path}/carnet.db")
    await store.close()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


async def test_closing_leaves_one_file(url, file):
    store = await open_store(url)
    await migrate(store, now())
    await store.close()
    assert [path.name for path in file.parent.iterdir()] == ["carnet.db"]


async def test_closing_does_not_wait_for_who_reads(url, file, monkeypatch):
    """As Litestream does at all times."""
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_MS", 10_000_000)
    store = await open_store(url)
    await migrate(store, now())
    with closing(sqlite3.connect(file, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM users").fetchall()
        await store.write(adding("a"))
        await soon(store.close())


async def test_the_log_of_writes_does_not_stay_as_large_as_it_once_was(url, file, monkeypatch):
    monkeypatch.setattr(sqlite, "LOG_BYTES", 100_000)
    store = await open_store(url)
    await migrate(store, now())
    log = file.with_name("carnet.db-wal")
    with closing(sqlite3.connect(file, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM users").fetchall()
        for name in "abc":
            await store.write(adding(name * 3_000_000))
        assert log.stat().st_size > 9_000_000
    for name in "abc":
        await store.write(adding(name))
    assert log.stat().st_size <= 100_000
    await store.close()


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("sqlite:///data/carnet.db", "data/carnet.db"),
        ("sqlite:////var/lib/carnet.db", "/var/lib/carnet.db"),
        ("sqlite:///my%20trips.db", "my trips.db"),
        ("sqlite:///é.db", "é.db"),
    ],
)
def test_the_file_of_a_url(text, path):
    assert path_of(text) == Path(path)


@pytest.mark.parametrize(
    "text",
    [
        *("sqlite:", "sqlite://", "sqlite:///", "sqlite://carnet.db", "sqlite://host/x.db"),
        *("sqlite:///x.db?mode=ro", "sqlite:///trips#1.db", "sqlite:///:memory:"),
    ],
)
async def test_a_url_that_does_not_name_a_file_is_a_wrong_setting(text, tmp_path, monkeypatch):
    """And not an outage: `carnet` ends with 2 (contract section 8). Nothing is dropped of it."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StorageUrlError, match="sqlite:///"):
        await soon(open_store(text))
    assert list(tmp_path.iterdir()) == []


async def test_a_missing_database_is_not_made_unasked(url, file):
    with pytest.raises(DatabaseError, match="carnet init"):
        await open_store(url, create=False)
    assert not file.parent.exists()


async def test_what_cannot_be_a_database(tmp_path):
    before = set(threading.enumerate())
    (tmp_path / "folder").mkdir()
    (tmp_path / "letter").write_text("Dear all, " * 1_000)
    for name in ("folder", "letter", "letter/carnet.db"):
        with pytest.raises(DatabaseError, match=name) as caught:
            await soon(open_store(f"sqlite:///{tmp_path}/{name}"))
        assert "\n" not in str(caught.value)
    left = [t for t in set(threading.enumerate()) - before if "connection_worker" in t.name]
    for thread in left:
        thread.join(5)
    assert not [thread for thread in left if thread.is_alive()]


async def test_a_database_locked_by_another_cannot_be_opened(url, file, monkeypatch):
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_MS", 20)
    file.parent.mkdir()
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("CREATE TABLE t (x)")
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(DatabaseError, match="locked"):
        await soon(open_store(url))
    holder.execute("ROLLBACK")
    holder.close()
    store = await open_store(url)
    await store.close()


async def test_many_open_a_new_database_at_once(tmp_path):
    """Such as the processes of one server; going over to WAL is not waited for by SQLite."""
    for number in range(40):
        opening = [open_store(f"sqlite:///{tmp_path}/{number}.db") for _ in range(6)]
        outcomes = await soon(asyncio.gather(*opening, return_exceptions=True))
        for store in outcomes:
            if not isinstance(store, BaseException):
                await store.close()
        assert [outcome for outcome in outcomes if isinstance(outcome, BaseException)] == []


async def test_a_writer_elsewhere_is_waited_for_and_then_the_database_is_unavailable(
    url, file, monkeypatch
):
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_MS", 50)
    store = await open_store(url)
    await migrate(store, now())
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    outcomes = await soon(
        asyncio.gather(*(store.write(adding(f"{n}")) for n in range(3)), return_exceptions=True)
    )
    for outcome in outcomes:
        assert isinstance(outcome, Unavailable)
        assert outcome.headers["Retry-After"]
        assert "locked" not in outcome.message
    assert await soon(store.read(names)) == [], "readers go on"
    holder.execute("ROLLBACK")
    holder.close()
    assert await soon(store.write(adding("after"))) == "after"
    assert await store.read(names) == ["after"]
    await store.close()


async def test_a_full_disk_tells_no_lies(opened):
    """What is acknowledged is stored, what is refused is not, and others are told."""

    async def limit(tx: Tx) -> None:
        pages = await tx.fetchval("PRAGMA page_count")
        await tx.fetchval(f"PRAGMA max_page_count = {pages + 20}")

    async def large(tx: Tx) -> str:
        await tx.execute("INSERT INTO server_state VALUES ('large', $1)", "x" * 1_000_000)
        return "large"

    await opened.write(limit)
    outcomes = await soon(
        asyncio.gather(
            *(opened.write(operation) for operation in (adding("a"), large, adding("b"))),
            return_exceptions=True,
        )
    )
    assert isinstance(outcomes[1], Unavailable)
    acknowledged = [outcome for outcome in outcomes if isinstance(outcome, str)]
    assert all(isinstance(outcome, str | Unavailable) for outcome in outcomes)
    assert await opened.read(names) == acknowledged
    assert await soon(opened.write(adding("c"))) == "c"
    assert await opened.read(names) == [*acknowledged, "c"]


async def test_an_operation_that_ends_the_transaction_leaves_nobody_waiting(opened):
    async def meddle(tx: Tx) -> None:
        await adding("m")(tx)
        await tx.execute("COMMIT")

    outcomes = await soon(
        asyncio.gather(
            *(opened.write(operation) for operation in (adding("a"), meddle, adding("b"))),
            return_exceptions=True,
        )
    )
    assert isinstance(outcomes[1], Exception)
    assert await soon(opened.write(adding("c"))) == "c"


async def test_a_reader_is_refused_a_write_by_the_database(opened):
    error = await failure(opened.read(adding("a")))
    assert isinstance(error, Unavailable | sqlite3.OperationalError)
    for _ in range(sqlite.READERS + 1):
        assert await opened.read(names) == []


def test_aiosqlite_still_has_the_call_we_rely_on():
    """`storage.sqlite` runs a function in a connection's thread by a private method."""
    assert list(inspect.signature(aiosqlite.Connection._execute).parameters) == [
        *("self", "fn", "args", "kwargs")
    ]
    assert inspect.iscoroutinefunction(aiosqlite.Connection._execute)
    assert isinstance(inspect.getattr_static(aiosqlite.Connection, "_conn"), property)


async def test_what_that_call_does():
    connection = aiosqlite.connect(":memory:")
    thread = connection._thread
    assert isinstance(thread, threading.Thread)
    assert not thread.is_alive(), "its daemon flag can still be set"
    await connection
    raw = connection._conn
    assert isinstance(raw, sqlite3.Connection)
    assert await connection._execute(threading.get_ident) == thread.ident
    assert await connection._execute(lambda one, two: (one, two), 1, two=2) == (1, 2)
    with pytest.raises(ZeroDivisionError):
        await connection._execute(lambda: 1 // 0)
    await connection.close()


async def test_a_store_left_open_does_not_keep_the_interpreter_alive(opened):
    connections = [lane.connection for lane in (opened._writer, *opened._readers)]
    assert all(connection._thread.daemon for connection in connections)
