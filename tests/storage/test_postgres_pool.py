"""The list of free connections to Postgres, and the queue before it; the connections are made up.

What it does to real ones is in `test_postgres`.
"""

import asyncio
import random
from typing import Any

import pytest

from domain.errors import Overloaded
from storage import postgres_pool
from storage.postgres_pool import POOL_SIZE, Pool
from tests.storage.home import soon
from tests.waiting import PATIENCE, until


class Connection:
    """What the pool knows of a connection."""

    def __init__(self) -> None:
        self.closed = False
        self.in_transaction = False
        self.told = asyncio.Event()
        """Whether the server was told of the end, as by `close`."""
        self.answers = asyncio.Event()
        self.answers.set()

    def is_closed(self) -> bool:
        return self.closed

    def is_in_transaction(self) -> bool:
        return self.in_transaction

    def terminate(self) -> None:
        self.closed = True

    async def close(self, timeout: float) -> None:
        self.closed = True
        self.told.set()
        async with asyncio.timeout(timeout):
            await self.answers.wait()


class Server:
    """Opens connections, once it `answers`; some or all of the attempts fail."""

    def __init__(self) -> None:
        self.opened: list[Connection] = []
        self.asked = 0
        self.failure: Exception | None = None
        self.refused: list[int] = []
        """The attempts that fail, by number, all the same."""
        self.answers = asyncio.Event()
        self.answers.set()

    async def connect(self) -> Connection:
        self.asked += 1
        number = self.asked
        await self.answers.wait()
        if number in self.refused:
            raise ConnectionResetError
        if self.failure is not None:
            raise self.failure
        connection = Connection()
        self.opened.append(connection)
        return connection


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
async def pool(server, monkeypatch):
    monkeypatch.setattr(postgres_pool, "ACQUIRE_SECONDS", PATIENCE)
    monkeypatch.setattr(postgres_pool, "CLOSE_SECONDS", PATIENCE)
    made = Pool(server.connect)
    yield made
    await soon(made.close())
    assert all(connection.closed for connection in server.opened)


async def turns(number: int = 5) -> None:
    """Lets everything that can go on do so."""
    for _ in range(number):
        await asyncio.sleep(0)


async def take(pool: Pool, number: int = POOL_SIZE) -> list[Any]:
    return await soon(asyncio.gather(*(pool.acquire() for _ in range(number))))


def give_back(pool: Pool, *connections: Any) -> None:
    for connection in connections:
        pool.release(connection, None)


def asking(pool: Pool) -> asyncio.Task[Any]:
    return asyncio.create_task(pool.acquire())


async def test_connections_are_opened_as_they_are_needed_and_the_last_one_used_goes_first(
    pool, server
):
    for _ in range(3):
        async with pool.connection() as only:
            pass
    assert server.opened == [only]
    one, other = await take(pool, 2)
    give_back(pool, one, other)
    assert await take(pool, 2) == [other, one]
    assert server.asked == 2
    give_back(pool, one, other)


async def test_there_are_so_many_and_no_more_and_who_came_first_is_first(pool, server):
    held = await take(pool)
    waiting = [asking(pool) for _ in range(POOL_SIZE)]
    await turns()
    assert server.asked == POOL_SIZE
    assert not any(task.done() for task in waiting)
    give_back(pool, *held)
    assert await soon(asyncio.gather(*waiting)) == held
    give_back(pool, *held)


async def test_what_the_server_has_ended_meanwhile_is_replaced_and_no_one_notices(pool, server):
    held = await take(pool)
    give_back(pool, *held)
    for connection in held:
        connection.closed = True
    again = await take(pool)
    assert not set(again) & set(held)
    give_back(pool, *again)
    assert server.asked == 2 * POOL_SIZE


async def test_what_nobody_needed_for_long_is_not_used_again(pool, monkeypatch):
    held = await take(pool, 3)
    give_back(pool, *held)
    monkeypatch.setattr(postgres_pool, "IDLE_SECONDS", -1.0)
    async with pool.connection() as fresh:
        assert fresh not in held
    assert all(connection.closed for connection in held)


async def test_one_left_in_a_transaction_is_not_used_again(pool):
    (first,) = await take(pool, 1)
    first.in_transaction = True
    give_back(pool, first)
    assert first.closed
    async with pool.connection() as second:
        assert second is not first


@pytest.mark.parametrize("error", [asyncio.CancelledError(), TimeoutError()])
async def test_one_whose_statement_may_still_run_is_closed_and_keeps_its_place_until_then(
    pool, server, error
):
    held = await take(pool)
    held[0].answers.clear()
    waiting = asking(pool)
    await turns()
    pool.release(held[0], error)
    await soon(held[0].told.wait())
    await turns()
    assert server.asked == POOL_SIZE
    held[0].answers.set()
    give_back(pool, await soon(waiting), *held[1:])
    assert server.asked == POOL_SIZE + 1


async def test_an_error_of_the_operation_costs_no_connection(pool, server):
    for _ in range(3):
        with pytest.raises(LookupError):
            async with pool.connection():
                raise LookupError
    assert server.asked == 1


async def test_one_that_does_not_end_is_cut_off(pool, monkeypatch):
    monkeypatch.setattr(postgres_pool, "CLOSE_SECONDS", 0.0)
    held = await take(pool)
    held[0].answers.clear()
    pool.release(held[0], TimeoutError())
    give_back(pool, *held[1:], *await take(pool, 1))


# Waiters that go


@pytest.mark.parametrize("cancelled_first", [True, False])
async def test_a_connection_for_one_that_is_cancelled_at_that_moment_goes_to_the_next(
    pool, cancelled_first
):
    held = await take(pool)
    first, second = asking(pool), asking(pool)
    await turns()
    if cancelled_first:
        first.cancel()
    give_back(pool, held[0])
    if not cancelled_first:
        first.cancel()
    assert await soon(second) is held[0]
    assert first.cancelled()
    give_back(pool, *held)


async def test_who_has_waited_too_long_is_told_and_takes_nothing(pool, monkeypatch):
    held = await take(pool)
    with monkeypatch.context() as hurried:
        hurried.setattr(postgres_pool, "ACQUIRE_SECONDS", 0.0)
        with pytest.raises(TimeoutError):
            await soon(pool.acquire())
    waiting = asking(pool)
    await turns()
    give_back(pool, held[0])
    assert await soon(waiting) is held[0]
    give_back(pool, *held)


async def test_who_comes_when_too_many_wait_is_refused_and_those_that_went_do_not_count(
    pool, monkeypatch
):
    held = await take(pool)
    monkeypatch.setattr(postgres_pool, "MAX_WAITING", 2)
    waiting = [asking(pool) for _ in range(2)]
    await turns()
    assert pool.full
    with pytest.raises(Overloaded):
        await pool.acquire()
    waiting[0].cancel()
    await turns()
    assert not pool.full
    waiting.append(asking(pool))
    give_back(pool, *held)
    give_back(pool, *await soon(asyncio.gather(*waiting[1:])))


# A server that refuses


async def test_all_are_told_that_none_can_be_opened_and_the_next_one_tries_again(pool, server):
    server.failure = ConnectionRefusedError("away")
    told = await soon(
        asyncio.gather(*(pool.acquire() for _ in range(3 * POOL_SIZE)), return_exceptions=True)
    )
    assert told == [server.failure] * 3 * POOL_SIZE
    server.failure = None
    give_back(pool, *await take(pool))


async def test_who_can_still_have_another_waits_for_that(pool, server):
    (held,) = await take(pool, 1)
    server.failure = ConnectionRefusedError("too many clients")
    waiting = [asking(pool) for _ in range(3)]
    await until(lambda: server.asked == 4)
    await turns()
    assert not any(task.done() for task in waiting)
    for task in waiting:
        give_back(pool, held)
        held = await soon(task)
    give_back(pool, held)


async def test_a_pool_that_is_closed_opens_no_more_and_tells_who_waits(pool, server):
    held = await take(pool)
    waiting = asking(pool)
    await turns()
    await soon(pool.close())
    with pytest.raises(ConnectionError):
        await soon(waiting)
    give_back(pool, *held)
    await turns()
    assert server.asked == POOL_SIZE
    assert all(connection.closed for connection in server.opened)


async def test_where_one_is_in_use_for_long_it_is_tried_again_to_open_others(
    pool, server, monkeypatch
):
    monkeypatch.setattr(postgres_pool, "OPEN_AGAIN_SECONDS", 0.001)
    (held,) = await take(pool, 1)
    server.refused = [2, 3, 4]
    taken = await take(pool, 3)
    assert held not in taken
    give_back(pool, held, *taken)


async def test_who_is_to_have_one_that_is_still_being_opened_waits_for_that(pool, server):
    server.refused = [1]
    first, second = asking(pool), asking(pool)
    give_back(pool, await soon(first))
    give_back(pool, await soon(second))


async def test_who_is_cancelled_at_the_moment_of_a_failure_is_cancelled(pool, server):
    server.failure = ConnectionRefusedError("away")
    server.answers.clear()
    waiting = asking(pool)
    await until(lambda: server.asked)
    (waiter,) = pool._waiting
    server.answers.set()
    await until(waiter.done, every=0)
    waiting.cancel()
    await soon(asyncio.wait({waiting}))
    assert waiting.cancelled()


async def test_one_that_fails_when_the_last_connection_is_lost_is_told(pool, server):
    """Who waits for a connection that ends is given a new one, or the reason why there is none."""
    (held,) = await take(pool, 1)
    server.failure = ConnectionRefusedError("too many clients")
    waiting = asking(pool)
    await until(lambda: server.asked == 2)
    await turns()
    held.closed = True
    give_back(pool, held)
    with pytest.raises(ConnectionRefusedError):
        await soon(waiting)


async def test_one_that_is_opened_for_somebody_who_went_is_free(pool, server):
    server.answers.clear()
    gone = asking(pool)
    await until(lambda: server.asked)
    gone.cancel()
    await turns()
    server.answers.set()
    give_back(pool, *await take(pool, 1))
    assert server.asked == 1


# The end


async def test_all_are_closed_also_what_is_out_and_what_is_being_opened(pool, server):
    held = await take(pool, 3)
    server.answers.clear()
    late = asking(pool)
    await until(lambda: server.asked == 4)
    closing = asyncio.create_task(pool.close())
    await turns()
    server.answers.set()
    await soon(closing)
    assert len(server.opened) == 4
    assert all(connection.closed for connection in server.opened)
    with pytest.raises(ConnectionError):
        await soon(late)
    give_back(pool, *held)


@pytest.mark.parametrize("seed", range(20))
async def test_whatever_happens_no_connection_is_lost_and_nobody_left_waiting(pool, server, seed):
    rng = random.Random(seed)
    out: set[Connection] = set()

    async def use() -> None:
        async with pool.connection() as connection:
            assert not connection.in_transaction, "it was given back in order"
            assert connection not in out, "it is nobody else's"
            out.add(connection)
            assert len(out) <= POOL_SIZE
            try:
                for _ in range(rng.randrange(4)):
                    await asyncio.sleep(0)
                fate = rng.randrange(12)
                connection.in_transaction = fate == 0
                connection.closed |= fate == 1
                if fate == 2:
                    raise TimeoutError
            finally:
                out.discard(connection)

    users = []
    for _ in range(300):
        users.append(asyncio.create_task(use()))
        server.failure = ConnectionRefusedError() if rng.random() < 0.2 else None
        if rng.random() < 0.3:
            rng.choice(users).cancel()
        if rng.random() < 0.1 and server.opened:
            rng.choice(server.opened).closed = True
        if rng.random() < 0.3:
            await asyncio.sleep(0)
    ends = await soon(asyncio.gather(*users, return_exceptions=True))
    for end in ends:
        assert end is None or isinstance(end, asyncio.CancelledError | OSError), end
    server.failure = None
    give_back(pool, *await take(pool))
