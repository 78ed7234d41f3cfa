"""Reads of trips by a standby: where it has what the primary had, and only there."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

import asyncpg
import pytest
import structlog

from domain.actor import TripAccess
from domain.errors import NotFound, Unavailable
from runtime.measured import POSTGRES_CONNECTIONS, STANDBY_READS
from runtime.metrics import Counter
from storage import StorageUrlError, open_store, standby, trips
from storage.migrate import migrate
from storage.postgres_pool import POOL_SIZE
from storage.store import Store, Tx
from tests import servers
from tests.faults.proxy import proxy
from tests.measuring import number
from tests.storage.home import Home, new_home
from tests.support import now
from tests.waiting import PATIENCE, until

ON_STANDBY = "SELECT pg_is_in_recovery()"


class Pair(NamedTuple):
    """A primary and its standby, and the URLs of a database on both."""

    primary: servers.PostgresServer
    standby: servers.PostgresServer
    url: str
    replica: str


@pytest.fixture(scope="module")
def machines() -> Iterator[tuple[servers.PostgresServer, servers.PostgresServer]]:
    with servers.own_postgres() as primary, servers.standby_of(primary) as follower:
        yield primary, follower


@pytest.fixture
def pair(machines: tuple[servers.PostgresServer, servers.PostgresServer]) -> Iterator[Pair]:
    primary, follower = machines
    with servers.new_database(primary.dsn) as url:
        yield Pair(
            primary, follower, url, servers.database_url(follower.dsn, urlsplit(url).path[1:])
        )


class Both:
    """A store on a primary and a standby, with a trip."""

    def __init__(self, store: Store, home: Home, replica: str) -> None:
        self.store = store
        self.home = home
        self._replica = replica

    async def tell(self, statement: str) -> None:
        """Runs a statement on the standby."""
        await servers.run_sql(self._replica, statement)

    async def seen(self) -> TripAccess:
        """The trip, as the primary has it."""
        found = await self.store.read(
            lambda tx: trips.access(tx, self.home.trip_id, self.home.user_id)
        )
        assert found is not None
        return found

    async def by_standby(self) -> bool:
        """Whether the standby answers what the primary has at present."""
        return await self.store.read_trip(on_standby, self.home.trip_id, await self.seen())

    async def write(self) -> None:
        """Changes the trip, which has another revision then."""
        await self.store.write(
            lambda tx: tx.execute(
                "UPDATE trips SET rev = rev + 1, content_rev = rev + 1 WHERE id = $1",
                self.home.trip_id,
            )
        )


async def on_standby(tx: Tx) -> bool:
    found: bool = await tx.fetchval(ON_STANDBY)
    return found


@contextlib.asynccontextmanager
async def opened(pair: Pair, port: int, parameters: str = "") -> AsyncIterator[Both]:
    """A store whose standby is behind a port; the standby has what the primary has."""
    there = pair.replica.replace(f":{pair.standby.port}/", f":{port}/") + parameters
    store = await open_store(pair.url, standby_url=there)
    try:
        await migrate(store, now())
        both = Both(store, await new_home(store), pair.replica)
        await until(lambda: has_trip(pair.replica, both.home.trip_id))
        yield both
    finally:
        await store.close()


async def has_trip(replica: str, trip_id: str) -> bool:
    with contextlib.suppress(asyncpg.PostgresError):
        connection = await asyncpg.connect(replica, timeout=PATIENCE)
        try:
            return bool(await connection.fetchval("SELECT 1 FROM trips WHERE id = $1", trip_id))
        finally:
            await connection.close()
    return False


@pytest.fixture
async def both(pair: Pair) -> AsyncIterator[Both]:
    async with opened(pair, pair.standby.port) as made:
        yield made


@contextlib.contextmanager
def counted() -> Iterator[dict[str, int]]:
    """What becomes of the reads in the `with`; there at its end."""
    before = numbers(STANDBY_READS)
    found: dict[str, int] = {}
    yield found
    after = numbers(STANDBY_READS)
    found.update({name: after[name] - before[name] for name in after if after[name] > before[name]})


def numbers(family: Counter) -> dict[str, int]:
    return {outcome: int(number) for (outcome,), (number,) in family.rows()}


async def test_the_standby_answers_where_it_has_the_revision(both):
    with counted() as reads:
        assert await both.by_standby()
    assert reads == {"standby": 1}


async def test_the_primary_answers_while_the_standby_is_behind(both):
    await both.tell("SELECT pg_wal_replay_pause()")
    try:
        await both.write()
        with counted() as reads:
            assert not await both.by_standby()
            assert not await both.by_standby()
        assert reads == {"behind": 2}
    finally:
        await both.tell("SELECT pg_wal_replay_resume()")
    await until(both.by_standby)


async def test_who_saw_less_is_answered_by_a_standby_that_is_behind(both):
    seen = await both.seen()
    await both.tell("SELECT pg_wal_replay_pause()")
    try:
        await both.write()
        assert await both.store.read_trip(on_standby, both.home.trip_id, seen)
    finally:
        await both.tell("SELECT pg_wal_replay_resume()")


async def test_a_group_that_has_changed_is_a_revision_too(both):
    await both.tell("SELECT pg_wal_replay_pause()")
    try:
        await both.store.write(
            lambda tx: tx.execute(
                "UPDATE groups SET rev = rev + 1 WHERE id = $1", both.home.group_id
            )
        )
        assert not await both.by_standby()
    finally:
        await both.tell("SELECT pg_wal_replay_resume()")


async def test_all_other_reads_are_the_primarys(both):
    assert not await both.store.read(on_standby)
    assert not await both.store.look_up(on_standby, "where")
    assert not await both.store.snapshot(on_standby)
    assert not await both.store.write(on_standby)


async def test_what_a_read_raises_is_its_own_answer(both):
    async def refuse(tx: Tx) -> None:
        assert await on_standby(tx)
        raise NotFound("nothing")

    with pytest.raises(NotFound, match="nothing"):
        await both.store.read_trip(refuse, both.home.trip_id, await both.seen())
    assert await both.by_standby()


async def test_the_standby_cannot_be_written_to(both):
    async def write(tx: Tx) -> bool:
        await tx.execute("UPDATE trips SET rev = rev + 1 WHERE id = $1", both.home.trip_id)
        return True

    before = await both.seen()
    with pytest.raises(Unavailable):
        await both.store.read_trip(write, both.home.trip_id, before)
    assert await both.seen() == before


async def ended_by_standby(tx: Tx) -> bool:
    """An operation of which the standby ends the session."""
    if await on_standby(tx):
        await tx.fetchval("SELECT pg_terminate_backend(pg_backend_pid())")
    return await on_standby(tx)


async def refused_by_standby(tx: Tx) -> bool:
    """One that the standby cannot do, as where it has not the schema yet."""
    if await on_standby(tx):
        await tx.fetchval("SELECT 1 FROM not_there_yet")
    return False


@pytest.mark.parametrize("operation", [ended_by_standby, refused_by_standby])
async def test_what_the_standby_cannot_answer_the_primary_answers(both, operation):
    seen = await both.seen()
    with counted() as reads, structlog.testing.capture_logs() as lines:
        assert await both.store.read_trip(operation, both.home.trip_id, seen) is False
        assert await both.by_standby(), "the next one it can"
    assert reads == {"behind": 1, "standby": 1}
    assert lines == []


async def test_a_bug_of_a_read_is_not_the_standbys(both):
    async def wrong(tx: Tx) -> None:
        await tx.fetchval("SELECT $1::integer", "no number")

    with (
        structlog.testing.capture_logs() as lines,
        pytest.raises(asyncpg.DataError, match="no number"),
    ):
        await both.store.read_trip(wrong, both.home.trip_id, await both.seen())
    assert await both.by_standby()
    assert lines == []


async def test_the_primary_helps_a_standby_that_has_much_to_do(both):
    may_end = asyncio.Event()

    async def long(tx: Tx) -> bool:
        await may_end.wait()
        return await on_standby(tx)

    seen = await both.seen()
    with counted() as reads:
        reading = [
            asyncio.create_task(both.store.read_trip(long, both.home.trip_id, seen))
            for _ in range(POOL_SIZE)
        ]
        await until(lambda: number(POSTGRES_CONNECTIONS, "standby", "in_use") == POOL_SIZE)
        assert not await both.by_standby()
        may_end.set()
        assert all(await asyncio.gather(*reading))
        assert await both.by_standby()
    assert reads == {"busy": 1, "standby": POOL_SIZE + 1}


@pytest.mark.parametrize("target", ["primary", "read-write", "prefer-standby"])
async def test_a_wrong_url_is_told_as_that_of_the_standby(pair, target):
    wrong = f"{pair.replica}?target_session_attrs={target}"
    with pytest.raises(StorageUrlError, match="must be standby, any") as refused:
        await open_store(pair.url, standby_url=wrong)
    assert refused.value.setting == "storage.read_url"


async def test_what_keeps_the_standby_from_being_asked_keeps_nobody_from_an_answer(
    pair, tmp_path, monkeypatch
):
    (tmp_path / "services").write_text("not a service file")
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    with structlog.testing.capture_logs() as lines:
        async with opened(pair, pair.standby.port, "?service=standby") as both:
            assert not await both.by_standby()
    (line,) = lines
    assert line["event"] == "standby_away"


async def test_a_standby_that_is_gone_is_asked_again_later(pair, monkeypatch):
    async with proxy(pair.standby.port) as between, opened(pair, between.port) as both:
        assert await both.by_standby()
        between.stall()
        monkeypatch.setattr(standby, "ANSWER_SECONDS", 0.05)
        with counted() as reads, structlog.testing.capture_logs() as lines:
            for _ in range(5):
                assert not await both.by_standby()
        assert reads == {"away": 5}
        (line,) = lines
        assert (line["event"], line["log_level"]) == ("standby_away", "warning")
        between.resume()
        monkeypatch.setattr(standby, "ANSWER_SECONDS", PATIENCE)
        assert not await both.by_standby(), "it is left alone for a while"
        monkeypatch.setattr(standby, "AGAIN_SECONDS", 0)
        with structlog.testing.capture_logs() as lines:
            await until(both.by_standby)
        assert [line["event"] for line in lines] == ["standby_back"]


async def test_a_primary_is_no_standby(pair):
    with structlog.testing.capture_logs() as lines:
        async with opened(pair, pair.primary.port) as both:
            assert not await both.by_standby()
    (line,) = lines
    assert line["event"] == "standby_away"
