"""A trip in a store, and a transaction that is watched."""

import asyncio
import dataclasses
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeVar, cast

import msgspec

from domain.actor import Actor
from domain.changes import Cause, ChangeSet
from domain.imports import ImportRequest, items_of
from domain.resources import BY_KIND, RESOURCES
from domain.row import Row
from domain.scopes import BASE_SCOPES, Role, Scopes
from operations import imports, messages, rows, trips
from operations.rows import Collection
from storage import accounts, changes, groups, snapshots, users
from storage.store import Operation, Store, Tx
from tests.support import SAMPLES, now
from tests.support import TRIP as TRIP_SAMPLE
from tests.waiting import PATIENCE

T = TypeVar("T")

SECRET = b"the secret of a server"


class Statement(NamedTuple):
    """A statement as a transaction was asked for it."""

    verb: str
    sql: str
    """The name of the table, where the verb is `insert`."""
    args: tuple[Any, ...]


async def soon(awaitable: Awaitable[T]) -> T:
    """The result, unless it does not come: then a failed test and not a hanging one."""
    return await asyncio.wait_for(awaitable, PATIENCE)


async def busy(tx: Tx, until: threading.Event) -> None:
    """Keeps a transaction busy until an event, but not for ever where a test has failed."""
    deadline = time.monotonic() + PATIENCE
    while not until.is_set() and time.monotonic() < deadline:
        await tx.fetchval("SELECT 1")


class WatchedTx:
    """Remembers the statements that pass through it."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self.dialect = tx.dialect
        self.statements: list[Statement] = []

    def __getattr__(self, verb: str) -> Any:
        method = getattr(self._tx, verb)

        async def watched(sql: str, *args: Any) -> Any:
            self.statements.append(Statement(verb, sql, args))
            return await method(sql, *args)

        return watched

    def after_commit(self, tell: Callable[[], None]) -> None:
        self._tx.after_commit(tell)

    def trip_changed(self, trip_id: str, rev: int) -> None:
        self._tx.trip_changed(trip_id, rev)


async def watch(
    run: Callable[[Operation[Any]], Awaitable[Any]], operation: Operation[T]
) -> tuple[T, list[Statement]]:
    """An operation's result by `store.read` or `store.write`, and its statements."""

    async def watched(tx: Tx) -> tuple[T, list[Statement]]:
        watching = WatchedTx(tx)
        return await operation(cast(Tx, watching)), watching.statements

    result: tuple[T, list[Statement]] = await run(watched)
    return result


@dataclasses.dataclass(frozen=True)
class Home:
    """A user with a group and a trip."""

    store: Store
    user_id: str
    group_id: str
    key: str
    trip_id: str

    @property
    def cause(self) -> Cause:
        """A change made by the user, now."""
        return cause_of(self.user_id)

    async def new_trip(self) -> str:
        """A further trip of the group."""
        return await self.store.write(lambda tx: _insert_trip(tx, self.group_id, self.user_id))

    async def sync(
        self, snapshot: dict[str, Any], trip_id: str = "", *, dry_run: bool = False
    ) -> dict[str, Any]:
        """The answer to a sync."""
        request = ImportRequest("sync", dry_run=dry_run)
        lists = items_of(request, snapshot)
        result = await self.store.write(
            lambda tx: imports.apply(tx, self.cause, trip_id or self.trip_id, request, lists)
        )
        decoded: dict[str, Any] = msgspec.json.decode(imports.response(result)[1])
        return decoded

    async def commit(self, change_set: ChangeSet, cause: Cause | None = None) -> int:
        """The trip's new revision, after a change set of one's own."""

        async def write(tx: Tx) -> int:
            trip = await changes.begin(tx, self.trip_id)
            return await changes.commit(tx, trip, change_set, cause or self.cause)

        return await self.store.write(write)

    async def delete(self, kind: str, row_id: str, parent_id: str = "", at: str = "") -> None:
        """Deletes a row, at a moment as documents carry it."""
        cause = msgspec.structs.replace(self.cause, now=at) if at else self.cause
        collection = Collection(BY_KIND[kind], self.trip_id, parent_id)
        await self.store.write(lambda tx: rows.delete(tx, cause, collection, row_id))

    async def create(self, kind: str, body: Any, parent_id: str = "") -> Row:
        """The row that comes of a create."""
        where = Collection(BY_KIND[kind], self.trip_id, parent_id)
        written = await self.store.write(lambda tx: rows.create(tx, self.cause, where, body))
        return written.row

    async def change(self, kind: str, row_id: str, body: Any) -> Row:
        """The row that comes of a PATCH."""
        where = Collection(BY_KIND[kind], self.trip_id)
        written = await self.store.write(
            lambda tx: rows.change(tx, self.cause, where, row_id, body)
        )
        return written.row

    async def channel(self) -> str:
        """The id of the trip's channel."""
        page = await self.store.read(
            lambda tx: messages.list_channels(tx, self.trip_id, None, limit=1)
        )
        channel_id: str = msgspec.json.decode(page.documents[0])["_id"]
        return channel_id

    async def send(self, content: str) -> str:
        """The id of a new message."""
        where, body = await self.channel(), {"content": content}
        await self.store.write(lambda tx: messages.send(tx, self.cause, self.trip_id, where, body))
        page = await self.store.read(
            lambda tx: messages.list_messages(tx, self.trip_id, where, None, limit=1)
        )
        message_id: str = msgspec.json.decode(page.documents[0])["_id"]
        return message_id

    async def join(self, name: str) -> str:
        """The id of a new member of the group."""

        async def add(tx: Tx) -> str:
            user_id = await users.create(tx, email=f"{name}@example.org", name=name, now=now())
            await groups.add_member(
                tx, group_id=self.group_id, user_id=user_id, role=Role.EDITOR, now=now()
            )
            return user_id

        return await self.store.write(add)

    async def make(self, snapshot_name: str, *bodies: Any) -> list[str]:
        """The ids of new rows of one kind."""
        answer = await self.sync({snapshot_name: list(bodies)})
        results = answer[snapshot_name]["items"]
        assert [result["status"] for result in results] == ["created"] * len(bodies), results
        return [result["_id"] for result in results]

    async def rows(self, snapshot_name: str, trip_id: str = "") -> list[dict[str, Any]]:
        """The documents of one kind, in their order."""
        (resource,) = (r for r in RESOURCES if r.snapshot == snapshot_name)
        found = await self.store.read(
            lambda tx: snapshots.of_trip(tx, trip_id or self.trip_id, (resource,))
        )
        decoded: list[dict[str, Any]] = msgspec.json.decode(f"[{found.rows[resource.kind]}]")
        return decoded

    async def rev(self) -> int:
        """The trip's revision."""
        rev: int = await self.store.read(
            lambda tx: tx.fetchval("SELECT rev FROM trips WHERE id = $1", self.trip_id)
        )
        return rev


async def new_home(store: Store) -> Home:
    """A home in a migrated store."""

    async def set_up(tx: Tx) -> Home:
        first = await accounts.set_up(
            tx, email="owner@example.org", name="Olga", group="Family", now=now()
        )
        trip_id = await _insert_trip(tx, first.group_id, first.user_id)
        return Home(store, first.user_id, first.group_id, first.api_key, trip_id)

    return await store.write(set_up)


async def _insert_trip(tx: Tx, group_id: str, user_id: str) -> str:
    trip = await trips.create(tx, cause_of(user_id), {"groupId": group_id, **TRIP_SAMPLE})
    return trip.id


def cause_of(user_id: str) -> Cause:
    """A change made by a user, now."""
    return Cause(Actor(user_id, "Olga", "owner@example.org", Scopes(BASE_SCOPES)), now())


def leg(**change: Any) -> dict[str, Any]:
    return {**SAMPLES["leg"], **change}


def pin(**change: Any) -> dict[str, Any]:
    return {**SAMPLES["mapPin"], **change}


def event(**change: Any) -> dict[str, Any]:
    return {**SAMPLES["commitment"], **change}


def stay(**change: Any) -> dict[str, Any]:
    return {**SAMPLES["stay"], **change}
