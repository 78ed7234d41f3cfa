"""Brings a database to the schema this program expects.

Migrations are numbered `.sql` files, applied in order, each recorded with its checksum. What SQL
cannot do of one, a function does after it. A
database from a newer program, or one whose past migrations differ from ours, is refused.
"""

import dataclasses
import functools
import hashlib
import re
import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from storage.clear_tokens import hash_clear_tokens
from storage.store import Store, Tx

AFTERWARDS: Final[Mapping[str, Callable[[Tx], Awaitable[None]]]] = {
    "0011_hashed_tokens": hash_clear_tokens,
}
"""By the migration's name, what the program does after its statements, in the same transaction."""


class MigrationError(Exception):
    """The database does not fit this program; the text is one line for a person."""


class NewerSchema(MigrationError):
    """The database has migrations that this program does not know."""


@dataclasses.dataclass(frozen=True)
class Migration:
    """One step of the schema."""

    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text."""
        return hashlib.sha256(self.sql.encode()).hexdigest()

    def statements(self) -> Iterator[str]:
        """The single statements; a script run in one call would commit first."""
        pending = ""
        for line in self.sql.splitlines(keepends=True):
            pending += line
            if sqlite3.complete_statement(pending):
                yield pending.strip()
                pending = ""
        if pending.strip():
            raise MigrationError(f"migration {self.name} ends in the middle of a statement")


@functools.cache
def migrations_in(folder: Path) -> Sequence[Migration]:
    """The migrations of a folder, in order; their numbers have no gap.

    Read once: while the program runs, its files may be replaced by those of another release.
    """
    found: list[Migration] = []
    for path in sorted(folder.glob("*.sql")):
        match = re.fullmatch(r"(\d{4})_(\w+)", path.stem)
        if match is None or int(match[1]) != len(found) + 1:
            raise MigrationError(f"migration {path.name} is out of order")
        found.append(Migration(int(match[1]), path.stem, path.read_text(encoding="utf-8")))
    return found


class Applied(NamedTuple):
    """A migration that a database has had."""

    version: int
    name: str
    checksum: str
    applied_at: str


APPLIED: Final = (
    "SELECT version, name, checksum, applied_at FROM schema_migrations ORDER BY version"
)
"""A statement for the columns of `Applied`, of a database that has had any."""


def missing_after(applied: Sequence[Applied], folder: Path) -> Sequence[Migration]:
    """The migrations that a database still lacks; `MigrationError` if it has had others."""
    ours = migrations_in(folder)
    if len(applied) > len(ours):
        raise NewerSchema(
            f"the database has schema {applied[-1].version}, this program knows {len(ours)}: "
            "it was written by a newer Carnet"
        )
    for had, migration in zip(applied, ours, strict=False):
        if had.version != migration.version or had.checksum != migration.checksum:
            raise MigrationError(f"migration {had.name} was applied with another text than ours")
    return ours[len(applied) :]


async def migrate(store: Store, now: str) -> list[str]:
    """Applies what is missing, all in one transaction; the names of what was applied.

    `MigrationError` where the database refuses it: then nothing is applied.
    """

    async def apply(tx: Tx) -> list[str]:
        if tx.dialect.migration_lock:
            await tx.execute(tx.dialect.migration_lock)
        await tx.execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations ("
            " version INTEGER PRIMARY KEY, name TEXT NOT NULL,"
            " checksum TEXT NOT NULL, applied_at TEXT NOT NULL)"
        )
        missing = missing_after(await applied(tx), store.dialect.migrations)
        for migration in missing:
            for statement in migration.statements():
                await tx.execute(statement)
            if migration.name in AFTERWARDS:
                await AFTERWARDS[migration.name](tx)
            await record(tx, Applied(migration.version, migration.name, migration.checksum, now))
        return [migration.name for migration in missing]

    try:
        return await store.write_slowly(apply)
    except store.dialect.refused as error:
        raise MigrationError(
            f"the database refuses a migration, and nothing was applied: {error}"
        ) from error


async def record(tx: Tx, applied: Applied) -> None:
    """Notes that a database has had a migration."""
    await tx.execute(
        "INSERT INTO schema_migrations (version, name, checksum, applied_at)"
        " VALUES ($1, $2, $3, $4)",
        *applied,
    )


async def applied(tx: Tx) -> list[Applied]:
    """The migrations that a database has had, in order; none where it is empty."""
    if not await tx.fetchval(tx.dialect.has_table, "schema_migrations"):
        return []
    return [Applied(*row) for row in await tx.fetch(APPLIED)]


async def is_current(store: Store) -> bool:
    """Whether there is nothing to apply; `MigrationError` when the database is not ours."""
    return not missing_after(await store.read(applied), store.dialect.migrations)
