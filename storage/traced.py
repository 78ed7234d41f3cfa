"""A store whose operations have spans, for processes that are traced."""

from collections.abc import Callable, Hashable
from typing import TypeVar

from domain.actor import TripAccess
from runtime import tracing
from runtime.signals import TripListener
from storage.store import Operation, Store, Tx

T = TypeVar("T")


class TracedStore:
    """A `Store` by another one, with a span for each operation that is part of a trace."""

    def __init__(self, store: Store) -> None:
        self.dialect = store.dialect
        self._store = store

    @property
    def full(self) -> bool:
        """See `Store.full`."""
        return self._store.full

    @property
    def on_commit(self) -> TripListener:
        """See `Store.on_commit`."""
        return self._store.on_commit

    @on_commit.setter
    def on_commit(self, listener: TripListener) -> None:
        self._store.on_commit = listener

    async def read(self, operation: Operation[T]) -> T:
        """See `Store.read`."""
        with self._span("read", operation):
            return await self._store.read(operation)

    async def read_trip(self, operation: Operation[T], trip_id: str, seen: TripAccess) -> T:
        """See `Store.read_trip`."""
        with self._span("read_trip", operation):
            return await self._store.read_trip(operation, trip_id, seen)

    async def look_up(self, operation: Operation[T], name: Hashable) -> T:
        """See `Store.look_up`."""
        with self._span("look_up", operation):
            return await self._store.look_up(operation, name)

    async def snapshot(self, operation: Operation[T]) -> T:
        """See `Store.snapshot`."""
        with self._span("snapshot", operation):
            return await self._store.snapshot(operation)

    async def write(self, operation: Operation[T]) -> T:
        """See `Store.write`."""
        with self._span("write", operation):
            part = tracing.this_part()

            async def within(tx: Tx) -> T:
                # Perhaps in another thread, which knows of no trace.
                with part():
                    return await operation(tx)

            return await self._store.write(within)

    async def write_slowly(self, operation: Operation[T]) -> T:
        """See `Store.write_slowly`."""
        with self._span("write_slowly", operation):
            return await self._store.write_slowly(operation)

    async def close(self) -> None:
        """See `Store.close`."""
        await self._store.close()

    def _span(self, verb: str, operation: Callable[..., object]) -> tracing.Part:
        function = getattr(operation, "__qualname__", type(operation).__qualname__)
        return tracing.operation(verb, self.dialect.name, function)
