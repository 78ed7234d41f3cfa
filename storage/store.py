"""What a backend is: two ways to run an operation, and the five verbs of a transaction."""

import dataclasses
from collections.abc import Awaitable, Callable, Hashable, Sequence
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from domain.actor import TripAccess
from domain.errors import Overloaded
from runtime import measured
from runtime.signals import TripListener

T = TypeVar("T")

Record = Sequence[Any]
"""One row of a result, by position."""

MAX_WAITING: Final = 4_096
"""Operations that may wait for one connection, or one pool of them: further ones are refused at
once. That is a second's work or two. Fewer would not help: a client that is refused asks again, and
a refusal costs a third of what it refuses."""


def overloaded() -> Overloaded:
    """What a write is told that finds no room to wait."""
    measured.REFUSED.add("storage_full")
    return Overloaded()


def ignore_changes(_trip_id: str, _rev: int) -> None:
    """A `TripListener` for programs in which nothing waits for changes."""


@dataclasses.dataclass(frozen=True)
class Dialect:
    """The few places where SQL differs between backends."""

    name: str
    migrations: Path
    """The folder of numbered `.sql` files."""
    among: Callable[[str], str]
    """A condition on the column before it: one of the strings of the JSON array in a parameter."""
    one_of: Callable[[str, str], str]
    """A condition on a column: one of the strings of the JSON array in a parameter, of which there
    are so many that a table of them is made, and no index looked into."""
    each: Callable[[str, str, str], str]
    """A query for these columns of the `items` of the trip `$1` whose column of the second name is
    one of the strings of the JSON array in a parameter: a look-up for each in that column's index.
    It ends in a condition, to which others can be added."""
    by_index: Callable[[str], str]
    """What follows the name of a table that is to be read by this index, where a planner knows too
    little to choose it."""
    join: Callable[[str], str]
    """An aggregate of a text column's values, joined by commas in the order they come."""
    rows: Callable[[str], str]
    """An aggregate of columns as JSON text, an array of arrays, in the order they come."""
    one_statement: bool
    """Whether steps that write can be one statement, which saves waits for a distant database."""
    lock: str
    """What a SELECT ends with to lock the rows it finds; empty where there is one writer."""
    skip_locked: str
    """The same, passing over rows that are locked."""
    migration_lock: str
    """A statement that makes other migrators wait until the transaction ends; may be empty."""
    integrity_check: str
    """A statement giving `ok`, or what is wrong with the database's file; empty of a server's."""
    has_table: str
    """A statement giving a row when the database has the table named by `$1`."""
    refused: type[Exception]
    """What the driver raises where the database refuses a statement."""


class Tx(Protocol):
    """An open transaction. SQL is written with `$1`, `$2`, ... on every backend."""

    dialect: Dialect

    async def fetch(self, sql: str, *args: Any) -> Sequence[Record]:
        """All rows."""
        ...

    async def fetchrow(self, sql: str, *args: Any) -> Record | None:
        """The first row, or None."""
        ...

    async def fetchval(self, sql: str, *args: Any) -> Any:
        """The first column of the first row, or None."""
        ...

    async def execute(self, sql: str, *args: Any) -> int:
        """Runs a statement; the number of rows it touched."""
        ...

    async def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> None:
        """Inserts rows, in the fastest way there is for their number."""
        ...

    async def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Runs one statement for each row of parameters, in one go."""
        ...

    async def autocommit(self, sql: str, *args: Any) -> Any:
        """The first column of the first row of a statement that is the whole transaction.

        Nothing comes before it; where it gives a row, nothing may come after it. For dialects with
        `one_statement`.
        """
        ...

    def after_commit(self, tell: Callable[[], None]) -> None:
        """Has a function called in the event loop, once the transaction is committed."""
        ...

    def trip_changed(self, trip_id: str, rev: int) -> None:
        """Has the store's listener told of a trip's new revision, once it is committed."""
        ...


class StorageUrlError(ValueError):
    """A URL of a database that no backend takes; the text says what is wrong with it."""

    def __init__(self, text: str, setting: str = "storage.url") -> None:
        super().__init__(text)
        self.setting = setting
        """Where it stands."""


class DatabaseError(Exception):
    """A database that cannot be opened; the text is one line for a person."""


Operation = Callable[[Tx], Awaitable[T]]


class Store(Protocol):
    """A database. Errors of the driver come out as `domain.errors.Unavailable` or as bugs."""

    dialect: Dialect
    on_commit: TripListener
    """Told of each trip that a committed transaction has changed; to be set by the program."""

    @property
    def full(self) -> bool:
        """Whether so many writes wait that a further one would be refused."""
        ...

    def read(self, operation: Operation[T]) -> Awaitable[T]:
        """Runs an operation that cannot write.

        Each of its statements sees one moment; an operation that needs one moment for all it
        reads has one statement.
        """
        ...

    async def read_trip(self, operation: Operation[T], trip_id: str, seen: TripAccess) -> T:
        """Like `read`, for what a trip's revisions tell of: these or later ones, as were seen.

        A standby may answer, where there is one.
        """
        ...

    async def look_up(self, operation: Operation[T], name: Hashable) -> T:
        """Like `read`, for a few rows by their keys, which are there without a wait.

        What it gave under this name may be given again while nothing in the database changes.
        """
        ...

    def snapshot(self, operation: Operation[T]) -> Awaitable[T]:
        """Like `read`, for what may take as long as it takes; all its statements see one moment."""
        ...

    def write(self, operation: Operation[T]) -> Awaitable[T]:
        """Runs an operation in a transaction, and returns once that is durable.

        One that meets another one's write may be undone and run again.

        What the operation raises undoes all it did, and is raised here.
        """
        ...

    async def write_slowly(self, operation: Operation[T]) -> T:
        """Like `write`, for what may take as long as it takes, such as building an index."""
        ...

    async def close(self) -> None:
        """Finishes what runs, checkpoints, and closes the database."""
        ...
