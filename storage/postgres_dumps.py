"""Copies of a Postgres database, by its own `pg_dump` and `pg_restore`, in the custom format."""

import contextlib
import os
import re
import subprocess
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from storage.copying import BackupError
from storage.migrate import Applied, applied, record
from storage.postgres import PostgresStore, open_postgres
from storage.postgres_dialect import DIALECT
from storage.server_state import FORGET_EPOCH
from storage.store import StorageUrlError, Tx

_INSTALL: Final = "PostgreSQL's client programs (on Debian, the package postgresql-client)"

_AS_IT_WAS: Final = ("--no-owner", "--no-privileges", "--no-password")
"""What is restored belongs to the role that restores it. A password that is missing is an error:
nobody may be there to be asked."""


class PostgresCopier:
    """See `Copier`. The programs must be of the server's version, or newer."""

    what = "a backup of a Postgres (pg_dump's custom format)"
    start = b"PGDMP"
    migrations = DIALECT.migrations
    parts: Sequence[Path] = ()

    def __init__(self, url: str) -> None:
        self._url = url
        self._database, self._password = _without_password(url)

    async def copy(self, file: Path) -> None:
        """See `Copier.copy`: all that pg_dump reads is of one snapshot."""
        async with self._opened():
            pass
        self._run("pg_dump", "--format=custom", *_AS_IT_WAS, f"--file={file}", self._dbname)

    def applied(self, file: Path) -> Sequence[Applied]:
        """See `Copier.applied`: all of it is unpacked, each part with its checksum."""
        self._run("pg_restore", "--file=/dev/null", file)
        only = ("--data-only", "--table=schema_migrations")
        table = self._run("pg_restore", "--file=-", *only, file)
        if (rows := re.search(r"^COPY .*?;\n(.*?)^\\\.$", table, re.MULTILINE | re.DOTALL)) is None:
            raise BackupError("there is no Carnet in it")
        lines = [line.split("\t") for line in rows[1].splitlines()]
        return [Applied(int(version), *rest) for version, *rest in lines]

    async def had(self) -> list[Applied]:
        """See `Copier.had`."""
        store = await open_postgres(self._url)
        try:
            return await store.read(applied)
        finally:
            await store.close()

    async def require_empty(self) -> None:
        """See `Copier.require_empty`."""
        async with self._opened() as store:
            if await store.read(lambda tx: tx.fetchval(_ANY_TABLE)):
                raise BackupError(
                    "the database of storage.url has tables in it: name an empty one, or make this"
                    " one anew (dropdb, createdb)"
                )

    async def restore(self, file: Path, had: Sequence[Applied]) -> None:
        """See `Copier.restore`.

        What tells the schema comes last, with the new epoch: until then no server starts on it.
        """
        contents = self._run("pg_restore", "--list", file).splitlines(keepends=True)
        with tempfile.NamedTemporaryFile("w", prefix="carnet-") as chosen:
            chosen.writelines(line for line in contents if not _SCHEMA_ROWS.search(line))
            chosen.flush()
            self._run(
                *("pg_restore", "--single-transaction", "--exit-on-error", *_AS_IT_WAS),
                *(f"--use-list={chosen.name}", self._dbname, file),
            )

        async def finish(tx: Tx) -> None:
            for migration in had:
                await record(tx, migration)
            await tx.execute(FORGET_EPOCH)

        async with self._opened() as store:
            await store.write(finish)

    def place_before(self, migration: str) -> Path | None:
        """See `Copier.place_before`: a dump may take long, and a lot of room."""
        return None

    @contextlib.asynccontextmanager
    async def _opened(self) -> AsyncIterator[PostgresStore]:
        """The database; `BackupError` where a pooler is between.

        pg_dump and pg_restore empty the search path of their session, and a pooler would give that
        session to servers afterwards, which then find no table.
        """
        store = await open_postgres(self._url)
        try:
            if store.is_pooled:
                raise BackupError(
                    "storage.url leads to a pooler, whose sessions pg_dump and pg_restore would"
                    " leave unusable: for this command, name Postgres itself"
                )
            yield store
        finally:
            await store.close()

    @property
    def _dbname(self) -> str:
        return f"--dbname={self._database}"

    def _run(self, *command: str | Path) -> str:
        """What a program prints; `BackupError` with what it says where it fails."""
        # Other users of the machine see the arguments of a process, but not its environment.
        environment = os.environ | {"LC_ALL": "C"} | self._password
        try:
            done = subprocess.run(  # noqa: S603 - no shell, and the programs are constant
                command, check=False, env=environment, capture_output=True, stdin=subprocess.DEVNULL
            )
        except FileNotFoundError as error:
            raise BackupError(f"{command[0]} is not on the PATH: install {_INSTALL}") from error
        if done.returncode:
            said = " ".join(done.stderr.decode(errors="replace").split())
            if _TOO_OLD.search(said):
                said += f": install {_INSTALL} of the server's version, and put them on the PATH"
            raise BackupError(said or f"{command[0]} ended with {done.returncode}")
        return done.stdout.decode(errors="replace")


_ANY_TABLE: Final = (
    "SELECT 1 FROM pg_tables WHERE schemaname = ANY (current_schemas(false)) LIMIT 1"
)

_SCHEMA_ROWS: Final = re.compile(r" TABLE DATA \S+ schema_migrations ")
_TOO_OLD: Final = re.compile("server version mismatch|unsupported version")


def _without_password(url: str) -> tuple[str, dict[str, str]]:
    """A URL as the programs take it, and the variable in which they get the password."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise StorageUrlError(str(error)) from error
    user, at, hosts = parts.netloc.rpartition("@")
    name, colon, password = user.partition(":")
    query = parse_qsl(parts.query, keep_blank_values=True)
    passwords = [value for key, value in query if key == "password"]
    if colon:
        passwords.append(unquote(password))
    others = [(key, value) for key, value in query if key != "password"]
    # libpq takes a + for what it is.
    rest = urlencode(others, quote_via=quote)
    bare = parts._replace(netloc=f"{name}{at}{hosts}", query=rest).geturl()
    return bare, {"PGPASSWORD": passwords[-1]} if passwords else {}
