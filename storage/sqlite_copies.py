"""Copies of an SQLite file, by SQLite's online backup."""

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

from storage.copying import BackupError, new_file
from storage.migrate import APPLIED, Applied
from storage.server_state import FORGET_EPOCH
from storage.sqlite import BUSY_TIMEOUT_MS, path_of
from storage.sqlite_engine import DIALECT

_BESIDE: Final = ("-wal", "-shm", "-journal")
"""The ends of the names of files beside a database that SQLite takes for part of it."""

_TABLES: Final = "SELECT name FROM sqlite_schema WHERE type = 'table'"
_MIGRATIONS: Final = ("schema_migrations",)


class SQLiteCopier:
    """See `Copier`."""

    what = "an SQLite backup"
    start = b"SQLite format 3\0"
    migrations = DIALECT.migrations

    def __init__(self, url: str) -> None:
        # The file itself: what is put in its place must not take the place of a link to it.
        self._path = path_of(url).resolve()
        self.parts: Sequence[Path] = [
            self._path,
            *(_beside(self._path, end) for end in _BESIDE),
        ]

    async def copy(self, file: Path) -> None:
        """See `Copier.copy`.

        All pages are copied in one step, which is one read transaction: writers go on into the
        write-ahead log. In several steps it would begin anew after each write of another process.
        """
        why = f"cannot copy {self._path}"
        with _told(why), _connected(self._path) as source, _connected(file) as copy:
            source.backup(copy)
            # Else readers of it would make files beside it.
            copy.execute("PRAGMA journal_mode = DELETE")

    def applied(self, file: Path) -> Sequence[Applied]:
        """See `Copier.applied`."""
        log = _beside(file, "-wal")
        if log.exists() and log.stat().st_size:
            raise BackupError(f"it is a database in use, and {log} has a part of it")
        # Nothing is made beside it, which may be where nothing can be written.
        address = f"file:{quote(str(file.resolve()))}?mode=ro&immutable=1"
        reading = contextlib.closing(sqlite3.connect(address, uri=True))
        with _told("it is damaged"), reading as connection:
            found = connection.execute("PRAGMA integrity_check(1)").fetchall()
            if found != [("ok",)]:
                raise BackupError(f"it is damaged: {found[0][0]}")
            if _MIGRATIONS not in connection.execute(_TABLES):
                raise BackupError("there is no Carnet in it")
            return [Applied(*row) for row in connection.execute(APPLIED)]

    async def had(self) -> list[Applied]:
        """See `Copier.had`."""
        if not self._path.exists():
            return []
        with _told(f"cannot open {self._path}"), _connected(self._path) as connection:
            if _MIGRATIONS not in connection.execute(_TABLES):
                return []
            return [Applied(*row) for row in connection.execute(APPLIED)]

    async def require_empty(self) -> None:
        """See `Copier.require_empty`."""
        if not self._path.exists():
            for left in (_beside(self._path, end) for end in _BESIDE):
                if left.exists():
                    raise BackupError(f"{left} is part of another database: move it away first")
            return
        with _told(f"cannot open {self._path}"), _connected(self._path) as connection:
            if connection.execute(_TABLES).fetchall():
                raise BackupError(
                    f"{self._path} has a database in it: move it away first, with -wal and -shm"
                    " beside it if they are there, or name another in storage.url"
                )

    async def restore(self, file: Path, had: Sequence[Applied]) -> None:
        """See `Copier.restore`."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with new_file(self._path) as made, _told(f"cannot write {self._path}"):
            shutil.copyfile(file, made)
            with _connected(made) as connection:
                connection.execute("PRAGMA journal_mode = DELETE")
                connection.execute(FORGET_EPOCH)

    def place_before(self, migration: str) -> Path | None:
        """See `Copier.place_before`: `carnet.db.before-0011`, by the number of the migration."""
        return _beside(self._path, f".before-{migration.partition('_')[0]}")


def _beside(path: Path, end: str) -> Path:
    return path.with_name(f"{path.name}{end}")


@contextlib.contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a file that is there, each statement of which is a transaction."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_TIMEOUT_MS / 1000)
    with contextlib.closing(connection):
        yield connection


@contextlib.contextmanager
def _told(what: str) -> Iterator[None]:
    """Tells as a `BackupError` what SQLite refuses, and that it is this which is refused."""
    try:
        yield
    except sqlite3.Error as error:
        raise BackupError(f"{what}: {error}") from error
