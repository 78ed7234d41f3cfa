"""What a Store is. Every backend passes this as it stands."""

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from domain.errors import NotFound
from storage import StorageUrlError, open_store
from storage.store import Store, Tx
from tests.storage.home import busy, soon
from tests.waiting import PATIENCE

ROOT = Path(__file__).parent.parent.parent


def adding(name: str):
    """An operation that stores a name, and gives it back."""

    async def add(tx: Tx) -> str:
        await tx.execute("INSERT INTO server_state (name, value) VALUES ($1, 'x')", name)
        return name

    return add


async def names(tx: Tx) -> list[str]:
    return [row[0] for row in await tx.fetch("SELECT name FROM server_state ORDER BY name")]


async def failure(awaitable) -> BaseException:
    """What comes instead of a result."""
    (outcome,) = await soon(asyncio.gather(awaitable, return_exceptions=True))
    assert isinstance(outcome, BaseException), outcome
    return outcome


async def test_a_write_is_seen_by_what_comes_after(store):
    assert await store.write(adding("a")) == "a"
    assert await store.read(names) == ["a"]
    assert await store.write(names) == ["a"]


async def test_a_write_is_there_when_the_database_is_opened_again(store, storage_url):
    await store.write(adding("a"))
    other = await open_store(storage_url, create=False)
    assert await other.read(names) == ["a"]
    await other.write(adding("b"))
    await other.close()
    assert await store.read(names) == ["a", "b"]


async def test_what_is_not_committed_is_not_seen(store):
    begun, looked = threading.Event(), threading.Event()

    async def write_slowly(tx: Tx) -> list[str]:
        await adding("a")(tx)
        begun.set()
        await busy(tx, looked)
        return await names(tx)

    writing = asyncio.ensure_future(store.write(write_slowly))
    await asyncio.to_thread(begun.wait, PATIENCE)
    assert await soon(store.read(names)) == []
    looked.set()
    assert await soon(writing) == ["a"]
    assert await store.read(names) == ["a"]


class Odd(BaseException):
    """Not an Exception, as cancellation is not."""


@pytest.mark.parametrize("error", [ValueError("x"), NotFound("x"), Odd("x")])
async def test_what_an_operation_raises_undoes_it_and_is_raised(store, error):
    async def fail(tx: Tx) -> None:
        await adding("a")(tx)
        raise error

    assert await failure(store.write(fail)) is error
    assert await store.read(names) == []
    assert await failure(store.read(fail_at_once(error))) is error
    await store.write(adding("b"))
    assert await store.read(names) == ["b"]


def fail_at_once(error: BaseException):
    async def fail(_tx: Tx) -> None:
        raise error

    return fail


async def test_a_failure_undoes_only_its_own_operation_among_many_at_once(store):
    def maybe(number: int):
        async def operation(tx: Tx) -> int:
            await adding(f"{number:02}-first")(tx)
            if number % 3 == 0:
                raise ValueError(number)
            await adding(f"{number:02}-second")(tx)
            return number

        return operation

    outcomes = await soon(
        asyncio.gather(*(store.write(maybe(n)) for n in range(30)), return_exceptions=True)
    )
    for number, outcome in enumerate(outcomes):
        if number % 3 == 0:
            assert isinstance(outcome, ValueError)
            assert outcome.args == (number,)
        else:
            assert outcome == number
    good = [f"{n:02}-{part}" for n in range(30) if n % 3 for part in ("first", "second")]
    assert await store.read(names) == good


async def test_a_statement_the_database_refuses_undoes_only_its_own_operation(store):
    """A bug in one operation must not take the others with it, nor leave them waiting."""

    async def misspelt(tx: Tx) -> None:
        await adding("lost")(tx)
        await tx.execute("SELECT nothing_like_it FROM server_state")

    outcomes = await soon(
        asyncio.gather(
            store.write(adding("a")),
            store.write(misspelt),
            store.write(adding("a")),
            store.write(adding("b")),
            return_exceptions=True,
        )
    )
    first, wrong, second, other = outcomes
    assert isinstance(wrong, Exception)
    assert "nothing_like_it" in str(wrong)
    # Where writers run side by side, either may be the first.
    assert sorted(isinstance(each, Exception) for each in (first, second)) == [False, True]
    assert "a" in (first, second)
    assert other == "b"
    assert await soon(store.read(names)) == ["a", "b"]


async def test_a_misspelt_read_is_a_bug_and_not_an_outage(store):
    async def misspelt(tx: Tx) -> None:
        await tx.fetch("SELECT nothing_like_it FROM server_state")

    error = await failure(store.read(misspelt))
    assert "nothing_like_it" in str(error)
    assert await soon(store.read(names)) == []


async def test_a_read_cannot_write(store):
    await failure(store.read(adding("a")))
    assert await store.read(names) == []
    assert await store.write(adding("b")) == "b"


async def test_many_writes_at_once_are_all_there(store, storage_url):
    numbers = [f"{number:04}" for number in range(300)]
    assert await soon(asyncio.gather(*(store.write(adding(n)) for n in numbers))) == numbers
    other = await open_store(storage_url, create=False)
    assert await other.read(names) == numbers
    await other.close()


async def test_many_reads_at_once(store):
    await store.write(adding("a"))
    assert await soon(asyncio.gather(*(store.read(names) for _ in range(50)))) == [["a"]] * 50


async def test_a_read_that_fails_among_many_fails_alone(store):
    await store.write(adding("a"))

    async def misspelt(tx: Tx) -> None:
        await tx.fetch("SELECT nothing_like_it FROM server_state")

    operations = [names, misspelt, fail_at_once(NotFound("x")), adding("b"), names] * 8
    outcomes = await soon(
        asyncio.gather(*(store.read(operation) for operation in operations), return_exceptions=True)
    )
    for operation, outcome in zip(operations, outcomes, strict=True):
        if operation is names:
            assert outcome == ["a"]
        else:
            assert isinstance(outcome, Exception)
    assert await soon(store.read(names)) == ["a"]


async def test_a_write_is_seen_by_every_read_that_is_begun_after_it(store):
    """Also while many others read: they may share what they see, but never an older moment."""
    stop = False

    async def keep_reading() -> int:
        count = 0
        while not stop:
            await store.read(names)
            count += 1
        return count

    reading = [asyncio.create_task(keep_reading()) for _ in range(12)]
    expected = []
    for number in range(40):
        expected.append(await soon(store.write(adding(f"{number:02}"))))
        seen = await soon(asyncio.gather(*(store.read(names) for _ in range(3))))
        assert seen == [expected] * 3
    stop = True
    assert min(await soon(asyncio.gather(*reading))) > 0


async def test_several_stores_write_to_one_database(store, storage_url):
    others = [await open_store(storage_url, create=False) for _ in range(3)]
    stores = [store, *others]
    numbers = [f"{number:03}" for number in range(120)]
    await soon(asyncio.gather(*(stores[i % 4].write(adding(n)) for i, n in enumerate(numbers))))
    for other in others:
        await other.close()
    assert await store.read(names) == numbers


ACKNOWLEDGE = """
import asyncio, sys
from storage import open_store
from tests.storage.test_store import adding

async def main():
    store = await open_store(sys.argv[1], create=False)
    for start in range(0, 100_000, 8):
        group = [f"{number:06}" for number in range(start, start + 8)]
        for name in asyncio.as_completed([store.write(adding(name)) for name in group]):
            print(await name, flush=True)

asyncio.run(main())
"""


async def test_what_was_acknowledged_outlives_a_kill(store, storage_url):
    def write_until_killed() -> list[str]:
        with subprocess.Popen(
            [sys.executable, "-c", ACKNOWLEDGE, storage_url],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        ) as process:
            assert process.stdout
            seen = [process.stdout.readline().strip() for _ in range(100)]
            process.kill()
            return seen + process.stdout.read().split()

    told = await asyncio.to_thread(write_until_killed)
    told = [name for name in told if len(name) == 6]
    assert len(told) >= 100
    assert set(told) <= set(await store.read(names))


async def test_a_cancelled_waiter_does_not_break_the_others(store):
    tasks = [asyncio.ensure_future(store.write(adding(f"{n:02}"))) for n in range(20)]
    await asyncio.sleep(0)
    for task in tasks[::4]:
        task.cancel()
    outcomes = await soon(asyncio.gather(*tasks, return_exceptions=True))
    for number, outcome in enumerate(outcomes):
        if number % 4 == 0:
            assert isinstance(outcome, asyncio.CancelledError)
        else:
            assert outcome == f"{number:02}"
    stored = await soon(store.read(names))
    assert {f"{n:02}" for n in range(20) if n % 4} <= set(stored)
    assert await soon(store.write(adding("after"))) == "after"


async def test_a_group_of_which_all_have_left_does_not_stop_the_next(store):
    tasks = [asyncio.ensure_future(store.write(adding(f"{n}"))) for n in range(5)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await soon(asyncio.gather(*tasks, return_exceptions=True))
    assert await soon(store.write(adding("after"))) == "after"


async def test_cancelled_reads_give_their_connection_back(store):
    begun, go_on = threading.Semaphore(0), threading.Event()

    async def slow(tx: Tx) -> None:
        begun.release()
        await busy(tx, go_on)

    tasks = [asyncio.ensure_future(store.read(slow)) for _ in range(20)]
    await asyncio.to_thread(begun.acquire)
    for task in tasks:
        task.cancel()
    await soon(asyncio.gather(*tasks, return_exceptions=True))
    go_on.set()
    assert await soon(asyncio.gather(*(store.read(names) for _ in range(20)))) == [[]] * 20
    assert await soon(store.write(adding("a"))) == "a"
    assert await soon(store.read(names)) == ["a"]


async def test_closing_finishes_what_runs(store, storage_url):
    other = await open_store(storage_url, create=False)
    writing = [asyncio.ensure_future(other.write(adding(f"{n:03}"))) for n in range(200)]
    await asyncio.sleep(0)
    await soon(other.close())
    outcomes = await soon(asyncio.gather(*writing, return_exceptions=True))
    acknowledged = [outcome for outcome in outcomes if isinstance(outcome, str)]
    assert len(acknowledged) > 0
    assert await store.read(names) == acknowledged


async def test_a_store_is_a_store(store):
    def take(_store: Store) -> None: ...

    take(store)
    assert store.dialect.migrations.is_dir()


@pytest.mark.parametrize(
    "url", ["", "carnet.db", "mysql://host/db", "data/carnet.db", "://", "SQLITE-3:///x.db"]
)
async def test_a_url_no_backend_takes_is_refused_with_a_hint(url):
    with pytest.raises(StorageUrlError, match="sqlite:///"):
        await open_store(url)
