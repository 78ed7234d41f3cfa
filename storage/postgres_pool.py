"""Connections to Postgres that are kept open, and the queue of those who wait for one.

asyncpg's own pool takes longer over handing out a connection than over the statement.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Final

from runtime import measured
from storage.store import MAX_WAITING, overloaded

POOL_SIZE: Final = 10
ACQUIRE_SECONDS: Final = 5.0
OPEN_AGAIN_SECONDS: Final = 0.1
"""The pause after a connection could not be opened, while there are others."""
CLOSE_SECONDS: Final = 2.0
"""How long a server may take to end a connection, before that is cut off."""
IDLE_SECONDS: Final = 300.0
"""A connection that nobody needed for so long is not used again: firewalls forget such ones
without a word, and a statement on one would only end by its time-out. It is closed when the next
one is asked for."""


class Pool:
    """Up to `POOL_SIZE` connections, opened as they are needed; the last one used goes first."""

    def __init__(self, connect: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        self._connect = connect
        self._open: set[Any] = set()
        self._opening = 0
        self._free: deque[tuple[Any, float]] = deque()
        """Each with the loop's time at which it came back, the last one last."""
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closing = False

    @property
    def size(self) -> int:
        """How many connections are open."""
        return len(self._open)

    @property
    def in_use(self) -> int:
        """How many of them somebody has."""
        return len(self._open) - len(self._free)

    @property
    def waiting(self) -> int:
        """How many operations wait for one."""
        return len(self._waiting)

    @property
    def full(self) -> bool:
        """Whether so many wait for a connection that a further one is refused."""
        return len(self._waiting) >= MAX_WAITING

    async def open(self) -> None:
        """Opens the first connection, and raises what keeps it from being opened."""
        connection = await self._connect()
        self._open.add(connection)
        self._give(connection)

    def connection(self) -> "_Lease":
        """A connection of one's own, for an `async with`.

        `Overloaded` when too many wait for one already, `TimeoutError` after `ACQUIRE_SECONDS`;
        what keeps a connection from being opened is raised when there is no other to wait for.
        """
        return _Lease(self)

    async def acquire(self) -> Any:
        """See `connection`; to be released, whatever happens."""
        loop = asyncio.get_running_loop()
        stale = loop.time() - IDLE_SECONDS
        while self._free and self._free[0][1] < stale:
            self._cut(self._free.popleft()[0])
        while self._free:
            connection, _ = self._free.pop()
            if not connection.is_closed():
                return connection
            # The server has ended it, and perhaps all others with it.
            self._cut(connection)
        if self.full:
            raise overloaded()
        waiter = loop.create_future()
        self._waiting.append(waiter)
        self._open_for_waiting()
        patience = loop.call_later(ACQUIRE_SECONDS, _give_up, waiter)
        try:
            return await waiter
        except BaseException:
            with contextlib.suppress(ValueError):
                self._waiting.remove(waiter)
            # Cancelled at the very moment in which it was given one.
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self.release(waiter.result(), None)
            raise
        finally:
            patience.cancel()

    def release(self, connection: Any, error: BaseException | None) -> None:
        """Takes a connection back from an operation, which may have ended in an error."""
        if isinstance(error, asyncio.CancelledError | TimeoutError):
            # Perhaps in the middle of a statement, which goes on at the server until it is told.
            self._start(self._close(connection))
        elif self._closing or connection.is_closed() or connection.is_in_transaction():
            self._cut(connection)
            self._open_for_waiting()
        else:
            self._give(connection)

    def _give(self, connection: Any) -> None:
        if (waiter := self._next_waiting()) is None:
            self._free.append((connection, asyncio.get_running_loop().time()))
        else:
            waiter.set_result(connection)
            self._open_for_waiting()

    def _open_for_waiting(self) -> None:
        """Opens a connection, if somebody waits and there may be one more."""
        is_room = len(self._open) + self._opening < POOL_SIZE and not self._closing
        if is_room and self._opening < len(self._waiting):
            self._opening += 1
            self._start(self._connect()).add_done_callback(self._opened)

    def _opened(self, opening: asyncio.Task[Any]) -> None:
        self._opening -= 1
        error = asyncio.CancelledError() if opening.cancelled() else opening.exception()
        if error is None:
            self._open.add(opening.result())
            self._give(opening.result())
        elif self._open or self._opening:
            # Who waits can have another one, or this one a moment later.
            asyncio.get_running_loop().call_later(OPEN_AGAIN_SECONDS, self._open_for_waiting)
        else:
            self._refuse(error)

    def _refuse(self, error: BaseException) -> None:
        """Tells those who wait why they wait in vain."""
        while (waiter := self._next_waiting()) is not None:
            waiter.set_exception(error)

    def _next_waiting(self) -> asyncio.Future[Any] | None:
        """Who came first of those that have not given up meanwhile."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                return waiter
        return None

    async def _close(self, connection: Any) -> None:
        # It has the server cancel what runs, and cuts off a server that does not answer.
        with contextlib.suppress(Exception):
            await connection.close(timeout=CLOSE_SECONDS)
        self._open.discard(connection)
        self._open_for_waiting()

    def _cut(self, connection: Any) -> None:
        connection.terminate()
        self._open.discard(connection)

    def _start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """Closes all connections, also those that are still out."""
        self._closing = True
        self._refuse(ConnectionError("the pool is closed"))
        while self._tasks:
            await asyncio.wait(self._tasks)
        await asyncio.gather(*map(self._close, self._open))


def _give_up(waiter: asyncio.Future[Any]) -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError("Postgres gave no connection in time"))


class _Lease:
    """A connection for the length of an `async with`; a generator for it would cost more."""

    __slots__ = ("_connection", "_pool")

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def __aenter__(self) -> Any:
        self._connection = await self._pool.acquire()
        return self._connection

    async def __aexit__(
        self, _kind: object, error: BaseException | None, _traceback: object
    ) -> None:
        self._pool.release(self._connection, error)


def have_measured(pool: Pool, name: str) -> Iterator[Callable[[], None]]:
    """Has the numbers of a pool told under a name; gives the functions that end this."""
    yield measured.POSTGRES_CONNECTIONS.follow(lambda: pool.size, name, "open")
    yield measured.POSTGRES_CONNECTIONS.follow(lambda: pool.in_use, name, "in_use")
    yield measured.POSTGRES_WAITING.follow(lambda: pool.waiting, name)
