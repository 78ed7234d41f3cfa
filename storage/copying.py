"""What a copier of databases is, and how a file comes to be all at once."""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from storage.migrate import Applied


class BackupError(Exception):
    """A copy that cannot be made or brought back; the text is one line for a person."""


class Copier(Protocol):
    """How the database behind a URL goes into one file, and comes out of it."""

    what: str
    """What such a file is, for a person."""
    start: bytes
    """What such a file begins with."""
    migrations: Path
    """The folder of numbered `.sql` files."""
    parts: Sequence[Path]
    """The files, resolved, that the database itself is in."""

    async def copy(self, file: Path) -> None:
        """Writes the database as it is at one moment into an empty file; others go on writing."""
        ...

    def applied(self, file: Path) -> Sequence[Applied]:
        """Reads all of a file; the migrations that its database has.

        `BackupError` says, without the file's name, that it is damaged, or no database of Carnet's.
        """
        ...

    async def had(self) -> list[Applied]:
        """The migrations that the database has had; none where there is none. Changes nothing."""
        ...

    async def require_empty(self) -> None:
        """`BackupError` unless there is no database, or nothing in it."""
        ...

    async def restore(self, file: Path, had: Sequence[Applied]) -> None:
        """Makes a file's database the one there is, under a new epoch: all of it or nothing.

        `had` are the migrations that it has had.
        """
        ...

    def place_before(self, migration: str) -> Path | None:
        """Where a copy goes before a migration of this name; None where operators make theirs."""
        ...


@contextlib.contextmanager
def new_file(place: Path) -> Iterator[Path]:
    """An empty file of mode 0600, which stands at a place once the block has ended well.

    All of it is on the disk then. What is raised leaves no file behind, and what was there before;
    `BackupError` is raised for what the system refuses.
    """
    made = None
    try:
        descriptor, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
        os.close(descriptor)
        made = Path(name)
        yield made
        _sync(made)
        made.replace(place)
        made = None
        _sync(place.parent)
    except OSError as error:
        raise BackupError(f"cannot write {place}: {error.strerror}") from error
    finally:
        if made is not None:
            made.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
