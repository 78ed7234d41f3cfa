"""Behind a real pgbouncer: nothing that a session was asked for is lost, and nothing crashes."""

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest

from domain.errors import Unavailable
from storage import open_store, postgres_sessions
from storage.backups import back_up, copier_of, restore
from storage.copying import BackupError
from storage.migrate import is_current, migrate
from storage.store import Tx
from tests.storage.home import soon
from tests.storage.pooler import installed, newer, pgbouncer
from tests.storage.test_store import adding, failure, names
from tests.support import now

pytestmark = pytest.mark.debian

IGNORED = ",".join((*postgres_sessions.TIME_OUTS, "default_transaction_read_only"))
IGNORING = {"ignore_startup_parameters": IGNORED}
TRANSACTION = {"pool_mode": "transaction"}
SESSION = {"pool_mode": "session", "default_pool_size": "80"}
POOLERS: dict[str, tuple[Callable[[], list[str]], dict[str, str]]] = {
    "transaction": (installed, TRANSACTION),
    "transaction, ignoring": (installed, TRANSACTION | IGNORING),
    "session": (installed, SESSION),
    "session, ignoring": (installed, SESSION | IGNORING),
    "newer, transaction": (newer, TRANSACTION),
    "newer, transaction, ignoring": (newer, TRANSACTION | IGNORING),
    "newer, session": (newer, SESSION),
}


@pytest.fixture(params=POOLERS)
def pooled(request, database):
    program, settings = POOLERS[request.param]
    with pgbouncer(program(), database, **settings) as pooler:
        yield pooler.url


@pytest.fixture
async def store(pooled):
    made = await open_store(pooled)
    await migrate(made, now())
    yield made
    await made.close()


ASKED = (*postgres_sessions.TIME_OUTS, "transaction_read_only")


async def asked(tx: Tx) -> tuple[Any, ...]:
    shown = ", ".join(f"current_setting('{name}')" for name in ASKED)
    return tuple(await tx.fetchrow(f"SELECT {shown}") or ())


async def test_transactions_have_their_time_outs_and_reads_cannot_write(store):
    seconds = tuple(postgres_sessions.TIME_OUTS.values())
    for _ in range(5):
        assert await store.write(asked) == (*seconds, "off")
        assert await store.read(asked) == (*seconds, "on")
    assert (await store.write_slowly(asked))[0] == "0"
    await store.write(adding("a"))
    refused = await failure(store.read(lambda tx: tx.execute("DELETE FROM server_state")))
    assert isinstance(refused, Unavailable)
    assert await store.read(names) == ["a"]


@pytest.mark.parametrize(("program", "kept"), [(installed, False), (newer, True)])
async def test_statements_stay_prepared_where_the_pooler_names_them(program, kept, database):
    """The statement that counts finds itself, if it has a name."""
    count = "SELECT count(*) FROM pg_prepared_statements WHERE statement ~ 'count'"
    with pgbouncer(program(), database, **TRANSACTION) as pooler:
        store = await open_store(pooler.url)
        found = await store.read(lambda tx: tx.fetchval(count))
        await store.close()
    assert found == kept


async def test_a_statement_that_is_a_transaction_alone_has_them_too(store):
    shown = await store.write(
        lambda tx: tx.autocommit("SELECT current_setting('statement_timeout')")
    )
    assert shown == postgres_sessions.TIME_OUTS["statement_timeout"]


async def test_nothing_of_ours_is_left_on_sessions_that_others_use(store, pooled):
    for _ in range(20):
        await asyncio.gather(store.read(asked), store.write(asked))
    other = await asyncpg.connect(pooled, statement_cache_size=0)
    shown = [await other.fetchval("SHOW statement_timeout") for _ in range(5)]
    shown.append(await other.fetchval("SHOW default_transaction_read_only"))
    await other.close()
    assert set(shown) == {"0", "off"}


async def test_several_programs_share_few_sessions_under_load(store, pooled):
    """Their prepared statements have the same names."""
    others = [await open_store(pooled) for _ in range(2)]
    stores = [store, *others]

    async def work(number: int) -> None:
        mine = stores[number % len(stores)]
        await mine.write(adding(f"{number}"))
        assert f"{number}" in await mine.read(names)
        assert await is_current(mine)

    await soon(asyncio.gather(*(work(number) for number in range(90))))
    assert len(await store.read(names)) == 90
    for each in others:
        await each.close()


async def test_it_is_neither_dumped_nor_restored(store, pooled, tmp_path):
    """The sessions of the server would have no search path left, for whoever gets them next."""
    copier = copier_of(pooled)
    with pytest.raises(BackupError, match="pooler"):
        await back_up(copier, tmp_path / "carnet.backup")
    with pytest.raises(BackupError, match="pooler"):
        await restore(copier, tmp_path / "carnet.backup")
    assert list(tmp_path.iterdir()) == []


async def test_rows_by_the_thousand_and_what_fails_leave_it_whole(store):
    rows = [(f"{number:04}", "x") for number in range(1000)]
    await store.write(lambda tx: tx.insert("server_state", ("name", "value"), rows))
    sql = "UPDATE server_state SET value = $2 WHERE name = $1"
    await store.write(lambda tx: tx.executemany(sql, [(name, "y") for name, _ in rows[:50]]))

    async def half(tx: Tx) -> None:
        await tx.execute("DELETE FROM server_state")
        raise LookupError

    assert isinstance(await failure(store.write(half)), LookupError)
    assert isinstance(
        await failure(store.write(lambda tx: tx.execute("SELECT 1 / 0"))), asyncpg.DataError
    )
    assert len(await store.read(names)) == 1000
