"""Which programs may be on one database at a time, told between them by locks on a file beside it.

The locks are the kernel's (`fcntl`), so they end with the process that has them, however it ends.
Commands that open a database for a moment need none.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from typing import Final, Literal

from storage.store import DatabaseError

Use = Literal["all", "server", "worker"]
"""What a program is to a database file. There may be one server, and beside it either nothing
(`all`: it does the jobs too) or any number of workers."""

_LOCKS: Final[dict[Use, tuple[int, int, int]]] = {
    "all": (fcntl.LOCK_EX, 2, 0),
    "server": (fcntl.LOCK_EX, 1, 0),
    "worker": (fcntl.LOCK_SH, 1, 1),
}
"""How each locks, how many bytes, and from which on."""


@contextlib.contextmanager
def in_use(url: str, use: Use) -> Iterator[None]:
    """Keeps others from a database file within the block; `DatabaseError` where they were first.

    On a Postgres there may be as many as like.
    """
    if not url.startswith("sqlite:"):
        yield
        return
    # With its driver, which a Postgres does not need.
    from storage.sqlite import create_file, path_of

    # The file itself, by whatever links it is named.
    database = path_of(url).resolve()
    beside = database.with_name(f"{database.name}.lock")
    try:
        create_file(beside)
        lock = os.open(beside, os.O_RDWR)
    except OSError as error:
        raise DatabaseError(f"cannot open the database {database}: {error}") from error
    how, length, start = _LOCKS[use]
    try:
        try:
            fcntl.lockf(lock, how | fcntl.LOCK_NB, length, start)
        except OSError as error:
            raise DatabaseError(
                f"{database} is in use by a running `carnet serve` or `worker`: stop it first"
            ) from error
        yield
    finally:
        os.close(lock)
