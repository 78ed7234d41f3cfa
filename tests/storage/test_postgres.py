"""What is Postgres' own: conflicts, time-outs, pools, and a server that goes and comes."""

import asyncio
import contextlib
from typing import Any

import asyncpg
import pytest

from domain.errors import Unavailable
from operations import trips
from storage import open_store, postgres, postgres_pool, postgres_sessions
from storage.migrate import migrate
from storage.store import DatabaseError, Tx
from tests import servers
from tests.faults.proxy import proxy
from tests.storage.home import new_home, soon
from tests.storage.journal import row
from tests.storage.test_store import adding, failure, names
from tests.support import TRIP, now
from tests.waiting import PATIENCE, until


@contextlib.asynccontextmanager
async def opened(url: str):
    """A migrated store."""
    store = await open_store(url)
    try:
        await migrate(store, now())
        yield store
    finally:
        await store.close()


@pytest.fixture
async def store(database):
    async with opened(database) as made:
        yield made


async def ask(url: str, query: str) -> Any:
    """A value, by a connection of one's own."""
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def open_transactions(url: str) -> int:
    """How many of our sessions have one open."""
    found: int = await ask(
        url,
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name = 'carnet' AND xact_start IS NOT NULL",
    )
    return found


# Conflicts


async def test_writers_that_deadlock_are_both_done(store):
    await store.write(adding("a"))
    await store.write(adding("b"))
    met = asyncio.Barrier(2)
    runs: list[str] = []

    def touching(first: str, second: str):
        async def operation(tx: Tx) -> str:
            runs.append(first)
            update = "UPDATE server_state SET value = value || $1 WHERE name = $2"
            await tx.execute(update, first, first)
            if len(runs) <= 2:
                await met.wait()
            await tx.execute(update, first, second)
            return first

        return operation

    both = [store.write(touching("a", "b")), store.write(touching("b", "a"))]
    assert list(await soon(asyncio.gather(*both))) == ["a", "b"]
    assert len(runs) == 3, "one of them was run again"
    values = await store.read(lambda tx: tx.fetch("SELECT value FROM server_state"))
    assert {"".join(sorted(value)) for (value,) in values} == {"abx"}


async def test_writers_that_insert_the_same_are_run_again(store):
    """Each looks first, and inserts what it did not find."""

    async def add_once(tx: Tx) -> bool:
        if await tx.fetchval("SELECT 1 FROM server_state WHERE name = 'once'"):
            return False
        await asyncio.sleep(0.02)
        await adding("once")(tx)
        return True

    assert sorted(await soon(asyncio.gather(*(store.write(add_once) for _ in range(8))))) == [
        *[False] * 7,
        True,
    ]


async def test_a_conflict_that_stays_is_told_in_the_end(store):
    await store.write(adding("a"))
    runs: list[None] = []

    async def again(tx: Tx) -> None:
        runs.append(None)
        await adding("a")(tx)

    assert isinstance(await failure(store.write(again)), asyncpg.UniqueViolationError)
    assert len(runs) == postgres.ATTEMPTS


async def test_new_trips_do_not_wait_for_what_is_imported_into_another(store, monkeypatch):
    home = await new_home(store)
    body = {**TRIP, "groupId": home.group_id}
    made: list[str] = []

    async def importing(tx: Tx) -> str:
        insert = tx.insert

        async def beside_another(table: str, *rows: Any) -> None:
            await insert(table, *rows)
            if not made:
                assert table == "items"
                made.append(await soon(home.new_trip()))

        monkeypatch.setattr(tx, "insert", beside_another)
        document = trips.composed(home.cause, body)
        trip = await trips.add(tx, home.cause, document, [row("mapPin", "p")])
        return trip.id

    made.append(await store.write(importing))
    by_age = await store.read(lambda tx: tx.fetch("SELECT id FROM trips ORDER BY age"))
    assert [trip_id for (trip_id,) in by_age] == [home.trip_id, *made]


# Time-outs


@pytest.fixture
def session(monkeypatch):
    """Changes what sessions are set to."""

    def change(**settings: str) -> None:
        monkeypatch.setattr(postgres_sessions, "TIME_OUTS", postgres_sessions.TIME_OUTS | settings)

    return change


@pytest.mark.parametrize("verb", ["read", "write"])
async def test_a_statement_that_takes_too_long_is_unavailable(database, session, verb):
    session(statement_timeout="100ms")
    async with opened(database) as store:
        slow = getattr(store, verb)(lambda tx: tx.fetchval("SELECT pg_sleep(3600)"))
        assert isinstance(await failure(slow), Unavailable)
        await until(lambda: is_added(store, "a"))
        await until(lambda: reads(store))


async def test_a_lock_that_is_not_had_is_unavailable(database, session):
    session(lock_timeout="100ms")
    async with opened(database) as store:
        await store.write(adding("a"))
        other = await asyncpg.connect(database)
        async with other.transaction():
            await other.execute("UPDATE server_state SET value = 'theirs'")
            update = "UPDATE server_state SET value = 'ours'"
            refused = await failure(store.write(lambda tx: tx.execute(update)))
            assert isinstance(refused, Unavailable)
        await other.close()
        assert await soon(store.write(lambda tx: tx.execute(update))) == 1


async def test_a_transaction_that_stalls_is_ended(database, session):
    """It would keep its locks for as long as its process does nothing."""
    session(idle_in_transaction_session_timeout="100ms")
    async with opened(database) as store:

        async def stall(tx: Tx) -> None:
            await adding("a")(tx)
            await until(lambda: none_open(database))
            await names(tx)

        assert isinstance(await failure(store.write(stall)), Unavailable)
        assert await soon(store.read(names)) == []
        await until(lambda: is_added(store, "b"))


def test_who_stalls_is_ended_before_who_waits_for_it_gives_up():
    seconds = {name: int(text[:-1]) for name, text in postgres_sessions.TIME_OUTS.items()}
    assert seconds["idle_in_transaction_session_timeout"] < seconds["lock_timeout"]


async def test_a_connection_nothing_comes_through_is_given_up(database, monkeypatch):
    monkeypatch.setattr(postgres_sessions, "COMMAND_SECONDS", 0.3)
    monkeypatch.setattr(postgres_pool, "ACQUIRE_SECONDS", 0.3)
    port = int(database.rpartition(":")[2].partition("/")[0])
    async with proxy(port) as network, opened(network.url(database)) as store:
        await until(lambda: is_added(store, "a"))
        network.stall()
        outcomes = await soon(
            asyncio.gather(
                store.read(names),
                store.write(adding("b")),
                *(store.read(names) for _ in range(30)),
                return_exceptions=True,
            )
        )
        assert {type(outcome) for outcome in outcomes} == {Unavailable}
        network.resume()
        await until(lambda: reads(store))


async def test_who_is_cancelled_waits_for_no_server(database, monkeypatch):
    monkeypatch.setattr(postgres, "CLOSE_SECONDS", 0.1)
    port = int(database.rpartition(":")[2].partition("/")[0])
    begun = asyncio.Event()

    async def hang(tx: Tx) -> None:
        await names(tx)
        network.stall()
        begun.set()
        await names(tx)

    async with proxy(port) as network, opened(network.url(database)) as store:
        for run in (store.write, store.snapshot):
            task = asyncio.ensure_future(run(hang))
            await soon(begun.wait())
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await soon(task)
            network.resume()
            begun.clear()


async def is_added(store, name: str) -> bool:
    """Whether a name is there, added if it was not: time-outs as short as here may hit that too."""
    try:
        if name not in await store.read(names):
            await store.write(adding(name))
    except Unavailable:
        return False
    return True


async def reads(store) -> bool:
    try:
        await store.read(names)
    except Unavailable:
        return False
    return True


async def test_a_pool_that_is_used_up_is_unavailable_and_recovers(database, session, monkeypatch):
    session(idle_in_transaction_session_timeout="0")
    monkeypatch.setattr(postgres_pool, "ACQUIRE_SECONDS", PATIENCE)
    holds, go_on = asyncio.Semaphore(0), asyncio.Event()

    async def hold(tx: Tx) -> None:
        await names(tx)
        holds.release()
        await go_on.wait()

    async with opened(database) as store:
        holding = [asyncio.ensure_future(store.write(hold)) for _ in range(postgres_pool.POOL_SIZE)]
        for _ in holding:
            await soon(holds.acquire())
        with monkeypatch.context() as hurried:
            hurried.setattr(postgres_pool, "ACQUIRE_SECONDS", 0.1)
            assert isinstance(await failure(store.write(adding("a"))), Unavailable)
        assert await soon(store.read(names)) == [], "readers have a pool of their own"
        go_on.set()
        await soon(asyncio.gather(*holding))
        await soon(store.write(adding("a")))


# What is left behind


async def test_a_cancelled_operation_leaves_no_transaction_open(store, database):
    """Cancelled at any of its moments: before, in and after each statement, and at its end."""
    for moment in range(40):
        task = asyncio.ensure_future(store.write(several(f"{moment}")))
        for _ in range(moment):
            await asyncio.sleep(0)
        await asyncio.sleep(moment / 20_000)
        task.cancel()
        await soon(asyncio.gather(task, return_exceptions=True))
    await until(lambda: none_open(database))
    stored = await store.read(names)
    per_task: dict[str, int] = {}
    for name in stored:
        per_task[name.partition("/")[0]] = per_task.get(name.partition("/")[0], 0) + 1
    assert set(per_task.values()) <= {3}, "whole or not at all"
    await soon(asyncio.gather(*(store.write(adding(f"after-{n}")) for n in range(20))))


def several(name: str):
    async def operation(tx: Tx) -> None:
        for number in range(3):
            await adding(f"{name}/{number}")(tx)

    return operation


async def none_open(database: str) -> bool:
    return await open_transactions(database) == 0


async def test_a_cancelled_read_leaves_nothing_running(store, database):
    tasks = [
        asyncio.ensure_future(store.read(lambda tx: tx.fetchval("SELECT pg_sleep(3600)")))
        for _ in range(postgres_pool.POOL_SIZE * 2)
    ]
    await until(lambda: _running(database))
    for task in tasks:
        task.cancel()
    await soon(asyncio.gather(*tasks, return_exceptions=True))
    await until(lambda: none_open(database))
    assert await soon(asyncio.gather(*(store.read(names) for _ in range(20)))) == [[]] * 20


async def _running(database: str) -> bool:
    return await open_transactions(database) >= postgres_pool.POOL_SIZE


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO server_state (name, value) VALUES ('x', 'y')",
        "DELETE FROM server_state",
        "CREATE TABLE mine (id int)",
        "WITH w AS (DELETE FROM server_state RETURNING 1) SELECT count(*) FROM w",
    ],
)
async def test_no_statement_writes_in_a_read(store, statement):
    await store.write(adding("a"))
    await failure(store.read(lambda tx: tx.execute(statement)))
    assert await store.read(names) == ["a"]


async def test_an_argument_that_cannot_be_is_a_bug_and_not_an_outage(store):
    error = await failure(store.read(lambda tx: tx.fetchval("SELECT $1::bigint", "one")))
    assert isinstance(error, asyncpg.DataError)
    await soon(store.write(adding("a")))


# A server that goes and comes


@pytest.fixture(scope="module")
def mortal():
    with servers.own_postgres(durable=True) as server:
        yield server


@pytest.fixture
def mortal_database(mortal):
    with servers.new_database(mortal.dsn) as url:
        yield url


@pytest.mark.parametrize("how", ["kill", "stop"])
async def test_a_server_that_goes_is_unavailable_and_comes_back(mortal, mortal_database, how):
    async with opened(mortal_database) as store:
        told = [await store.write(adding(f"{n}")) for n in range(5)]
        writing = [asyncio.ensure_future(store.write(adding(f"w{n}"))) for n in range(50)]
        slow = asyncio.ensure_future(store.read(lambda tx: tx.fetchval("SELECT pg_sleep(3600)")))
        await asyncio.sleep(0.01)
        await asyncio.to_thread(getattr(mortal, how))
        outcomes = await soon(asyncio.gather(*writing, return_exceptions=True))
        told += [outcome for outcome in outcomes if isinstance(outcome, str)]
        assert {type(o) for o in outcomes if not isinstance(o, str)} <= {Unavailable}
        assert isinstance(await failure(slow), Unavailable)
        for _ in range(3):
            assert isinstance(await failure(store.read(names)), Unavailable)
            assert isinstance(await failure(store.write(adding("away"))), Unavailable)
        await asyncio.to_thread(mortal.restart)
        await soon(store.write(adding("back")))
        stored = await soon(store.read(names))
        assert set(told) <= set(stored)
        assert "away" not in stored


async def test_a_server_that_is_not_there_is_told_in_a_line():
    port = servers.free_port()
    with pytest.raises(DatabaseError, match=r"storage\.url"):
        await open_store(f"postgresql://carnet@127.0.0.1:{port}/postgres")


ENDING = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE application_name = 'carnet' AND datname = current_database()"
)


async def test_sessions_that_are_ended_from_outside_are_replaced(store, database):
    await store.write(adding("a"))
    await ask(database, ENDING)
    await until(lambda: reads(store))
    await soon(store.write(adding("b")))
    assert await store.read(names) == ["a", "b"]


async def test_who_comes_after_all_sessions_were_ended_notices_nothing(store, database):
    pools = (store._readers._pool, store._writers)
    for pool in pools:
        leases = [pool.connection() for _ in range(postgres_pool.POOL_SIZE)]
        async with contextlib.AsyncExitStack() as held:
            for lease in leases:
                await soon(held.enter_async_context(lease))
    await ask(database, ENDING)
    await until(lambda: all(each.is_closed() for pool in pools for each, _ in pool._free))
    assert await soon(asyncio.gather(*(store.read(names) for _ in range(30)))) == [[]] * 30
    await soon(asyncio.gather(*(store.write(adding(f"{n}")) for n in range(30))))


async def test_a_store_that_closes_ends_what_would_not_end(database, session, monkeypatch):
    session(idle_in_transaction_session_timeout="0")
    monkeypatch.setattr(postgres, "COMMAND_SECONDS", 0.1)
    begun = asyncio.Event()

    async def hold(tx: Tx) -> None:
        await adding("a")(tx)
        begun.set()
        await asyncio.Event().wait()

    async with opened(database) as store:
        holding = asyncio.ensure_future(store.write(hold))
        await soon(begun.wait())
        await soon(store.close())
        assert await none_open(database)
        holding.cancel()
        await soon(asyncio.gather(holding, return_exceptions=True))


async def test_a_migration_takes_as_long_as_it_takes(database, session, monkeypatch):
    session(statement_timeout="50ms")
    monkeypatch.setattr(postgres_sessions, "COMMAND_SECONDS", 0.1)
    store = await open_store(database)
    with pytest.raises(Unavailable):
        await store.write(lambda tx: tx.execute("SELECT pg_sleep(0.3)"))
    await store.write_slowly(lambda tx: tx.execute("SELECT pg_sleep(0.3)"))
    await store.close()
