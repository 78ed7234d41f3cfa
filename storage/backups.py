"""A whole database as one file: made while the database is in use, checked, brought back."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from storage.copying import BackupError, Copier, new_file
from storage.migrate import Applied, MigrationError, missing_after


@dataclasses.dataclass(frozen=True)
class Backup:
    """A file all of which was read."""

    bytes: int
    applied: Sequence[Applied]
    missing: list[str]
    """The names of the migrations that its database lacks."""

    @property
    def schema(self) -> int:
        """The number of the latest migration that its database has had."""
        return self.applied[-1].version if self.applied else 0


def copier_of(url: str) -> Copier:
    """The copier for the database behind a URL that `open_store` takes."""
    # One that is used imports its driver.
    if url.startswith("sqlite:"):
        from storage.sqlite_copies import SQLiteCopier

        return SQLiteCopier(url)
    from storage.postgres_dumps import PostgresCopier

    return PostgresCopier(url)


async def back_up(copier: Copier, file: Path) -> Backup:
    """Copies a database into a file of mode 0600, which takes the place of one that is there.

    The file is there once it is on the disk and all of it was read again. `BackupError` where that
    is not to be had: then nothing is left of it.
    """
    if file.resolve() in copier.parts:  # noqa: ASYNC240 - nothing else is to be done meanwhile
        raise BackupError(f"{file} is part of the database itself: name another file")
    with new_file(file) as copy:
        try:
            await copier.copy(copy)
        except BackupError as error:
            raise BackupError(f"cannot make {file}: {error}") from error
        return check(copier, copy, "the copy of the database")


def check(copier: Copier, file: Path, called: str) -> Backup:
    """Reads all of a backup; `BackupError` where it is damaged, of another kind, or too new."""
    try:
        with file.open("rb") as opened:
            start = opened.read(len(copier.start))
        size = file.stat().st_size
    except OSError as error:
        raise BackupError(f"cannot read {called}: {error.strerror}") from error
    if start != copier.start:
        raise BackupError(f"{called} is not {copier.what}, which storage.url asks for")
    try:
        applied = copier.applied(file)
        missing = missing_after(applied, copier.migrations)
    except (BackupError, MigrationError) as error:
        raise BackupError(f"{called} cannot be used: {error}") from error
    return Backup(size, applied, [migration.name for migration in missing])


async def restore(copier: Copier, file: Path) -> Backup:
    """Brings a backup back, into an empty database or where there is none; it is checked first."""
    await copier.require_empty()
    backup = check(copier, file, str(file))
    await copier.restore(file, backup.applied)
    return backup
